"""What is asked, what must come out, and what it may cost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

HOLDS, BROKEN = 0, 1

SECONDS: Final = 60
"""Processor time of an answer about a whole cloud of this size: what a person waits where nothing else runs."""
MEMORY_MIB: Final = 3072
OUTPUT_KIB: Final = 64
"""What people are shown: no more than fits into a comment on a code host."""
JSON_MIB: Final = 64


@dataclass(frozen=True, slots=True)
class Question:
    """One run: ``words`` with the names of files in braces, and the exit code that is right on this data."""

    what: str
    words: str
    code: int
    writes: bool = False
    """Whether it writes a file, which is what it is run for: then the JSON run is left out."""

    def arguments(self, files: Mapping[str, Path]) -> list[str]:
        """Return the arguments of the command line."""
        return [word.format(**files) for word in self.words.split()]


def questions(tenant: str, other: str) -> tuple[Question, ...]:
    """Return every question; two tenants of the cloud are named in some."""
    return (
        Question("is it isolated? Forty tenants share a network, so `structure` does not hold", "prove --state {cloud}", BROKEN),
        Question("the same without that network, with certificate", "prove --state {apart} --certificate {proof}", HOLDS, writes=True),
        Question("the certificate, by the independent checker", "check {proof} {apart}", HOLDS),
        Question("what passes between two zones", f"can {tenant}/web {tenant}/app --state {{cloud}}", HOLDS),
        Question("who reaches a public service", f"who-can-reach {tenant}/web0 tcp/443 --state {{cloud}}", HOLDS),
        Question("who reaches a private one: nobody", f"who-can-reach {tenant}/db2 tcp/65000 --state {{cloud}}", BROKEN),
        Question("why it is reached", f"why internet {tenant}/web0 tcp/443 --state {{cloud}}", HOLDS),
        Question("why one tenant does not reach another", f"why-not {other}/web0 {tenant}/web0 tcp/22 --state {{cloud}}", HOLDS),
        Question("one tenant, zone by zone", f"matrix {tenant} --state {{cloud}}", HOLDS),
        Question("all tenants", "matrix --by tenants --state {cloud}", HOLDS),
        Question("what changed, one tenant in a hundred", "diff {cloud} {edited}", BROKEN),
        Question("findings about all rules", "lint --state {cloud}", BROKEN),
        Question("a snapshot, read and written", "snapshot {copy} --state {cloud}", HOLDS, writes=True),
    )
