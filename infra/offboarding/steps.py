"""The steps of an offboarding in their order, and where one stands by its journal. Pure.

Each step may be done again: whoever is killed in one does it anew. Until the first step that erases, all can be undone.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from infra.declaration.model import DataReturn
from infra.errors import QuestionError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date

    from infra.declaration.model import Offboarding


class Step(StrEnum):
    """One step; the order here is the order in which they are done."""

    INVENTORY = "inventory"
    CORDON = "cordon"
    RETURN = "return"
    REVOKE = "revoke"
    WAIT = "wait"
    SERVERS = "servers"
    BACKUPS = "backups"
    SNAPSHOTS = "snapshots"
    TRANSFERS = "transfers"
    KEYS = "keys"
    DESTROY = "destroy"
    IMAGES = "images"
    KEY_ROWS = "key-rows"
    STORAGE = "storage"
    PROOF = "proof"
    CERTIFICATE = "certificate"


MEANINGS = {
    Step.INVENTORY: "note everything that the tenant has, with the fingerprint of every copy in the storage",
    Step.CORDON: "stop the servers; nothing flows any more",
    Step.RETURN: "note the customer's receipt of its data, where it was to be returned",
    Step.REVOKE: "keep a token, then remove roles, credentials and trusts of others, and revoke all tokens",
    Step.WAIT: "wait until every service refuses the token: services believe an old one for some minutes",
    Step.SERVERS: "delete servers that were deleted softly, which no list shows",
    Step.BACKUPS: "delete backups, leaf first",
    Step.SNAPSHOTS: "delete snapshots of volumes",
    Step.TRANSFERS: "take back transfers of volumes",
    Step.KEYS: "take away what lets others read the secrets: access lists and containers",
    Step.DESTROY: "destroy the stack: servers, volumes with their secrets, networks, whatever is left in the project, users, project",
    Step.IMAGES: "delete the project's images, whoever they are lent to",
    Step.KEY_ROWS: "delete the key rows in the key manager's database, where somebody may",
    Step.STORAGE: "delete images in the raw storage that the services left behind, where somebody may",
    Step.PROOF: "prove that nothing is left, each time beside something that has to be found",
    Step.CERTIFICATE: "write the certificate",
}
ORDER = tuple(Step)
FIRST_ERASURE = Step.REVOKE
"""From here on there is no way back."""
ERASING = frozenset(ORDER[ORDER.index(FIRST_ERASURE) : ORDER.index(Step.PROOF)])


class Mark(StrEnum):
    """What a line of the journal says."""

    BEGAN = "began"
    DONE = "done"
    FAILED = "failed"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Progress:
    """Where an offboarding stands. ``erasing``: a step that erases has begun, so nothing brings the tenant back."""

    done: tuple[Step, ...] = ()
    begun: Step | None = None
    erasing: bool = False

    @property
    def next(self) -> Step | None:
        """The step to do; ``None`` when all are done."""
        return ORDER[len(self.done)] if len(self.done) < len(ORDER) else None


def progress(lines: Iterable[Mapping[str, Any]], where: str) -> Progress:
    """Return where an offboarding stands by the lines of its journal.

    Raises :class:`QuestionError` for a journal that does not say it: an unknown word, a step out of its order, a stop after an erasure.
    """
    found = Progress()
    for number, line in enumerate(lines, 1):
        try:
            found = _after(found, Mark(line["what"]), line)
        except (ValueError, KeyError) as problem:
            hint = "look at the journal; it belongs to another version, or somebody changed it"
            place = f"{where}, line {number}"
            raise QuestionError.of(
                "the journal does not say where the offboarding stands", where=place, got=str(problem), hint=hint
            ) from problem
    return found


def _after(before: Progress, mark: Mark, line: Mapping[str, Any]) -> Progress:
    if mark is Mark.STOPPED:
        if before.erasing:
            message = "it was stopped after something was erased"
            raise ValueError(message)
        return Progress()
    step = Step(line["step"])
    if step is not before.next:
        message = f"step {step} where {before.next} is the next one"
        raise ValueError(message)
    if mark is Mark.BEGAN:
        return Progress(before.done, step, before.erasing or step in ERASING)
    if before.begun is not step:
        message = f"step {step} is {mark}, and never began"
        raise ValueError(message)
    return Progress((*before.done, step) if mark is Mark.DONE else before.done, None, before.erasing)


def refuse_stop(found: Progress, where: str) -> None:
    """Raise :class:`QuestionError` when there is no way back."""
    if found.erasing:
        hint = "ringfence offboard TENANT --erase goes on where it stands"
        raise QuestionError.of("it cannot be stopped any more: something was erased", where=where, hint=hint)


def refuse_erasure(declared: Offboarding | None, today: date, *, receipt: bool, where: str) -> None:
    """Raise :class:`QuestionError` unless the declaration lets something be erased today. ``receipt``: the customer's is at hand."""
    if declared is None:
        expected = "`offboarding` with requested_by, ticket, not_before and return_data"
        hint = "declare it in the tenant's file; docs/offboarding.md shows it"
        raise QuestionError.of("nobody declared the end of this tenant", where=where, expected=expected, hint=hint)
    if today < declared.not_before:
        hint = "wait, or agree on another day with who asked for it"
        expected = f"{declared.not_before} or later"
        raise QuestionError.of(
            "it is too early to erase anything", where=f"{where}: offboarding.not_before", expected=expected, got=str(today), hint=hint
        )
    if declared.return_data is DataReturn.RECEIPT and not receipt:
        hint = "hand the data over, let the customer sign, and give the file with --receipt"
        what = "the customer gets its data back first, and there is no receipt"
        raise QuestionError.of(what, where=f"{where}: offboarding.return_data", expected="--receipt FILE", hint=hint)
