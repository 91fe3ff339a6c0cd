"""Counterexamples sent through a real OVN: delivered, or not. A packet's first hop is whatever neighbour leads to its target."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from infra.proof.examples import ANSWER
from infra.ranges import show_address
from tests.truth.leaks.world import World
from tests.truth.neutron.environment import translate
from tests.truth.neutron.ovn_driver import NAMED, acl_command

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from infra.neutron.snapshot import Port, Snapshot
    from infra.proof import Counterexample
    from infra.proof.report import Packet
    from tests.truth.neutron.daemons import Ovn

    Ask = Callable[[str, str], str]
    """What ovn-trace says of a packet on a switch."""

NETWORKS = 4
"""Networks from which a leak's counterexamples are sent: one leak lets all forty tenants in, in the same way."""

TO_ALL = "ff:ff:ff:ff:ff:ff"
"""The MAC to which a frame to all of a network is sent, whatever its packet's destination."""

AT_ONCE = 4000
"""Commands of one ovn-nbctl: so many fit into the arguments of a program."""

DROP = "neutron_pg_drop"
"""The port group around everything that is guarded (Neutron's ``acl.add_acls_for_drop_port_group``)."""


@dataclass(frozen=True)
class Trip:
    """A packet of a counterexample with its two ports. ``answer``: it passes because the target is taken to have asked for it."""

    leak: str
    world: World
    source: Port
    target: Port
    packet: Packet
    answer: bool


def trips(leak: str, snapshot: Snapshot, examples: Iterable[tuple[Counterexample, str, str]]) -> list[Trip]:
    """Return the counterexamples of a leak as trips, those from its first networks; each comes with the ids of its ports."""
    ports = {port.id: port for port in snapshot.ports}
    found = list(examples)
    made = []
    for filtered in (False, True):
        placed = [(example, ports[source], ports[target]) for example, source, target in found if example.open is filtered]
        networks = list(dict.fromkeys(source.network_id for _, source, _ in placed))[:NETWORKS]
        mine = [each for each in placed if each[1].network_id in networks]
        if mine:
            name = f"{leak}_{'packets' if filtered else 'paths'}"
            sent = [(example.packet, end) for example, _, _ in mine for end in (example.packet.source, example.packet.destination)]
            addresses = [show_address(packet.family, end) for packet, end in sent]
            world = World(name, snapshot, [port for _, *ends in mine for port in ends], addresses, filtered=filtered)
            made += [
                Trip(leak, world, source, target, example.packet, any(rule.text.startswith(ANSWER) for rule in example.rules))
                for example, source, target in mine
            ]
    return made


def translated(worlds: Iterable[World]) -> dict[str, Any]:
    """Return what Neutron's OVN driver writes for the groups of worlds; asked once for all, for Neutron takes seconds to start."""
    several = _distinct(worlds)
    groups = [name for world in several for name in world.groups()]
    return translate(ovn=[rule for world in several for rule in world.rules()], groups=groups)


def fill(ovn: Ovn, worlds: Iterable[World], told: dict[str, Any]) -> None:
    """Write worlds into OVN, in place of what was there before, with the ACLs of ``told``."""
    several = _distinct(worlds)
    removals = [["--all", "destroy", table] for table in ("Logical_Switch", "Logical_Router", "Port_Group")]
    commands = [command for world in several for command in world.commands()]
    groups = {told["port_groups"][name]: members for world in several for name, members in world.groups().items()}
    commands += [["pg-add", name, *members] for name, members in groups.items()]
    commands.append(["pg-add", DROP, *(port for world in several for port in world.guarded())])
    commands += [acl_command(acl) for acl in (*told["acls"], *told["drop"]) if acl["port_group"] in {*groups, DROP}]
    ovn.write([removals, *(commands[start : start + AT_ONCE] for start in range(0, len(commands), AT_ONCE))])


def _distinct(worlds: Iterable[World]) -> list[World]:
    return list({world.name: world for world in worlds}.values())


def arrives(ask: Ask, trip: Trip) -> bool:
    """Tell whether OVN delivers a trip's packet to its target, over some first hop; a wire between networks carries it on."""
    world = trip.world
    source = (world.named(trip.source.network_id), world.named(trip.source.id))
    for mac in _first_hops(world, trip.source.network_id, trip.target):
        told = ask(source[0], microflow(trip.packet, source[1], (world.mac(trip.source.id), mac)))
        if _reached(told, world.named(trip.target.id)) or any(
            _reached(more, world.named(trip.target.id)) for more in _carried(ask, trip, told, mac)
        ):
            return True
    return False


def beside(trip: Trip) -> Trip:
    """Return a trip's packet to the next port."""
    return replace(trip, packet=replace(trip.packet, l4=trip.packet.l4 + 1))


def asked(trip: Trip) -> Trip:
    """Return the packet that a trip is an answer to: the other way, to any port that the target's groups let it send to."""
    packet, world = trip.packet, trip.world
    groups = {group.id: group for group in world.snapshot.security_groups}
    rules = [rule for name in trip.target.security_groups for rule in groups[name].rules if rule.direction == "egress"]
    ports = [rule.port_range_min or 1 for rule in rules if rule.remote_ip_prefix in {None, show_address(packet.family, packet.source)}]
    back = replace(packet, source=packet.destination, destination=packet.source, l4=(packet.l4 >> 16 << 16) + ports[0])
    return replace(trip, source=trip.target, target=trip.source, packet=back)


def is_contested(trip: Trip) -> bool:
    """Tell whether another server on the target's wire has the destination as well: OVN's router answers for its own, a wire for either."""
    world, destination = trip.world, show_address(trip.packet.family, trip.packet.destination)
    others = [port for port in world.snapshot.ports if port.network_id in world.mates(trip.target.network_id) and port.id != trip.target.id]
    return any(fixed.ip_address == destination for port in others for fixed in port.fixed_ips)


def _reached(told: str, port: str) -> bool:
    return f'/* output to "{port}"' in told or f'output("{port}")' in told


def _first_hops(world: World, network: str, target: Port) -> Iterator[str]:
    """Yield the MACs of the target and of all, when it is on the wire, and of every router there."""
    mates = world.mates(network)
    if target.network_id in mates:
        yield world.mac(target.id)
        yield TO_ALL
    yield from (hop.mac for hop in world.hops if hop.network in mates)


def _carried(ask: Ask, trip: Trip, told: str, mac: str) -> Iterator[str]:
    """Follow a packet that left on a wire to the wire's other networks; outside, to every router that is there as well."""
    world = trip.world
    for network in world.networks.values():
        if not _reached(told, world.named(f"{network.id}-wire")):
            continue
        for mate in world.mates(network.id):
            routers = [hop.mac for hop in world.hops if hop.network == mate] if network.external else []
            for next_mac in (mac, *routers):
                port = world.named(f"{mate}-wire")
                yield ask(world.named(mate), microflow(trip.packet, port, ("02:ff:00:00:00:01", next_mac)))


def microflow(packet: Packet, port: str, macs: tuple[str, str]) -> str:
    """Render a packet as ovn-trace wants it."""
    version, protocol, detail = packet.family, packet.l4 >> 16, packet.l4 & 0xFFFF
    ends = (show_address(version, packet.source), show_address(version, packet.destination))
    words = [f'inport == "{port}"', f"eth.src == {macs[0]}", f"eth.dst == {macs[1]}", "ip.ttl == 64"]
    words += [f"ip{version}.src == {ends[0]}", f"ip{version}.dst == {ends[1]}"]
    if protocol in {1, 58}:
        name = "icmp4" if protocol == 1 else "icmp6"
        words += [f"{name}.type == {detail >> 8}", f"{name}.code == {detail & 255}"]
    elif protocol in NAMED:
        words.append(f"{NAMED[protocol]}.dst == {detail}")
    else:
        words.append(f"ip.proto == {protocol}")
    return " && ".join(words)
