from __future__ import annotations

from collections import Counter
from dataclasses import replace
from ipaddress import ip_address
from typing import TYPE_CHECKING

import pytest

from infra.render.expectation import Expected
from ringfence.verify.model import Layer, Place, Reach
from ringfence.verify.probes.plan import MatrixPlan, Selection
from ringfence.verify.probes.ports import probed
from tests.fast.ringfence.verify.inventories import inventory

if TYPE_CHECKING:
    from ringfence.verify.model import Case

pytestmark = pytest.mark.fast


@pytest.fixture(scope="module")
def plan() -> MatrixPlan:
    """The expected matrix of the declarations in the tree."""
    return MatrixPlan(inventory())


@pytest.fixture(scope="module")
def cases(plan: MatrixPlan) -> tuple[Case, ...]:
    """Every case of it."""
    return tuple(plan.cases())


def test_allowed_is_what_flows_allow(cases: tuple[Case, ...]) -> None:
    """The allowed sockets are exactly those of the declared flows, in the families that both ends have."""
    allowed = {(c.source, c.target.name, c.protocol, c.port) for c in cases if c.expected is Expected.ALLOWED and c.layer is Layer.WHOLE}
    inside = {line for line in allowed if line[0].startswith(("acme/", "globex/"))}
    assert inside == {
        ("acme/web", "acme/db data 10.0.1.12", "tcp", 5432),
        ("acme/web", "acme/db data 10.0.1.12", "icmp", 0),
        ("globex/app1", "globex/db1 app 10.0.0.12", "tcp", 5432),
        ("globex/app1", "globex/db1 app 10.0.0.12", "tcp", 5433),
        ("globex/app1", "globex/db1 app 10.0.0.12", "udp", 4789),
        ("globex/app1", "globex/db1 app fd00:9:10::c", "tcp", 5432),
        ("globex/app1", "globex/db1 app fd00:9:10::c", "tcp", 5433),
        ("globex/app1", "globex/db1 app fd00:9:10::c", "udp", 4789),
        ("globex/app1", "globex/db1 app fd00:9:10::c", "icmp", 0),
    }
    assert {line for line in allowed if line[0] == "internet/host"} == {
        ("internet/host", "acme/web public 172.24.4.104", "tcp", 443),
        ("internet/host", "globex/app1 public 172.24.4.106", "tcp", 8080),
    }
    assert {(line[0], line[3]) for line in allowed if line[0] == "platform/bastion"} == {("platform/bastion", 22)}


def test_every_pair_is_tried_in_both_directions(plan: MatrixPlan, cases: tuple[Case, ...]) -> None:
    """Every server tries every other one, of its own tenant and of others, on zone and management addresses."""
    servers = [name for name in plan.nodes if name.startswith(("acme/", "globex/"))]
    tried = {(c.source, c.target.node, c.target.place) for c in cases}
    for one in servers:
        for other in servers:
            if one != other:
                assert {(one, other, Place.ZONE), (one, other, Place.MANAGEMENT)} <= tried
        places = {place for source, _, place in tried if source == one}
        assert places == set(Place) - {Place.SERVICES}


def test_names_are_unique(cases: tuple[Case, ...]) -> None:
    """No two cases share a name: a report's line names one probe."""
    assert [name for name, count in Counter(c.name for c in cases).items() if count > 1] == []


def test_ports_have_their_neighbours() -> None:
    """The ends of every range, their outer neighbours, SSH and one port that no flow names are tried."""
    flows = inventory().tenants[1].declaration.flows.values()
    ports = probed(flows, 22)
    assert {22, 1024, 4788, 4789, 4790, 5431, 5432, 5433, 5434, 8079, 8080, 8081} == set(ports)


def test_accepted_noes(cases: tuple[Case, ...]) -> None:
    """Silence is the only "no" of a routed address; without a route of the family it is "unreachable", and never "refused"."""
    denied = [c for c in cases if c.expected is Expected.DENIED and c.layer is Layer.WHOLE]
    assert not any(Reach.REFUSED in c.accepted or not c.accepted for c in denied)
    six = [c for c in denied if c.source == "acme/web" and c.target.address.version == 6]
    assert {c.accepted for c in six} == {frozenset({Reach.UNREACHABLE})}
    four = [c for c in denied if c.source == "acme/web" and c.target.node == "acme/db" and c.target.address.version == 4]
    assert {c.accepted for c in four} == {frozenset({Reach.TIMEOUT})}


def test_namesakes_are_aliases(plan: MatrixPlan, cases: tuple[Case, ...]) -> None:
    """Where the own tenant has the stranger's address too, its own server may be the one who answers, and is named."""
    acme = replace(plan.nodes["acme/web"])
    case = next(c for c in cases if c.source == "globex/db1" and c.target.node == acme.name and c.target.place is Place.ZONE)
    assert case.target.address == ip_address("10.0.0.11")
    assert case.aliases == {"globex/app1"}


def test_frames_try_the_strangers_mac(plan: MatrixPlan, cases: tuple[Case, ...]) -> None:
    """Across tenants a frame is also sent to the stranger's own MAC, as if both were on one network."""
    vias = {c.via.next_mac for c in cases if c.via and c.source == "acme/web" and c.target.node == "globex/db1" and c.via.note}
    assert plan.nodes["globex/db1"].nics[0].mac in vias


def test_every_denied_case_has_a_twin_to_look_for(cases: tuple[Case, ...]) -> None:
    """Every denied case names a target with a listener, a router that answers ARP, or an address where absence is what is claimed."""
    for case in cases:
        if case.expected is Expected.DENIED and case.protocol != "icmp":
            assert case.target.node or case.target.place in {Place.GATEWAY, Place.ROUTER, Place.METADATA, Place.API}


def test_selection_narrows(cases: tuple[Case, ...]) -> None:
    """A selection keeps its own cases only."""
    selection = Selection(frozenset({"acme/web"}), frozenset({"acme/db"}), frozenset({Place.ZONE}), frozenset({Layer.NETWORK}))
    chosen = [c for c in cases if selection.wants(c)]
    assert chosen
    assert {(c.source, c.target.node, c.target.place, c.layer) for c in chosen} == {("acme/web", "acme/db", Place.ZONE, Layer.NETWORK)}


@pytest.fixture(scope="module")
def offering() -> MatrixPlan:
    """The expected matrix on a platform with every service."""
    return MatrixPlan(inventory(services=True))


@pytest.fixture(scope="module")
def offered(offering: MatrixPlan) -> tuple[Case, ...]:
    """Every case of it."""
    return tuple(offering.cases())


def test_servers_reach_the_declared_services_and_nothing_else_of_their_server(offering: MatrixPlan, offered: tuple[Case, ...]) -> None:
    """Each TCP service by a socket and by frames, time's UDP by frames alone; from the management card only, and from every server."""
    tried = [case for case in offered if case.target.place is Place.SERVICES and case.source.startswith(("acme/", "globex/"))]
    allowed = {(c.source, c.layer, c.protocol, c.port) for c in tried if c.expected is Expected.ALLOWED}
    servers = [name for name in offering.nodes if name.startswith(("acme/", "globex/"))]
    wanted = {("tcp", 4460), ("tcp", 443), ("tcp", 6514), ("tcp", 30344)}
    assert allowed == {(server, layer, *one) for server in servers for layer in Layer for one in wanted} | {
        (server, Layer.NETWORK, "udp", 123) for server in servers
    }
    denied = {(c.layer, c.protocol, c.port) for c in tried if c.expected is Expected.DENIED}
    assert denied >= {(layer, *one) for layer in Layer for one in (("icmp", 0), ("tcp", 22), ("udp", 443), ("tcp", 123), ("tcp", 6515))}
    by_zone = {c.expected for c in tried if c.via and c.via.note.startswith("the NIC in zone")}
    assert by_zone == {Expected.DENIED}


def test_the_bastion_uses_the_services_and_logs_in_at_their_server(offered: tuple[Case, ...]) -> None:
    """It is a client like the servers, and the way in."""
    allowed = {
        (c.protocol, c.port)
        for c in offered
        if c.source == "platform/bastion" and c.target.place is Place.SERVICES and c.expected is Expected.ALLOWED
    }
    assert allowed == {("tcp", port) for port in (22, 4460, 443, 6514, 30344)}


def test_nobody_is_reached_through_the_services_server(offered: tuple[Case, ...]) -> None:
    """It may open nothing at any server, on any address, and whoever is outside reaches nothing of it."""
    own = [case for case in offered if case.source == "platform/services"]
    assert {case.target.node.partition("/")[0] for case in own} == {"acme", "globex"}
    assert {case.target.place for case in own} == {Place.ZONE, Place.MANAGEMENT, Place.PUBLIC}
    outside = [case for case in offered if case.source == "internet/host" and case.target.place is Place.SERVICES]
    assert outside
    assert {case.expected for case in (*own, *outside)} == {Expected.DENIED}


def test_the_services_server_listens_where_it_is_tried(offering: MatrixPlan, offered: tuple[Case, ...]) -> None:
    """A "no" counts when somebody listened: each port that is tried is opened there, and the other nodes' ports stay as they were."""
    ports = {c.port for c in offered if c.target.place is Place.SERVICES and c.protocol != "icmp"}
    assert ports == {*offering.ports, *offering.further["platform/services"]}
    assert {122, 123, 124, 442, 443, 444} <= ports
    assert offering.ports == MatrixPlan(inventory()).ports


def test_without_services_the_matrix_is_as_it_was(plan: MatrixPlan, cases: tuple[Case, ...]) -> None:
    """No node, no target, no further port."""
    assert "platform/services" not in plan.nodes
    assert not any(case.target.place is Place.SERVICES for case in cases)
    assert not any(plan.further.values())
