"""Whose a line is, and what becomes of what is no line."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

import pytest

from hardening.logs import sender, store, wire
from hardening.logs.store import Files, Writer
from tests.fast.hardening.logs.test_sender import ENTRY

if TYPE_CHECKING:
    from pathlib import Path

WEB = "172.30.0.4"
LINE = sender.line(ENTRY)


def certificate(organisation: str = "acme", name: str = "acme-web", address: str = WEB, **more: object) -> dict[str, Any]:
    """What ``ssl`` says of a certificate."""
    subject = ((("organizationName", organisation),), (("commonName", name),))
    return {"subject": subject, "subjectAltName": (("DNS", name), ("IP Address", address)), **more}


def test_a_line_is_whose_certificate_came_from_its_own_address() -> None:
    """Organisation and name say it; from any other address the certificate says nothing."""
    assert store.writer(certificate(), WEB) == Writer("acme", "acme-web")
    assert store.writer(certificate(), "172.30.0.5") is None
    assert store.writer(certificate(subjectAltName=()), WEB) is None


@pytest.mark.parametrize("word", ["", ".", "..", "a/b", "../globex", "Acme", "acme\n", "a" * 64, "-a", "a b", "acme\x00"])
def test_a_name_that_is_no_name_is_nobodys(word: str) -> None:
    """It would be a folder."""
    assert store.writer(certificate(organisation=word), WEB) is None
    assert store.writer(certificate(name=word), WEB) is None


def test_a_certificate_with_two_organisations_or_none_is_nobodys() -> None:
    """There is one tenant, or none."""
    name = (("commonName", "acme-web"),)
    for subject in ((name,), ((("organizationName", "acme"),), (("organizationName", "globex"),), name)):
        assert store.writer(certificate(subject=subject), WEB) is None


def test_a_batch_is_kept_in_its_place_with_the_stores_own_time(tmp_path: Path) -> None:
    """``received`` is the store's word whatever the line has; what the sender adds to a line is not kept."""
    forged = json.dumps(json.loads(LINE) | {"received": "1999", "tenant": "globex"}).encode() + b"\n"
    Files(tmp_path).keep(Writer("acme", "acme-web"), LINE + forged)
    (file,) = tmp_path.rglob("*.jsonl")
    assert file.parent == tmp_path / "acme/acme-web"
    lines = [json.loads(line) for line in file.read_bytes().splitlines()]
    assert [set(line) for line in lines] == [{"received", *wire.FIELDS}] * 2
    assert {line["received"][:10] for line in lines} == {file.stem}


@pytest.mark.parametrize(
    "strange",
    [b"text", b"[]", b'{"message": "m"}', b"[" * 50_000, b"\xff", b'{"message": 1}', b"", b'"' + b"x" * 200_000 + b'"'],
    ids=["text", "list", "few fields", "deep", "bytes", "number", "empty", "long"],
)
def test_what_is_no_line_is_counted_in_a_line_and_the_others_are_kept(strange: bytes) -> None:
    """A sender that sends rubbish neither stops the store nor is it silent."""
    lines = [json.loads(line) for line in store.kept(LINE + strange + b"\n" + LINE, "now")]
    assert [line["message"] for line in lines] == ["Accepted publickey"] * 2 + ["1 lines were sent that are none"]


def test_a_lone_surrogate_is_kept_as_it_came(tmp_path: Path) -> None:
    """JSON can say it, UTF-8 cannot."""
    Files(tmp_path).keep(Writer("acme", "web"), LINE.replace(b"Accepted", b"\\ud800"))
    (file,) = tmp_path.rglob("*.jsonl")
    assert json.loads(file.read_bytes())["message"].startswith("\ud800")


def test_a_disk_that_is_full_keeps_no_half_of_a_batch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sender gets no answer and sends it again: nothing is lost, nothing is there once and a half."""

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    files, place = Files(tmp_path), Writer("acme", "web")
    files.keep(place, LINE)
    (file,) = tmp_path.rglob("*.jsonl")
    before = file.read_bytes()
    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", full)
        with pytest.raises(OSError, match="No space"):
            files.keep(place, LINE)
    assert file.read_bytes() == before
    files.keep(place, LINE)
    assert len(file.read_bytes().splitlines()) == 2


@pytest.mark.parametrize(
    "sent", [b"0\n", b"-1\n", b"99999999\n", b"12", b"3\nab\n\n"[:4], b"4\nabcd", b"x\n", b"GET / HTTP/1.1\r\n\r\n"], ids=repr
)
def test_what_is_no_batch_ends_the_connection(sent: bytes) -> None:
    """Nothing of it is kept; a sender that has ended is no mistake."""
    with pytest.raises(wire.WireError):
        wire.read_batch(io.BytesIO(sent))
    assert wire.read_batch(io.BytesIO(b"")) is None
    assert wire.read_batch(io.BytesIO(b"4\nabc\n")) == b"abc\n"
