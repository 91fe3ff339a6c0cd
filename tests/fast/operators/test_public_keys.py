from __future__ import annotations

import base64
import hashlib

import pytest

from infra.errors import QuestionError
from infra.operators.public_keys import HARDWARE, PLAIN, read
from tests.fast.operators.sample import field, hardware, plain, text_of

pytestmark = pytest.mark.fast


def test_a_key_of_an_authenticator_is_read_without_its_comment() -> None:
    """What is kept is kind and key; the comment is somebody's own text."""
    key = read(text_of(HARDWARE, hardware().blob) + "\n", HARDWARE)
    assert key == hardware()
    assert "somebody" not in str(key)


def test_the_fingerprint_is_openssh_s() -> None:
    """SHA-256 of the key, base64 without padding: as it stands in sshd's log."""
    expected = base64.b64encode(hashlib.sha256(plain().blob).digest()).decode().rstrip("=")
    assert plain().fingerprint == f"SHA256:{expected}"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("", "nothing", id="empty"),
        pytest.param(text_of(PLAIN, plain().blob), "ssh-ed25519", id="a-key-in-a-file"),
        pytest.param(f"{text_of(HARDWARE, hardware(1).blob)}\n{text_of(HARDWARE, hardware(2).blob)}", "and", id="two-keys"),
        pytest.param(text_of(HARDWARE, plain().blob), "2 fields", id="a-key-in-a-file-under-another-name"),
        pytest.param(text_of(HARDWARE, field(PLAIN.encode(), b"1" * 32, b"ssh:")), "calls itself ssh-ed25519", id="other-kind-inside"),
        pytest.param(text_of(HARDWARE, field(HARDWARE.encode(), b"1" * 31, b"ssh:")), "31 bytes", id="short"),
        pytest.param(text_of(HARDWARE, hardware(application=b"https://example.org").blob), "application", id="a-web-login"),
        pytest.param(f"{HARDWARE} {base64.b64encode(hardware().blob[:-2]).decode()}", "ends too early", id="cut"),
        pytest.param(f"{HARDWARE} %%%", "", id="no-base64"),
        pytest.param(f"restrict,{text_of(HARDWARE, hardware().blob)}", "restrict", id="options"),
        pytest.param("-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n", "-----BEGIN", id="the-private-half"),
    ],
)
def test_anything_else_is_refused(text: str, said: str) -> None:
    """A key in a file, another kind under the name of a hardware key, two keys, a damaged one."""
    with pytest.raises(QuestionError) as refused:
        read(text, HARDWARE, "alice.pub")
    assert said in str(refused.value)
    assert "alice.pub" in str(refused.value)
