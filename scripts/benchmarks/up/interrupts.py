"""Ctrl-C, a polite kill and a closed terminal end a measurement, but nothing that has to be undone."""

from __future__ import annotations

import contextlib
import signal
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

    Handler = Callable[[int, FrameType | None], object] | int | None

ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
PATIENCE = "what was made for the measurement is being removed; a moment please"


class Endings:
    """While entered, the first ending raises ``KeyboardInterrupt``; later ones only ``say`` that there is something to wait for.

    So does one that comes in the middle of :meth:`undone`'s undoing; it is raised when that is over.
    """

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._is_held = False
        self._is_due = False
        self._before: dict[signal.Signals, Handler] = {}

    def __enter__(self) -> Self:
        """Take the signals over."""
        self._before = {number: signal.signal(number, self._answer) for number in ENDINGS}
        return self

    def __exit__(self, *_: object) -> None:
        """Give them back."""
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _answer(self, _number: int, _frame: FrameType | None) -> None:
        if self._is_held:
            self._is_due = True
            self._say(PATIENCE)
            return
        self._is_held = True
        raise KeyboardInterrupt

    @contextlib.contextmanager
    def undone(self, undo: Callable[[], None]) -> Iterator[None]:
        """Undo before, for what a run that was killed left behind, and afterwards, however it ends."""
        undo()
        try:
            yield
        finally:
            was_held, self._is_held = self._is_held, True
            undo()
            self._is_held = was_held
        if self._is_due and not was_held:
            self._is_held = True
            raise KeyboardInterrupt
