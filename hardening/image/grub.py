"""GRUB for a disk with a BIOS and a GPT, as bytes: what ``grub-bios-setup`` does, without the block device that it insists on.

The places are those of GRUB 2's ``boot.S`` and ``diskboot.S`` (``include/grub/i386/pc/boot.h``, ``.../diskboot.h``).
"""

from __future__ import annotations

import struct

from infra.errors import RingfenceError

SECTOR = 512
CODE_END = 440
"""Bytes of the master boot record that are code; the disk's signature and the partition table follow."""

_KERNEL_SECTOR = 0x5C
_DRIVE_CHECK = 0x66
_NOPS = b"\x90\x90"
_BLOCK_LIST = SECTOR - 12


def boot_code(boot_image: bytes, core_sector: int) -> bytes:
    """The first 440 bytes of the disk: ``boot.img``, told in which sector ``core.img`` starts.

    The jump of the drive check is taken out, as ``grub-bios-setup`` does for hard disks.
    """
    code = bytearray(boot_image[:CODE_END])
    struct.pack_into("<Q", code, _KERNEL_SECTOR, core_sector)
    code[_DRIVE_CHECK : _DRIVE_CHECK + len(_NOPS)] = _NOPS
    return bytes(code)


def core_image(image: bytes, core_sector: int, sectors: int) -> bytes:
    """``core.img`` in whole sectors, its block list set to the sectors that follow its first one.

    Raises:
        RingfenceError: it is longer than the ``sectors`` of the BIOS boot partition.
    """
    core = bytearray(image + b"\0" * (-len(image) % SECTOR))
    length = len(core) // SECTOR
    if length > sectors:
        raise RingfenceError.of("GRUB does not fit", where="BIOS boot partition", expected=f"at most {sectors} sectors", got=f"{length}")
    struct.pack_into("<QH", core, _BLOCK_LIST, core_sector + 1, length - 1)
    return bytes(core)


def configuration(root_uuid: str, command_line: tuple[str, ...]) -> str:
    """GRUB's built-in configuration: no menu, no prompt, no file that could be edited to reach one."""
    return (
        f"search.fs_uuid {root_uuid} root\n"
        f"linux ($root)/vmlinuz root=UUID={root_uuid} {' '.join(command_line)}\n"
        "initrd ($root)/initrd.img\n"
        "boot\n"
    )


def told(root_uuid: str, command_line: tuple[str, ...]) -> str:
    """The built-in configuration as a file for people and examiners, which GRUB does not read."""
    note = "# What GRUB does at every boot. It brings these lines along in its own image; another text here changes nothing.\n"
    return note + configuration(root_uuid, command_line)
