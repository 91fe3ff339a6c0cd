"""The watch over the servers' network devices, on the kernel's own devices."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from tests.truth import netns

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = [pytest.mark.truth, netns.NEEDS_ROOT]

WATCH = "from labcloud.inside.taps import keep_on; keep_on(None)"
SERVERS, OTHERS = "tap0a1b2c3d-4e", "other0"


def ip(space: str, *arguments: str) -> str:
    """Run ``ip`` in a namespace."""
    return subprocess.run(("ip", "-n", space, *arguments), check=True, capture_output=True, text=True).stdout


def is_on(space: str, device: str) -> bool:
    """Whether the kernel says that a device is up."""
    return "UP" in json.loads(ip(space, "-j", "link", "show", "dev", device))[0]["flags"]


def comes_true(what: Callable[[], bool], seconds: float = 20.0) -> bool:
    """Whether something is or becomes true within a time."""
    deadline = time.monotonic() + seconds
    while not what() and time.monotonic() < deadline:
        time.sleep(0.05)
    return what()


@pytest.fixture
def space() -> Iterator[str]:
    """A namespace with one device of a server and one of somebody else, both off."""
    name = netns.name("taps")
    subprocess.run(("ip", "netns", "add", name), check=True)
    try:
        for device in (SERVERS, OTHERS):
            ip(name, "tuntap", "add", "dev", device, "mode", "tap")
        yield name
    finally:
        subprocess.run(("ip", "netns", "delete", name), check=True)


@contextmanager
def watch(space: str) -> Iterator[None]:
    """The watch, in a namespace."""
    with subprocess.Popen(("ip", "netns", "exec", space, sys.executable, "-c", WATCH), stdout=subprocess.DEVNULL) as process:
        try:
            yield
        finally:
            process.terminate()


def test_a_servers_device_is_switched_on_as_often_as_it_goes_off(space: str) -> None:
    """What was off at the start, what was switched off again and what came later end switched on; nobody else's device does."""
    assert not is_on(space, SERVERS)
    with watch(space):
        for _ in range(3):
            assert comes_true(lambda: is_on(space, SERVERS))
            ip(space, "link", "set", "dev", SERVERS, "down")
        later = f"{SERVERS[:-1]}f"
        ip(space, "tuntap", "add", "dev", later, "mode", "tap")
        assert comes_true(lambda: is_on(space, later) and is_on(space, SERVERS))
        assert not is_on(space, OTHERS)


def test_without_the_watch_it_stays_off(space: str) -> None:
    """The twin: no kernel and no other program of this machine switches the device on."""
    with watch(space):
        assert comes_true(lambda: is_on(space, SERVERS))
    ip(space, "link", "set", "dev", SERVERS, "down")
    assert not comes_true(lambda: is_on(space, SERVERS), seconds=2.0)  # four times the watch's pause
