"""Waiting for what a cloud does by itself, without taking a hiccup of its API for an end."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from infra.errors import CloudError

if TYPE_CHECKING:
    from collections.abc import Callable

Seen = TypeVar("Seen")
POLL_SECONDS, SHORTEST_SECONDS = 2.0, 0.25
"""The longest and the shortest pause between two looks."""
SHARE = 20
"""A pause is this part of what was waited so far, so an end is noticed that much late at most: a twentieth."""
HICCUP_SECONDS = 300.0
"""For how long an API may answer nothing useful, while something is waited for that goes on without it."""


class StillAtWorkError(CloudError):
    """The patience is over, and the cloud is still at work."""


@dataclass(slots=True)
class Waiting:
    """How long is waited; ``stopped`` is set when the run is interrupted, ``pause`` is the longest one between two looks."""

    patience: float = 6 * 3600.0
    stopped: threading.Event = field(default_factory=threading.Event)
    clock: Callable[[], float] = time.monotonic
    pause: float = POLL_SECONDS

    def until(self, what: str, look: Callable[[], Seen], done: Callable[[Seen], bool], patience: float | None = None) -> Seen:
        """Look again and again until something is so, and return what was seen then.

        Raises :class:`StillAtWorkError` when it is not so in time, and :class:`CloudError` when the API does not recover.
        """
        began = answered = self.clock()
        limit = self.patience if patience is None else patience
        while True:
            try:
                seen = look()
            except CloudError:
                if self.clock() - answered > HICCUP_SECONDS:
                    raise
            else:
                answered = self.clock()
                if done(seen):
                    return seen
            if self.stopped.is_set() or self.clock() - began > limit:
                hint = "it goes on in the cloud; run the same command again to see it through"
                raise StillAtWorkError.of("it is not done yet", where=what, hint=hint)
            self.stopped.wait(min(self.pause, max(SHORTEST_SECONDS, (self.clock() - began) / SHARE)))
