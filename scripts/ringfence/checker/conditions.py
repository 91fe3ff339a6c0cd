"""Checks a certificate against its snapshot, from the definitions in docs/proof.md: standard library and netaddr, nothing of ringfence.

Usage: ``python checker CERTIFICATE SNAPSHOT``; exit 0 when the certificate proves the claims printed, 1 when it does not, 2 when
one of the files cannot be read.

A packet for any destination may be handed to every router on a network where a tenant has a server; a router passes it on by its longest
matching prefix. The certificate lists, per tenant, routers and networks with destinations (invariants). Checked is that (a) the tenant's
own networks and their routers are in one with every destination, (b) each is closed under every routing table, and (c) wherever a server
of another tenant takes packets at listed destinations, the two are listed under ``closed`` and their groups let nothing pass. Where
drivers differ, the widest reading is taken, whatever the certificate's ``profile`` says. What is not understood is refused.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections import defaultdict
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from netaddr import IPNetwork, IPSet

from .assumed import CHECKED, stated, strange
from .cloud import PRIVATE, Cloud
from .rules import EVERY, Cards, Json, RefusedError, demand

if TYPE_CHECKING:
    from collections.abc import Iterator

    from netaddr import IPAddress

LATER = {"accepted"}
"""Fields that certificates of earlier releases do not have."""
FIELDS = {
    "format",
    "version",
    "snapshot",
    "profile",
    "claims",
    "assumptions",
    "platform",
    "parties",
    "tenants",
    "outside",
    "closed",
    "seal",
}


def listed(entry: str | list[str]) -> IPSet:
    """Return the destinations of an entry of the certificate."""
    return EVERY if entry == "any" else IPSet([IPNetwork(text) for text in entry])


Sender = tuple[Cards, IPSet, IPSet]
"""Cards, the addresses under which others see them, and the destinations that matter."""


class Invariant:
    """Routers and networks with the destinations that get there, as the certificate lists them for packets of some senders."""

    def __init__(self, name: str, entry: Json, senders: list[Sender]) -> None:
        """Read an entry."""
        demand(set(entry) <= {"from", "routers", "networks", "outside"}, f"{name}: not an invariant")
        self.name, self.senders, self.home = name, senders, set(entry.get("from", ()))
        self.routers = {router: listed(destinations) for router, destinations in entry["routers"].items()}
        self.networks = {wire: listed(destinations) for wire, destinations in entry["networks"].items()}
        self.outside = listed(entry["outside"])

    def check(self, cloud: Cloud) -> Iterator[tuple[Cards, Cards]]:
        """Check that it is closed, and yield the pairs of cards that a path joins: for each, groups let nothing pass."""
        demand(self.routers.keys() <= cloud.hops.keys() and self.networks.keys() <= cloud.wire.keys(), f"{self.name}: lists strangers")
        for router, given in self.routers.items():
            prefixes = {prefix for prefix, _, _ in cloud.hops[router]}
            for prefix, wire, next_hop in cloud.hops[router]:
                region = (IPSet([prefix]) - IPSet([other for other in prefixes if other in prefix and other != prefix])) & given
                if region:
                    yield from self.check_hop(cloud, f"router {router}", region, wire, next_hop)
        for wire, given in self.networks.items():
            if wire in self.home or wire in cloud.inner:
                yield from self.meetings(cloud, [(cards, cards.targets & given) for cards in cloud.cards[wire]])
        for source, target in ((sender[0], cards) for sender in self.senders for cards in cloud.cards[sender[0].wire]):
            if self.home and source.tenant != target.tenant:
                passes = cloud.rules.passes_to_all(source, target)
                demand(not passes, f"{self.name}: packets pass from {source.name} to {target.name}, sent to all of the network")
                yield source, target

    def check_hop(self, cloud: Cloud, router: str, region: IPSet, wire: str, next_hop: IPAddress | None) -> Iterator[tuple[Cards, Cards]]:
        """Check one line of a routing table for the destinations that it decides."""
        where = f"{self.name}: {router} sends {region} to {next_hop or wire}, which is not listed"
        if next_hop is None:
            demand(region.issubset(self.networks.get(wire, IPSet())), where)
        elif (wire, next_hop) in cloud.routers_at:
            demand(all(region.issubset(self.routers.get(other, IPSet())) for other in cloud.routers_at[wire, next_hop]), where)
        else:
            demand(wire not in cloud.external or region.issubset(self.outside), where)
            yield from self.meetings(cloud, [(cards, region) for cards in cloud.cards[wire] if next_hop in cards.targets])
        hosts = cloud.hosts_at.get((wire, next_hop), ()) if next_hop else ()
        demand(all(region.issubset(self.routers.get(host, IPSet())) for host in hosts), where)

    def meetings(self, cloud: Cloud, targets: list[tuple[Cards, IPSet]]) -> Iterator[tuple[Cards, Cards]]:
        """Yield the pairs of senders and cards of other tenants that get packets for these destinations; refuse when one passes."""
        for target, destinations in targets:
            for source, seen, limit in self.senders:
                if source.tenant != target.tenant and destinations & limit:
                    passes = cloud.rules.passes(source, target, seen, destinations & limit)
                    demand(not passes, f"{self.name}: packets pass from {source.name} to {target.name}")
                    yield source, target


def tenants_invariants(cloud: Cloud, certificate: Json) -> Iterator[Invariant]:
    """Yield the invariants of all tenants: each begins with every destination on its own networks, and all of them are covered."""
    own: dict[str, dict[str, list[Cards]]] = defaultdict(lambda: defaultdict(list))
    for wire, several in cloud.cards.items():
        for cards in several:
            own[cards.tenant][wire].append(cards)
    demand(own and set(certificate["tenants"]) == set(own), "the tenants are others, or there is none")
    for tenant, entries in certificate["tenants"].items():
        demand({wire for entry in entries for wire in entry["from"]} == set(own[tenant]), f"{tenant}: its networks are others")
        for entry in entries:
            faces = cloud.faces(entry["routers"])
            senders = [(cards, cards.sources | faces, EVERY) for wire in entry["from"] for cards in own[tenant][wire]]
            found = Invariant(tenant, entry, senders)
            near = set(chain.from_iterable(cloud.beside[wire] for wire in found.home))
            started = [found.networks.get(wire) for wire in found.home] + [found.routers.get(router) for router in near]
            demand(all(given == EVERY for given in started), f"{tenant}: a network of its own, or a router on one, is not listed whole")
            demand(found.outside == EVERY or not found.home & cloud.external, f"{tenant}: a network of its own leads outside")
            yield found


def outsides_invariant(cloud: Cloud, certificate: Json, invariants: list[Invariant]) -> Invariant:
    """Return the invariant of the world outside, which begins with what is routed there; its senders are all whose packets leave."""
    leaving = [(invariant.senders, PRIVATE & invariant.outside) for invariant in invariants]
    callers = [(cards, seen, private) for senders, private in leaving for cards, seen, _ in senders if private]
    found = Invariant("outside", certificate["outside"], callers)
    for router in cloud.of["router"]:
        behind = cloud.routable(router)
        demand(behind.issubset(found.routers.get(router["id"], IPSet())), f"the outside reaches router {router['id']}, unlisted")
    for network in cloud.of["network"]:
        wire = cloud.wire[network["id"]]
        if wire in cloud.external and not network.get("external"):
            prefixes = IPSet([subnet["cidr"] for subnet in cloud.on_network[network["id"]]])
            demand(prefixes.issubset(found.networks.get(wire, IPSet())), f"the outside reaches network {wire}, unlisted")
    return found


def check(certificate: Json, snapshot: bytes) -> tuple[str, ...]:
    """Return the claims that the certificate proves for the snapshot; raise otherwise, ``RefusedError`` with the reason."""
    known_format = set(certificate) - LATER == FIELDS and (certificate["format"], certificate["version"]) == ("ringfence-certificate", 2)
    demand(known_format, "this is not a certificate, or of an unknown version")
    body = json.dumps({name: value for name, value in certificate.items() if name != "seal"}, sort_keys=True, separators=(",", ":"))
    demand(hashlib.sha256(body.encode()).hexdigest() == certificate["seal"], "the certificate was changed after it was written")
    demand(hashlib.sha256(snapshot).hexdigest() == certificate["snapshot"], "the certificate is about another snapshot")
    odd = list(strange(certificate))
    demand(not odd, f"the certificate {'; '.join(odd)}")
    cloud = Cloud(snapshot.splitlines(), {one["name"] for one in certificate.get("accepted", ())})
    demand(certificate["platform"] == sorted(cloud.platform), "the platform's projects are others")
    missing = {project["id"] for project in cloud.of["project"]} - {party["id"] for party in certificate["parties"]}
    demand(not missing, "the parties are others")
    invariants = list(tenants_invariants(cloud, certificate))
    invariants.append(outsides_invariant(cloud, certificate, invariants))
    closed: dict[str, set[str]] = defaultdict(set)
    for source, target in chain.from_iterable(invariant.check(cloud) for invariant in invariants):
        closed[source.name].add(target.name)
    pairs = {source: sorted(targets) for source, targets in closed.items()}
    demand(certificate["closed"] == pairs, "the pairs that groups close are others")
    demand("structure" not in certificate["claims"] or not closed, "a path joins tenants, only groups close it")
    claims = tuple(claim for claim in CHECKED if claim in certificate["claims"])
    demand(claims, "nothing is claimed that is checked here")
    return claims


def trusted(snapshot: bytes) -> Iterator[str]:
    """Yield who the snapshot says is the platform's, and so is kept apart from nobody."""
    for record in map(json.loads, snapshot.splitlines()):
        if record.get("kind") == "project" and record.get("role") == "platform":
            domain = record.get("domain") or record.get("domain_id") or "not told"
            texts = (record.get("name", ""), record["id"], domain, record.get("trusted") or "the snapshot says so")
            yield "trusted: {} (id {}, domain {}): {}".format(*map(json.dumps, texts))


def seen(text: str) -> str:
    """Return a text on one line, in which names command no terminal: what is no visible character becomes its escape."""
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in text)


def main(arguments: list[str]) -> int:
    """Run the command line, and return 0 for proven, 1 for refused, 2 where neither can be told."""
    if len(arguments) != 2:  # noqa: PLR2004 - a certificate and a snapshot
        print("usage: checker CERTIFICATE SNAPSHOT", file=sys.stderr)
        return 2
    try:
        certificate, snapshot = (Path(name).read_bytes() for name in arguments)
        read = json.loads(certificate)
        print("proven:", ", ".join(check(read, snapshot)))
        for one in read.get("accepted", ()):
            print("accepted:", seen(f"{one['name']}, by {one['owner']} until {one['expires']}: {one['reason']}"))
        print("\n".join([*stated(read), *trusted(snapshot)]), flush=True)
    except RefusedError as error:
        print("refused:", seen(str(error)), file=sys.stderr)
        return 1
    except Exception as error:  # noqa: BLE001 - whatever cannot be read proves nothing
        print("cannot tell:", seen(repr(error)), file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
