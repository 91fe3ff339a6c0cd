"""Snapshots from a folder of JSON files as ``openstack ... -f json`` prints them, one file per kind of object.

The view is complete when the client shows every network's provider type, which only those see who may see all.

``networks.json``, ``ports.json`` ... hold what ``show -f json`` printed for every object, as a list; rules may also come from
``openstack security group rule list --long -f json`` in ``security_group_rules.json``. docs/proof.md has the commands.
"""

from __future__ import annotations

import json
from collections import defaultdict
from typing import TYPE_CHECKING, Any

import msgspec

from infra.errors import Problem, SnapshotError
from infra.neutron import snapshot as model
from infra.neutron.records import READERS, port_forwarding, read, rule
from infra.neutron.store import from_records

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

RULES = "security_group_rules"
_AGAIN = "print it again with `openstack ... -f json`, see docs/proof.md"
NEEDED = ("projects", "networks", "subnets", "routers", "ports", "security_groups", "floating_ips")
"""Files without which a folder is partial. The others may be absent when the cloud has no such object."""


def load_folder(folder: Path, platform: Collection[str] = ()) -> model.Snapshot:
    """Read a folder; ``platform`` are names or ids of the platform's projects.

    Raises:
        SnapshotError: a file is missing, is not JSON, has a name that stands for nothing, or holds an object that does not fit.
    """
    missing = [f"{section}.json" for section in NEEDED if not (folder / f"{section}.json").is_file()]
    strange = sorted(path.name for path in folder.glob("*.json") if path.stem not in {*READERS, RULES})
    if missing or strange:
        raise SnapshotError(
            *(Problem("the folder is partial", where=str(folder), expected=name, hint=_AGAIN) for name in missing),
            *(Problem("this file stands for nothing", where=f"{folder}/{name}", expected=", ".join((*READERS, RULES))) for name in strange),
        )
    records = list(_records(folder, set(platform)))
    types = [record.provider_network_type for record in records if isinstance(record, model.Network)]
    header = model.Header(format=model.FORMAT_VERSION, origin="openstack-json", complete=None not in types)
    return from_records(header, records, str(folder))


def _records(folder: Path, platform: set[str]) -> Iterator[model.Record]:
    rules = _rules(folder)
    for section in READERS:
        path = folder / f"{section}.json"
        for number, data in enumerate(_objects(path)):
            where = f"{path}[{number}]"
            if section == "floating_ips":
                yield from _forwardings_left_out(data)
                data["port_forwardings"] = [port_forwarding(item) for item in data.get("port_forwardings") or ()]
            record = read(section, data, where)
            if isinstance(record, model.Project) and platform & {record.id, record.name}:
                record = msgspec.structs.replace(record, role=model.Role.PLATFORM)
            if isinstance(record, model.SecurityGroup) and rules is not None:
                record = msgspec.structs.replace(record, rules=tuple(rules.pop(record.id, ())))
            yield record
    if rules:
        raise SnapshotError(Problem("rules of groups that are not listed", where=f"{folder}/{RULES}.json", got=", ".join(sorted(rules))))


def _forwardings_left_out(data: dict[str, Any]) -> Iterator[model.Unknown]:
    """The client does not print a floating IP's port forwardings; that it has some shows in a router without a port."""
    if data.get("router_id") and not data.get("port_id") and not data.get("port_forwardings"):
        reason = "its port forwardings are not printed: add them to the object as port_forwardings"
        yield model.Unknown(type="floating_ip", id=str(data.get("id")), name=str(data.get("floating_ip_address")), reason=reason)


def _rules(folder: Path) -> dict[str, list[model.Rule]] | None:
    path = folder / f"{RULES}.json"
    if not path.is_file():
        return None
    found: dict[str, list[model.Rule]] = defaultdict(list)
    for number, data in enumerate(_objects(path)):
        group = data.get("security_group_id") or data.get("Security Group")
        if not group:
            raise SnapshotError(
                Problem("a rule without its group", where=f"{path}[{number}]", expected="list the rules of all groups at once")
            )
        found[group].append(rule(data, f"{path}[{number}]"))
    return found


def _objects(path: Path) -> list[dict[str, Any]]:
    """Return the objects of a file: a list, a single object, or the API's own ``{"ports": [...]}``."""
    if not path.is_file():
        return []
    try:
        data = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise SnapshotError(Problem("the file is not JSON", where=str(path), got=str(error), hint=_AGAIN)) from error
    if isinstance(data, dict):
        inner = list(data.values())
        data = inner[0] if len(inner) == 1 and isinstance(inner[0], list) else [data]
    if not isinstance(data, list) or not all(isinstance(item, dict) for item in data):
        raise SnapshotError(Problem("the file holds no list of objects", where=str(path), got=type(data).__name__, hint=_AGAIN))
    return data
