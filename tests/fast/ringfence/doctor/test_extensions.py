"""The table of Neutron's extensions, held against what the components really declare, both ways."""

from __future__ import annotations

import functools
from collections import defaultdict

import pytest

from infra.neutron.semantics import extensions as known
from ringfence.doctor.extensions import EXTENSIONS, WORTH_HAVING
from tests.fast.components import recording

pytestmark = pytest.mark.fast
NETWORKING = "openstack:networking/"
CORE = {
    "Network": {"name"},
    "Subnet": {"name", "networkId", "cidr", "ipVersion", "gatewayIp", "noGateway", "enableDhcp"},
    "SubnetRoute": {"subnetId", "destinationCidr", "nextHop"},
    "Port": {"name", "networkId", "fixedIps"},
}
"""What every Neutron has, whatever its plug-ins; of the types that are not here nothing is."""


@functools.cache
def declared() -> dict[str, set[str]]:
    """Return the properties that the shipped stacks set, by type; a platform with two routers among them."""
    found: dict[str, set[str]] = defaultdict(set)
    for cloud in (recording.platform(routers=2), recording.tenant("acme"), recording.tenant("globex")):
        for resource in cloud.resources:
            found[resource.type] |= resource.inputs.keys()
    return found


def named() -> dict[str, set[str]]:
    """Return the same by the last word of the type."""
    return {type_.rpartition(":")[2]: properties for type_, properties in declared().items()}


@pytest.mark.parametrize("extension", [one for one in EXTENSIONS if one.uses], ids=lambda one: one.alias)
def test_what_is_said_to_use_an_extension_is_declared(extension: object) -> None:
    """A use that no component has any more is a need that is none."""
    for use in extension.uses:  # type: ignore[attr-defined]
        kind, _, property_ = use.partition(".")
        assert kind in named(), use
        assert not property_ or property_ in named()[kind], use


def test_whatever_is_declared_of_the_network_is_core_or_an_extension_that_is_asked_for() -> None:
    """A component that begins to use another extension has to say so here, or the cloud is not asked for it."""
    uses = {use for one in EXTENSIONS for use in one.uses}
    asked = {
        f"{type_.rpartition(':')[2]}.{property_}"
        for type_, properties in declared().items()
        if type_.startswith(NETWORKING)
        for property_ in properties
    }
    core = {f"{kind}.{property_}" for kind, properties in CORE.items() for property_ in properties}
    assert {use for use in asked - core - uses if use.partition(".")[0] not in uses} == set()


def test_every_extension_is_one_that_the_proof_knows() -> None:
    """An alias that Neutron does not have would be missing everywhere."""
    aliases = [one.alias for one in (*EXTENSIONS, *WORTH_HAVING)]
    assert set(aliases) <= known.MODELLED | known.HARMLESS
    assert [one.alias for one in EXTENSIONS] == sorted(one.alias for one in EXTENSIONS)
    assert len(set(aliases)) == len(aliases)
