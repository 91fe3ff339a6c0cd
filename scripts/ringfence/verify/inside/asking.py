"""Ask a server for its inside, command by command."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.errors import GuestError, RingfenceError
from ringfence.verify.inside.guest_state import COMMANDS, Answers
from ringfence.verify.probes.link import LinkLostError

if TYPE_CHECKING:
    from ringfence.verify.probes.link import Link

SECONDS = 30.0
"""How long one command may take."""


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
