"""Snapshots from a folder of JSON files as ``openstack ... -f json`` prints them, one file per kind of object.

The view is complete when the client shows every network's provider type, which only those see who may see all.

``networks.json``, ``ports.json`` ... hold what ``show -f json`` printed for every object, as a list; rules may also come from
``openstack security group rule list --long -f json`` in ``security_group_rules.json``. ``extensions.json`` says what else the cloud can
do. docs/proof.md has the commands. What is not there is never taken for "none": :mod:`infra.neutron.sources.gaps` says what is missing.
"""

from __future__ import annotations

import json
from collections import defaultdict
from typing import TYPE_CHECKING, Any

import msgspec

from infra.errors import Problem, SnapshotError
from infra.neutron import snapshot as model
from infra.neutron.semantics import extensions
from infra.neutron.semantics.parties import Trust, trusting
from infra.neutron.snapshot.store import from_records
from infra.neutron.sources import gaps
from infra.neutron.sources.records import READERS, Objects

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from infra.neutron.sources.reading import Json

RULES, EXTENSIONS = "security_group_rules", "extensions"
_AGAIN = "print it again with `openstack ... -f json`, see docs/proof.md"
NEEDED = ("projects", "networks", "subnets", "routers", "ports", "security_groups", "floating_ips")
"""Files without which a folder is partial. The others may be absent where nothing refers to their objects."""
_OTHERS = (RULES, EXTENSIONS, *extensions.COLLECTIONS)
_API = {"floating_ips": "floatingips", "subnet_pools": "subnetpools"}
"""What the API calls the list of a section, where that is another word: its own answers are files as well."""


def load_folder(folder: Path, trust: Trust | None = None) -> model.Snapshot:
    """Read a folder; ``trust`` says which projects are the platform's.

    Raises:
        SnapshotError: a file is missing, is not JSON, has a name that stands for nothing, or holds an object that does not fit.
    """
    missing = [f"{section}.json" for section in NEEDED if not (folder / f"{section}.json").is_file()]
    strange = sorted(path.name for path in folder.glob("*.json") if path.stem not in {*READERS, *_OTHERS})
    if missing or strange:
        expected = ", ".join((*READERS, RULES, EXTENSIONS))
        raise SnapshotError(
            *(Problem("the folder is partial", where=str(folder), expected=name, hint=_AGAIN) for name in missing),
            *(Problem("this file stands for nothing", where=f"{folder}/{name}", expected=expected) for name in strange),
        )
    files = _Files(folder)
    records = list(trusting(files.records(), trust or Trust()))
    types = [record.provider_network_type for record in records if isinstance(record, model.Network)]
    driver = gaps.driver_of(files.ports)
    header = model.Header(format=model.FORMAT_VERSION, origin="openstack-json", complete=None not in types, driver=driver)
    return from_records(header, records, str(folder))


class _Files:
    """The files of a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.aliases = self._extensions()
        self.objects = Objects(self.aliases)
        self.ports: list[Json] = []
        self.bound = gaps.Bindings()

    def records(self) -> Iterator[model.Record]:
        """Yield everything, and then what is not understood or not there."""
        seen: dict[str, list[Any]] = defaultdict(list)
        listed = self._rules()
        for section in READERS:
            for number, data in enumerate(self._list(section)):
                where = f"{self.folder / section}.json[{number}]"
                if section == "ports":
                    self.ports.append(data)
                    self.bound.look(data)
                if section == "security_groups":
                    yield self._group(data, where, listed)
                    continue
                if section == "floating_ips" and (gap := gaps.forwardings(data)):
                    yield gap
                record = self.objects.read(section, data, where)
                seen[section].append(record)
                yield record
        if listed:
            got = ", ".join(sorted(listed))
            hint = "print groups and rules again, as one who may see every project"
            raise SnapshotError(Problem("rules of groups that are not listed", where=f"{self.folder}/{RULES}.json", got=got, hint=hint))
        yield from self.objects.fields.unknowns()
        yield from self.bound.unknowns()
        yield from gaps.of_servers(seen["ports"], seen["servers"])
        yield from gaps.of_trunks(self.ports, seen["trunks"], self.aliases, there=self._path("trunks").is_file())
        yield from self._extended()

    def _group(self, data: Json, where: str, listed: dict[str, list[model.Rule]] | None) -> model.Record:
        """Read a group: its rules are in it, or in the file of rules, or in both alike."""
        embedded = any(str(name).lower().replace(" ", "_") in {"rules", "security_group_rules"} for name in data)
        if embedded or listed is None:
            group = self.objects.read("security_groups", data, where)
        else:
            group = self.objects.read("security_groups", {**data, "rules": []}, where)
        if not isinstance(group, model.SecurityGroup) or listed is None:
            return group
        rules = tuple(listed.pop(group.id, ()))
        if embedded and {gaps.meaning(rule) for rule in rules} != {gaps.meaning(rule) for rule in group.rules}:
            odd = {gaps.meaning(rule) for rule in rules} ^ {gaps.meaning(rule) for rule in group.rules}
            got = ", ".join(sorted({meaning[0] or "a rule without an id" for meaning in odd}))
            hint = f"print both again, or leave {RULES}.json out"
            raise SnapshotError(Problem(f"{RULES}.json has other rules than the group itself", where=where, got=got, hint=hint))
        return msgspec.structs.replace(group, rules=rules)

    def _rules(self) -> dict[str, list[model.Rule]] | None:
        if not self._path(RULES).is_file():
            return None
        found: dict[str, list[model.Rule]] = defaultdict(list)
        for number, data in enumerate(self._list(RULES)):
            where = f"{self._path(RULES)}[{number}]"
            group = data.get("security_group_id") or data.get("Security Group")
            if not group:
                raise SnapshotError(Problem("a rule without its group", where=where, expected="list the rules of all groups at once"))
            found[group].append(self.objects.rule(data, where))
        return found

    def _extensions(self) -> frozenset[str] | None:
        if not self._path(EXTENSIONS).is_file():
            return None
        aliases = [data.get("alias") or data.get("Alias") for data in self._list(EXTENSIONS)]
        if not aliases or not all(isinstance(alias, str) for alias in aliases):
            hint = "openstack extension list --network -f json > extensions.json"
            raise SnapshotError(Problem("this names no extensions", where=str(self._path(EXTENSIONS)), expected="Alias", hint=hint))
        return frozenset(map(str, aliases))

    def _extended(self) -> Iterator[model.Unknown]:
        """Yield what extensions may do; their objects are in files named after their lists, whatever the list of extensions says."""
        for collection in extensions.COLLECTIONS.values():
            yield from map(collection.unknown, self._list(collection.key))
        if self.aliases is None:
            yield gaps.NO_EXTENSIONS
            return
        yield from extensions.not_known(self.aliases)
        for collection in extensions.collections(self.aliases):
            if not self._path(collection.key).is_file():
                yield collection.not_listed(f"{collection.key}.json is not there")

    def _path(self, section: str) -> Path:
        return self.folder / f"{section}.json"

    def _list(self, section: str) -> list[Json]:
        """Return the objects of a file: a list, a single object, or the API's own ``{"ports": [...]}``."""
        path = self._path(section)
        if not path.is_file():
            return []
        try:
            data = json.loads(path.read_bytes(), object_pairs_hook=_once)
        except (OSError, ValueError, RecursionError) as error:
            raise SnapshotError(Problem("the file is not JSON", where=str(path), got=str(error), hint=_AGAIN)) from error
        if isinstance(data, dict):
            own = next((name for name in (section, _API.get(section, section)) if isinstance(data.get(name), list)), None)
            if own is None and not {"id", "ID"} & data.keys():
                got = ", ".join(map(str, data))
                raise SnapshotError(Problem(f"the file holds no {section.replace('_', ' ')}", where=str(path), got=got, hint=_AGAIN))
            data = [data] if own is None else data[own]
        if not isinstance(data, list) or not all(isinstance(item, dict) for item in data):
            raise SnapshotError(Problem("the file holds no list of objects", where=str(path), got=type(data).__name__, hint=_AGAIN))
        return data


def _once(pairs: list[tuple[str, Any]]) -> Json:
    """Return an object, unless it has a field twice: no two readers of JSON agree on which of them counts (RFC 8259, section 4)."""
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"an object has the field {twice} twice")
    return found
