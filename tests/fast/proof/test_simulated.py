"""Random clouds, judged by the engine and by a naive simulation packet by packet: the same pairs of tenants, both ways."""

from __future__ import annotations

import json
from functools import cache
from itertools import product
from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from infra.neutron.semantics.compile import compile_fabric
from infra.neutron.snapshot import AddressPair, Port
from infra.neutron.snapshot.store import dumps
from infra.proof import Claim, Verdict, prove
from infra.proof.certificate import certify
from infra.proof.packets import adjacency, by_ends, to_all
from infra.proof.structure import _crossings, structural
from infra.reachability.filtering import Filtering
from infra.reachability.paths import Paths, askers_of
from ringfence.checker.conditions import check
from ringfence.checker.rules import RefusedError
from tests.fast.neutron.clouds import Cloud, allow
from tests.fast.proof.simulator import Simulator, addresses

if TYPE_CHECKING:
    from infra.neutron.snapshot import Rule, Snapshot
    from infra.reachability.fabric import Fabric

pytestmark = pytest.mark.fast

SEEDS = 75
PORTS = (21, 22, 23, 80, 443, 8080)
Pair = tuple[str, str]


def random_cloud(random: Random) -> Snapshot:
    """Return a small cloud in which anything may be joined to anything."""
    cloud = Cloud()
    tenants = ["a", "b", "c"]
    for tenant in tenants:
        cloud.project(tenant)
        cloud.group(f"group-{tenant}", tenant, *(_rule(random, tenants) for _ in range(random.randint(0, 4))))
    cloud.project("p", platform=True)
    cloud.network("public", "p", "203.0.113.0/28", external=True)
    networks = []
    for number in range(random.randint(2, 5)):
        cidr = f"10.0.{random.choice((0, 0, number))}.0/{random.choice((24, 25, 26))}"
        cloud.network(f"n{number}", random.choice(tenants), cidr, gateway=False)
        networks.append((f"n{number}", cidr))
    for number in range(random.randint(1, 4)):
        outside = {"external": "public", "address": f"203.0.113.{number + 2}"} if random.random() < 0.5 else {}
        cloud.router(f"r{number}", "p", **outside)  # type: ignore[arg-type] # texts only
        for network, cidr in random.sample(networks, random.randint(1, min(3, len(networks)))):
            cloud.leg(f"r{number}", network, cidr.rsplit(".", 1)[0] + f".{number + 1}", project="p")
        for _ in range(random.choice((0, 0, 1, 2))):
            hop = random.choice(
                ["203.0.113.2", "203.0.113.3", *(cidr.rsplit(".", 1)[0] + f".{random.randint(1, 12)}" for _, cidr in networks)]
            )
            cloud.route(f"r{number}", random.choice(["10.0.0.0/16", "10.0.0.0/25", "0.0.0.0/0", networks[0][1]]), hop)
    for number in range(random.randint(3, 7)):
        _port(cloud, random, number, networks)
    return cloud.snapshot()


@cache
def of_seed(seed: int) -> tuple[Snapshot, Fabric, Simulator]:
    """Return the random cloud of a seed, and what it means to the engine and to the simulation; three tests look at each."""
    snapshot = random_cloud(Random(seed))  # noqa: S311 - repeatable, not secret
    return snapshot, compile_fabric(snapshot), Simulator(snapshot)


def _port(cloud: Cloud, random: Random, number: int, networks: list[tuple[str, str]]) -> None:
    network, cidr = random.choice([*networks, ("public", "203.0.113.0/28")] if random.random() < 0.1 else networks)
    owner = cloud.records[f"Network {network}"].project_id  # type: ignore[attr-defined] # a network
    tenant = random.choice("abc") if random.random() < 0.1 or owner == "p" else owner
    name = f"port{number}"
    groups = tuple(f"group-{g}" for g in random.sample("abc", random.randint(0, 2)))
    cloud.port(name, network, tenant, cidr.rsplit(".", 1)[0] + f".{random.randint(8, 14)}", groups=groups, mac_address="")
    if random.random() < 0.15:
        cloud.change(Port, name, port_security_enabled=False, security_groups=())
    elif random.random() < 0.15:
        cloud.change(Port, name, allowed_address_pairs=(AddressPair(ip_address=random.choice(["10.0.0.0/28", "10.0.1.9/32"])),))


def _rule(random: Random, tenants: list[str]) -> Rule:
    ports = random.choice([None, (22, 22), (22, 80), (443, 8080)])
    direction = random.choice(["ingress", "egress"])
    if random.random() < 0.3:
        return allow(direction, None, "tcp", ports, remote_group_id=f"group-{random.choice(tenants)}")
    return allow(
        direction, random.choice([None, "10.0.0.0/24", "10.0.0.8/30", "10.0.0.0/8", "203.0.113.0/28", "224.0.0.0/28"]), "tcp", ports
    )


def simulated(simulator: Simulator, *, answers: bool = False) -> tuple[set[Pair], set[Pair]]:
    """Return the pairs of ports of different tenants joined by a path, and the tenants between which a TCP packet passes.

    With ``answers``, also what connection tracking takes for an answer passes.
    """
    candidates = addresses(simulator.snapshot)
    joined: set[Pair] = set()
    passing: set[Pair] = set()
    senders_of = {source.id: simulator.sources(source, candidates) for source in simulator.ends}
    for source, destination in product(simulator.ends, candidates):
        senders = senders_of[source.id]
        addressed = simulator.deliveries(source, destination)
        for end in addressed | simulator.neighbours(source):
            target = simulator.ports[end]
            if target.project_id == source.project_id or _is_public(simulator, source, target):
                continue
            pair = (source.project_id, target.project_id)
            joined.add((source.id, target.id))
            for number in PORTS if pair not in passing else ():
                out = simulator.allows(source, "egress", destination, number)
                out = out or (answers and simulator.may_be_asked(source, destination))
                asked = answers and end in addressed
                if out and any(
                    simulator.allows(target, "ingress", one, number) or (asked and simulator.asks(target, one)) for one in senders
                ):
                    passing.add(pair)
    return joined, passing


def _is_public(simulator: Simulator, source: Port, target: Port) -> bool:
    """Servers on the external network are reached by public addresses, which is another claim, unless the source is there too."""
    return simulator.networks[target.network_id].external and source.network_id != target.network_id


def judged(fabric: Fabric, *, answers: bool = False) -> tuple[set[Pair], set[Pair]]:
    """Return the same from the engine."""
    paths = Paths(fabric)
    names = [party.name for party in fabric.parties]
    ends = fabric.endpoints
    crossings = [crossing for crossing in _crossings(paths) if not crossing.leaves_cloud]
    joined: set[Pair] = set()
    for crossing in crossings:
        sources = [s for s in paths.of_party[crossing.party].tolist() if ends.segment[s] == crossing.origin]
        for endpoint in paths.on_segment[crossing.delivery.segment].tolist():
            if ends.party[endpoint] != crossing.party and paths.reaches(endpoint, crossing.delivery):
                joined.update((ends.ids[source], ends.ids[endpoint]) for source in sources)
    askers = {crossing.party: askers_of(paths, crossing.party) for crossing in crossings} if answers else None
    groups = by_ends(crossings)
    found = Filtering(fabric, [adjacency(paths, group) for group in groups], askers).passing()
    found += to_all(paths, [group for group in groups if group[0].delivery.is_beside], askers)
    return joined, {(names[int(ends.party[p.sources[0]])], names[int(ends.party[p.targets[0]])]) for p in found}


@pytest.mark.parametrize("answers", [False, True])
@pytest.mark.parametrize("block", range(5))
def test_engine_and_simulation_agree(block: int, answers: bool) -> None:  # noqa: FBT001 - a parameter of the test
    """The engine finds exactly the joined pairs of ports, and exactly the tenants between which a packet passes."""
    leaks = 0
    for seed in range(block * SEEDS // 5, (block + 1) * SEEDS // 5):
        _, fabric, simulator = of_seed(seed)
        wanted = simulated(simulator, answers=answers)
        assert judged(fabric, answers=answers) == wanted, f"seed {seed}"
        leaks += bool(wanted[0])
    assert 3 < leaks < SEEDS // 5


def test_engine_and_checker_agree() -> None:
    """On the same random clouds the independent checker confirms exactly the claims that hold: by topology, by groups, or not at all."""
    verdicts = set()
    for seed in range(SEEDS):
        snapshot, fabric, _ = of_seed(seed)
        judgements = prove(fabric, claims={Claim.STRUCTURE, Claim.PACKETS}).judgements
        paths = Paths(fabric)
        certificate = json.loads(json.dumps(certify(paths, judgements, structural(paths)[1])))
        holds = tuple(judgement.claim.value for judgement in judgements if judgement.verdict is Verdict.HOLDS)
        assert confirmed(certificate, dumps(snapshot)) == holds, f"seed {seed}"
        verdicts.add((*(judgement.verdict for judgement in judgements),))
    assert len(verdicts) >= 4, verdicts


def confirmed(certificate: dict[str, Any], snapshot: bytes) -> tuple[str, ...]:
    """Return the claims that the checker confirms."""
    try:
        return check(certificate, snapshot)
    except RefusedError:
        return ()
