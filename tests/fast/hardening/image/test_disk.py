"""The disk's arithmetic: partitions meet without overlapping, and GRUB's pointers say where its parts are."""

from __future__ import annotations

import struct

import pytest

from hardening.image import grub
from hardening.image.layout import SECTOR, Layout
from infra.errors import RingfenceError


@pytest.mark.parametrize("mebibytes", [64, 640, 4096])
def test_partitions_follow_each_other_and_leave_room_for_the_second_table(mebibytes: int) -> None:
    """GRUB's partition ends where the root begins; the root ends a mebibyte before the end, on a mebibyte."""
    layout = Layout(mebibytes)
    assert layout.grub_start + layout.grub_sectors == layout.root_start
    end = (layout.root_start + layout.root_sectors) * SECTOR
    assert end == (mebibytes - 1) * 1024 * 1024
    assert layout.root_bytes == layout.root_sectors * SECTOR
    assert f"start={layout.root_start}, size={layout.root_sectors}," in layout.sfdisk_script()


def test_boot_code_points_to_core() -> None:
    """The boot code's sector is core's first one, and its drive check is taken out; nothing else changes."""
    image = bytes(range(256)) * 2
    code = grub.boot_code(image, 34)
    assert len(code) == 440
    assert struct.unpack_from("<Q", code, 0x5C) == (34,)
    assert code[0x66:0x68] == b"\x90\x90"
    assert code[:0x5C] + code[0x64:0x66] + code[0x68:] == image[:0x5C] + image[0x64:0x66] + image[0x68:440]


def test_core_lists_the_sectors_after_its_first_one() -> None:
    """The block list starts right after the first sector and is as long as the rest; the image is padded to whole sectors."""
    core = grub.core_image(b"\xaa" * 1300, 34, 100)
    assert len(core) == 3 * SECTOR
    assert struct.unpack_from("<QH", core, 500) == (35, 2)
    assert core[:500] == b"\xaa" * 500


def test_a_core_that_does_not_fit_is_refused() -> None:
    """GRUB is never written over the beginning of the root file system."""
    assert grub.core_image(b"x" * SECTOR * 4, 34, 4)
    with pytest.raises(RingfenceError, match="GRUB does not fit"):
        grub.core_image(b"x" * (SECTOR * 4 + 1), 34, 4)


def test_grub_has_no_menu_and_no_prompt() -> None:
    """The built-in configuration boots one kernel of the root that has the UUID."""
    text = grub.configuration("0afcf7ce-26aa-5312-8962-9e80d2ebdc86", ("rw", "quiet"))
    assert "linux ($root)/vmlinuz root=UUID=0afcf7ce-26aa-5312-8962-9e80d2ebdc86 rw quiet\n" in text
    assert "menuentry" not in text
    assert text.endswith("boot\n")
