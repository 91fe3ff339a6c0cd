"""What the pools of the raw storage hold, and the ids of all images that Glance has. Judged elsewhere (:mod:`infra.drift.raw`).

The pools are those that Ceph says are for ``rbd``; where the prefix may not ask Ceph, the one that is named, and the others are said.
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
from typing import TYPE_CHECKING, Any

from infra.drift.raw import Pools, Stored, Trash
from infra.errors import CloudError
from infra.neutron.sources.listing import OK, objects_of
from ringfence.verify.storage.at_rest import POOL, POOL_VARIABLE, SECONDS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from openstack.proxy import Proxy

PAGE = 500
OTHERS = "other pools"
MAY_NOT = "Ceph was not asked which there are"


def listed(prefix: str, glance: Proxy) -> Pools:
    """List all pools. Raises :class:`CloudError` when one of them, or Glance, does not answer."""
    through, named = shlex.split(prefix), os.environ.get(POOL_VARIABLE, POOL)
    untold = {}
    try:
        pools = sorted({named, *_for_rbd(_asked(through, "ceph", "osd", "pool", "ls", "detail", "--format", "json"))})
    except CloudError as error:
        pools, untold = [named], {OTHERS: f"{MAY_NOT}: {error.problems[0].got or error.problems[0].what}"}
    stored, trash = [], []
    for pool in pools:
        stored += [Stored(pool, str(row["image"]), str(row.get("snapshot") or "")) for row in _rbd(through, "ls", "--long", "--pool", pool)]
        thrown = _rbd(through, "trash", "ls", "--long", "--pool", pool)
        trash += [Trash(pool, str(row["id"]), str(row["name"]), str(row.get("status") or "")) for row in thrown]
    return Pools(tuple(stored), tuple(trash), frozenset(_images(glance)), tuple(pools), untold)


def snapshots(prefix: str, image: str) -> list[str]:
    """Return the names of an image's snapshots. Raises :class:`CloudError`."""
    return [str(row["name"]) for row in _rbd(shlex.split(prefix), "snap", "ls", image)]


def _for_rbd(answer: Any) -> Iterator[str]:  # noqa: ANN401 - JSON
    for pool in answer:
        if "rbd" in (pool.get("application_metadata") or {}):
            yield str(pool["pool_name"])


def _rbd(through: list[str], *words: str) -> list[dict[str, Any]]:
    answer: list[dict[str, Any]] = _asked(through, "rbd", *words, "--format", "json")
    return answer


def _asked(through: list[str], *words: str) -> Any:  # noqa: ANN401 - JSON
    """Return what a command prints. Raises :class:`CloudError`."""
    where, hint = shlex.join(words), "see what the command prefix runs"
    try:
        done = subprocess.run([*through, *words], capture_output=True, timeout=SECONDS, check=False)
        if done.returncode:
            got = done.stderr.decode(errors="replace").strip()[-300:] or f"exit code {done.returncode}"
            raise CloudError.of("the raw storage cannot be listed", where=where, expected="exit code 0", got=got, hint=hint)
        return json.loads(done.stdout)
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        got = f"{type(error).__name__}: {error}"
        raise CloudError.of("the raw storage cannot be listed", where=where, got=got, hint=hint) from error


def _images(glance: Proxy) -> Iterator[str]:
    """Yield the ids of all images, of whatever project, the hidden ones included."""
    for hidden in ("false", "true"):
        params: dict[str, Any] = {"limit": PAGE, "visibility": "all", "os_hidden": hidden}
        while params:
            answer = glance.get("/images", params=params)
            rows = objects_of(answer, "images") if answer.status_code == OK else None
            if rows is None:
                hint = "log in as the admin"
                raise CloudError.of("Glance did not answer", where="/images", expected="200", got=str(answer.status_code), hint=hint)
            yield from (str(row["id"]) for row in rows)
            params = {**params, "marker": rows[-1]["id"]} if answer.json().get("next") and rows else {}
