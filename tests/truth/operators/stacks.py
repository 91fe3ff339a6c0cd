"""What the stacks of a platform that records sessions hand to its servers: the program's own components, with real papers.

The cloud only remembers; certificates are made as the engine makes them, by the same code, for the addresses and host keys of the hosts.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import pulumi
from pulumi.runtime import rpc

from hardening.bundle import Bundle, bundle_of
from infra.components.facts import PlatformFacts
from infra.components.platform import PlatformArgs, PlatformStack
from infra.components.settings import CloudSettings, ImageFile
from infra.components.tenant import TenantArgs, TenantStack
from infra.declaration import load_platform, load_tenant
from infra.declaration.services import Services
from infra.delivery.files import Source
from infra.delivery.papers import Issuer
from infra.dynamic.certificates import AuthorityLifecycle, CertificateLifecycle
from infra.dynamic.host_certificate import HostCertificateLifecycle
from infra.pki.certificates import Signer
from tests.fast.components import recording
from tests.fast.declaration.declared import SERVICES
from tests.fast.operators.sample import plain

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pulumi.runtime import mocks

    from infra.declaration.model import Platform
    from infra.delivery.operators import Operators

MADE: Final = {
    "Authority": AuthorityLifecycle,
    "Certificate": CertificateLifecycle,
    "HostCertificate": HostCertificateLifecycle,
}
"""Resources that are made as the engine makes them."""
OFFERED: Final = {key: SERVICES[key] for key in ("host", "flavor", "store", "sessions")}


@dataclass
class IssuingCloud(recording.RecordingCloud):
    """A cloud that only remembers, whose servers have host keys and whose certificates are real."""

    host_keys: Mapping[str, str] = field(default_factory=dict)
    signers: dict[str, Signer] = field(default_factory=dict)
    lists: dict[str, str] = field(default_factory=dict)

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        """Make what is ours, remember the rest."""
        identity, state = super().new_resource(args)
        kind = args.typ.rpartition(":")[2]
        if kind == "HostKey":
            state["host_key"] = self.host_keys.get(args.name, str(plain()))
        if lifecycle := MADE.get(kind):
            state = dict(lifecycle().create(_plain(dict(args.inputs))).outs or {})
            if kind == "Authority":
                self.signers[args.name] = Signer(state["certificate"], state["private_key"])
                self.lists[args.name] = state["lists"]
        return identity, state


@dataclass(frozen=True, slots=True)
class Handed:
    """What each server is given, and the platform's authority."""

    bundles: dict[str, Bundle]
    authority: Signer


def platform() -> Platform:
    """Return the shipped platform, with recordings of sessions."""
    declared = load_platform(recording.ROOT / "Pulumi.platform.yaml").platform
    return declared.model_copy(update={"services": Services.model_validate(OFFERED)})


def handed(operators: Operators, host_keys: Mapping[str, str]) -> Handed:
    """Run the platform's program and that of the tenant acme, and return what their servers are given."""
    declared, guard = platform(), recording.UnhookedGuard({}, frozenset())

    def of_platform() -> dict[str, Any]:
        cloud = CloudSettings("admin", "https://keystone.test/v3", "RegionOne", "")
        image = ImageFile(recording.ROOT / "guest.qcow2", "0123456789abcdef")
        PlatformStack("platform", PlatformArgs(declared, cloud, image, operators.automation_key, guard, operators))
        return {}

    first = IssuingCloud(host_keys=host_keys)
    recording.record("platform", of_platform, first)
    authority = first.signers["authority"]
    exported = {"certificate": authority.certificate, "trusted": authority.certificate, "private_key": authority.private_key}
    exported |= {"lists": first.lists["authority"]}

    def of_tenant() -> dict[str, Any]:
        facts = PlatformFacts.of(pulumi.Output.from_input(recording.PLATFORM_FACTS))
        source = Source(declared, Issuer.of(pulumi.Output.secret(exported)), operators)
        acme = load_tenant(recording.ROOT / "Pulumi.acme.yaml", declared, today=recording.TODAY)
        TenantStack("acme", TenantArgs(acme, declared, facts, "admin", operators.automation_key, guard, source=source))
        return {}

    second = IssuingCloud(host_keys=host_keys)
    recording.record("acme", of_tenant, second)
    given = [*first.of("GuestPolicy"), *second.of("GuestPolicy")]
    bundles = {one.name: bundle_of(one.inputs["policy"], _plain(one.inputs["files"])) for one in given}
    return Handed(bundles, authority)


def _plain(value: Any) -> Any:  # noqa: ANN401 - any value of the engine
    """Take the engine's mark of a secret away, wherever there is one."""
    if isinstance(value, dict):
        if rpc._special_sig_key in value:  # noqa: SLF001 - the SDK shows it nowhere else
            return _plain(value["value"])
        return {key: _plain(inner) for key, inner in value.items() if not key.startswith("__")}
    return [_plain(inner) for inner in value] if isinstance(value, list) else value
