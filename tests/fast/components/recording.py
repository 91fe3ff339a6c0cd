"""A cloud that only remembers: the engine's mocks, recording every resource that a program declares."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pulumi
from pulumi.runtime import mocks, resource
from pulumi.runtime.proto.source_pb2 import StackTrace

from infra.components.facts import PlatformFacts
from infra.components.guard import ReplacementGuard
from infra.components.platform import PlatformArgs, PlatformStack
from infra.components.settings import CloudSettings, ImageFile
from infra.components.tenant import TenantArgs, TenantStack
from infra.declaration import load_tenant
from infra.declaration.services import Services
from infra.delivery.files import Source
from infra.delivery.operators import Operators
from infra.delivery.papers import Issuer
from tests.fast.declaration.declared import EVERY_SERVICE, SERVICES, shipped_platform

if TYPE_CHECKING:
    from collections.abc import Callable

    from pulumi.runtime.proto.resource_pb2 import RegisterResourceRequest

    from infra.components.guard import OldOutputs

ROOT = Path(__file__).resolve().parents[3]
TODAY = date(2026, 11, 1)
PUBLIC_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA== automation"
AUTHORITY = {"certificate": "AUTHORITY", "trusted": "AUTHORITY AND ITS FORMER KEY", "private_key": "PRIVATE", "lists": "LISTS"}
"""What the platform's stack exports of its authority."""
REVOKED = ("2a", "b0b")
"""Serial numbers that the platform with every service takes back."""
OPERATORS = Operators("ssh-ed25519 OPERATORS", "ssh-ed25519 HOSTS", "serial: 7\n", PUBLIC_KEY)
"""What the operators' file of a platform says that records sessions."""
PLATFORM_FACTS: dict[str, object] = {
    "auth_url": "https://keystone.test/v3",
    "region": "RegionOne",
    "cacert": "",
    "domain_id": "domain-id",
    "project_id": "admin-id",
    "external_network": "public",
    "external_network_id": "external-id",
    "image_id": "image-id",
    "router_id": "platform-router-id",
    "pool_id": "pool-id",
    "backbone": {"network_id": "backbone-id", "subnet_id": "backbone-subnet-id", "cidr": "172.29.0.0/24"},
    "bastion": {"id": "bastion-id", "address": "172.24.4.9", "management": "172.29.0.10", "host_key": "ssh-ed25519 AAAA"},
    "volume_types": {"encrypted": "encrypted-id"},
}


class UnhookedGuard(ReplacementGuard):
    """The guard without its hook: the mocks of the engine have nobody who could call it."""

    hooks = None


@dataclass(frozen=True, slots=True)
class Declared:
    """One resource as the engine would have got it."""

    type: str
    name: str
    inputs: dict[str, Any]
    provider: str

    @property
    def kind(self) -> str:
        """The last word of the type: ``Port``, ``SecGroupRule``."""
        return self.type.rpartition(":")[2]


@dataclass
class RecordingCloud(mocks.Mocks):
    """Answers like a cloud that does everything at once; ``resources`` is what it was asked for."""

    resources: list[Declared] = field(default_factory=list)
    outputs: dict[str, Any] = field(default_factory=dict)
    waits: dict[str, frozenset[str]] = field(default_factory=dict)
    """For the name of each volume, the names of what the engine makes before it."""
    anew: dict[tuple[str, str], tuple[tuple[str, ...], bool]] = field(default_factory=dict)
    """By kind and name: on changes of what it is replaced, and whether the old one is deleted first."""
    urns: list[str] = field(default_factory=list)
    """What the engine calls each resource, components and providers included."""

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        """Remember the resource and give it an id and what a cloud would fill in."""
        provider = str(args.provider or "").rpartition("::")[0].rpartition("::")[2]
        self.resources.append(Declared(args.typ, args.name, dict(args.inputs), provider))
        filled = {
            "allFixedIps": ["172.30.0.5"],
            "macAddress": "fa:16:3e:00:00:01",
            "cidr": "172.30.0.0/28",
            "value": "generated",
            "host_key": "ssh-ed25519 AAAA",
            "address": "172.24.4.20",
        }
        if args.typ.endswith((":Certificate", ":HostCertificate", ":Authority")):
            filled |= {key: f"{key} of {args.name}" for key in ("certificate", "private_key", "trusted", "lists")}
        return f"{args.name}-id", {**filled, **args.inputs}

    def call(self, args: mocks.MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]]]:
        """Answer a look-up with an id named after what was looked for."""
        name = args.args.get("name", "")
        domain = {"projectDomainId": "default", "projectDomainName": "Default"}
        return {"id": f"{name}-id", "name": name, "projectId": self._project(args), **domain}, []

    @staticmethod
    def _project(args: mocks.MockCallArgs) -> str:
        return "acme-id" if "acme" in str(args.provider) else "globex-id" if "globex" in str(args.provider) else "admin-id"

    def of(self, kind: str) -> list[Declared]:
        """Return the resources of one kind, in the order of their declaration."""
        return [resource for resource in self.resources if resource.kind == kind]


class ListeningMonitor(mocks.MockMonitor):
    """The engine's mock, that also hears what waits for what, and what is replaced when."""

    mocks: RecordingCloud

    def RegisterResource(self, request: RegisterResourceRequest) -> object:  # noqa: N802 - the method of the engine's service has this name
        """Remember them and go on."""
        kind = request.type.rpartition(":")[2]
        self.mocks.anew[kind, request.name] = (tuple(request.replaceOnChanges), request.deleteBeforeReplace)
        if kind == "Volume":
            self.mocks.waits[request.name] = frozenset(urn.rpartition("::")[2] for urn in request.dependencies)
        answer = super().RegisterResource(request)  # type: ignore[no-untyped-call]  # the SDK's mock has no annotations
        self.mocks.urns.append(answer.urn)
        made: object = answer
        return made


class ClosingPolicy(asyncio.DefaultEventLoopPolicy):
    """Remembers every event loop that the engine's SDK opens and never closes."""

    def __init__(self) -> None:
        super().__init__()
        self.loops: list[asyncio.AbstractEventLoop] = []

    def new_event_loop(self) -> asyncio.AbstractEventLoop:
        """Open a loop and remember it."""
        self.loops.append(super().new_event_loop())
        return self.loops[-1]


def record(stack: str, declare: Callable[[], dict[str, Any]], cloud: RecordingCloud | None = None) -> RecordingCloud:
    """Run a program against the recording cloud and wait until everything is settled."""
    cloud = cloud or RecordingCloud()
    policy = ClosingPolicy()
    asyncio.set_event_loop_policy(policy)
    asyncio.set_event_loop(asyncio.new_event_loop())
    mocks.set_mocks(cloud, project="ringfence", stack=stack, preview=False, monitor=ListeningMonitor(cloud))

    @pulumi.runtime.test  # type: ignore[untyped-decorator]
    def run() -> pulumi.Output[Any]:
        return pulumi.Output.from_input(declare()).apply(cloud.outputs.update)

    try:
        # Where in a program a resource stands is for people who look at a plan; to find it out takes a quarter of the time of a recording.
        with patch.object(resource, "_get_stack_trace", StackTrace):
            run()
    finally:
        asyncio.set_event_loop_policy(None)
        for loop in policy.loops:
            loop.close()
    return cloud


def tenant(name: str, *, allowed: frozenset[str] = frozenset(), old: OldOutputs | None = None) -> RecordingCloud:
    """Record what the stack of one of the shipped tenants declares, with what it had before; nobody changes a record."""
    return _as_shipped(name) if not allowed and old is None else _tenant(name, allowed, old)


@cache
def _as_shipped(name: str) -> RecordingCloud:
    return _tenant(name, frozenset(), None)


@cache
def tenant_with_services(name: str) -> RecordingCloud:
    """Record the same of a platform that offers every service."""
    return _tenant(name, frozenset(), None, EVERY_SERVICE)


@cache
def tenant_without_sessions(name: str) -> RecordingCloud:
    """Record the same of a platform that offers everything but recordings of sessions."""
    return _tenant(name, frozenset(), None, Services.model_validate({key: value for key, value in SERVICES.items() if key != "sessions"}))


def _tenant(name: str, allowed: frozenset[str], old: OldOutputs | None, services: Services | None = None) -> RecordingCloud:
    platform = shipped_platform(services)
    declaration = load_tenant(ROOT / f"Pulumi.{name}.yaml", platform, today=TODAY)

    operators = OPERATORS if services and services.sessions else None

    def declare() -> dict[str, Any]:
        facts = PlatformFacts.of(pulumi.Output.from_input(PLATFORM_FACTS))
        guard = UnhookedGuard(old or {}, allowed)
        source = Source(platform, Issuer.of(pulumi.Output.secret(AUTHORITY)), operators) if services else None
        args = TenantArgs(declaration, platform, facts, "admin", PUBLIC_KEY, guard, source=source)
        built = TenantStack(name, args)
        return {"tenant": built.facts, "deployer_credential": built.credential, "reader_credential": built.reader_credential}

    return record(name, declare)


@cache
def platform(*, routers: int = 1, services: bool = False) -> RecordingCloud:
    """Record what the platform's stack declares, with so many routers of its own, and with every service or none."""
    declared = shipped_platform(EVERY_SERVICE.model_copy(update={"revoked": REVOKED}) if services else None)
    backbone = declared.backbone.model_copy(update={"routers": routers})
    declared = declared.model_copy(update={"backbone": backbone})

    def declare() -> dict[str, Any]:
        cloud = CloudSettings("admin", "https://keystone.test/v3", "RegionOne", "")
        image = ImageFile(Path("/images/guest.qcow2"), "0123456789abcdef")
        guard = UnhookedGuard({}, frozenset())
        args = PlatformArgs(declared, cloud, image, PUBLIC_KEY, guard, OPERATORS if services else None)
        return {"platform": PlatformStack("platform", args).facts}

    return record("platform", declare)
