"""The line to a program, over real pipes: one that ends, one that is stopped, one that is only slow."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import pytest

from hardening.agent import processes
from infra.errors import GuestError
from ringfence.verify.inside import asking
from ringfence.verify.probes import link as subject
from ringfence.verify.probes.link import Link, LinkLostError, ProcessPipe, through_command

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.fast

READY = 'read bundle; echo "{}"; '
"""What every program does first: take its own text and say that it runs."""


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits long in a test."""
    monkeypatch.setattr(subject, "START_SECONDS", 2.0)
    monkeypatch.setattr(subject, "QUIET_SECONDS", 0.2)
    monkeypatch.setattr(subject, "WRITE_SECONDS", 0.2)
    monkeypatch.setattr(subject, "END_SECONDS", 0.1)


@contextlib.contextmanager
def program(script: str) -> Iterator[Link]:
    """Give a link to a shell script."""
    with contextlib.closing(Link("acme/web", ProcessPipe(["sh", "-c", READY + script]))) as made:
        yield made


def test_an_answer_is_an_answer() -> None:
    """The twin of the others."""
    with program('read request; echo "{\\"seen\\": 3}"') as link:
        assert link.call({"op": "seen"}) == {"seen": 3}


def test_a_program_that_ends_is_lost_for_good() -> None:
    """It is not asked again: the error of the first question is that of every later one."""
    with program("read request; exit 0") as link:
        with pytest.raises(LinkLostError, match=r"acme/web: the probe program did not answer 'seen'(.|\n)*the end of its output"):
            link.call({"op": "seen"})
        with pytest.raises(LinkLostError, match="did not answer 'seen'"):  # and not: cannot be asked 'probe'
            link.call({"op": "probe"})


def test_a_program_that_is_stopped_is_lost_after_the_silence() -> None:
    """However long the answer might take, silence for longer than a sign of life takes is the end."""
    with program("read request; echo '{}'; read request; kill -STOP $$; echo '{}'") as link:
        link.call({"op": "seen"})
        with pytest.raises(LinkLostError, match=r"a sign of life within 0 s(.|\n)*silence(.|\n)*openstack server show"):
            link.call({"op": "probe"}, timeout=60)


def test_a_program_at_work_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Signs of life are no answers, and keep the line open beyond the silence; a busy machine may let one come late."""
    monkeypatch.setattr(subject, "QUIET_SECONDS", 1.5)
    beats = "; ".join(['sleep 0.4; echo "{\\"alive\\": true}"'] * 4)
    with program(f'read request; {beats}; echo "{{\\"results\\": []}}"') as link:
        assert link.call({"op": "probe"}, timeout=60) == {"results": []}


def test_a_program_that_is_at_work_for_ever_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """The time for the answer is over some day, and not because it was silent."""
    monkeypatch.setattr(subject, "QUIET_SECONDS", 60.0)
    with (
        program('read request; while sleep 0.05; do echo "{\\"alive\\": true}"; done') as link,
        pytest.raises(LinkLostError, match="an answer within 0 s"),
    ):
        link.call({"op": "probe"}, timeout=0.4)


def test_an_error_of_a_command_leaves_the_line_open() -> None:
    """A full disk is the command's trouble, not the line's."""
    with program(
        'read request; echo "{\\"error\\": \\"OSError: no space\\"}"; read request; echo "{\\"code\\": 0, \\"out\\": \\"x\\"}"'
    ) as link:
        with pytest.raises(GuestError, match="no space") as caught:
            link.run("df")
        assert not isinstance(caught.value, LinkLostError)
        assert link.run("df") == "x"


def test_a_child_that_keeps_the_output_open_keeps_nobody_waiting() -> None:
    """The command is gone and what it started lives on: time is over all the same."""
    with program("read request; sleep 5 <&0 & exit 0") as link, pytest.raises(LinkLostError, match="silence"):
        link.call({"op": "seen"})


def test_a_program_that_reads_nothing_is_lost() -> None:
    """More than a pipe holds is not written for ever."""
    with program("sleep 5") as link, pytest.raises(LinkLostError, match=r"cannot be asked 'probe'(.|\n)*TimeoutError"):
        link.call({"op": "probe", "probes": "x" * (1 << 20)})


def test_what_a_program_said_about_its_end_is_told() -> None:
    """Who reads the error learns why the way to the node is closed, without a second try."""
    with program("read request; echo 'Connection closed' >&2") as link, pytest.raises(LinkLostError, match="got: Connection closed"):
        link.call({"op": "seen"})


def test_a_command_gets_more_time_than_what_it_waits_for() -> None:
    """The server's own commands end what takes them too long, and say which program it was."""
    assert asking.SECONDS > 2 * processes.SECONDS


@pytest.mark.parametrize("prefix", ["no-such-command-anywhere", 'unbalanced "'])
def test_a_command_that_cannot_be_run_is_an_error_of_that_host(prefix: str) -> None:
    """The prefix is a person's setting."""
    with pytest.raises(GuestError, match="internet/host: the command that leads to this host cannot be run"):
        through_command("internet/host", prefix)


def test_a_host_that_does_not_start_the_program_is_an_error_of_that_host(monkeypatch: pytest.MonkeyPatch) -> None:
    """Silence from the first moment on."""
    monkeypatch.setattr(subject, "START_SECONDS", 0.2)
    with pytest.raises(LinkLostError, match="internet/host: the probe program did not answer 'start'"):
        through_command("internet/host", "sh -c 'sleep 5'")
