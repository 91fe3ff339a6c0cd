"""Bundles as texts: both sides of SSH read the same, refuse the same, and quote no file."""

from __future__ import annotations

import base64
import hashlib
import itertools
import json

import pytest

from hardening.bundle import Bundle, BundleError, Check, GuestFile, bundle_of, decode, digest, encode, encode_files, mistakes

pytestmark = pytest.mark.fast
SECRET = "-----BEGIN PRIVATE KEY-----"
CONF = GuestFile("chrony/chrony.conf", "server 192.0.2.1 nts\n", check=Check.CHRONYD)
KEY = GuestFile("chrony/server.key", SECRET, 0o640, "root:_chrony")
KRL = GuestFile("ssh/revoked", base64.b64encode(b"SSHKRL\n\0\xff").decode(), check=Check.KRL, binary=True)
BUNDLE = Bundle("table inet ringfence {\n}\n", (CONF, KEY, KRL), ("chrony.service",))


def test_a_bundle_comes_back_as_it_was() -> None:
    """Also the bytes of a file that is no text."""
    assert decode(encode(BUNDLE)) == BUNDLE
    assert KRL.content == b"SSHKRL\n\0\xff"
    assert decode(encode(Bundle("p"))) == Bundle("p")
    assert bundle_of("p", "") == Bundle("p")


def test_a_packet_filter_alone_has_the_digest_of_its_text() -> None:
    """As servers with an older agent say it."""
    assert digest(Bundle(BUNDLE.policy)) == hashlib.sha256(BUNDLE.policy.encode()).hexdigest()


def test_the_digest_notices_everything_but_the_order() -> None:
    """Policy, path, text, mode, owner, units; what is only checked or handed over otherwise does not count."""
    changed = [
        BUNDLE._replace(policy="other"),
        BUNDLE._replace(units=()),
        BUNDLE._replace(files=(CONF, KEY)),
        *(
            BUNDLE._replace(files=(CONF._replace(**change), KEY, KRL))
            for change in ({"path": "a"}, {"text": "b"}, {"mode": 0o600}, {"owner": "root:adm"})
        ),
    ]
    assert len({digest(BUNDLE), *map(digest, changed)}) == len(changed) + 1
    for order in itertools.permutations(BUNDLE.files):
        assert digest(BUNDLE._replace(files=order)) == digest(BUNDLE)
        assert encode_files(order, BUNDLE.units) == encode_files(BUNDLE.files, BUNDLE.units)


@pytest.mark.parametrize(
    ("file", "said"),
    [
        *((CONF._replace(path=path), "relative path") for path in ("/etc/x", "../x", "a/../b", "a//b", "a/", "", ".ssh/x", "a b", "a\n")),
        (CONF._replace(mode=0o4755), "permissions only"),
        *((CONF._replace(owner=owner), "account:group") for owner in ("root", "root:", "0:0", "root:root:x", "a b:c")),
        (CONF._replace(binary=True), "no base64"),
        (CONF._replace(text="\ud800"), "no text"),
        (KEY._replace(path="chrony"), "is a file and a folder"),
        (CONF, "is there twice"),
    ],
)
def test_a_file_that_is_no_file_of_a_bundle_is_refused(file: GuestFile, said: str) -> None:
    """The sentence says what was expected."""
    wrong = BUNDLE._replace(files=(*BUNDLE.files, file))
    assert said in " ".join(mistakes(wrong))
    assert mistakes(BUNDLE) == []


@pytest.mark.parametrize("unit", ["chrony", "-x.service", "a.mount", "a b.service", "../a.service", "--now.service"])
def test_what_is_no_unit_is_refused(unit: str) -> None:
    """Nothing that a command could take for an option, or for a path."""
    with pytest.raises(BundleError, match="units:"):
        decode(encode(BUNDLE._replace(units=(unit,))))


def changed(**changes: object) -> str:
    """The bundle as a text in which one file is changed."""
    document = json.loads(encode_files(BUNDLE.files, ()))
    document["files"][0].update(changes)
    return json.dumps({"policy": "", "delivery": json.dumps(document)})


@pytest.mark.parametrize(
    "text",
    [
        f'{{"{SECRET}',
        "[]",
        json.dumps({"policy": SECRET}),
        json.dumps({"policy": "", "delivery": [SECRET]}),
        json.dumps({"policy": "", "delivery": f"{{{SECRET}"}),
        json.dumps({"policy": "", "delivery": json.dumps({"files": [], "units": [1]})}),
        changed(text=[SECRET]),
        changed(mode=True),
        changed(mode=420.0),
        changed(check="unheard-of", text=SECRET),
        changed(more=SECRET),
        changed(binary=True, text=SECRET),
    ],
)
def test_what_is_not_known_is_refused_and_not_quoted(text: str) -> None:
    """A key, a type or a check that this side does not know; a private key is in no message."""
    with pytest.raises(BundleError) as caught:
        decode(text)
    assert SECRET not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_file_shows_itself_without_its_text() -> None:
    """A traceback and a failing test print it."""
    assert SECRET not in repr(BUNDLE)
    assert (KEY.private, CONF.private) == (True, False)
