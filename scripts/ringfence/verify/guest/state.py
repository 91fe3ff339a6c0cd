"""Everything about a server's inside that the kernel and the files tell, in one answer; what cannot be read is told by its name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ringfence.verify.guest.cards import cards, kernel
from ringfence.verify.guest.files import forget, packages, texts, tree
from ringfence.verify.guest.people import accounts, keys
from ringfence.verify.guest.sockets import sockets

if TYPE_CHECKING:
    from ringfence.verify.guest.basics import Json

PARTS = {
    "sockets": sockets,
    "accounts": accounts,
    "keys": keys,
    "cards": cards,
    "kernel": kernel,
    "files": tree,
    "packages": packages,
    "texts": texts,
}


def state(request: Json) -> Json:
    """Read every part; one that fails costs itself and nothing else."""
    forget()
    told = {}
    for name, read in PARTS.items():
        try:
            told[name] = read(request)
        except Exception as problem:  # noqa: BLE001 - whatever went wrong, the other end must learn of it
            told[name] = {"error": f"{type(problem).__name__}: {problem}"}
    return told
