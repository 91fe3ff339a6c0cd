"""Several lists read side by side, by a few threads, and handed on in their order: what comes first waits for nothing that comes later."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import islice
from queue import Empty, Full, Queue
from threading import Event
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

THREADS = 4
CHUNK = 1000
"""Objects handed on at once, as many as a page of the API has."""
_WAITING = 4
"""Chunks of a list that may wait to be taken: a large cloud never has to fit into memory."""
_SECONDS = 0.2


def side_by_side(lists: Mapping[str, Callable[[], Iterable[Any]]], threads: int = THREADS) -> Iterator[tuple[str, Any]]:
    """Yield (name, object) of every list, list by list; an error in one of them is raised where its objects would be."""
    ahead = _Ahead(lists)
    pool = ThreadPoolExecutor(threads)
    try:
        for name in lists:
            pool.submit(ahead.fetch, name)
        for name in lists:
            for chunk in ahead.chunks(name):
                yield from ((name, item) for item in chunk)
    finally:
        ahead.stop.set()
        pool.shutdown(wait=True, cancel_futures=True)


class _Ahead:
    """The queues between those who read lists and the one who takes their objects."""

    def __init__(self, lists: Mapping[str, Callable[[], Iterable[Any]]]) -> None:
        self.stop = Event()
        self._lists = lists
        self._queues: dict[str, Queue[Any]] = {name: Queue(_WAITING) for name in lists}

    def fetch(self, name: str) -> None:
        """Read a list, and put its chunks, its end or its error where they are waited for."""
        try:
            items = iter(self._lists[name]())
            while chunk := list(islice(items, CHUNK)):
                self._put(name, chunk)
            self._put(name, None)
        except BaseException as error:  # noqa: BLE001 - raised again by whoever takes the list
            self._put(name, error)

    def _put(self, name: str, item: object) -> None:
        while not self.stop.is_set():
            with suppress(Full):
                self._queues[name].put(item, timeout=_SECONDS)
                return

    def chunks(self, name: str) -> Iterator[list[Any]]:
        """Yield the chunks of a list. It is waited for in steps, so that an interrupt is heard."""
        while True:
            try:
                found = self._queues[name].get(timeout=_SECONDS)
            except Empty:
                continue
            if found is None:
                return
            if isinstance(found, BaseException):
                raise found
            yield found
