"""Services of the catalog, their versions, and where tenants may be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ringfence.doctor.model import DECLARATION, Check, Facts, Finding, found, lacking, untold
from ringfence.doctor.reads import COMPUTE, IDENTITY, IMAGE, KEYS, NETWORK, STORAGE
from ringfence.verify.cloud.view import VERSIONS

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True)
class Needed:
    """A service by its type: the project that is known for it, what ringfence does with it, and the oldest version that it can use."""

    type: str
    project: str
    used_for: str
    version: str
    microversion: str = ""


SERVICES = (
    Needed(IDENTITY, "Keystone", "a project and two users for each tenant", "3"),
    Needed(NETWORK, "Neutron", "networks, routers, ports, security groups", "2"),
    Needed(COMPUTE, "Nova", "servers with config drives", "2.1", VERSIONS[COMPUTE]),
    Needed(STORAGE, "Cinder", "encrypted root and data volumes", "3", VERSIONS[STORAGE]),
    Needed(IMAGE, "Glance", "the guest image", "2"),
    Needed(KEYS, "Barbican", "the keys of encrypted volumes", "1"),
)


def numbers(version: str) -> tuple[int, ...]:
    """Return a version as numbers that compare."""
    return tuple(int(part) for part in version.lstrip("v").split("."))


def services(facts: Facts) -> Iterator[Finding]:
    """Hold each service that is needed against the catalog."""
    for needed in SERVICES:
        service = facts.seen.services.get(needed.type)
        called = f"{needed.type} ({needed.project})"
        by_hand = f"openstack endpoint list --service {needed.type}"
        if service is None:
            yield lacking(
                f"there is no {called}, which is for {needed.used_for}",
                f"deploy {needed.project}, then: openstack service create --name {needed.project.lower()} {needed.type} && "
                f"openstack endpoint create --region REGION {needed.type} public URL",
            )
        elif service.why:
            yield untold(f"{called} is in the catalog and does not answer: {service.why}", by_hand)
        elif not service.version:
            yield untold(f"{called} does not tell its version at {service.url}", by_hand)
        elif numbers(service.version) < numbers(needed.version):
            yield lacking(f"{called} is version {service.version}, {needed.version} is needed", f"upgrade {needed.project}; see {by_hand}")
        elif needed.microversion and not service.microversion:
            yield untold(f"{called} tells no microversion at {service.url}", by_hand)
        elif needed.microversion and numbers(service.microversion) < numbers(needed.microversion):
            yield lacking(
                f"{called} has microversions up to {service.microversion}, {needed.microversion} is needed",
                f"upgrade {needed.project}; see openstack versions show --service {needed.type}",
            )
        else:
            upto = f", microversions up to {service.microversion}" if service.microversion else ""
            yield found(f"{called} {service.version}{upto}")


def regions(facts: Facts) -> Iterator[Finding]:
    """Hold the declared regions against those of the catalog."""
    known = facts.seen.token.regions
    for region in dict.fromkeys((facts.platform.region, *facts.platform.allowed_regions)):
        yield (
            found(f"{region} is in the catalog")
            if region in known
            else lacking(
                f"the region {region} is not in the catalog, which has {', '.join(known) or 'none'}",
                "write one of these regions in Pulumi.platform.yaml: region, allowed_regions",
            )
        )


CHECKS = (
    Check("services", "All services that ringfence uses are there, recent enough", "A stack would stop in its middle.", (), services),
    Check(
        "regions",
        "The declared regions exist",
        "Servers and networks would be asked for where there is nothing, and a promise of location would mean nothing.",
        (DECLARATION,),
        regions,
    ),
)
