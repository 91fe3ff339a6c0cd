"""Write the disk: file system from a directory, partition table, GRUB, compressed qcow2; plain files only, no loop device and no mount."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hardening.image import grub

if TYPE_CHECKING:
    from pathlib import Path

    from hardening.image.layout import Layout

GRUB_DIRECTORY = "/usr/lib/grub/i386-pc"
GRUB_MODULES = ("biosdisk", "part_gpt", "ext2", "linux", "search_fs_uuid", "boot")

_EXT4 = (
    *("mkfs.ext4", "-q", "-F", "-b", "4096", "-i", "16384", "-I", "256", "-m", "1", "-L", "root"),
    *("-J", "size=16"),  # a journal for servers of any size, without a tenth of a small image
    *("-E", "lazy_itable_init=1,resize=33554432"),  # may grow to 128 GiB while mounted
    *("-O", "^metadata_csum_seed,^orphan_file"),  # GRUB's ext2 module knows neither
)


@dataclass(frozen=True, slots=True)
class DiskPlan:
    """Everything that the disk is made of besides the root's content."""

    layout: Layout
    root_uuid: str
    command_line: tuple[str, ...]


def write_disk(root: Path, plan: DiskPlan, work: Path, target: Path) -> None:
    """Write ``target`` from the directory ``root``; ``work`` holds the files in between and may be thrown away.

    Raises:
        subprocess.CalledProcessError: a tool failed; its message is in ``stderr``.
    """
    raw, file_system = work / "disk.raw", work / "root.ext4"
    _sparse(file_system, plan.layout.root_bytes)
    _run(*_EXT4, "-U", plan.root_uuid, "-d", str(root), str(file_system))
    _sparse(raw, plan.layout.mebibytes * 1024 * 1024)
    _run("sfdisk", "--quiet", str(raw), text=plan.layout.sfdisk_script())
    start_mebibytes = plan.layout.root_start * grub.SECTOR // (1024 * 1024)
    _run("dd", f"if={file_system}", f"of={raw}", "bs=1M", f"seek={start_mebibytes}", "conv=notrunc,sparse", "status=none")
    file_system.unlink()
    _write_grub(raw, plan, work)
    _run("qemu-img", "convert", "-O", "qcow2", "-c", "-o", "compression_type=zlib", str(raw), str(target))
    raw.unlink()


def _write_grub(raw: Path, plan: DiskPlan, work: Path) -> None:
    configuration, core = work / "grub.cfg", work / "core.img"
    configuration.write_text(grub.configuration(plan.root_uuid, plan.command_line), encoding="utf-8")
    options = ("-O", "i386-pc", "-d", GRUB_DIRECTORY, "-p", "/boot/grub", "-c", str(configuration), "-o", str(core))
    _run("grub-mkimage", *options, *GRUB_MODULES)
    start = plan.layout.grub_start
    with open(f"{GRUB_DIRECTORY}/boot.img", "rb") as boot_image, raw.open("r+b") as disk:  # noqa: PTH123 - a tool's own file
        disk.write(grub.boot_code(boot_image.read(), start))
        disk.seek(start * grub.SECTOR)
        disk.write(grub.core_image(core.read_bytes(), start, plan.layout.grub_sectors))


def _sparse(path: Path, size: int) -> None:
    with path.open("wb") as stream:
        stream.truncate(size)


def _run(*command: str, text: str = "") -> None:
    subprocess.run(command, input=text, text=True, check=True, capture_output=True)
