"""A program as the way to a host."""

from __future__ import annotations

import pytest

from infra.ssh.proxy import Proxy


def test_places_are_filled_in() -> None:
    """%h, %p and %% as ssh_config(5) says; a percent sign in what is filled in is left alone."""
    proxy = Proxy.of("echo %h:%p %%h", "192.0.2.1", 2222)
    proxy.dispose()
    assert proxy.cmd == ["echo", "192.0.2.1:2222", "%h"]


def test_the_end_of_the_program_is_noticed() -> None:
    """What it said is read; after its end there is nothing, at once, instead of reading on for ever."""
    proxy = Proxy.of("echo hello", "", 0)
    assert proxy.recv(100) == b"hello\n"
    assert proxy.recv(100) == b""
    proxy.dispose()


def test_silence_is_told_from_the_end() -> None:
    """A program that says nothing yet is a time-out."""
    proxy = Proxy.of("sleep 60", "", 0)
    proxy.settimeout(0.01)
    with pytest.raises(TimeoutError):
        proxy.recv(1)
    proxy.dispose()


def test_nothing_stays() -> None:
    """After the end no process and no pipe is left."""
    proxy = Proxy.of("sleep 60", "", 0)
    proxy.dispose()
    assert proxy.process.returncode is not None
    assert all(stream and stream.closed for stream in (proxy.process.stdin, proxy.process.stdout, proxy.process.stderr))
