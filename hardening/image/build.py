"""Build the image: packages, edits, disk; whole or not at all, and only once for each recipe."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from hardening.controls import rendering
from hardening.image import archive, cache, disk, recipe, root
from hardening.image.layout import Layout, root_uuid
from infra.errors import RingfenceError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hardening.image.progress import Progress

_PACKAGES_FRESH_SECONDS = 24 * 3600
"""Packages that were fetched longer ago are fetched again: an image must not miss yesterday's security updates."""


def build(progress: Progress) -> Path:
    """Return the path of the recipe's image, built now if it is not in the cache.

    Raises:
        RingfenceError: a step failed; the message has the tool's last words, and nothing is left behind.
    """
    target = cache.image_path()
    target.parent.mkdir(parents=True, exist_ok=True)
    with _only_builder(target.parent, progress):
        if target.exists():
            return target
        try:
            with tempfile.TemporaryDirectory(dir=target.parent, prefix=".build-") as work:
                _build(Path(work), target, progress)
        except subprocess.CalledProcessError as error:
            raise RingfenceError.of(
                f"{error.cmd[0]} failed with exit code {error.returncode}",
                where="guest image",
                got=(error.stderr or error.stdout or "").strip()[-2000:],
                hint="correct the cause and run scripts/image build again",
            ) from error
    return target


def _build(work: Path, target: Path, progress: Progress) -> None:
    tree, image = work / "root", work / "image.qcow2"
    unpack_packages(tree, target.parent, progress)
    with progress.step("Own files, units, account, initramfs"):
        root.edit(tree)
    with progress.step("Disk"):
        plan = disk.DiskPlan(
            Layout(recipe.DISK.mebibytes),
            root_uuid(target.stem),
            recipe.KERNEL_COMMAND_LINE,
        )
        disk.write_disk(tree, plan, work, image)
    manifest(tree, image, target.with_suffix(".json"))
    image.rename(target)
    shutil.rmtree(tree)


def unpack_packages(tree: Path, folder: Path, progress: Progress) -> None:
    """Unpack the configured packages into ``tree``; they are fetched once a day, because the recipe is edited more often than that."""
    command = bootstrap_command()
    tar = folder / f"packages-{hashlib.sha256(chr(0).join(command).encode()).hexdigest()[: cache.HASH_LENGTH]}.tar"
    if not tar.exists() or time.time() - tar.stat().st_mtime > _PACKAGES_FRESH_SECONDS:
        with progress.step(f"Debian {recipe.SUITE} from packages"):
            fetch_packages(command, tar)
    tree.mkdir()
    command = ("tar", "--extract", "--xattrs", "--xattrs-include=*", "--file", str(tar), "--directory", str(tree))
    subprocess.run(command, check=True, capture_output=True, text=True)


def bootstrap_command() -> tuple[str, ...]:
    """The command that makes a tree of packages, without its target (mmdebstrap(1))."""
    paths = [f"--dpkgopt=path-exclude={path}" for path in recipe.EXCLUDED_PATHS]
    paths += [f"--dpkgopt=path-include={path}" for path in recipe.INCLUDED_PATHS]
    options = [f"--aptopt={option}" for option in archive.host_options()]
    include = f"--include={','.join((*recipe.PACKAGES, *rendering.rendered().packages))}"
    return ("mmdebstrap", "--quiet", "--mode=root", "--variant=minbase", "--format=tar", include, *paths, *options, recipe.SUITE)


def fetch_packages(command: tuple[str, ...], tar: Path) -> None:
    """Write ``tar``, whole or not at all."""
    part = tar.with_suffix(".part")
    sources = "\n".join(archive.host_sources()) + "\n"
    subprocess.run((*command, str(part), "-"), input=sources, check=True, capture_output=True, text=True)
    for stale in tar.parent.glob("packages-*.tar"):
        stale.unlink()
    part.rename(tar)


def manifest(tree: Path, image: Path, target: Path) -> None:
    """Write what is in the image beside it: every package with its version, size and hash of the file."""
    query = ("dpkg-query", f"--admindir={tree}/var/lib/dpkg", "--show", "--showformat=${Package}\t${Version}\n")
    lines = subprocess.run(query, check=True, capture_output=True, text=True).stdout.splitlines()
    with image.open("rb") as stream:
        sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
    content = {
        "suite": recipe.SUITE,
        "size": image.stat().st_size,
        "virtual_size_mib": recipe.DISK.mebibytes,
        "sha256": sha256,
        "packages": dict(line.split("\t") for line in lines),
    }
    target.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


@contextlib.contextmanager
def _only_builder(folder: Path, progress: Progress) -> Iterator[None]:
    """Hold the folder's lock, so that two builds at once become one and a wait."""
    with (folder / ".lock").open("w", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            with progress.step("Waiting for another build of the image"):
                fcntl.flock(lock, fcntl.LOCK_EX)
        yield
