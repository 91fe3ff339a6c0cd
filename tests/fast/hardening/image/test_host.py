"""What the build needs on the machine is told from a list and from what dpkg says."""

from __future__ import annotations

from hardening.image import host


def test_the_list_is_read_without_comments() -> None:
    """One name in each line; the list that is shipped names the tool that everything starts with."""
    assert host.packages("# why\n\nfdisk\n zstd \n") == ("fdisk", "zstd")
    assert "mmdebstrap" in host.packages(host.LIST.read_text(encoding="utf-8"))


def test_only_installed_packages_count() -> None:
    """A package that was removed but left its configuration is missing, as is one that dpkg never saw."""
    status = "fdisk installed\nzstd config-files\n"
    assert host.missing(("fdisk", "zstd", "mmdebstrap"), status) == ("zstd", "mmdebstrap")
