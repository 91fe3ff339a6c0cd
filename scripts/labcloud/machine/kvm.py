"""Whether guests can run under KVM.

A device file proves nothing: nested and small virtual machines often have one that runs no ordinary kernel. So an ordinary kernel is
started on it, and must come to the end of its own boot.
"""

from __future__ import annotations

import os
import platform
import subprocess
import tempfile
from pathlib import Path
from typing import Final

from labcloud.machine import cached

DEVICE: Final = Path("/dev/kvm")
SECONDS: Final = 15.0
# A kernel without a root file system ends like this, and has run everything before it.
END_OF_BOOT: Final = "Unable to mount root fs"
KERNEL_PACKAGE: Final = "linux-image-cloud-amd64"


def known(cache: Path) -> str | None:
    """``kvm`` or ``qemu`` when that is known already: no device to try, or an earlier trial with the same kernel and QEMU."""
    if not os.access(DEVICE, os.R_OK | os.W_OK):
        return "qemu"
    verdict = _verdict(cache)
    return verdict.read_text() if verdict.exists() else None


def trial(cache: Path) -> str:
    """Try KVM, keep the verdict and return it."""
    verdict = _verdict(cache)
    verdict.parent.mkdir(parents=True, exist_ok=True)
    verdict.write_text("kvm" if _boots(verdict.parent) else "qemu")
    return verdict.read_text()


def _verdict(cache: Path) -> Path:
    """The file of the verdict for this machine."""
    return cached.place(cache, "kvm", _machine(), ".verdict")


def reached_end(console: str) -> bool:
    """Judge what the kernel printed."""
    return END_OF_BOOT in console


def _machine() -> bytes:
    """What the verdict depends on."""
    version = subprocess.run(["qemu-system-x86_64", "--version"], capture_output=True, text=True, check=True).stdout
    model = next((line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")), "")
    return f"{platform.release()} {model} {version}".encode()


def _boots(directory: Path) -> bool:
    """Start a kernel under KVM and read its console."""
    kernel = _kernel(directory)
    if kernel is None:
        return False
    command = [
        *("qemu-system-x86_64", "-accel", "kvm", "-cpu", "host", "-machine", "q35", "-m", "256", "-nodefaults"),
        *("-display", "none", "-serial", "stdio", "-no-reboot"),
        *("-kernel", str(kernel), "-append", "console=ttyS0 panic=-1"),
    ]
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=SECONDS, check=False)
    except subprocess.TimeoutExpired as late:
        return reached_end((late.stdout or b"").decode(errors="replace"))
    return reached_end(done.stdout.decode(errors="replace"))


def _kernel(directory: Path) -> Path | None:
    """An ordinary kernel: this machine's own, or Debian's for virtual machines, unpacked beside the verdict."""
    own = sorted(Path("/boot").glob("vmlinuz-*")) or sorted(directory.glob("boot/vmlinuz-*"))
    if own:
        return own[-1]
    depends = subprocess.run(["apt-cache", "depends", KERNEL_PACKAGE], capture_output=True, text=True, check=False)
    names = [line.split()[-1] for line in depends.stdout.splitlines() if "Depends: linux-image-" in line]
    if not names:
        return None
    with tempfile.TemporaryDirectory(dir=directory) as scratch:
        # apt's own user may not write into a private directory; as root it warns and goes on.
        fetched = subprocess.run(["apt-get", "-q", "download", names[0]], cwd=scratch, capture_output=True, check=False)
        package = next(Path(scratch).glob("*.deb"), None)
        if fetched.returncode or package is None:
            return None
        subprocess.run(["dpkg-deb", "--extract", str(package), scratch], check=True)
        (directory / "boot").mkdir(exist_ok=True)
        for kernel in Path(scratch).glob("boot/vmlinuz-*"):
            kernel.rename(directory / "boot" / kernel.name)
    return next(directory.glob("boot/vmlinuz-*"), None)
