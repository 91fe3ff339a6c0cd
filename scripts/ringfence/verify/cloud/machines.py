"""Servers, volumes and volume types of the cloud against the declaration, both ways. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ringfence.verify.cloud.scope import differing, said, unusual

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ringfence.verify.cloud.scope import Scope
    from ringfence.verify.cloud.wanted import Server, Volume, Wanted

Json = dict[str, Any]
LOST = ("error", "awaiting-transfer")
"""States of a volume that is broken, or about to be another project's."""
SETTINGS = ("provider", "cipher", "key_size", "control_location")
"""What Cinder knows of a type's encryption."""


def servers(scope: Scope, wanted: Wanted) -> Iterator[str]:
    """Compare servers, the ports and the volumes that they have, and what they were made from."""
    pairs, problems = scope.compared("servers", wanted.servers)
    yield from problems
    for name, row in pairs.items():
        yield from _cards(scope, name, row, wanted.servers[name])
        yield from _disks(scope, name, row, wanted.servers[name])
        yield from _machine(scope, name, row, wanted.servers[name])


def _cards(scope: Scope, name: str, row: Json, want: Server) -> Iterator[str]:
    """Compare the cards: Nova plugs a port in by naming the server as the port's device."""
    declared = {made.id for port in want.ports if (made := scope.made.get("ports", port))}
    found = {port["id"] for port in scope.whole.by["device"].get(row["id"], ())}
    if found - declared:
        extra = ", ".join(sorted(scope.names.of("ports", port) for port in found - declared))
        yield f"{name} has {len(found - declared)} undeclared network card(s): port {extra}"
    if declared - found or len(declared) < len(want.ports):
        yield f"{name} lacks a declared network card"


def _disks(scope: Scope, name: str, row: Json, want: Server) -> Iterator[str]:
    declared = {made.id: volume for volume in want.volumes if (made := scope.made.get("volumes", volume))}
    found = {str(disk["id"]) for disk in row["os-extended-volumes:volumes_attached"]}
    yield from (f"{name} has the undeclared volume {scope.names.of('volumes', disk)}" for disk in sorted(found - declared.keys()))
    yield from (f"{name} has not got volume {declared[disk]}" for disk in sorted(declared.keys() - found))


def _machine(scope: Scope, name: str, row: Json, want: Server) -> Iterator[str]:
    if row["status"] != "ACTIVE":
        yield f"{name} is {row['status']}"
    what, made = f"server {name}", scope.made.get("servers", name)
    yield from scope.owned(what, row)
    yield from differing(what, row, {"key_name": want.key_pair, "config_drive": "True"})
    flavor = row["flavor"].get("original_name")
    if flavor != want.flavor:
        yield f"{what} has flavor {said(flavor)}, declared {want.flavor}"
    if row.get("image"):
        yield f"{what} was booted from image {row['image'].get('id') or row['image']}, declared from its encrypted volume"
    if row.get("OS-EXT-SRV-ATTR:user_data"):
        yield f"{what} has user data, declared none"
    told = (made.outputs.get("metadata") or {}) if made else {}
    found = row.get("metadata") or {}
    yield from (
        f"{what} has metadata {key} {said(found.get(key))}, made with {said(told.get(key))}"
        for key in sorted(told.keys() | found.keys())
        if told.get(key) != found.get(key)
    )


def volumes(scope: Scope, wanted: Wanted) -> Iterator[str]:
    """Compare volumes, their types, whether these really encrypt, and which server has them."""
    pairs, others, problems = scope.match("volumes", wanted.volumes)
    yield from problems
    encrypted = {row["name"] for row in scope.view.volume_types if row["encryption"].get("cipher")}
    for row in others:
        yield f"undeclared volume {scope.names.of('volumes', row['id'])} of type {row['volume_type']}"
        yield from _plain(scope.names.of("volumes", row["id"]), row, encrypted)
    for name, row in pairs.items():
        yield from _plain(name, row, encrypted)
        yield from _volume(scope, name, row, wanted.volumes[name])


def _plain(name: str, row: Json, encrypted: set[str]) -> Iterator[str]:
    if not row["encrypted"] or row["volume_type"] not in encrypted:
        yield f"volume {name} is stored in the clear (type {row['volume_type']})"


def _volume(scope: Scope, name: str, row: Json, want: Volume) -> Iterator[str]:
    what, server, made = f"volume {name}", scope.made.get("servers", want.server), scope.made.get("volumes", name)
    if row["volume_type"] != want.type:
        yield f"volume {name} is of type {row['volume_type']}, declared {want.type}"
    at = {str(place["server_id"]) for place in row["attachments"]}
    if server and at != {server.id}:
        names = ", ".join(sorted(scope.names.of("servers", id_) for id_ in at)) or "nothing"
        yield f"{what} is attached to {names}, declared {want.server}"
    if row["status"].startswith(LOST):
        yield f"{what} is {row['status']}"
    yield from scope.owned(what, row)
    yield from differing(what, row, {"multiattach": False, "size": want.size})
    told = made.outputs.get("imageId") if made else None
    image = row.get("volume_image_metadata") or {}
    if told and image.get("image_id") != told:
        found = f"{image.get('image_name') or 'without a name'} ({image.get('image_id')})" if image else "none"
        yield f"{what} was made from image {found}, the stack made it from {told}"
    yield from unusual(what, row, {"snapshot_id": None, "source_volid": None})


def volume_types(scope: Scope) -> Iterator[str]:
    """Compare the platform's volume types and their encryption; types that it does not declare are the cloud's."""
    declared = scope.world.platform.volume_types
    pairs, _, problems = scope.match("volume_types", declared)
    yield from problems
    for name, row in pairs.items():
        what, want = f"volume type {name}", declared[name].encryption
        told = {key: getattr(want, key) for key in SETTINGS} if want else dict.fromkeys(SETTINGS)
        found = {key: row["encryption"].get(key) for key in SETTINGS}
        for key in SETTINGS:
            if str(found[key]) != str(told[key]):
                yield f"{what} encrypts with {key} {said(found[key])}, declared {said(told[key])}"
        extra = row["extra_specs"]
        if extra != declared[name].extra_specs:
            yield f"{what} has extra_specs {said(extra) or 'none'}, declared {said(declared[name].extra_specs) or 'none'}"
