from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from infra.declaration.model import DataReturn, Offboarding, Person
from infra.offboarding import certificate
from infra.offboarding.certificate import Removal
from infra.offboarding.fingerprints import Fingerprint
from infra.offboarding.inventory import Medium, StoredHead, with_places
from infra.offboarding.proof import Absence, FirstObjects, KeyRows, first_objects, key_rows, stored
from infra.outcome import CheckVerdict
from tests.fast.offboarding.tenants import BACKUP, MINE, NEIGHBOUR, ROOT, inventory

if TYPE_CHECKING:
    from infra.offboarding.inventory import Inventory

pytestmark = pytest.mark.fast
ANNA = Person(name="anna berg", title="engineer", location="hall 1", contact="anna@example.org")
END = Offboarding(
    requested_by="erika muster", ticket="C-1", not_before=date(2030, 1, 31), return_data=DataReturn.RECEIPT, run_by=ANNA, verified_by=None
)
JOURNAL: list[dict[str, Any]] = [
    {"at": "09:00", "what": "began", "step": "inventory"},
    {"at": "09:01", "what": "stopped"},
    {"at": "10:00", "what": "began", "step": "inventory"},
    {"at": "10:01", "what": "failed", "step": "inventory", "said": "it broke"},
    {"at": "10:02", "what": "began", "step": "inventory"},
    {"at": "10:03", "what": "done", "step": "inventory", "removed": 0},
]


def removal(before: Inventory | None = None, *, rows: bool = True, trimmed: bool = True) -> Removal:
    """Return a removal of which everything was shown, or nothing of the key rows, or of the objects of deleted snapshots."""
    one = before or inventory(ROOT, BACKUP, NEIGHBOUR)
    objects = first_objects(FirstObjects(2, (), NEIGHBOUR.place, ()) if trimmed else None, "nobody may ask")
    absences = [*stored(one, (NEIGHBOUR,), ""), objects, *key_rows([KeyRows("secrets", 0, 3)] if rows else None, "nobody may read it")]
    return Removal(one, END, JOURNAL, absences, "2030-01-31T11:00:00+00:00", {"ringfence": "1"}, "ab" * 32)


def test_a_removal_of_which_everything_was_shown_is_a_purge() -> None:
    """Every field that NIST SP 800-88 asks for is there, and the same removal gives the same bytes."""
    found = certificate.of(removal())
    assert (found["verdict"], found["sanitisation"]["category"], found["sanitisation"]["reasons"]) == ("removed", "purge", [])
    volume, backup = found["media"]
    assert (volume["property_number"], volume["serial_number"], volume["master_key_digests"]) == ("v1", "u1", ["d1"])
    assert (backup["kind"], backup["key_id"], backup["place"]) == ("backup", "k2", "backups/volume-v1.backup.b1")
    assert found["people"]["run_by"] == ANNA.model_dump()
    assert set(found["people"]["verified_by"].values()) == {certificate.NOT_STATED}
    assert found["request"] == {"requested_by": "erika muster", "ticket": "C-1", "not_before": "2030-01-31"}
    assert found["returned_data"] == {"wanted": True, "receipt_sha256": "ab" * 32}
    assert [each["verdict"] for each in found["proof"]] == ["pass", "pass", "pass"]
    assert certificate.text(found) == certificate.text(certificate.of(removal()))
    assert json.loads(certificate.text(found)) == found


def test_what_was_not_shown_is_listed_and_makes_it_a_clear() -> None:
    """A skip is no lie: the certificate names it, and claims less."""
    found = certificate.of(removal(rows=False))
    assert (found["verdict"], found["sanitisation"]["category"]) == ("removed", "clear")
    assert found["sanitisation"]["reasons"] == ["it was not shown that the key rows hold nothing"]
    assert found["not_shown"][0].endswith("nobody may read it")
    assert set(certificate.NOT_COVERED) < set(found["not_shown"])
    untrimmed = certificate.of(removal(trimmed=False))
    assert untrimmed["sanitisation"]["reasons"] == ["it was not shown that the storage's deleted snapshots hold nothing"]


@pytest.mark.parametrize("cipher", ["aes-cbc-plain, 256 bits of key", ""])
def test_a_copy_that_was_not_encrypted_with_256_bits_makes_it_a_clear(cipher: str) -> None:
    """A weaker cipher, or none, cannot be erased by its key."""
    one = inventory(ROOT, BACKUP, NEIGHBOUR)
    weaker = Fingerprint("u1", ("d1",), cipher) if cipher else None
    weak = msgspec.structs.replace(one, media=(msgspec.structs.replace(one.media[0], fingerprint=weaker), *one.media[1:]))
    found = certificate.of(removal(weak))
    assert found["sanitisation"]["category"] == "clear"
    assert (cipher or "nothing") in found["sanitisation"]["reasons"][0]


@pytest.mark.parametrize(
    ("heads", "why"),
    [
        ((), "was not found in the storage"),
        ((StoredHead("images/i1"),), "was encrypted with nothing"),
        ((StoredHead("images/i1", MINE),), ""),
    ],
)
def test_an_image_of_the_tenants_is_a_copy_as_any_other(heads: tuple[StoredHead, ...], why: str) -> None:
    """Glance keeps in the clear what it was given; no key erases that."""
    one = inventory(ROOT, BACKUP, NEIGHBOUR)
    found = certificate.of(removal(msgspec.structs.replace(one, media=(*one.media, *with_places([Medium("image", "i1")], heads)))))
    assert found["sanitisation"]["category"] == ("clear" if why else "purge")
    assert found["sanitisation"]["reasons"] == [
        each for each in found["sanitisation"]["reasons"] if why and why in each and "image i1" in each
    ]


@pytest.mark.parametrize(
    ("verdict", "word"), [(CheckVerdict.PASS, "removed"), (CheckVerdict.FAIL, "not removed"), (CheckVerdict.ERROR, "cannot tell")]
)
def test_the_certificate_says_removed_only_when_it_was_proven(verdict: CheckVerdict, word: str) -> None:
    """One claim that failed is enough; one that nobody could judge is, too."""
    one = removal()
    found = certificate.of(replace(one, absences=[*one.absences, Absence("nova lists no servers", verdict, "why")]))
    assert found["verdict"] == word


def test_the_steps_are_told_from_their_first_beginning_and_not_from_a_run_that_was_stopped() -> None:
    """A step that was begun twice took until its end."""
    (step,) = certificate.of(removal())["steps"]
    assert (step["step"], step["began"], step["ended"]) == ("inventory", "10:00", "10:03")


def test_a_receipt_that_is_missing_is_said() -> None:
    """Data that had to be returned leaves a digest, or a word that there is none."""
    one = removal()
    assert certificate.of(replace(one, receipt=""))["returned_data"]["receipt_sha256"] == certificate.NOT_STATED
    kept = END.model_copy(update={"return_data": DataReturn.NOT_WANTED})
    assert certificate.of(replace(one, declared=kept))["returned_data"] == {"wanted": False, "receipt_sha256": ""}
