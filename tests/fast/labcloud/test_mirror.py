from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from labcloud.machine import mirror

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.fast


def test_the_files_that_apt_fetched_stand_where_a_mirror_has_them(tmp_path: Path) -> None:
    """A client asks for paths below the mirror's URL, and the index names the package's."""
    lists = tmp_path / "apt/lists"
    lists.mkdir(parents=True)
    (lists / "deb.example_debian-security_dists_trixie-security_InRelease").write_text("signed")
    (lists / "deb.example_debian-security_dists_trixie-security_main_binary-amd64_Packages").write_text("index")
    (tmp_path / f"{mirror.PACKAGE}_1_all.deb").write_text("package")
    mirror.lay_out(tmp_path, "pool/updates/main/a/apt/it.deb")
    offered = tmp_path / mirror.FOLDER
    found = {str(file.relative_to(offered)): file.read_text() for file in offered.rglob("*") if file.is_file()}
    assert found == {
        "dists/trixie-security/InRelease": "signed",
        "dists/trixie-security/main/binary-amd64/Packages": "index",
        "pool/updates/main/a/apt/it.deb": "package",
    }


def test_a_mirror_that_was_never_fetched_is_not_ready(tmp_path: Path) -> None:
    """The lab fetches it then."""
    assert not mirror.is_ready(tmp_path)
