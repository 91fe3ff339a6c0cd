from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from infra.declaration.model import DataReturn, Offboarding
from infra.errors import QuestionError
from infra.offboarding.steps import ERASING, FIRST_ERASURE, MEANINGS, ORDER, Step, progress, refuse_erasure, refuse_stop

pytestmark = pytest.mark.fast
TODAY = date(2030, 1, 31)
WHERE = "Pulumi.acme.yaml"


def lines(*said: str) -> list[dict[str, Any]]:
    """Return lines of a journal: ``began inventory``, ``stopped``."""
    return [dict(zip(("what", "step"), each.split(), strict=False)) for each in said]


def until(last: Step) -> list[dict[str, Any]]:
    """Return the lines of a run that has done everything before a step, and begun that one."""
    before = ORDER[: ORDER.index(last)]
    return [line for step in before for line in lines(f"began {step}", f"done {step}")] + lines(f"began {last}")


def test_an_empty_journal_begins_at_the_beginning() -> None:
    """Nothing was done, and nothing was erased."""
    found = progress([], WHERE)
    assert (found.next, found.begun, found.erasing) == (Step.INVENTORY, None, False)


@pytest.mark.parametrize("step", ORDER)
def test_whoever_is_killed_in_a_step_does_that_step_again(step: Step) -> None:
    """Killed after its beginning, the step is the next one; killed after its end, the one behind it."""
    begun = until(step)
    assert (progress(begun, WHERE).next, progress(begun, WHERE).begun) == (step, step)
    again = progress([*begun, *lines(f"began {step}", f"failed {step}", f"began {step}", f"done {step}")], WHERE)
    place = ORDER.index(step) + 1
    assert again.next == (ORDER[place] if place < len(ORDER) else None)
    assert again.done == ORDER[:place]


@pytest.mark.parametrize("step", ORDER)
def test_it_can_be_stopped_until_something_was_begun_that_erases(step: Step) -> None:
    """From the moment on at which the first such step began there is no way back, whether it ended or not."""
    found = progress(until(step), WHERE)
    if ORDER.index(step) < ORDER.index(FIRST_ERASURE):
        refuse_stop(found, WHERE)
        assert progress([*until(step), *lines("stopped")], WHERE) == progress([], WHERE)
    else:
        with pytest.raises(QuestionError, match="cannot be stopped any more"):
            refuse_stop(found, WHERE)
        with pytest.raises(QuestionError, match="where the offboarding stands"):
            progress([*until(step), *lines("stopped")], WHERE)


@pytest.mark.parametrize(
    "said",
    [
        ["began volumes"],
        ["done inventory"],
        ["began inventory", "done cordon"],
        ["began inventory", "done inventory", "done inventory"],
        ["began inventory", "done inventory", "began inventory"],
        ["began elsewhere"],
        ["ended inventory"],
        ["began"],
    ],
)
def test_a_journal_that_makes_no_sense_is_refused(said: list[str]) -> None:
    """Going on by it could leave a step out."""
    with pytest.raises(QuestionError, match="where the offboarding stands"):
        progress(lines(*said), WHERE)


def test_every_step_is_explained_and_tokens_are_refused_before_anything_is_deleted() -> None:
    """Whoever still had a working token could make new copies while the old ones are deleted."""
    assert MEANINGS.keys() == set(ORDER)
    assert ORDER.index(Step.WAIT) < min(ORDER.index(step) for step in ERASING - {Step.REVOKE, Step.WAIT})
    assert ORDER.index(Step.INVENTORY) == 0
    assert Step.PROOF not in ERASING


def declared(data: DataReturn = DataReturn.NOT_WANTED) -> Offboarding:
    """Return an end that somebody asked for."""
    return Offboarding(requested_by="erika muster", ticket="C-1", not_before=TODAY, return_data=data)


def test_nothing_is_erased_without_a_declaration_too_early_or_without_a_receipt() -> None:
    """Each is a refusal that names its key; the day itself, and a receipt, are enough."""
    refuse_erasure(declared(), TODAY, receipt=False, where=WHERE)
    refuse_erasure(declared(DataReturn.RECEIPT), TODAY, receipt=True, where=WHERE)
    with pytest.raises(QuestionError, match="nobody declared"):
        refuse_erasure(None, TODAY, receipt=True, where=WHERE)
    with pytest.raises(QuestionError, match=r"not_before: it is too early"):
        refuse_erasure(declared(), date(2030, 1, 30), receipt=True, where=WHERE)
    with pytest.raises(QuestionError, match=r"return_data: the customer gets"):
        refuse_erasure(declared(DataReturn.RECEIPT), TODAY, receipt=False, where=WHERE)
