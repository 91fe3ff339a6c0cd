"""The blocks of a page that a reader is told to run, as one script."""

from __future__ import annotations

import re
from dataclasses import dataclass

FENCE = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
BEGINS = "::: docs/own-cloud.md line"
ENDED = "::: walked to the end"


@dataclass(frozen=True, slots=True)
class Block:
    """One block: the line of the page at which it begins, and its commands."""

    line: int
    code: str


def blocks(page: str) -> list[Block]:
    """Return the blocks that are marked ``sh``, in their order."""
    return [Block(page.count("\n", 0, found.start()) + 2, found[1]) for found in FENCE.finditer(page)]


def script(found: list[Block]) -> str:
    """Return the script of one shell: all blocks as they are, each with its line said before it; the first command that fails ends it."""
    parts = [f"echo '{BEGINS}' {block.line} $(date -u +%T)\n{block.code}" for block in found]
    return "".join(["set -euo pipefail\n", *parts, f"echo '{ENDED}'\n"])


def said(log: str) -> dict[int, str]:
    """Return what each block printed, by its line."""
    parts = re.split(rf"^{re.escape(BEGINS)} (\d+) .*\n", log, flags=re.MULTILINE)
    return {int(line): text for line, text in zip(parts[1::2], parts[2::2], strict=True)}
