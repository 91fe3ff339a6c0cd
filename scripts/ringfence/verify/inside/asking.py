"""Ask a server for its inside, command by command."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from infra.errors import GuestError, RingfenceError
from ringfence.verify.inside.guest_state import COMMANDS, Answers
from ringfence.verify.probes.link import LinkLostError

if TYPE_CHECKING:
    from ringfence.verify.inside.expected import Known
    from ringfence.verify.probes.link import Link

Json = dict[str, Any]

SECONDS = 300.0
"""How long one command may take: longer than any program of the server may that it waits for (``hardening/agent/processes.py``)."""
ALL_SECONDS = 900.0
"""How long a busy server may take to read all of its watched files."""


def ask_state(link: Link, known: Known) -> Json | RingfenceError:
    """Ask the guest's program for what the kernel and the files tell; an error of it is handed back. Raises :class:`LinkLostError`."""
    try:
        return link.call(known.request(), timeout=ALL_SECONDS)
    except LinkLostError:
        raise
    except GuestError as problem:
        return problem


def ask_controls(link: Link, script: str) -> str | RingfenceError:
    """Ask for the effects of controls; an error of the script is handed back. Raises :class:`LinkLostError`."""
    try:
        return link.run("bash", "-s", told=script, timeout=ALL_SECONDS)
    except LinkLostError:
        raise
    except GuestError as problem:
        return problem


def ask(link: Link) -> Answers:
    """Run every command; one that fails costs what is judged by it and nothing else. Raises :class:`LinkLostError`."""
    texts: dict[str, str] = {}
    failed: dict[str, RingfenceError | None] = {}
    for what, command in COMMANDS.items():
        try:
            texts[what] = link.run(*command, timeout=SECONDS)
        except LinkLostError:
            raise
        except GuestError as problem:
            failed[what] = problem
    return Answers(texts, failed)
