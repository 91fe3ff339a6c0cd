"""The certificate of removal, with the fields of NIST SP 800-88: what was removed, how, by whom, what proves it, what is not shown. Pure.

It claims no more than was shown. A cryptographic erase counts as *purge* only where every copy, images included, was found in the storage,
was encrypted with 256 bits, and neither a copy nor a key row is left (SP 800-88, "Cryptographic Erase"); else as *clear*, with the reasons.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from infra.declaration.model import DataReturn
from infra.offboarding.fingerprints import AES_256_XTS
from infra.offboarding.proof import verdict
from infra.offboarding.steps import MEANINGS, Mark, Step
from infra.outcome import CheckVerdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from infra.declaration.model import Offboarding, Person
    from infra.offboarding.inventory import Inventory, Medium
    from infra.offboarding.proof import Absence

FORMAT = "ringfence-removal/1"
NAMESPACE = "ringfence-removal"
"""What the signatures are for (`ssh-keygen -Y sign -n`)."""
VERDICTS = {CheckVerdict.PASS: "removed", CheckVerdict.FAIL: "not removed", CheckVerdict.ERROR: "cannot tell"}
NOT_STATED = "not stated"
STORAGE, OBJECTS, ROWS = "no image", "no pool has the first object", "key manager's database"
NOT_COVERED = (
    "copies of the services' databases, their logs for recovery (redo, undo, binary logs) and their backups: they may hold wrapped keys",
    "free space of the storage's disks, and blocks of deleted snapshots that it trims later: an encrypted volume wrote ciphertext only",
    "logs, metrics and invoices of the services, which name ids and not contents",
    "soft-deleted rows of Nova, Cinder and Glance: names and no secrets, until nova-manage, cinder-manage and glance-manage purge them",
    "the engine's state and its history on the operator's machine, until `pulumi stack rm` and its copies are removed",
    "whatever left the cloud: exports, the customer's own copies, backups that somebody made of the backups",
)
"""What cannot be shown from here."""


@dataclass(frozen=True, slots=True)
class Removal:
    """All that a certificate is made of. ``tools`` are names with versions, ``receipt`` is the SHA-256 of the customer's receipt."""

    inventory: Inventory
    declared: Offboarding
    journal: Sequence[Mapping[str, Any]]
    absences: Sequence[Absence]
    ended: str
    tools: Mapping[str, str] = field(default_factory=dict)
    receipt: str = ""


def of(removal: Removal) -> dict[str, Any]:
    """Return the certificate."""
    inventory, declared = removal.inventory, removal.declared
    category, reasons = _category(removal)
    return {
        "format": FORMAT,
        "verdict": VERDICTS[verdict(removal.absences)],
        "tenant": inventory.tenant,
        "project": inventory.project,
        "region": inventory.region,
        "request": {"requested_by": declared.requested_by, "ticket": declared.ticket, "not_before": str(declared.not_before)},
        "began": inventory.taken,
        "ended": removal.ended,
        "confidentiality": {"before": inventory.classification, "after": "none: the media are gone"},
        "media": [_medium(each) for each in inventory.media],
        "sanitisation": {
            "category": category,
            "reasons": reasons,
            "method": "cryptographic erase (LUKS, master keys of all copies with their wrapped secrets) and deletion of the objects",
            "tools": dict(removal.tools),
            "verification_method": "every claim below, each beside something that the same look has to find",
            "destination": "none: virtual media, whose space goes back to the storage",
        },
        "returned_data": _returned(removal),
        "people": {"run_by": _person(declared.run_by), "verified_by": _person(declared.verified_by)},
        "steps": _steps(removal.journal),
        "proof": [{**asdict(each), "verdict": str(each.verdict)} for each in removal.absences],
        "not_shown": [*(f"{each.claim}: {each.said}" for each in removal.absences if each.verdict is CheckVerdict.SKIPPED), *NOT_COVERED],
        "unread": list(inventory.untold),
    }


def text(certificate: Mapping[str, Any]) -> bytes:
    """Return it as it is written and signed: the same certificate gives the same bytes."""
    return (json.dumps(certificate, indent=1, ensure_ascii=True) + "\n").encode()


def _category(removal: Removal) -> tuple[str, list[str]]:
    """Say whether it was a purge, and if not, why not."""
    held = removal.inventory.media
    reasons = [f"{each.kind} {each.id} was not found in the storage" for each in held if not each.place]
    for each in held:
        cipher = each.fingerprint.cipher if each.fingerprint else "nothing"
        if each.place and cipher != AES_256_XTS:
            reasons.append(f"{each.kind} {each.id} was encrypted with {cipher}, not with {AES_256_XTS}")
    for about, what in ((STORAGE, "the raw storage"), (OBJECTS, "the storage's deleted snapshots"), (ROWS, "the key rows")):
        found = [each for each in removal.absences if about in each.claim]
        if not found or any(each.verdict is not CheckVerdict.PASS for each in found):
            reasons.append(f"it was not shown that {what} hold nothing")
    return ("clear", reasons) if reasons else ("purge", [])


def _medium(each: Medium) -> dict[str, Any]:
    fingerprint = each.fingerprint
    return {
        "media_type": "virtual disk",
        "kind": each.kind,
        "property_number": each.id,
        "model": each.type,
        "size_gib": each.size,
        "place": each.place,
        "serial_number": fingerprint.uuid if fingerprint else "",
        "master_key_digests": list(fingerprint.digests) if fingerprint else [],
        "cipher": fingerprint.cipher if fingerprint else "",
        "key_id": each.key,
    }


def _returned(removal: Removal) -> dict[str, Any]:
    if removal.declared.return_data is not DataReturn.RECEIPT:
        return {"wanted": False, "receipt_sha256": ""}
    return {"wanted": True, "receipt_sha256": removal.receipt or NOT_STATED}


def _person(person: Person | None) -> dict[str, str]:
    keys = ("name", "title", "location", "contact")
    return {key: getattr(person, key) if person else NOT_STATED for key in keys}


def _steps(lines: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return when each step began first and ended, and what it removed; a stop begins anew."""
    found: dict[str, dict[str, Any]] = {}
    for line in lines:
        if line["what"] == Mark.STOPPED:
            found.clear()
            continue
        step = str(line["step"])
        entry = found.setdefault(
            step, {"step": step, "meaning": MEANINGS[Step(step)], "began": line["at"], "ended": "", "removed": 0, "said": ""}
        )
        entry["removed"] += int(line.get("removed", 0))
        entry["said"] = str(line.get("said", ""))
        if line["what"] == Mark.DONE:
            entry["ended"] = line["at"]
    return list(found.values())
