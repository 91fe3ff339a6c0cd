"""Read everything that a verification starts from: the declarations of the tree, the stacks' outputs, the cloud."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from infra.declaration import load_platform, load_tenant, names
from infra.dynamic import clouds
from infra.errors import RingfenceError
from infra.policy.flows import expand
from ringfence.verify import stacks, survey, trouble
from ringfence.verify.stacks import ROOT
from ringfence.verify.world import TenantWorld, World

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from openstack.connection import Connection

    from ringfence.verify.stacks import StackFacts


@dataclass(frozen=True, slots=True)
class Opened:
    """What a verification starts from."""

    world: World
    cloud: Connection
    identities: dict[str, StackFacts]


def declared_tenants(folder: Path = ROOT) -> tuple[str, ...]:
    """Return the names of all tenants that are declared in a folder, the tree when none is named."""
    found = sorted(file.name.split(".")[1] for file in folder.glob("Pulumi.*.yaml"))
    return tuple(name for name in found if name != names.PLATFORM)


def read(tenants: Sequence[str] = (), folder: Path = ROOT) -> Opened:
    """Read declarations and stacks; without names, of every tenant that is declared in the folder and up.

    Raises :class:`RingfenceError` when a named tenant is not declared or not up, or when none is.
    """
    platform = load_platform(folder / "Pulumi.platform.yaml").platform
    unknown = sorted(set(tenants) - set(declared_tenants(folder)))
    if unknown:
        raise RingfenceError.of("no such tenant", where=", ".join(unknown), expected=" or ".join(declared_tenants(folder)))
    cloud = clouds.admin()
    with ThreadPoolExecutor(4) as pool:
        platform_facts = pool.submit(stacks.platform)
        asked = {name: pool.submit(stacks.tenant, name) for name in tenants or declared_tenants(folder)}
        made = pool.submit(stacks.all_made)
    found = {}
    for name, future in asked.items():
        if future.exception() is None or tenants:
            found[name] = future.result()
    if not found:
        raise RingfenceError.of("no tenant is up", expected="a stack with outputs", hint="pulumi up -s TENANT")
    today = datetime.now(UTC).date()
    worlds = []
    for name, stack in found.items():
        declaration = load_tenant(folder / f"Pulumi.{name}.yaml", platform, today=today)
        worlds.append(TenantWorld(declaration.tenant, expand(declaration, platform), stack.facts))
    world = World(platform, platform_facts.result(), tuple(worlds), made=made.result())
    with trouble.translated("asking the cloud what the stacks did not export"):
        return Opened(survey.complete(world, cloud), cloud, found)
