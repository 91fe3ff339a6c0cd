"""Every leak is found in the plan that would make it, before anything is made."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from infra.neutron.semantics.compile import compile_fabric
from infra.neutron.snapshot.store import from_records, records_of
from infra.proof import Claim, Verdict, prove
from tests.fast.neutron.clouds import two_tenants
from tests.fast.proof.changes import LEAKS
from tests.fast.proof.harmless import HARMLESS
from tests.fast.proof.mixed import OPEN, mixed
from tests.fast.proof.plans import THERE_BEFORE, Change
from tests.fast.proof.test_exposure import SENDERS, admitting

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.fast.neutron.clouds import Cloud

pytestmark = pytest.mark.fast


def planned(make: Callable[[], Cloud], change: Callable[[Cloud], None], *claims: Claim) -> Verdict:
    """Return what is proven of the plan that makes a change."""
    cloud = make()
    change(cloud)
    after, before = cloud.snapshot(), make().snapshot()
    known = {(type(record), getattr(record, "id", "")) for record in records_of(before)}
    under = [r for r in records_of(after) if isinstance(r, THERE_BEFORE) and (type(r), r.id) not in known]
    plan = Change(from_records(before.header, [*records_of(before), *under]), after)
    assert not plan.missing
    return prove(compile_fabric(plan.snapshot()), claims=set(claims) or None).verdict


@pytest.mark.parametrize("change", LEAKS.values(), ids=LEAKS)
def test_a_leak_is_found_in_its_plan(change: Callable[[Cloud], None]) -> None:
    """No property that joins two tenants is dropped: the claim does not hold, or what the plan leaves open is said."""
    assert planned(two_tenants, change) is Verdict.BROKEN


@pytest.mark.parametrize("change", OPEN.values(), ids=OPEN)
def test_groups_too_open_are_found_in_their_plan(change: Callable[[Cloud], None]) -> None:
    """Nor is a rule, or a property of the port that it matters to."""
    assert planned(mixed, change, Claim.PACKETS) is Verdict.BROKEN


@pytest.mark.parametrize("change", SENDERS)
def test_a_face_is_found_in_its_plan(change: Callable[[Cloud], None]) -> None:
    """Nor what lets a server send with another's address."""
    assert planned(lambda: admitting("198.51.100.0/24"), change, Claim.PUBLIC) is Verdict.BROKEN


@pytest.mark.parametrize("change", HARMLESS.values(), ids=HARMLESS)
def test_a_harmless_change_is_one_in_its_plan(change: Callable[[Cloud], None]) -> None:
    """Nothing is invented."""
    assert planned(two_tenants, change) is Verdict.HOLDS
