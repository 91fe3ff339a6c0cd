"""``ringfence logs --follow``: a line is shown as it comes, one of another tenant never, and an interrupt ends it."""

from __future__ import annotations

import contextlib
import json
import queue
import secrets
import signal
import subprocess
import threading
from typing import TYPE_CHECKING

import pytest

from infra.policy.services import Service, declared_services
from tests.live.operators import RINGFENCE, eventually, everywhere, written

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ringfence.verify.open import Opened

pytestmark = pytest.mark.live
HEARS_INTERRUPTS = ("env", "--default-signal=INT")
INTERRUPTED = 130


class Following:
    """The verb at work; its lines are taken as they come."""

    def __init__(self, tenant: str) -> None:
        """Start it."""
        words = (*HEARS_INTERRUPTS, str(RINGFENCE), "logs", tenant, "--follow", "--json")
        self.process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self._told: queue.SimpleQueue[str] = queue.SimpleQueue()
        self.messages: list[str] = []
        self._taker = threading.Thread(target=self._take, daemon=True)
        self._taker.start()

    def _take(self) -> None:
        for line in self.process.stdout or ():
            self._told.put(line)

    def has(self, mark: str) -> bool:
        """Tell whether a line of a program was shown. Fails when the verb has ended."""
        assert self.process.poll() is None, self.process.stderr and self.process.stderr.read()
        while not self._told.empty():
            line = json.loads(self._told.get())
            self.messages.append(f"{line['program']}: {line['message']}")
        return any(message.startswith(f"{mark}: ") for message in self.messages)

    def interrupted(self) -> int:
        """End it as Ctrl-C does, and return its exit code."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(timeout=120)

    def end(self) -> None:
        """End it in any case, and close what it was heard by."""
        with self.process:
            self.process.kill()
            self._taker.join()


@contextlib.contextmanager
def following(tenant: str) -> Iterator[Following]:
    """Follow a tenant's log; whatever comes, the verb does not stay."""
    found = Following(tenant)
    try:
        yield found
    finally:
        found.end()


def test_who_follows_a_log_sees_lines_as_they_come(opened: Opened) -> None:
    """One of each of two tenants: each is seen where its own tenant's log is followed, and nowhere else."""
    if Service.LOGS not in declared_services(opened.inventory.platform):
        pytest.skip("the platform keeps no logs")
    first, second = [tenant.name for tenant in opened.inventory.tenants][:2]
    servers = {tenant.name: f"{tenant.name}/{next(iter(tenant.facts.servers))}" for tenant in opened.inventory.tenants}
    with everywhere(opened.inventory) as hosts, following(first) as one, following(second) as other:
        marks = {tenant: f"follow-{secrets.token_hex(6)}" for tenant in (first, second)}
        for tenant, mark in marks.items():
            written(hosts[servers[tenant]], mark, 1)
        assert eventually(lambda: one.has(marks[first])), one.messages
        assert eventually(lambda: other.has(marks[second])), other.messages
        assert not one.has(marks[second])
        assert not other.has(marks[first])
        assert (one.interrupted(), other.interrupted()) == (INTERRUPTED, INTERRUPTED)
