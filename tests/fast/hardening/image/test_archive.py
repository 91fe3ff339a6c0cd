"""Packages come from the Debian archive that the machine already uses, and from nowhere else."""

from __future__ import annotations

import pytest

from hardening.image.archive import acquire_options, sources
from infra.errors import RingfenceError

INDICES = """\
Packages|Debian-Security|http://mirror.test/debian-security/|bookworm-security|bookworm-security
Packages|Debian|http://mirror.test/debian/|bookworm|bookworm
DEP-11|Debian|http://mirror.test/debian/|bookworm|bookworm
Packages|Debian|http://mirror.test/debian/|bookworm-updates|bookworm-updates
Packages|Node Source|https://elsewhere.test/|nodistro|
"""


def test_pockets_keep_their_kind() -> None:
    """Main archive first, then its updates and security; other publishers and other indices are left out."""
    assert sources(INDICES, "trixie", "/k.gpg") == [
        "deb [signed-by=/k.gpg] http://mirror.test/debian/ trixie main",
        "deb [signed-by=/k.gpg] http://mirror.test/debian-security/ trixie-security main",
        "deb [signed-by=/k.gpg] http://mirror.test/debian/ trixie-updates main",
    ]


@pytest.mark.parametrize("indices", ["", INDICES.splitlines()[0], INDICES.splitlines()[4]])
def test_a_machine_without_debians_main_archive_is_refused(indices: str) -> None:
    """Without the main archive there is nothing to build from, and the message says where to look."""
    with pytest.raises(RingfenceError, match="no Debian archive"):
        sources(indices, "trixie", "/k.gpg")


def test_only_transport_settings_are_taken_over() -> None:
    """Proxies and retries are; a machine that trusts unsigned packages does not hand that to the image."""
    dump = 'Acquire::http::Proxy "DIRECT";\nAcquire::Retries "3";\nAcquire::AllowInsecureRepositories "1";\nAPT::Get::x "1";\n'
    assert acquire_options(dump) == ['Acquire::http::Proxy "DIRECT";', 'Acquire::Retries "3";']
