"""A comparison with a kept listing comes to what the one with the cloud came to; whom nobody asked about is never taken for well."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from infra.drift import comparison
from infra.drift.kept.covering import covered
from infra.drift.made import Made, MadeResource
from infra.errors import SnapshotError
from infra.outcome import CheckVerdict
from tests.fast.drift import broken_services
from tests.fast.drift.changes import both, more
from tests.fast.drift.kept.files import AT, lines, listed, read
from tests.fast.drift.test_backups import BACKUP, DECLARING, NOW, SECRET, aged
from tests.fast.drift.test_comparison import HARMLESS, INVENTORY, OFFERING, WAYS, broken_by, wrong
from tests.fast.drift.views import cloud

pytestmark = pytest.mark.fast


@pytest.mark.parametrize("name", WAYS)
def test_each_way_to_break_a_cloud_is_told_from_its_file(name: str) -> None:
    """Requirement by requirement: the same deviations, the same errors, the same skips, word for word; and there is something to tell."""
    made, view = cloud(OFFERING if name in broken_services.WAYS else INVENTORY)
    kept = covered(read(lines(listed(made, WAYS[name][0](view)))), made)
    live = broken_by(name)[0]
    assert tuple(comparison.requirements(made, kept, made.tenants)) == live
    assert any(requirement.deviations or requirement.error for requirement in live)


@pytest.mark.parametrize("name", HARMLESS)
def test_what_harms_nobody_is_no_difference_in_its_file(name: str) -> None:
    """Nor does the way through the file make one."""
    made, view = cloud(INVENTORY)
    kept = covered(read(lines(listed(made, HARMLESS[name](view)))), made)
    assert wrong(list(comparison.compare(made, kept, made.tenants))) == []


@pytest.mark.parametrize("reason", ["untold", "absent"])
def test_what_the_cloud_did_not_tell_its_file_does_not_tell_either(reason: str) -> None:
    """What could not be read is an error by name, and what a cloud has not got is a skip: as in the live run."""
    made, view = cloud(INVENTORY)
    told: dict[str, Any] = {reason: {"secrets": "the key manager said 403"}}
    whole = listed(made, replace(view, secrets=(), **told))
    live = [each.outcome() for each in comparison.requirements(made, whole, made.tenants)]
    kept = [each.outcome() for each in comparison.requirements(made, covered(read(lines(whole)), made), made.tenants)]
    assert kept == live
    odd = {outcome.verdict for outcome in kept if outcome.verdict is not CheckVerdict.PASS}
    assert odd == {CheckVerdict.ERROR if reason == "untold" else CheckVerdict.SKIPPED}


def test_backups_are_judged_as_on_the_day_of_the_file() -> None:
    """A backup that was young when the cloud was listed is young in its file for ever, and an old one is old."""
    for day, is_missed in ((NOW, False), (NOW + timedelta(days=3), True)):
        made, found = cloud(DECLARING)
        whole = replace(aged(both(more("backups", dict(BACKUP)), more("secrets", dict(SECRET)))(found)), at=day)
        kept = covered(read(lines(listed(made, whole))), made)
        said = wrong(list(comparison.compare(made, kept, made.tenants)))
        assert bool(said) == is_missed, said
        assert all("its servers have the backups that are declared" in each for each in said)


UNASKED = {
    "projects": {"acme only its two accounts have a role in its project", "acme nobody has a copy of what it stores"},
    "users": {"acme its accounts are as declared, and nothing else lets anybody act as one"},
    "secrets": {"acme its volumes' keys are its project's, and nobody else is on their access lists"},
    "images": {"platform images are as they were made, and lent to nobody"},
}
"""For what a service is asked for by its id: what cannot be told where nobody asked."""


@pytest.mark.parametrize("word", UNASKED)
def test_whom_nobody_asked_about_cannot_be_told(word: str) -> None:
    """Records of others are whole, and of these there is none: no pass, and no difference."""
    made, view = cloud(INVENTORY)
    whole = listed(made, view)
    assert whole.asked is not None
    assert wrong(list(comparison.compare(made, covered(read(lines(whole)), made), made.tenants))) == []
    left: dict[str, Any] = {word: frozenset()}
    kept = covered(read(lines(replace(whole, asked=replace(whole.asked, **left)))), made)
    outcomes = list(comparison.compare(made, kept, made.tenants))
    odd = {outcome.check: outcome for outcome in outcomes if outcome.verdict is not CheckVerdict.PASS}
    assert UNASKED[word] <= odd.keys()
    assert {outcome.verdict for outcome in odd.values()} == {CheckVerdict.ERROR}
    assert all("when the records were kept, nobody asked about" in outcome.reason for outcome in odd.values())


def test_an_account_that_was_made_later_cannot_be_told() -> None:
    """Nobody asked where it has roles, and none was found: that is no answer."""
    made, view = cloud(INVENTORY)
    whole = read(lines(listed(made, view)))
    acme = made.made["acme"]
    users = {**acme.kinds.get("users", {}), "acme-later": MadeResource("acme-later", "user-later")}
    later = replace(made, made={**made.made, "acme": Made({**acme.kinds, "users": users})})
    assert {"users", "account_roles", "memberships", "application_credentials"} <= covered(whole, later).untold.keys()
    assert covered(whole, made).untold == {}


def test_only_those_who_are_compared_have_to_be_in_a_file() -> None:
    """Records of one tenant are enough for that tenant."""
    made, view = cloud(INVENTORY)
    alone = replace(made, tenants=made.tenants[:1])
    kept = read(lines(listed(alone, view)))
    assert covered(kept, alone).untold == {}
    assert "secrets" in covered(kept, made).untold


def test_a_reason_that_the_file_has_stays() -> None:
    """What the service said is nearer to the truth than that nobody asked."""
    made, view = cloud(INVENTORY)
    whole = listed(made, replace(view, untold={"secrets": "403"}))
    assert whole.asked is not None
    assert covered(replace(whole, asked=replace(whole.asked, secrets=frozenset())), made).untold == {"secrets": "403"}


def test_records_of_another_platform_are_refused() -> None:
    """Everything would be missing, and that would be no difference of this cloud."""
    made, view = cloud(INVENTORY)
    whole = listed(made, view)
    assert whole.asked is not None
    for found in (replace(whole, asked=replace(whole.asked, platform="other")), replace(whole, asked=None)):
        with pytest.raises(SnapshotError, match="of another cloud, or of another platform"):
            covered(found, made)
    assert covered(whole, made).at == AT
