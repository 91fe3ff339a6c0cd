"""The tenant's stack, destroyed by the engine: it knows the order, and goes on where a run that was killed has left it."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from infra.errors import CloudError
from ringfence import engine, folder, locks

if TYPE_CHECKING:
    from pathlib import Path

ENDS_WITH = 400


def destroy(stack: str, log: Path) -> None:
    """Destroy the stack. A lock of a run that was killed is taken away. Raises :class:`CloudError`."""
    said = _destroy(stack, log)
    if said is None:
        return
    held = locks.locks(said)
    if held and all(locks.is_dead(lock) for lock in held):
        engine.run("cancel", "--yes", "--stack", stack)
        said = _destroy(stack, log)
        if said is None:
            return
    hint = locks.said(said) or f"look at {log}, then run the same command again"
    raise CloudError.of("the stack is not destroyed", where=f"stack {stack}", got=said.strip()[-ENDS_WITH:], hint=hint)


def _destroy(stack: str, log: Path) -> str | None:
    """Run the engine to its end, however long that takes; returns what it said when it failed."""
    words = engine.command("destroy", "--yes", "--skip-preview", "--stack", stack)
    with log.open("ab") as out:
        place = out.tell()
        process = subprocess.Popen(words, cwd=folder.root(), stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT)
        try:
            code = process.wait()
        except KeyboardInterrupt:
            process.wait()  # the engine has the interrupt, too, and ends what it has begun
            raise
    return None if code == 0 else log.read_bytes()[place:].decode(errors="replace")
