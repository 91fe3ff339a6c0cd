"""Read everything that a verification starts from: the declarations of the tree, the stacks' outputs, the cloud."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from infra.declaration import envelope, load_platform, load_tenant, names
from infra.declaration.yaml import reader
from infra.dynamic import clouds
from infra.errors import RingfenceError
from infra.policy.flows import expand
from ringfence import folder
from ringfence.verify import failures, stacks
from ringfence.verify.cloud import discovery
from ringfence.verify.inventory import Inventory, TenantInventory

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date
    from pathlib import Path

    from openstack.connection import Connection

    from ringfence.verify.stacks import StackFacts


@dataclass(frozen=True, slots=True)
class Stacked:
    """What declarations and stacks say. ``left`` are declared tenants that are not up, with why: nothing is said of them."""

    inventory: Inventory
    identities: dict[str, StackFacts]
    left: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened(Stacked):
    """What a verification starts from: the same, with what only the cloud knows."""

    cloud: Connection


def declared_tenants(place: Path | None = None) -> tuple[str, ...]:
    """Return the names of all tenants that are declared in a folder, the project's when none is named."""
    found = sorted(file.name.split(".")[1] for file in (place or folder.root()).glob("Pulumi.*.yaml"))
    return tuple(name for name in found if name != names.PLATFORM)


def read(tenants: Sequence[str] = (), place: Path | None = None, today: date | None = None) -> Opened:
    """Read declarations and stacks (:func:`stacked`), and ask the cloud what these leave open."""
    found = stacked(tenants, place, today)
    cloud = clouds.admin()
    with failures.translated("asking the cloud what the stacks did not export"):
        return Opened(discovery.complete(found.inventory, cloud), found.identities, found.left, cloud=cloud)


def stacked(tenants: Sequence[str] = (), place: Path | None = None, today: date | None = None) -> Stacked:
    """Read declarations and stacks; without names, of every tenant that is declared in the folder and up. No cloud is asked.

    Raises :class:`RingfenceError` when a named tenant is not declared or not up, when none is, and when a stack cannot be read: only of
    a stack that is known not to be up nothing need be verified.
    """
    place = place or folder.root()
    platform = load_platform(place / "Pulumi.platform.yaml").platform
    unknown = sorted(set(tenants) - set(declared_tenants(place)))
    if unknown:
        raise RingfenceError.of("no such tenant", where=", ".join(unknown), expected=" or ".join(declared_tenants(place)))
    known = stacks.known()
    left = {name: "there is no such stack: pulumi up has not made it" for name in declared_tenants(place) if name not in known}
    with ThreadPoolExecutor(4) as pool:
        platform_facts = pool.submit(stacks.platform)
        asked = {name: pool.submit(stacks.tenant, name) for name in tenants or set(declared_tenants(place)) - left.keys()}
        made = pool.submit(stacks.all_made, known)
    found = {}
    for name, future in sorted(asked.items()):
        if not tenants and isinstance(future.exception(), stacks.NotUpError):
            left[name] = str(future.exception())
        else:
            found[name] = future.result()
    if not found:
        raise RingfenceError.of("no tenant is up", expected="a stack with outputs", hint="pulumi up -s TENANT")
    today = today or datetime.now(UTC).date()
    inventories = []
    for name, stack in found.items():
        declaration = load_tenant(place / f"Pulumi.{name}.yaml", platform, today=today)
        inventories.append(TenantInventory(declaration.tenant, expand(declaration, platform), stack.facts))
    written = {names.PLATFORM: envelope.PLATFORM, **dict.fromkeys(found, envelope.TENANT)}
    sources = {name: envelope.opened(reader.read(place / f"Pulumi.{name}.yaml"), key) for name, key in written.items()}
    inventory = Inventory(platform, platform_facts.result(), tuple(inventories), made=made.result(), written=sources)
    return Stacked(inventory, found, {} if tenants else left)
