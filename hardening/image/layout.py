"""Where things are on the disk: a GPT with GRUB's partition and the root, which is the last one because it grows."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

SECTOR = 512
MEBIBYTE = 1024 * 1024
NAMESPACE = uuid.UUID("9f0b9f5e-7b57-4a3b-9f4e-6f2f6a0f3c11")
"""Namespace of the root file systems' UUIDs."""

_BIOS_BOOT = "21686148-6449-6E6F-744E-656564454649"
_ROOT_X86_64 = "4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709"
"""Types of the Discoverable Partitions Specification."""


def root_uuid(name: str) -> str:
    """Return the UUID of an image's root file system: equal recipes, which have equal names, get equal ones."""
    return str(uuid.uuid5(NAMESPACE, name))


@dataclass(frozen=True, slots=True)
class Layout:
    """Sectors of a disk of ``mebibytes``: GRUB from 34 (after the table), the root from 1 MiB, 1 MiB at the end for the second table."""

    mebibytes: int
    grub_start: int = 34
    root_start: int = MEBIBYTE // SECTOR

    @property
    def grub_sectors(self) -> int:
        """Length of the BIOS boot partition."""
        return self.root_start - self.grub_start

    @property
    def root_sectors(self) -> int:
        """Length of the root partition."""
        return (self.mebibytes - 1) * MEBIBYTE // SECTOR - self.root_start

    @property
    def root_bytes(self) -> int:
        """Size of the root file system."""
        return self.root_sectors * SECTOR

    def sfdisk_script(self) -> str:
        """The partition table in the language of sfdisk(8)."""
        return (
            "label: gpt\nfirst-lba: 34\n"
            f"start={self.grub_start}, size={self.grub_sectors}, type={_BIOS_BOOT}, name=grub\n"
            f"start={self.root_start}, size={self.root_sectors}, type={_ROOT_X86_64}, name=root\n"
        )
