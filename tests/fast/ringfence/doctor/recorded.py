"""What the collector brought of a real cloud, kept as a file: the lab with two tenants up. Judges are tried on it, whole and damaged.

``RINGFENCE_WRITE_GOLDEN=1 pytest tests/live/test_doctor.py`` writes the file anew from the cloud of ``OS_CLOUD``.
"""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from infra.declaration.folder import load_folder
from infra.drift.made import Made, MadeResource
from infra.errors import Problem
from ringfence.doctor.model import Declared, Facts, Seen
from ringfence.doctor.reads import NAMED

if TYPE_CHECKING:
    from collections.abc import Mapping

Json = dict[str, Any]
FILE = Path(__file__).with_name("recorded.json")
ROOT = Path(__file__).resolve().parents[4]
TODAY = date(2026, 11, 1)
MISSING = Problem("there is no declaration of the platform", "Pulumi.platform.yaml", hint="ringfence init")
KEPT = {"extensions": ("alias", "name")}
"""Fields that are kept of lists whose rest is long and looked at by nobody."""


def written(facts: Facts) -> str:
    """Return facts as the text of the file."""
    seen = msgspec.to_builtins(facts.seen)
    for read, fields in KEPT.items():
        body = seen["answers"][read]["body"]
        seen["answers"][read]["body"] = {read: [{name: row[name] for name in fields} for row in body[read]]}
    made = {
        stack: {kind: {one.name: one.id for one in resources.values()} for kind, resources in found.kinds.items()}
        for stack, found in (facts.made or {}).items()
    }
    for row in seen["answers"]["hypervisors"]["body"]["hypervisors"]:
        row["cpu_info"] = {"arch": row["cpu_info"]["arch"]}
    return json.dumps({"seen": seen, "made": made}, indent=1, sort_keys=True) + "\n"


@dataclass
class Case:
    """The recorded facts as trees that a test may damage before it makes facts of them."""

    seen: Json
    made: dict[str, dict[str, dict[str, str]]] | None
    declared: Declared
    tenants: int = 0

    def rows(self, read: str) -> list[Json]:
        """Return the rows of an answer."""
        rows: list[Json] = self.seen["answers"][read]["body"][NAMED[read].key]
        return rows

    def row(self, read: str, **having: object) -> Json:
        """Return the first row that has these values; the first of all when none is named."""
        return next(row for row in self.rows(read) if having.items() <= row.items())

    def about(self, read: str) -> Json:
        """Return the body of the first answer to a question about one object."""
        body: Json = next(answer["body"] for name, answer in self.seen["answers"].items() if name.startswith(f"{read}:"))
        return body

    def answer(self, read: str, status: int) -> None:
        """Let the cloud answer otherwise."""
        self.seen["answers"][read] = {"status": status, "body": None, "why": "damaged"}

    def forget(self, read: str) -> None:
        """Let the answers to a question about single objects be refused."""
        for name in self.seen["answers"]:
            if name.startswith(f"{read}:"):
                self.answer(name, 403)

    def platform(self, **changes: object) -> None:
        """Declare another platform."""
        assert self.declared.platform is not None
        self.declared = replace(self.declared, platform=self.declared.platform.model_copy(update=changes))

    def server(self, **changes: object) -> None:
        """Declare the first tenant's first server otherwise."""
        first, *others = self.declared.tenants
        name, entry = next(iter(first.tenant.servers.items()))
        servers = {**first.tenant.servers, name: entry.model_copy(update=changes)}
        tenant = first.tenant.model_copy(update={"servers": servers})
        self.declared = replace(self.declared, tenants=(replace(first, tenant=tenant), *others))

    def facts(self) -> Facts:
        """Return what judges look at."""
        known = None if self.made is None else made(self.made)
        return Facts(msgspec.convert(self.seen, Seen), self.declared, known, "" if self.made is not None else "damaged", self.tenants)


def case() -> Case:
    """Return the recorded facts, beside the declarations of this repository, to be damaged."""
    tree = msgspec.json.decode(_text())
    return Case(tree["seen"], tree["made"], declared())


def facts() -> Facts:
    """Return the recorded facts as they are."""
    return case().facts()


@functools.cache
def _text() -> str:
    return FILE.read_text(encoding="utf-8")


@functools.cache
def declared() -> Declared:
    """Return the declarations of this repository."""
    found = load_folder(ROOT, today=TODAY).whole()
    return Declared(found.platform, found.tenants)


def made(tree: Mapping[str, Any]) -> dict[str, Made]:
    """Return what stacks made, from names and ids."""
    return {
        stack: Made({kind: {name: MadeResource(name, id_) for name, id_ in rows.items()} for kind, rows in kinds.items()})
        for stack, kinds in tree.items()
    }
