"""Edit the unpacked tree: the image's own files, units, the automation account, initramfs, and the removal of what must not be copied."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from hardening.controls import integrity, rendering
from hardening.controls.catalogue import CATALOGUE
from hardening.image import cache, grub, recipe
from hardening.image.layout import root_uuid
from infra.errors import RingfenceError

if TYPE_CHECKING:
    from hardening.controls.model import Control

HERE = Path(__file__).parent
TREE = HERE / "tree"
GUEST_PACKAGE = Path("usr/lib/ringfence/python/hardening")


def edit(root: Path, controls: tuple[Control, ...] = CATALOGUE) -> None:
    """Make a Debian tree ours, by default with all controls. Runs programs of the tree in a chroot, so it needs root."""
    wanted = rendering.rendered(controls)
    install_tree(root)
    harden(root, wanted)
    install_guest_code(root)
    mask(root)
    enable(root)
    make_account(root)
    make_initramfs(root)
    tell_boot(root)
    remove(root)
    seal(root, wanted)
    check(root)
    know_files(root)


def install_tree(root: Path) -> None:
    """Copy ``tree/``: files belong to root, and only the executable bit of a work tree's mode is kept."""
    for source in sorted(TREE.rglob("*")):
        target = root / source.relative_to(TREE)
        if source.is_dir():
            target.mkdir(mode=0o755, exist_ok=True)
            continue
        shutil.copyfile(source, target)
        target.chmod(0o755 if source.stat().st_mode & 0o100 else 0o644)


def harden(root: Path, wanted: rendering.Rendered) -> None:
    """Write what the controls make of the image; before there are accounts, which are made by what the controls say."""
    for file in wanted.files:
        target = root / file.path
        target.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        target.write_text(file.text, encoding="utf-8")
        target.chmod(file.mode)
    for path in sorted({line.path for line in wanted.lines}):
        lines = tuple(line for line in wanted.lines if line.path == path)
        (root / path).write_text(rendering.edited((root / path).read_text(encoding="utf-8"), lines), encoding="utf-8")
    for link in wanted.links:
        _link(root / link.path, link.target)
    for group in wanted.groups:
        _chroot(root, "groupadd", "--system", group.name)


def check(root: Path) -> None:
    """Let sshd, sudo and PAM's users read what was written for them: a file that they refuse must not get into an image."""
    _chroot(root, "sshd", "-G")
    _chroot(root, "visudo", "--check", "--strict", "--quiet")
    _chroot(root, "su", "root", "--command", "true")


def install_guest_code(root: Path) -> None:
    """Copy what runs in the guest, the first boot and the agent, compiled for the guest's own Python."""
    modules = [module for place in cache.GUEST for module in (sorted(place.glob("*.py")) if place.is_dir() else [place])]
    copies = [GUEST_PACKAGE / module.relative_to(HERE.parent) for module in modules]
    for source, target in zip(modules, copies, strict=True):
        (root / target).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, root / target)
    _chroot(root, "python3", "-m", "py_compile", *(f"/{target}" for target in copies))


def mask(root: Path) -> None:
    """Mask what the recipe says: a link to /dev/null, which no package and no preset undoes."""
    for folder, names in recipe.MASKED.items():
        for name in names:
            _link(root / folder / name, "/dev/null")


def enable(root: Path) -> None:
    """Enable units; one that does not exist in the tree is a mistake of the recipe."""
    for target, units in recipe.ENABLED_UNITS.items():
        for unit in units:
            path = Path("usr/lib/systemd/system") / unit
            if not (root / path).is_file():
                raise RingfenceError.of(f"unit {unit} does not exist", where="recipe.ENABLED_UNITS", expected=f"/{path} in the image")
            _link(root / "etc/systemd/system" / f"{target}.wants" / unit, f"/{path}")
    _link(root / "etc/systemd/system/default.target", f"/usr/lib/systemd/system/{recipe.DEFAULT_TARGET}")


def make_account(root: Path) -> None:
    """Make the accounts of automation and operators; ``*`` is a password that nothing matches, and unlike ``!`` it locks out no key."""
    home = f"/home/{recipe.ACCOUNT}"
    _chroot(root, "useradd", "--system", "--create-home", "--home-dir", home, "--shell", "/bin/sh", "--password", "*", recipe.ACCOUNT)
    _chroot(root, "install", "-d", "-m", "700", "-o", recipe.ACCOUNT, "-g", recipe.ACCOUNT, home, f"{home}/.ssh")
    _chroot(root, "passwd", "--quiet", "--lock", "root")
    for account, (place, shell) in recipe.OPERATORS.items():
        made = () if place == "/" else ("--create-home",)
        _chroot(root, "useradd", "--system", *made, "--home-dir", place, "--shell", shell, "--password", "*", account)


def make_initramfs(root: Path) -> None:
    """Make the initramfs again, now that its configuration is there, and let the names that GRUB uses point to it."""
    versions = sorted(path.name for path in (root / "usr/lib/modules").iterdir())
    if len(versions) != 1:
        raise RingfenceError.of("expected one kernel in the image", where="/usr/lib/modules", got=", ".join(versions) or "none")
    _chroot(root, "mktirfs", "-o", f"/boot/initrd.img-{versions[0]}", versions[0])
    for link in ("vmlinuz.old", "initrd.img.old"):
        (root / link).unlink(missing_ok=True)


def tell_boot(root: Path) -> None:
    """Write down what GRUB does, for who looks for it where Debian has it; GRUB itself brings the same lines along (:mod:`~.disk`)."""
    target = root / "boot/grub/grub.cfg"
    target.parent.mkdir(exist_ok=True)
    target.write_text(grub.told(root_uuid(cache.content_hash()), recipe.KERNEL_COMMAND_LINE), encoding="utf-8")
    target.chmod(0o600)


def remove(root: Path) -> None:
    """Remove identities and traces of this build; systemd makes a machine id where it finds an empty file (machine-id(5))."""
    for pattern in recipe.REMOVED:
        for path in root.glob(pattern):
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()
    (root / "etc/machine-id").touch()


def seal(root: Path, wanted: rendering.Rendered) -> None:
    """Make folders, set modes, mark /etc and /var as up to date so that nothing is regenerated (systemd.unit(5), ConditionNeedsUpdate)."""
    for name in recipe.FOLDERS:
        (root / name).mkdir(parents=True, exist_ok=True)
    for name, mode in recipe.MODES.items():
        (root / name).chmod(mode)
    for part in wanted.modes:
        (root / part.path).chmod(part.mode)
    for name in ("etc/.updated", "var/.updated"):
        (root / name).touch()


def know_files(root: Path) -> None:
    """Let the tree make the list of its own files, last of all, for who compares a server with it; a tree without such a control has none.

    The program asks the kernel for lists of rights through /proc, which only its own view of the mounts has.
    """
    if (root / integrity.SETTINGS).exists():
        script = 'mount --bind /proc "$0/proc" && exec chroot "$0" /usr/lib/ringfence/know-files first'
        _run("unshare", "--mount", "sh", "-c", script, str(root))


def _link(path: Path, target: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    path.symlink_to(target)


def _chroot(root: Path, *command: str) -> None:
    """Run a program of the tree with an environment of its own."""
    _run("chroot", str(root), *command)


def _run(*command: str) -> None:
    environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", "HOME": "/root"}
    subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
