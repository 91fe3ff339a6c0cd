"""Tables of what is broken at the same time, and how a whole table is."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from tests.live.sabotage.at_once import ATTRIBUTES, PLATFORM, TWINS
from tests.live.sabotage.copies import COPIES
from tests.live.sabotage.identity import IDENTITY
from tests.live.sabotage.services import SERVICES
from tests.live.tools import roomy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.live.sabotage.at_once import Way
    from tests.live.sabotage.scene import Scene

AT_ONCE = {"twins": TWINS, "attributes": ATTRIBUTES, "the platform": PLATFORM, "services": SERVICES, "identity": IDENTITY, "copies": COPIES}


@contextlib.contextmanager
def all_at_once(scene: Scene, ways: dict[str, tuple[Way, str]]) -> Iterator[None]:
    """Do everything of a table, and undo it in the opposite order."""
    with contextlib.ExitStack() as stack:
        stack.enter_context(roomy(scene.stage.cloud, scene.project))
        stack.enter_context(roomy(scene.stage.cloud, str(scene.stage.tenant(scene.other).facts.project_id)))
        for act in dict.fromkeys(act for act, _ in ways.values()):
            stack.enter_context(act(scene))
        yield
