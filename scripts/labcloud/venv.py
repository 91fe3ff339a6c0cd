"""The virtual environment that the OpenStack services run from, cached by the content of its lock."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
from pathlib import Path
from typing import Final

from labcloud.layout import SYSTEM_PYTHON
from labcloud.settings import LabError

LOCK: Final = Path(__file__).parent / "requirements.lock"
UV: Final = "uv==0.13.9"
# Debian builds these for its own Python only; they are not on the package index.
BORROWED: Final = ("libvirt.py", "libvirt_qemu.py", "libvirtmod*.so", "libvirtmod_qemu*.so", "rados*.so", "rbd*.so")
DEBIAN_MODULES: Final = Path("/usr/lib/python3/dist-packages")


def location(cache: Path) -> Path:
    """Where the environment for this lock lives."""
    return cache / "lab-venv" / hashlib.sha256(LOCK.read_bytes()).hexdigest()[:16]


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
        uv = _uv(cache, output)
        environment = os.environ | {"UV_CACHE_DIR": str(cache / "uv")}
        _run(output, environment, uv, "venv", "--python", SYSTEM_PYTHON, str(target))
        _run(
            *(output, environment, uv, "pip", "install", "--python", f"{target}/bin/python"),
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


def _uv(cache: Path, output: object) -> str:
    """The installer: one on PATH, or one of our own in the cache."""
    found = shutil.which("uv")
    if found:
        return found
    own = cache / "lab-venv" / "uv"
    if not (own / "bin/uv").exists():
        shutil.rmtree(own, ignore_errors=True)
        _run(output, dict(os.environ), SYSTEM_PYTHON, "-m", "venv", str(own))
        _run(output, dict(os.environ), f"{own}/bin/pip", "install", "--quiet", UV)
    return f"{own}/bin/uv"


def _run(output: object, environment: dict[str, str], *command: str) -> None:
    """Run a command into the log; :class:`LabError` when it fails."""
    code = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        stdout=output,  # type: ignore[call-overload]
        stderr=subprocess.STDOUT,
        env=environment,
        check=False,
    ).returncode
    if code:
        raise LabError.of(
            "the Python environment of the OpenStack services could not be made",
            where=str(getattr(output, "name", "")),
            expected=f"`{' '.join(command[:3])} ...` ends with 0",
            got=str(code),
            hint="read the log, then ./scripts/lab up again",
        )
