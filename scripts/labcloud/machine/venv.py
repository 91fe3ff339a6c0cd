"""The virtual environment that the OpenStack services run from, cached by the content of its lock."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
from pathlib import Path
from typing import BinaryIO, Final

from labcloud.layout import CODE, SYSTEM_PYTHON
from labcloud.machine import cached
from labcloud.settings import LabError

LOCK: Final = CODE / "labcloud" / "requirements.lock"
UV: Final = 'set -eu; source "$ROOT/scripts/toolchain/uv.sh"; follow_pip_settings; find_uv; exec "$UV" "$@"'
# Debian builds these for its own Python only; they are not on the package index.
BORROWED: Final = ("libvirt.py", "libvirt_qemu.py", "libvirtmod*.so", "libvirtmod_qemu*.so", "rados*.so", "rbd*.so")
DEBIAN_MODULES: Final = Path("/usr/lib/python3/dist-packages")


def location(cache: Path) -> Path:
    """Where the environment for this lock lives."""
    return cached.place(cache, "lab-venv", LOCK.read_bytes())


def is_ready(cache: Path) -> bool:
    """Tell whether it was made to its end."""
    return (location(cache) / ".complete").exists()


def make(cache: Path, log: Path) -> Path:
    """Make the environment unless it is there, and return it. One maker at a time; a half-made one is made again."""
    target = location(cache)
    target.parent.mkdir(parents=True, exist_ok=True)
    with (target.parent / ".lock").open("a") as lock, log.open("ab") as output:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if is_ready(cache):
            return target
        shutil.rmtree(target, ignore_errors=True)
        _uv(cache, output, "venv", "--python", SYSTEM_PYTHON, str(target))
        _uv(
            *(cache, output, "pip", "install", "--python", f"{target}/bin/python"),
            *("--require-hashes", "--no-deps", "--compile-bytecode", "-r", str(LOCK)),
        )
        _borrow(target)
        (target / ".complete").touch()
    return target


def _borrow(target: Path) -> None:
    """Link the bindings of libvirt and Ceph from Debian's own packages."""
    site = next(target.glob("lib/python3*/site-packages"))
    for pattern in BORROWED:
        for module in DEBIAN_MODULES.glob(pattern):
            link = site / module.name
            link.unlink(missing_ok=True)
            link.symlink_to(module)


def _uv(cache: Path, output: BinaryIO, *arguments: str) -> None:
    """Run the pinned uv, found as ``scripts/setup`` finds it; :class:`LabError` when it fails."""
    code = subprocess.run(
        ["bash", "-c", UV, "uv", *arguments],
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        env=os.environ | {"ROOT": str(CODE.parent), "CACHE": str(cache), "PYTHON": SYSTEM_PYTHON},
        check=False,
    ).returncode
    if code:
        raise LabError.of(
            "the Python environment of the OpenStack services could not be made",
            where=output.name,
            expected=f"`uv {' '.join(arguments[:2])} ...` ends with 0",
            got=str(code),
            hint="read the log, then ./scripts/lab up again",
        )
