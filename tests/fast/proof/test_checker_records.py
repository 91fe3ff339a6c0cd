"""The checker reads every kind of record that a snapshot may have."""

from __future__ import annotations

import pytest

from infra.neutron.snapshot import SECTIONS, AddressGroup, AddressScope, DefaultRule, RbacPolicy, SubnetPool, SubPort, Trunk, Unknown
from ringfence.checker.conditions import check
from ringfence.checker.records import KINDS
from ringfence.checker.rules import RefusedError
from tests.fast.neutron.clouds import Cloud, allow, two_tenants
from tests.fast.proof.certificates import certified, sealed

pytestmark = pytest.mark.fast

MODELLED = {kind.__struct_config__.tag for kind in SECTIONS} - {Unknown.__struct_config__.tag}


def of_every_kind() -> Cloud:
    """Two tenants apart, and one of everything that Neutron has besides."""
    cloud = two_tenants()
    cloud.add(AddressScope(id="scope", project_id="acme"))
    cloud.add(SubnetPool(id="pool", project_id="acme", prefixes=("10.0.0.0/16",), address_scope_id="scope"))
    cloud.add(AddressGroup(id="partners", project_id="platform", addresses=("198.51.100.0/24",)))
    cloud.add(RbacPolicy(id="lent", object_type="address_group", object_id="partners", action="access_as_shared", target_project="acme"))
    cloud.port("acme-sub", "acme-app", "acme", "10.0.0.12", groups=("acme-open",))
    cloud.add(Trunk(id="trunk", project_id="acme", port_id="acme-web-app", sub_ports=(SubPort(port_id="acme-sub", segmentation_id=7),)))
    cloud.records["template"] = DefaultRule(rule=allow("egress"))
    return cloud


def test_every_kind_of_record_is_read() -> None:
    """A kind that the model has and the checker stumbles over would refuse every certificate of a cloud that has one."""
    cloud = of_every_kind()
    assert {type(record).__struct_config__.tag for record in cloud.records.values()} == MODELLED
    assert MODELLED | {"snapshot", "end", "unknown"} == set(KINDS)
    assert check(*certified(cloud)) == ("structure", "packets")


def test_parties_that_are_not_the_snapshots_are_refused() -> None:
    """A certificate that leaves a party out is about another cloud."""
    certificate, snapshot = certified(two_tenants())
    certificate["parties"].pop()
    with pytest.raises(RefusedError, match="the parties are others"):
        check(sealed(certificate), snapshot)
