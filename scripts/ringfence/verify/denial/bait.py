"""Lets every tenant hold, for a moment, what strangers are to try at: an image without data, and an empty volume that is handed over.

Everything is made with the tenant's own credential, under one name, and taken away again whatever happens. What a verification that was
killed left behind, the next one takes away first.
"""

from __future__ import annotations

import json
import secrets
import time
from typing import TYPE_CHECKING, Any

from infra import cinder
from infra.outcome import CheckVerdict, Outcome
from ringfence.verify.denial.asking import ask
from ringfence.verify.denial.attempts import OK, Call, first_server, has_servers, show
from ringfence.verify.denial.holdings import IMAGE, KEY, TRANSFER, TRANSFERS, Bait

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from openstack.connection import Connection

    from ringfence.verify.inventory import TenantInventory

Json = dict[str, Any]
NAME = "ringfence-verify"
"""How the names of what is made begin; no stack makes such a name."""
GONE = 404
MAY_NOT = frozenset({400, 403, 406, 413})
"""Its owner may make none here: by policy, by quota, or because this cloud does not know it."""
SECONDS = 60.0
PAUSE = 0.5
WORKS = frozenset({"creating", "downloading"})


class BaitError(Exception):
    """There is nothing to try at; with the verdict of what cannot be tried because of it."""

    def __init__(self, verdict: CheckVerdict, why: str) -> None:
        """Keep both."""
        super().__init__(why)
        self.verdict = verdict


class Holder:
    """What one tenant holds, as its deployer; ``reader`` is the id of its reader."""

    def __init__(self, tenant: TenantInventory, login: Connection, reader: str) -> None:
        """Hold nothing yet."""
        self.tenant, self._login, self._reader = tenant, login, reader

    def made(self) -> Bait:
        """Make everything; what cannot be made costs itself and nothing else."""
        self.removed()
        name = f"{NAME}-{secrets.token_hex(4)}"
        found: dict[str, str] = {}
        why: dict[str, tuple[CheckVerdict, str]] = {}
        makers: dict[str, Callable[[str], str]] = {IMAGE: self._image, TRANSFER: self._transfer}
        if has_servers(self.tenant):
            makers[KEY] = self._key
        for what, make in makers.items():
            try:
                found[what] = make(name)
            except BaitError as problem:
                why[what] = (problem.verdict, str(problem))
            except (ValueError, LookupError, TypeError, AttributeError) as problem:
                why[what] = (CheckVerdict.ERROR, f"the answer cannot be read: {type(problem).__name__}: {problem}")
        return Bait(self._reader, name, found.get(KEY, ""), found.get(IMAGE, ""), found.get(TRANSFER, ""), why)

    def _key(self, _name: str) -> str:
        """Return the id of the secret that the first volume is encrypted with."""
        path = f"/volumes/{first_server(self.tenant).volumes.root}"
        key = cinder.key_of(self._told(show("block_storage", path))["volume"])
        if not key:
            raise BaitError(CheckVerdict.SKIPPED, "its volume has no key: it is not encrypted")
        return key

    def _image(self, name: str) -> str:
        body = {"name": name, "visibility": "shared", "disk_format": "raw", "container_format": "bare"}
        return str(self._told(Call("image", "POST", "/images", body))["id"])

    def _transfer(self, name: str) -> str:
        volume = str(self._told(Call("block_storage", "POST", "/volumes", {"volume": {"size": 1, "name": name}}))["volume"]["id"])
        end = time.monotonic() + SECONDS
        while (row := self._told(show("block_storage", f"/volumes/{volume}"))["volume"])["status"] in WORKS and time.monotonic() < end:
            time.sleep(PAUSE)
        if row["status"] != "available":
            raise BaitError(CheckVerdict.ERROR, f"the volume that is to be handed over is {row['status']}")
        body = {"transfer": {"volume_id": volume, "name": name}}
        return str(self._told(Call("block_storage", "POST", "/volume-transfers", body, version=TRANSFERS))["transfer"]["id"])

    def removed(self) -> list[Outcome]:
        """Take everything away, this run's and that of one that was killed; returns what could not be."""
        left = [said for remove in (self._without_images, self._without_volumes) for said in _tried(remove)]
        return [Outcome(f"{self.tenant.name} what was tried at is gone", CheckVerdict.ERROR, said, self.tenant.name) for said in left]

    def _without_images(self) -> Iterator[str]:
        rows = self._told(show("image", f"/images?owner={self.tenant.facts.project_id}"))["images"]
        for row in rows:
            if str(row["name"] or "").startswith(f"{NAME}-"):
                yield from self._without(Call("image", "DELETE", f"/images/{row['id']}"))

    def _without_volumes(self) -> Iterator[str]:
        rows = self._told(show("block_storage", "/volumes/detail"))["volumes"]
        mine = {str(row["id"]): row for row in rows if str(row["name"] or "").startswith(f"{NAME}-")}
        if not mine:
            return
        for row in self._told(show("block_storage", "/volume-transfers/detail"))["transfers"]:
            if row["volume_id"] in mine:
                yield from self._without(Call("block_storage", "DELETE", f"/volume-transfers/{row['id']}"))
        for id_ in mine:
            yield from self._without(Call("block_storage", "DELETE", f"/volumes/{id_}"))

    def _without(self, delete: Call) -> Iterator[str]:
        """Delete something and wait until it is gone; yields why it is not."""
        answer, end = ask(self._login, delete), time.monotonic() + SECONDS
        while answer.status in OK and time.monotonic() < end:
            answer = ask(self._login, show(delete.service, delete.path))
            if answer.status != GONE:
                time.sleep(PAUSE)
        if answer.status != GONE:
            yield f"{delete.path} is still there ({answer.status} {answer.text[:120]}): delete it by hand"

    def _told(self, call: Call) -> Json:
        """Return an answer. Raises :class:`BaitError`."""
        answer = ask(self._login, call)
        if answer.status not in OK:
            verdict = CheckVerdict.SKIPPED if answer.status in MAY_NOT else CheckVerdict.ERROR
            raise BaitError(verdict, f"its owner's own {call.method} {call.path} ended with {answer.status} {answer.text[:200]}")
        told: Json = json.loads(answer.text)
        return told


def _tried(remove: Callable[[], Iterator[str]]) -> list[str]:
    try:
        return list(remove())
    except BaitError as problem:
        return [str(problem)]
    except (ValueError, LookupError, TypeError, AttributeError) as problem:
        return [f"the answer cannot be read: {type(problem).__name__}: {problem}"]
