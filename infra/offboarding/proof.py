"""Whether nothing is left of a tenant: every claim of absence beside a twin, something that the same look has to find. Pure.

A look that finds nothing at all proves nothing: it may have had no permission, or asked at the wrong place. That is an error, never a pass.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from infra.outcome import CheckVerdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from infra.offboarding.inventory import Inventory, StoredHead

REFUSED = 401
GONE = {"identity": 404}
"""What Keystone alone answers to a token whose user is gone, where it has answered the same question to another token."""
_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
SHOWN = 5


@dataclass(frozen=True, slots=True)
class Absence:
    """A claim and what came of it; ``twin`` is what the same look found elsewhere."""

    claim: str
    verdict: CheckVerdict
    said: str = ""
    twin: str = ""


@dataclass(frozen=True, slots=True)
class Listing:
    """What a service lists of one kind, as the administrator sees it: ids of the tenant's, how many others, why it was not read."""

    service: str
    kind: str
    ours: tuple[str, ...] = ()
    others: int = 0
    untold: str = ""


@dataclass(frozen=True, slots=True)
class KeyRows:
    """Rows of a table of the key manager's database: the tenant's project's, and those of all other projects."""

    table: str
    ours: int
    others: int


@dataclass(frozen=True, slots=True)
class FirstObjects:
    """How many first objects of copies were asked for, and which are left; ``twin`` is an image of others whose own was found.

    ``missing`` are places of copies whose first object was never noted, ``untold`` why nothing was answered.
    """

    asked: int
    left: tuple[str, ...]
    twin: str
    missing: tuple[str, ...]
    untold: str = ""

    @classmethod
    def unknown(cls, why: str) -> FirstObjects:
        """Return what is known when the storage did not answer."""
        return cls(0, (), "", (), why)


def listed(listings: Iterable[Listing]) -> list[Absence]:
    """Judge what the services list. Where nobody has anything of a kind, its service's other kinds are the twin."""
    found = tuple(listings)
    seen: dict[str, int] = {}
    for each in found:
        seen[each.service] = seen.get(each.service, 0) + each.others
    return [_listed(each, seen[each.service]) for each in found]


def _listed(each: Listing, others: int) -> Absence:
    claim = f"{each.service} lists no {each.kind} of the tenant"
    twin = f"{each.others} {each.kind} of others are listed" if each.others else f"{others} other things are listed by {each.service}"
    if each.untold:
        return Absence(claim, CheckVerdict.ERROR, each.untold)
    if each.ours:
        return Absence(claim, CheckVerdict.FAIL, f"there are {len(each.ours)}: {_some(each.ours)}", twin)
    if not others:
        return Absence(claim, CheckVerdict.ERROR, f"{each.service} lists nothing of anybody, so it may show nothing at all")
    return Absence(claim, CheckVerdict.PASS, "", twin)


def token(kept: Mapping[str, int] | None, live: Mapping[str, int], services: Sequence[str]) -> Absence:
    """Judge the answers of every service to the token that was kept, and to one of the administrator's."""
    claim = "a token that the tenant had is refused by every service"
    if kept is None:
        return Absence(claim, CheckVerdict.ERROR, "no token was kept, so nobody knows")
    silent = [name for name in services if name not in kept or name not in live]
    dull = [name for name in services if name in live and not is_good(live[name])]
    open_ = [f"{name} ({kept[name]})" for name in services if name in kept and kept[name] not in {REFUSED, GONE.get(name)}]
    if accepted := [name for name in services if name in kept and is_good(kept[name])]:
        return Absence(claim, CheckVerdict.FAIL, f"accepted by {', '.join(accepted)}")
    if silent or dull or open_ or not services:
        said = "; ".join(
            f"{what}: {_some(who)}" for what, who in (("no answer", silent), ("no 401", open_), ("refuse the administrator", dull)) if who
        )
        return Absence(claim, CheckVerdict.ERROR, said or "no service was asked")
    return Absence(claim, CheckVerdict.PASS, "", f"{len(services)} services accept the administrator's token by the same request")


def is_good(status: int) -> bool:
    """Whether a service accepted a token: what it forbids to its owner (403) it has accepted, too."""
    return 0 < status < 400 or status == 403  # noqa: PLR2004 - HTTP


def key_rows(rows: Sequence[KeyRows] | None, why: str) -> list[Absence]:
    """Judge the rows of the key manager's database; ``rows`` is ``None`` where nobody may read them, and ``why`` says it."""
    claim = "the key manager's database has no row of the tenant"
    if rows is None:
        return [Absence(claim, CheckVerdict.SKIPPED, why)]
    if not rows:
        return [Absence(claim, CheckVerdict.ERROR, why or "no table was read")]
    found = []
    for each in rows:
        one = f"table {each.table} of the key manager's database has no row of the tenant"
        if each.ours:
            found.append(Absence(one, CheckVerdict.FAIL, f"{each.ours} rows", f"{each.others} rows of others"))
        elif not each.others:
            found.append(Absence(one, CheckVerdict.ERROR, "the table has no row of anybody, so it may be the wrong database"))
        else:
            found.append(Absence(one, CheckVerdict.PASS, "", f"{each.others} rows of others"))
    return found


def stored(inventory: Inventory, heads: Sequence[StoredHead] | None, why: str) -> list[Absence]:
    """Judge the raw storage: nothing in it has a fingerprint of the tenant's, and a living volume's is found by the same scan.

    ``heads`` is ``None`` where nobody may read it, and ``why`` says it; ``why`` beside heads says what was left out.
    """
    claim = "no image, snapshot or trash in any pool has a fingerprint of the tenant's"
    if heads is None:
        return [Absence(claim, CheckVerdict.SKIPPED, why)]
    keys = inventory.fingerprints()
    ours = [head.place for head in heads if head.fingerprint and head.fingerprint.same_key(keys)]
    others = [head.place for head in heads if head.fingerprint and not head.fingerprint.same_key(keys)]
    blind = [f"{head.place}: {head.untold}" for head in heads if head.untold]
    places = [each.place for each in inventory.media if each.place]
    still = sorted({head.place for head in heads} & set(places) - set(ours))
    unknown = [f"{each.kind} {each.id}" for each in inventory.media if each.kind in {"volume", "backup"} and not each.place]
    twin = f"{len(others)} of others are found by the same scan, such as {others[0]}" if others else ""
    if ours or still:
        return [Absence(claim, CheckVerdict.FAIL, f"still there: {_some([*ours, *still])}", twin)]
    reasons = (("cannot be read", blind), ("not found in the storage at the beginning", unknown), ("left out", [why] if why else []))
    wrong = [f"{what}: {_some(which)}" for what, which in reasons if which]
    if not keys and not wrong:
        wrong.append("the inventory has no fingerprint, so nothing can be looked for")
    if not others:
        wrong.append("the scan finds no fingerprint of anybody, so it may see nothing")
    if wrong:
        return [Absence(claim, CheckVerdict.ERROR, "; ".join(wrong), twin)]
    return [Absence(claim, CheckVerdict.PASS, f"{len(heads)} were read, for {len(keys)} fingerprints", twin)]


def first_objects(look: FirstObjects | None, why: str) -> Absence:
    """Judge whether the storage has the object with a copy's header, for a snapshot that it has not trimmed or for anything else.

    ``look`` is ``None`` where nobody may ask, and ``why`` says it.
    """
    claim = "no pool has the first object of a copy of the tenant's, not for a deleted snapshot either"
    if look is None:
        return Absence(claim, CheckVerdict.SKIPPED, why)
    if look.untold:
        return Absence(claim, CheckVerdict.ERROR, look.untold)
    twin = f"that of {look.twin} is found by the same request" if look.twin else ""
    if look.left:
        return Absence(claim, CheckVerdict.FAIL, f"still there: {_some(look.left)}", twin)
    if look.missing or not look.asked:
        return Absence(claim, CheckVerdict.SKIPPED, f"not noted at the beginning: {_some(look.missing) or 'any'}", twin)
    if not look.twin:
        return Absence(claim, CheckVerdict.ERROR, "that of no other image is found, so nothing may be seen")
    return Absence(claim, CheckVerdict.PASS, f"{look.asked} were asked for", twin)


def hypervisors(inventory: Inventory, lines: Sequence[str] | None, why: str) -> Absence:
    """Judge what hypervisors hold: names of servers' folders, and libvirt's secrets by what they are for.

    Others are there when a server's folder of theirs is: a secret alone may be the hypervisor's own, such as its key to Ceph.
    ``lines`` is ``None`` where nobody may look, and ``why`` says it; ``why`` beside lines says what could not be read.
    """
    claim = "no hypervisor has a folder of the tenant's servers or a secret of their volumes"
    if lines is None:
        return Absence(claim, CheckVerdict.SKIPPED, why)
    ids = {*inventory.resources.get("servers", ()), *inventory.resources.get("volumes", ())}
    ours = [line for line in lines if any(each in line for each in ids)]
    others = [line for line in lines if line not in ours and _ID.fullmatch(line)]
    twin = f"{len(others)} of others are there" if others else ""
    if ours:
        return Absence(claim, CheckVerdict.FAIL, f"still there: {_some(ours)}", twin)
    if why or not others or not ids:
        wrong = why or ("there is nothing of anybody, so it may be the wrong place" if ids else "no server was noted")
        return Absence(claim, CheckVerdict.ERROR, wrong, twin)
    return Absence(claim, CheckVerdict.PASS, "", twin)


def verdict(found: Iterable[Absence]) -> CheckVerdict:
    """Return what all of it comes to: a skip is said in the certificate and changes nothing."""
    verdicts = {each.verdict for each in found}
    if CheckVerdict.FAIL in verdicts:
        return CheckVerdict.FAIL
    return (
        CheckVerdict.PASS
        if verdicts and verdicts <= {CheckVerdict.PASS, CheckVerdict.SKIPPED} and CheckVerdict.PASS in verdicts
        else CheckVerdict.ERROR
    )


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more
