from __future__ import annotations

import pytest

from infra.errors import CloudError
from infra.offboarding import fingerprints
from tests.fast.offboarding import headers
from tests.fast.offboarding.headers import header

pytestmark = pytest.mark.fast
ONE = (headers.LUKS1_UUID, headers.LUKS1_DIGEST)
TWO = (headers.LUKS2_UUID, headers.LUKS2_DIGEST)


def fingerprint(packed: str) -> fingerprints.Fingerprint:
    """Return the fingerprint of a real header."""
    found = fingerprints.read(header(packed))
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("packed", "expected"),
    [(headers.LUKS1, ONE), (headers.LUKS1_REKEYED, ONE), (headers.LUKS2, TWO), (headers.LUKS2_REKEYED, TWO)],
    ids=["LUKS1", "LUKS1 with another key", "LUKS2", "LUKS2 with another key"],
)
def test_a_real_header_says_what_luksdump_says_and_a_new_key_changes_nothing(packed: str, expected: tuple[str, str]) -> None:
    """The UUID and the digest of the master key are those of every copy, whatever secret opens it."""
    found = fingerprint(packed)
    assert (found.uuid, *found.digests) == expected
    assert found.cipher == fingerprints.AES_256_XTS


def test_a_copy_is_found_by_its_uuid_and_by_its_master_key() -> None:
    """One of both is enough; a stranger has neither."""
    one, two = fingerprint(headers.LUKS1), fingerprint(headers.LUKS2)
    assert fingerprint(headers.LUKS1_REKEYED).same_key([two, one])
    assert not one.same_key([two])
    assert fingerprints.Fingerprint(one.uuid, ("00",), "").same_key([one])
    assert fingerprints.Fingerprint("other", one.digests, "").same_key([one])


def test_what_is_stored_in_the_clear_has_no_fingerprint() -> None:
    """No header is none, and no error."""
    assert fingerprints.read(b"\0" * fingerprints.SIZE) is None
    assert fingerprints.read(b"") is None


@pytest.mark.parametrize(
    "data",
    [
        header(headers.LUKS1)[:100],
        header(headers.LUKS1)[:168].ljust(1 << 16, b"\0"),
        header(headers.LUKS1)[:112] + bytes(20) + header(headers.LUKS1)[132:],
        header(headers.LUKS2)[:4500],
        header(headers.LUKS2)[:4096].ljust(1 << 16, b"\0"),
        header(headers.LUKS2).replace(b'"digests"', b'"digestz"'),
        header(headers.LUKS1)[:6] + b"\0\3" + header(headers.LUKS1)[8:],
    ],
    ids=["cut off", "without a UUID", "without a digest", "cut off in its tree", "without a tree", "without digests", "of another version"],
)
def test_a_header_that_names_no_volume_is_an_error(data: bytes) -> None:
    """What cannot be found again must not count as looked for."""
    with pytest.raises(CloudError):
        fingerprints.read(data)
