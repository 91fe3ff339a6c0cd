"""What a program said about its failure, out of all that it printed: for an error that is read before any log is opened."""

from __future__ import annotations

MOST_CHARACTERS = 1500
"""How many characters of a program's words an error carries."""
DIAGNOSTICS, OUTPUTS = "\nDiagnostics:\n", "\nOutputs:\n"
"""Between these the engine says what failed; its last words are the outputs of the stack, which tell nothing about it."""


def complaint(output: str) -> str:
    """Return the engine's diagnostics where it printed any, else the last words of whatever program it was."""
    _, found, told = output.partition(DIAGNOSTICS)
    return told.partition(OUTPUTS)[0].strip()[:MOST_CHARACTERS] if found else output.strip()[-MOST_CHARACTERS:]
