"""The guest's own packages as a tree, with OpenSSH's software authenticator beside them: nothing is installed on the machine."""

from __future__ import annotations

import fcntl
import hashlib
import shutil
import subprocess
from typing import TYPE_CHECKING, Final

from hardening.controls import rendering
from hardening.image import archive, build, cache, recipe, root
from hardening.image.progress import Progress
from infra import paths

if TYPE_CHECKING:
    from pathlib import Path

PACKAGE: Final = "openssh-tests"
AUTHENTICATOR: Final = "usr/lib/openssh/regress/misc/sk-dummy/sk-dummy.so"
FETCH: Final = (
    f'cd "$1" && APT_CONFIG=$MMDEBSTRAP_APT_CONFIG apt-get -qq download {PACKAGE} && dpkg -x {PACKAGE}_*.deb . && rm {PACKAGE}_*.deb'
)
COMMAND: Final = (
    *("mmdebstrap", "--quiet", "--mode=root", "--variant=extract", "--include=netbase", '--aptopt=APT::Sandbox::User "root"'),
    *(f"--extract-hook={FETCH}", recipe.SUITE),
)
"""Unpacks the one package without what it needs besides, which would be a shelf of other SSH programs."""


def authenticator() -> Path:
    """Return OpenSSH's software authenticator (``sk-dummy.so``), fetched once for each machine."""
    target = paths.cache() / "sk-dummy" / hashlib.sha256("\0".join(COMMAND).encode()).hexdigest()[:16]
    target.parent.mkdir(parents=True, exist_ok=True)
    with (target.parent / ".lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not target.is_dir():
            draft = target.with_suffix(".draft")
            shutil.rmtree(draft, ignore_errors=True)
            options = [f"--aptopt={option}" for option in archive.host_options()]
            sources = "\n".join(archive.host_sources()) + "\n"
            subprocess.run((*COMMAND, *options, str(draft), "-"), input=sources, check=True, capture_output=True, text=True)
            draft.rename(target)
    return target / AUTHENTICATOR


def guest(folder: Path) -> Path:
    """Unpack the image's packages, and edit them as the image's build does, as far as logins and sudo are concerned."""
    tree = folder / "tree"
    with (cache.directory() / ".tests").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        build.unpack_packages(tree, cache.directory(), Progress())
    wanted = rendering.rendered()
    root.install_tree(tree)
    root.harden(tree, wanted)
    root.install_guest_code(tree)
    root.make_account(tree)
    root.remove(tree)
    root.seal(tree, wanted)
    (tree / "opt").mkdir(exist_ok=True)
    shutil.copy(authenticator(), tree / "opt/sk-dummy.so")
    return tree
