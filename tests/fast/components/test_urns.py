"""The URNs of the shipped stacks: what a living stack is found by. One that changes is a resource that is deleted and made again.

Each folder's file holds them one a line, sorted. A new resource is a new line; a line that goes needs an alias in the program and a reason.
``RINGFENCE_WRITE_GOLDEN=1`` writes the files anew.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.fast.components import recording

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.fast
GOLDEN = Path(__file__).parent / "urns"
STACKS: dict[str, Callable[[], recording.RecordingCloud]] = {
    "platform": recording.platform,
    "platform-services": lambda: recording.platform(services=True),
    "acme": lambda: recording.tenant("acme"),
    "globex": lambda: recording.tenant("globex"),
}


@pytest.mark.parametrize("stack", STACKS)
def test_no_resource_of_a_living_stack_gets_another_urn(stack: str) -> None:
    """A URN is type, place in the tree of components, and name: all three are an interface."""
    # The mocks make the stack's own resource for their first stack only.
    found = sorted(urn for urn in STACKS[stack]().urns if "::pulumi:pulumi:Stack::" not in urn)
    file = GOLDEN / f"{stack}.txt"
    if os.environ.get("RINGFENCE_WRITE_GOLDEN"):
        file.parent.mkdir(exist_ok=True)
        file.write_text("\n".join(found) + "\n", encoding="utf-8")
    assert found == file.read_text(encoding="utf-8").splitlines()


def test_services_take_nothing_of_a_living_platform_away() -> None:
    """A platform that declares services keeps each resource that it has; without them it has none of theirs."""
    before, after = ((GOLDEN / f"{stack}.txt").read_text(encoding="utf-8").splitlines() for stack in ("platform", "platform-services"))
    assert set(before) < set(after)
    assert not [urn for urn in before if "services" in urn.lower()]
