"""Properties of the expansion from flows to rules, and of the expectation that is read from them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from infra.declaration import TenantDeclaration, addresses, names
from infra.declaration.model import INTERNET, Protocol
from infra.policy.flows import expand, families, merged
from infra.policy.rules import Direction, Family, TenantPolicy
from infra.render.expectation import Expected, Packet, between, deciding_rule, judge
from tests.fast.policy.tenants import PLATFORM, flows, packets, tenants

if TYPE_CHECKING:
    from infra.declaration.model import Address, Flow, Tenant


def is_outside(tenant: Tenant, address: Address) -> bool:
    """Tell whether an address is of the internet, in the words of the documentation and not of the code."""
    own = any(address in network for zone in tenant.zones.values() for network in zone.networks)
    management = address in PLATFORM.pool.cidr or address in PLATFORM.backbone.cidr
    odd = address.is_loopback or address.is_link_local or address.is_multicast or address.is_unspecified
    return not (own or management or odd)


def is_end(tenant: Tenant, end: str, address: Address) -> bool:
    """Tell whether an address is meant by an endpoint."""
    if end == INTERNET:
        return is_outside(tenant, address)
    return any(address in network for network in addresses.endpoint(tenant, end))


def is_meant(tenant: Tenant, flow: Flow, packet: Packet) -> bool:
    """Tell whether a flow, read by a person, allows a packet."""
    if (
        flow.protocol != packet.protocol
        or not is_end(tenant, flow.source, packet.source)
        or not is_end(tenant, flow.destination, packet.destination)
    ):
        return False
    if packet.protocol is Protocol.ICMP and packet.source.version == 6:
        return False
    if packet.protocol is Protocol.ICMPV6 and packet.source.version == 4:
        return False
    if flow.protocol.has_ports:
        return any(packet.first is not None and ports.first <= packet.first <= ports.last for ports in flow.ports)
    return flow.icmp is None or (flow.icmp.type == packet.first and flow.icmp.code in {None, packet.last})


@given(tenants(), st.data())
def test_the_expectation_is_what_the_flows_say(declaration: TenantDeclaration, data: st.DataObject) -> None:
    """A packet is expected exactly when some flow, read naively, means it; whichever way the rules were made."""
    tenant = declaration.tenant
    policy = expand(declaration, PLATFORM)
    packet = data.draw(packets(tenant))
    ends = [next((nic for nic in policy.nics if address in nic.addresses), None) for address in (packet.source, packet.destination)]
    if ends == [None, None]:
        return
    sender, receiver = (policy.nic_rules(nic) if nic else None for nic in ends)
    meant = any(is_meant(tenant, flow, packet) for flow in tenant.flows.values())
    assert judge(packet, sender, receiver).expected is (Expected.ALLOWED if meant else Expected.DENIED)


@given(tenants())
def test_every_flow_has_rules_at_both_of_its_ends(declaration: TenantDeclaration) -> None:
    """Each end inside the tenant has the flow's rules, in each family that both ends have, for exactly the flow's ports."""
    tenant = declaration.tenant
    policy = expand(declaration, PLATFORM)
    for name, flow in tenant.flows.items():
        both = [addresses.endpoint(tenant, end) for end in (flow.source, flow.destination)]
        for end, direction in ((flow.source, Direction.EGRESS), (flow.destination, Direction.INGRESS)):
            kind = addresses.kind(tenant, end)
            if kind is None or not kind.is_inside:
                continue
            key = names.zone_group(end) if end in tenant.zones else names.server_group(end)
            rules = [rule for rule in policy.groups[key].rules if rule.origin.flow == name and rule.direction is direction]
            assert {rule.family for rule in rules} == set(families(flow, *both))
            assert {(rule.match.first, rule.match.last) for rule in rules if flow.protocol.has_ports} == {
                (ports.first, ports.last) for ports in merged(flow.ports)
            }


@given(tenants(), st.data())
def test_another_flow_takes_nothing_away(declaration: TenantDeclaration, data: st.DataObject) -> None:
    """Expansion is monotone: with one more flow, every rule that was there is still there."""
    tenant = declaration.tenant
    more = data.draw(flows(tenant))
    wider = TenantDeclaration(tenant.model_copy(update={"flows": {**tenant.flows, "more": more}}), declaration.lines)
    before, after = expand(declaration, PLATFORM), expand(wider, PLATFORM)
    for key, group in before.groups.items():
        assert set(group.rules) <= set(after.groups[key].rules)


@given(tenants())
def test_no_rule_opens_management(declaration: TenantDeclaration) -> None:
    """No flow reaches the management pool or the backbone, and a management card carries the bastion's SSH and nothing else."""
    policy = expand(declaration, PLATFORM)
    for key, group in policy.groups.items():
        for rule in group.rules:
            touches = [rule.peer.overlaps(taken) for taken in (PLATFORM.pool.cidr, PLATFORM.backbone.cidr) if taken.version == rule.family]
            assert any(touches) == (key == names.MANAGEMENT)
    (only,) = policy.groups[names.MANAGEMENT].rules
    assert (only.direction, only.family, str(only.match), str(only.peer)) == (Direction.INGRESS, Family.IPV4, "tcp 22", "172.29.0.10/32")


@given(tenants())
def test_every_card_carries_its_zone_and_never_management(declaration: TenantDeclaration) -> None:
    """Groups of a card are its zone's and its server's; the management group is no zone card's."""
    policy = expand(declaration, PLATFORM)
    expected = [(server, zone) for server, entry in declaration.tenant.servers.items() for zone in entry.zones]
    assert [(nic.server, nic.zone) for nic in policy.nics] == expected
    for nic in policy.nics:
        assert nic.groups[0] == names.zone_group(nic.zone)
        assert set(nic.groups) <= set(policy.groups) - {names.MANAGEMENT}


def _policy(declaration: TenantDeclaration) -> TenantPolicy:
    return expand(declaration, PLATFORM)


@given(tenants(), st.data())
def test_a_card_speaks_for_itself_only(declaration: TenantDeclaration, data: st.DataObject) -> None:
    """Between two cards, a packet with an address of neither is denied whatever the rules say."""
    policy = _policy(declaration)
    if not policy.nics:
        return
    one, two = data.draw(st.sampled_from(policy.nics)), data.draw(st.sampled_from(policy.nics))
    packet = data.draw(packets(declaration.tenant))
    if packet.source not in one.addresses or packet.destination not in two.addresses:
        assert between(policy, one, two, packet).expected is Expected.DENIED
    else:
        leaves = deciding_rule(policy.nic_rules(one), Direction.EGRESS, packet)
        arrives = deciding_rule(policy.nic_rules(two), Direction.INGRESS, packet)
        allowed = leaves is not None and arrives is not None
        assert between(policy, one, two, packet).expected is (Expected.ALLOWED if allowed else Expected.DENIED)
