"""Servers, volumes and volume types of the cloud against the declaration, both ways. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.drift.deviation import said

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.drift.deviation import ComparedObject
    from infra.drift.found import Json
    from infra.drift.scope import Scope
    from infra.drift.wanted import Wanted, WantedServer, WantedVolume
    from infra.outcome import Deviation

LOST = ("error", "awaiting-transfer")
"""States of a volume that is broken, or about to be another project's."""
SETTINGS = ("provider", "cipher", "key_size", "control_location")
"""What Cinder knows of a type's encryption."""


def servers(scope: Scope, wanted: Wanted) -> Iterator[Deviation]:
    """Compare servers, the ports and the volumes that they have, and what they were made from."""
    pairs, problems = scope.compared("servers", wanted.servers)
    yield from problems
    for name, row in pairs.items():
        server = scope.subject("servers", row, name)
        yield from _nics(scope, server, row, wanted.servers[name])
        yield from _disks(scope, server, row, wanted.servers[name])
        yield from _machine(scope, server, row, wanted.servers[name])


def _nics(scope: Scope, server: ComparedObject, row: Json, want: WantedServer) -> Iterator[Deviation]:
    """Compare the NICs: Nova plugs a port in by naming the server as the port's device."""
    declared = {made.id for port in want.ports if (made := scope.made.get("ports", port))}
    found = {port["id"] for port in scope.whole.by["device"].get(row["id"], ())}
    if found - declared:
        extra = ", ".join(sorted(scope.names.of("ports", port) for port in found - declared))
        undo = "; ".join(f"openstack server remove port {server.id} {port}" for port in sorted(found - declared))
        yield server.further(f"{server.name} has {len(found - declared)} undeclared network card(s): port {extra}", undo)
    if declared - found or len(declared) < len(want.ports):
        yield server.missing(f"{server.name} lacks a declared network card")


def _disks(scope: Scope, server: ComparedObject, row: Json, want: WantedServer) -> Iterator[Deviation]:
    declared = {made.id: volume for volume in want.volumes if (made := scope.made.get("volumes", volume))}
    found = {str(disk["id"]) for disk in row["os-extended-volumes:volumes_attached"]}
    for disk in sorted(found - declared.keys()):
        text = f"{server.name} has the undeclared volume {scope.names.of('volumes', disk)}"
        yield server.further(text, f"openstack server remove volume {server.id} {disk}")
    for disk in sorted(declared.keys() - found):
        yield server.missing(f"{server.name} has not got volume {declared[disk]}")


def _machine(scope: Scope, server: ComparedObject, row: Json, want: WantedServer) -> Iterator[Deviation]:
    if row["status"] != "ACTIVE":
        yield server.different(f"{server.name} is {row['status']}")
    made = scope.made.get("servers", server.name)
    yield from scope.owned(server, row)
    yield from server.differing(row, {"key_name": want.key_pair, "config_drive": "True"})
    flavor = row["flavor"].get("original_name")
    if flavor != want.flavor:
        yield server.different(f"{server} has flavor {said(flavor)}, declared {want.flavor}")
    if row.get("image"):
        image = row["image"].get("id") or row["image"]
        yield server.different(f"{server} was booted from image {image}, declared from its encrypted volume")
    if row.get("OS-EXT-SRV-ATTR:user_data"):
        yield server.further(f"{server} has user data, declared none")
    told = (made.outputs.get("metadata") or {}) if made else {}
    found = row.get("metadata") or {}
    for key in sorted(told.keys() | found.keys()):
        if told.get(key) != found.get(key):
            yield server.different(f"{server} has metadata {key} {said(found.get(key))}, made with {said(told.get(key))}")


def volumes(scope: Scope, wanted: Wanted) -> Iterator[Deviation]:
    """Compare volumes, their types, whether these really encrypt, and which server has them."""
    pairs, others, problems = scope.match("volumes", wanted.volumes)
    yield from problems
    encrypted = {row["name"] for row in scope.found.volume_types if row["encryption"].get("cipher")}
    for row in others:
        yield scope.undeclared("volumes", row, f" of type {row['volume_type']}")
        yield from _plain(scope.subject("volumes", row), row, encrypted)
    for name, row in pairs.items():
        volume = scope.subject("volumes", row, name)
        yield from _plain(volume, row, encrypted)
        yield from _volume(scope, volume, row, wanted.volumes[name])


def _plain(volume: ComparedObject, row: Json, encrypted: set[str]) -> Iterator[Deviation]:
    if not row["encrypted"] or row["volume_type"] not in encrypted:
        yield volume.different(f"{volume} is stored in the clear (type {row['volume_type']})")


def _volume(scope: Scope, volume: ComparedObject, row: Json, want: WantedVolume) -> Iterator[Deviation]:
    server, made = scope.made.get("servers", want.server), scope.made.get("volumes", volume.name)
    if row["volume_type"] != want.type:
        yield volume.different(f"{volume} is of type {row['volume_type']}, declared {want.type}")
    at = {str(place["server_id"]) for place in row["attachments"]}
    if server and at != {server.id}:
        names = ", ".join(sorted(scope.names.of("servers", id_) for id_ in at)) or "nothing"
        yield volume.different(f"{volume} is attached to {names}, declared {want.server}")
    if row["status"].startswith(LOST):
        yield volume.different(f"{volume} is {row['status']}")
    yield from scope.owned(volume, row)
    yield from volume.differing(row, {"multiattach": False, "size": want.size})
    told = made.outputs.get("imageId") if made else None
    image = row.get("volume_image_metadata") or {}
    if told and image.get("image_id") != told:
        found = f"{image.get('image_name') or 'without a name'} ({image.get('image_id')})" if image else "none"
        yield volume.different(f"{volume} was made from image {found}, the stack made it from {told}")
    yield from volume.unusual(row, {"snapshot_id": None, "source_volid": None})


def volume_types(scope: Scope) -> Iterator[Deviation]:
    """Compare the platform's volume types and their encryption; types that it does not declare are the cloud's."""
    declared = scope.environment.platform.volume_types
    pairs, _, problems = scope.match("volume_types", declared)
    yield from problems
    for name, row in pairs.items():
        kind, want = scope.subject("volume_types", row, name), declared[name].encryption
        told = {key: getattr(want, key) for key in SETTINGS} if want else dict.fromkeys(SETTINGS)
        found = {key: row["encryption"].get(key) for key in SETTINGS}
        for key in SETTINGS:
            if str(found[key]) != str(told[key]):
                yield kind.different(f"{kind} encrypts with {key} {said(found[key])}, declared {said(told[key])}")
        extra = row["extra_specs"]
        if extra != declared[name].extra_specs:
            wanted = said(declared[name].extra_specs) or "none"
            yield kind.different(f"{kind} has extra_specs {said(extra) or 'none'}, declared {wanted}")
