"""The one error family of ringfence: every error says what, where, what was expected, what was got and what to do next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from infra.text import block, visible


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake that a person can act on.

    ``where`` is ``file:line: key.path`` for declarations and the resource's or host's name elsewhere; empty parts are left out of the text.
    """

    what: str
    where: str = ""
    expected: str = ""
    got: str = ""
    hint: str = ""

    def __str__(self) -> str:
        """Render as one block: the sentence first, then one indented line for each part that is known; quoted names are text only."""
        head = visible(f"{self.where}: {self.what}" if self.where else self.what)
        parts = (("expected", self.expected), ("got", self.got), ("next", self.hint))
        return "\n".join([head, *(f"  {name}: {block(text)}" for name, text in parts if text)])


class RingfenceError(Exception):
    """Root of all errors that ringfence raises on purpose; carries one or more :class:`Problem`."""

    def __init__(self, *problems: Problem) -> None:
        """Keep the problems in the order in which they were found."""
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems

    @classmethod
    def of(cls, what: str, *, where: str = "", expected: str = "", got: str = "", hint: str = "") -> Self:
        """Build an error with a single problem."""
        return cls(Problem(what, where, expected, got, hint))


class DeclarationError(RingfenceError, ValueError):
    """A declaration is refused: every mistake in it, in the order of the file."""


class SnapshotError(RingfenceError, ValueError):
    """A snapshot is corrupt, partial or inconsistent: nothing was analysed."""


class QuestionError(RingfenceError, ValueError):
    """A question about a state cannot be answered as it was asked: an unknown name, service or state."""


class CloudError(RingfenceError, RuntimeError):
    """A cloud's API answered in a way that ringfence cannot go on from."""


class GuestError(RingfenceError, RuntimeError):
    """A server could not be reached or its policy could not be applied; the earlier policy is in force."""


class CertificateError(RingfenceError, ValueError):
    """A certificate, a key or a list of revoked certificates cannot be read or made; nothing was issued."""


class OpenPathError(RingfenceError, RuntimeError):
    """A plan would open a path between tenants, or other traffic than is declared; nothing was changed."""


class ReplacementRefusedError(RingfenceError, RuntimeError):
    """A plan would replace a server or a volume and nobody allowed it."""


class NoRoomError(RingfenceError, RuntimeError):
    """A project may not hold what is to be made in it; nothing was changed."""
