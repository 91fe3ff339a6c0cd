"""Stage, confirm, rollback: at every moment the server is on its way to one of two states, the staged one or the confirmed one.

``pending`` says which generation waits and what is being done with it. Only who holds the lock writes it; so whoever gets the lock and
finds something half done knows that its doer is dead, and ends in the confirmed state first. A restart of the server forgets ``pending``
and everything that was staged, and so ends there as well.
"""

from __future__ import annotations

import json
import os
import time
from typing import TYPE_CHECKING, Any, NamedTuple

from hardening.agent import checks, packet_filter, processes, store, units
from hardening.agent.generation import FILES, copy, digest, found, lay, wanted
from hardening.agent.paths import EXIT_NOT_LOADED, EXIT_NOTHING_STAGED, PolicyError
from hardening.bundle import digest as bundle_digest

if TYPE_CHECKING:
    from hardening.agent.paths import Paths
    from hardening.bundle import Bundle

STAGING, READY, ENDING = "staging", "ready", "ending"


class Pending(NamedTuple):
    """The generation that waits: its token, until when on the clock that no restart resets, and what is being done."""

    token: str
    until: float
    doing: str

    def folder(self, paths: Paths) -> str:
        """Where the generation is."""
        return f"{paths.staged}/{self.token}"


def waiting(paths: Paths) -> Pending | None:
    """What waits for its confirmation, if anything does."""
    if not os.path.exists(paths.pending):  # noqa: PTH110 - pathlib costs an emulated guest a quarter of a second
        return None
    return Pending(*json.loads(store.read(paths.pending)))


def stage(paths: Paths, bundle: Bundle, seconds: int) -> dict[str, Any]:
    """Check the bundle, arm the rollback, put the bundle into force.

    A second ``stage`` before a ``confirm`` takes the first one's place, and starts the time anew.

    Raises:
        PolicyError: something in the bundle is refused and nothing has changed; or the kernel or a unit refused it and what was confirmed
            is in force.
    """
    packet_filter.refuse_open_policy(bundle.policy)
    units.refuse_unknown_units(bundle.units)
    token = os.urandom(8).hex()
    mine, before = f"{paths.staged}/{token}", in_force(paths)
    try:
        lay(mine, bundle)
        checks.refuse_bad_files(paths, mine, bundle)
    except BaseException:
        store.remove(mine)
        raise
    processes.start_later(seconds, f"{paths.lib}/apply-policy", "rollback", "--token", token)
    pending = Pending(token, now() + seconds, STAGING)
    note(paths, pending)
    try:
        put(paths, bundle, mine, before)
    except (PolicyError, OSError):
        give_up(paths, pending)
        raise
    note(paths, pending._replace(doing=READY))
    sweep(paths)
    return {"staged": bundle_digest(bundle), "rolls_back_in": seconds}


def put(paths: Paths, bundle: Bundle, mine: str, before: str) -> None:
    """Put a generation in the place of the one before. Raises :class:`PolicyError` when the kernel or a unit does not take it."""
    if found(paths.files) != sorted(wanted(before)[0]):
        units.forget(paths)
    store.switch(paths.files, f"{mine}/{FILES}")
    refused = packet_filter.replace(paths, bundle.policy) or units.restart(paths, mine, before, paths.confirmed)
    if refused:
        raise PolicyError(EXIT_NOT_LOADED, f"{refused}; what was confirmed is in force")


def confirm(paths: Paths, expected: str) -> dict[str, Any]:
    """Keep the staged generation for good.

    Raises:
        PolicyError: nothing is staged (the time was over and it was rolled back), something else than ``expected`` is staged, or one of its
            units has died since; then it was rolled back.
    """
    pending = waiting(paths)
    if pending is None:
        raise PolicyError(EXIT_NOTHING_STAGED, "nothing is staged: it was rolled back or never loaded")
    staged = pending.folder(paths)
    got = digest(staged)
    if expected not in {"", got}:
        raise PolicyError(EXIT_NOTHING_STAGED, f"{got} is staged, not {expected}")
    if broken := units.failed(wanted(staged)[1]):
        give_up(paths, pending)
        raise PolicyError(
            EXIT_NOT_LOADED, f"units have ended since ({', '.join(broken)}): see their journal; what was confirmed is in force"
        )
    store.make_folder(paths.generations)
    copy(staged, f"{paths.generations}/{pending.token}")
    store.switch(paths.confirmed, f"generations/{pending.token}")
    store.switch(paths.files, f"{paths.confirmed}/{FILES}")
    store.remove(paths.pending)
    sweep(paths)
    return {"confirmed": got}


def rollback(paths: Paths, token: str) -> dict[str, Any]:
    """Load what the next boot would load; with a token only if that stage still waits for its confirmation."""
    pending = waiting(paths)
    if token and (pending is None or pending.token != token):
        return {"rolled_back": False}
    return {"rolled_back": True, **give_up(paths, pending)}


def recover(paths: Paths) -> None:
    """End what somebody began who is dead now, or whose time is over, in the confirmed state."""
    pending = waiting(paths)
    if pending is not None and (pending.doing != READY or now() >= pending.until):
        give_up(paths, pending)


def give_up(paths: Paths, pending: Pending | None) -> dict[str, Any]:
    """Put the confirmed generation into force, or the base policy and no files; told whether the units took it."""
    staged = in_force(paths)
    if pending is not None:
        note(paths, pending._replace(doing=ENDING))
    store.switch(paths.files, f"{paths.confirmed}/{FILES}")
    source = packet_filter.reload(paths)
    refused = units.restart(paths, paths.confirmed, staged)
    store.remove(paths.pending)
    sweep(paths)
    return {"source": source, **({"units": refused} if refused else {})}


def in_force(paths: Paths) -> str:
    """Folder of the generation that is in force, or is being put there; there may be none in it."""
    pending = waiting(paths)
    return pending.folder(paths) if pending else paths.confirmed


def note(paths: Paths, pending: Pending) -> None:
    """Write down what is being done."""
    store.write(paths.pending, json.dumps(pending))


def sweep(paths: Paths) -> None:
    """Remove every generation that is neither staged nor confirmed: old ones, and what a crash left."""
    pending = waiting(paths)
    confirmed = os.path.basename(os.path.realpath(paths.confirmed))  # noqa: PTH119
    for folder, kept in ((paths.staged, pending.token if pending else ""), (paths.generations, confirmed)):
        for name in os.listdir(folder) if os.path.isdir(folder) else ():  # noqa: PTH112, PTH208
            if name != kept:
                store.remove(f"{folder}/{name}")


def now() -> float:
    """Seconds on a clock that nobody sets."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)
