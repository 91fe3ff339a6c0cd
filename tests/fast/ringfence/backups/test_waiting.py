"""What is waited for is noticed soon, and an API is not asked all the time."""

from __future__ import annotations

import threading

import pytest

from infra.errors import CloudError
from ringfence.backups.waiting import HICCUP_SECONDS, POLL_SECONDS, SHARE, SHORTEST_SECONDS, StillAtWorkError, Waiting

pytestmark = pytest.mark.fast


class Clock(threading.Event):
    """A clock that goes on by what is waited."""

    def __init__(self) -> None:
        super().__init__()
        self.now, self.pauses = 0.0, list[float]()

    def wait(self, timeout: float | None = None) -> bool:
        """Let the time go by."""
        assert timeout is not None
        self.now += timeout
        self.pauses.append(timeout)
        return False


def waiting(clock: Clock, patience: float = 3600.0) -> Waiting:
    """Return what waits by that clock."""
    return Waiting(patience, clock, lambda: clock.now)


@pytest.mark.parametrize("end", [1.0, 9.0, 24.0, 300.0])
def test_an_end_is_noticed_a_twentieth_late_at_most(end: float) -> None:
    """Or a quarter of a second; and never more than two seconds late."""
    clock = Clock()
    waiting(clock).until("it", lambda: clock.now >= end, bool)
    assert clock.now - end <= min(POLL_SECONDS, max(SHORTEST_SECONDS, end / SHARE))
    assert len(clock.pauses) <= 70 + end / POLL_SECONDS
    assert max(clock.pauses) <= POLL_SECONDS


def test_patience_ends_and_a_hiccup_does_not_end_it() -> None:
    """An API that does not recover does."""
    clock = Clock()
    with pytest.raises(StillAtWorkError):
        waiting(clock, 60.0).until("it", lambda: False, bool)
    assert 60.0 < clock.now <= 60.0 + POLL_SECONDS

    def hiccups(until: float) -> bool:
        if clock.now < until:
            raise CloudError.of("the API is not there", hint="none")
        return True

    clock = Clock()
    assert waiting(clock).until("it", lambda: hiccups(HICCUP_SECONDS - 1), bool)
    clock = Clock()
    with pytest.raises(CloudError, match="not there"):
        waiting(clock).until("it", lambda: hiccups(HICCUP_SECONDS + 60), bool)
