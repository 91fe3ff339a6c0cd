"""Security groups as filters: which ports share a filter, and what each filter lets pass under a driver's profile.

Two ports with the same set of groups share a class. What a class allows is worked out when it is first asked for: where the routing
already separates two tenants, nobody asks, and a million rules cost nothing.
"""

from __future__ import annotations

from collections import defaultdict
from itertools import chain
from operator import attrgetter
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from infra.neutron.semantics.drivers import Profile, dhcp_answers, is_filtered, member_intervals, source_intervals, target_intervals
from infra.neutron.semantics.services import NotAcceptedError, Service, Span, enforced
from infra.ranges import EVERYTHING, Range, Ranges, intersection, normal, range_of, touches, touches_one
from infra.reachability.fabric import UNFILTERED, Allow, Direction, Origin

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from infra.neutron.snapshot import Port, Rule, SecurityGroup, Snapshot

FAMILY = {"IPv4": 4, "IPv6": 6}
_words_of_service = attrgetter("ethertype", "protocol", "port_range_min", "port_range_max")
IMPLICIT = -1
"""Stands for a rule's number where the driver itself lets something pass."""


class Filters:
    """The builder of a fabric (:class:`infra.reachability.fabric.Builder`) for Neutron's security groups."""

    def __init__(self, snapshot: Snapshot, profile: Profile, ports: tuple[Port, ...]) -> None:
        """Number the classes of ports and check every distinct service once."""
        self.profile = profile
        self._ports = ports
        self._groups = {group.id: group for group in snapshot.security_groups}
        self._address_groups = {group.id: group.addresses for group in snapshot.address_groups}
        self._remote_names = {group.id: group.name for group in snapshot.security_groups}
        self._remote_names |= {group.id: group.name for group in snapshot.address_groups}
        self._cidrs = {subnet.id: subnet.cidr for subnet in snapshot.subnets}
        self._all_ports = snapshot.ports
        self._members: dict[str, list[Range]] | None = None
        self._spans: dict[tuple[Any, ...], Span | None] = {}
        self._allows: dict[tuple[int, Direction], tuple[Allow, ...]] = {}
        self._first_rule: dict[str, int] = {}
        self._near: Ranges = ()
        self._near_members: dict[str, list[Range]] = {}
        self._far: set[str | None] = set()
        self._close: dict[str | tuple[str, str], Ranges] = {}
        self._merged: dict[str, Ranges] = {}
        self._rules: list[tuple[SecurityGroup, Rule]] = []
        self._class_groups: list[frozenset[str]] = []
        self.classes = self._numbered(ports)
        self.unknowns = self._refused(snapshot)

    def _numbered(self, ports: tuple[Port, ...]) -> list[int]:
        """Return the class of every port: ports with the same groups, in whichever order, have the same."""
        numbers: dict[frozenset[str], int] = {}
        written: dict[tuple[str, ...], int] = {}
        found = []
        for port in ports:
            number = UNFILTERED
            if is_filtered(port):
                number = written.get(port.security_groups, UNFILTERED)
                if number == UNFILTERED:
                    number = written[port.security_groups] = numbers.setdefault(frozenset(port.security_groups), len(numbers))
            found.append(number)
        self._class_groups = list(numbers)
        return found

    def _refused(self, snapshot: Snapshot) -> list[str]:
        """Check every distinct service; say which rules Neutron would not have accepted."""
        every = chain.from_iterable(group.rules for group in snapshot.security_groups)
        refused = {}
        for words in set(map(_words_of_service, every)):
            try:
                self._spans[words] = enforced(self.profile.driver, Service(FAMILY[words[0]], *words[1:]))
            except NotAcceptedError as error:
                self._spans[words] = None
                refused[words] = str(error)
        odd = list(_odd_remotes(snapshot))
        if not refused:
            return odd
        return odd + [
            f"security group {group.name or group.id}, rule {rule.id}: Neutron does not accept {refused[_words_of_service(rule)]}"
            for group in snapshot.security_groups
            for rule in group.rules
            if _words_of_service(rule) in refused
        ]

    def groups_of(self, filter_class: int) -> frozenset[str]:
        """Ids of the groups of a class."""
        return self._class_groups[filter_class]

    def own(self, port: Port) -> list[Range]:
        """Return the port's fixed addresses; all of the subnet's where the address is not known yet."""
        return [range_of(fixed.ip_address or self._cidrs[fixed.subnet_id]) for fixed in port.fixed_ips]

    def addresses(self, endpoint: int) -> Ranges:
        """Addresses that the endpoint itself has, address pairs included."""
        port = self._ports[endpoint]
        return normal([*self.own(port), *(range_of(pair.ip_address) for pair in port.allowed_address_pairs)])

    def sources(self, endpoint: int) -> Ranges:
        """Addresses that the endpoint can send from."""
        port = self._ports[endpoint]
        return normal(source_intervals(self.profile, port, self.own(port)))

    def roaming(self) -> set[int]:
        """Endpoints that may send from more than the addresses that they were given: whatever :meth:`sources` has besides those."""
        bare = (n for n, filter_class in enumerate(self.classes) if filter_class == UNFILTERED)
        return {*bare, *(n for n, port in enumerate(self._ports) if port.allowed_address_pairs or not port.fixed_ips)}

    def targets(self, endpoint: int) -> Ranges:
        """Addresses at which the endpoint takes packets."""
        port = self._ports[endpoint]
        return normal(target_intervals(self.profile, port, self.own(port)))

    def allows(self, filter_class: int, direction: Direction) -> tuple[Allow, ...]:
        """Everything that the class lets pass in one direction, implicit allows included."""
        known = self._allows.get((filter_class, direction))
        if known is None:
            known = self._allows[filter_class, direction] = tuple(self._work_out(filter_class, direction))
        return known

    def _work_out(self, filter_class: int, direction: Direction) -> list[Allow]:
        if filter_class == UNFILTERED:
            return [Allow(family, first, last, 0, 1 << 24, IMPLICIT) for family, first, last in EVERYTHING.values()]
        found: list[Allow] = []
        for identifier in sorted(self._class_groups[filter_class]):
            group = self._groups[identifier]
            start = self._number(group)
            for offset, rule in enumerate(group.rules):
                if rule.direction == direction:
                    found.extend(self.rectangles(rule, start + offset))
        for item in self.profile.implicit:
            if item.direction == direction:
                family, first, last = EVERYTHING[item.family]
                found.append(Allow(family, first, last, item.span.lo, item.span.hi, IMPLICIT, implicit=True, link=item.link))
        return found

    def ingress_near(self, filter_class: int, near: Ranges) -> list[Allow]:
        """What the rules of a filtered class let in from ``near``, peers cut down to it; numbers of rules are left out."""
        if near != self._near:
            self._near, self._far, self._close, self._near_members = near, set(), {}, self._members_within(near)
        found: list[Allow] = []
        for identifier in self._class_groups[filter_class]:
            for rule in self._groups[identifier].rules:
                if rule.direction == "ingress" and (rule.remote_ip_prefix not in self._far or rule.remote_group_id):
                    peers = self._peers_near(rule)
                    if peers:
                        found.extend(self._near_rectangles(rule, peers))
        return found

    def _peers_near(self, rule: Rule) -> Ranges:
        """Return the part of a rule's remote end that is near, worked out once for each remote end.

        Prefixes of which nothing is are remembered as such: nearly all of them are far.
        """
        if rule.remote_group_id:
            return normal(self._near_members.get(rule.remote_group_id, ()))
        group = rule.remote_address_group_id
        remote = ("address group", group) if group else rule.remote_ip_prefix or rule.ethertype
        found = self._close.get(remote)
        if found is None:
            peers = self.peers(rule)
            near = touches_one(peers[0], self._near) if len(peers) == 1 else touches(peers, self._near)
            found = self._close[remote] = intersection(peers, self._near) if near else ()
            if not near and remote == rule.remote_ip_prefix:
                self._far.add(rule.remote_ip_prefix)
        return found

    def _members_within(self, near: Ranges) -> dict[str, list[Range]]:
        """Return the members of remote groups as far as they are in ``near``: hardly any, so most ports are passed over by their subnet."""
        subnets = {subnet for subnet, cidr in self._cidrs.items() if touches((range_of(cidr),), near)}
        members: dict[str, list[Range]] = defaultdict(list)
        for port in self._all_ports:
            if port.security_groups and (port.allowed_address_pairs or any(fixed.subnet_id in subnets for fixed in port.fixed_ips)):
                spans = intersection(member_intervals(self.profile, port, self.own(port)), near)
                for group in port.security_groups if spans else ():
                    members[group].extend(spans)
        return members

    def _near_rectangles(self, rule: Rule, peers: Ranges) -> list[Allow]:
        span = self._spans[_words_of_service(rule)]
        family = FAMILY[rule.ethertype]
        if span is None:
            return []
        return [Allow(family, first, last, span.lo, span.hi, IMPLICIT) for peer, first, last in peers if peer == family]

    def _number(self, group: SecurityGroup) -> int:
        """Return the number of the group's first rule, giving its rules numbers when they have none."""
        first = self._first_rule.get(group.id)
        if first is None:
            first = self._first_rule[group.id] = len(self._rules)
            self._rules.extend((group, rule) for rule in group.rules)
        return first

    def rectangles(self, rule: Rule, number: int) -> list[Allow]:
        """Return what a rule lets pass, as rectangles with a number of the caller's; none for a rule that Neutron would refuse."""
        span = self._spans[_words_of_service(rule)]
        if span is None:
            return []
        family = FAMILY[rule.ethertype]
        return [Allow(family, first, last, span.lo, span.hi, number) for peer, first, last in self.peers(rule) if peer == family]

    def peers(self, rule: Rule) -> Ranges:
        """Return the addresses that the rule's remote end stands for, of the rule's family."""
        family = FAMILY[rule.ethertype]
        if rule.remote_group_id:
            return self._members_of(rule.remote_group_id)
        if rule.remote_address_group_id:
            return normal(range_of(text) for text in self._address_groups[rule.remote_address_group_id])
        if rule.remote_ip_prefix:
            return (range_of(rule.remote_ip_prefix),)
        return (EVERYTHING[family],)

    def _members_of(self, group: str) -> Ranges:
        if self._members is None:
            members: dict[str, list[Range]] = defaultdict(list)
            for port in self._all_ports:
                if port.security_groups:
                    spans = member_intervals(self.profile, port, self.own(port))
                    for identifier in port.security_groups:
                        members[identifier].extend(spans)
            self._members = members
        merged = self._merged.get(group)
        if merged is None:
            merged = self._merged[group] = normal(self._members.get(group, ()))
        return merged

    def origin(self, rule: int) -> Origin:
        """Where a rule comes from."""
        if rule == IMPLICIT:
            return Origin("", "", f"the {self.profile.driver} driver lets it pass without a rule")
        group, record = self._rules[rule]
        source = record.source
        text = words_of(record, self._remote_names)
        if source is None:
            return Origin(record.id, group.name or group.id, text)
        said = (source.flow, source.owner, source.reason, source.file, source.line, source.expires)
        return Origin(record.id, group.name or group.id, text, *said)

    def dhcp_answers(self) -> tuple[tuple[int, int, int], ...]:
        """(family, l4_lo, l4_hi) that filtered ports take from unfiltered neighbours without a rule."""
        return tuple((item.family, item.span.lo, item.span.hi) for item in dhcp_answers(self.profile.driver))


def words_of(rule: Rule, names: Mapping[str, str] = MappingProxyType({})) -> str:
    """Render a rule as a line, in the API's words; remote groups go by their names where these are given."""
    peer = rule.remote_ip_prefix or rule.remote_group_id or rule.remote_address_group_id or "anywhere"
    peer = names.get(peer) or peer
    ports = (
        ""
        if rule.port_range_min is None
        else f" {rule.port_range_min}" + ("" if rule.port_range_max in {None, rule.port_range_min} else f"-{rule.port_range_max}")
    )
    word = "from" if rule.direction == "ingress" else "to"
    return f"{rule.direction} {rule.ethertype} {rule.protocol or 'any'}{ports} {word} {peer}"


def _odd_remotes(snapshot: Snapshot) -> Iterator[str]:
    """Say which rules have several remote ends, or a prefix of the other family (row 6)."""
    for group in snapshot.security_groups:
        for rule in group.rules:
            prefix = rule.remote_ip_prefix
            if prefix:
                odd = (":" in prefix) != (rule.ethertype == "IPv6") or rule.remote_group_id or rule.remote_address_group_id
            else:
                odd = rule.remote_group_id and rule.remote_address_group_id
            if odd:
                yield f"security group {group.name or group.id}, rule {rule.id}: Neutron does not accept such a remote end"
