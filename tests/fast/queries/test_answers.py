"""Exact answers on small clouds: what passes, who can reach, why and why not."""

from __future__ import annotations

import pytest

from infra.errors import QuestionError
from infra.neutron.semantics.compile import compile_fabric
from infra.neutron.semantics.directory import Directory
from infra.packets.text import parse_l4
from infra.queries import answers, explain
from infra.queries.sides import INTERNET, Side
from infra.queries.traffic import ReachableTraffic
from tests.fast.neutron.clouds import Cloud, allow, two_tenants

pytestmark = pytest.mark.fast


def service(text: str) -> answers.AskedService:
    """Return a service by its text."""
    return answers.AskedService(*parse_l4(text), text)


class Asked:
    """A cloud with a directory, ready for questions by name."""

    def __init__(self, cloud: Cloud) -> None:
        snapshot = cloud.snapshot()
        fabric = compile_fabric(snapshot)
        self.reachable, self.directory = ReachableTraffic(fabric), Directory(snapshot, fabric)

    def can(self, source: str, target: str, what: str | None = None) -> list[str]:
        """Return what passes as sentences."""
        asked = service(what) if what else None
        found = answers.can(self.reachable, self.directory.find(source), self.directory.find(target), asked)
        return [sentence for traffic in found for sentence in answers.sentences(traffic)]


def two_zones() -> Cloud:
    """One tenant: web and db on networks of their own, joined by an edge router; PostgreSQL from web's address only; HTTPS for all."""
    cloud = Cloud()
    cloud.project("acme")
    cloud.network("public", "", "203.0.113.0/24", external=True)
    cloud.network("app", "acme", "10.0.0.0/24")
    cloud.network("data", "acme", "10.0.1.0/24")
    cloud.router("edge", "acme", external="public", address="203.0.113.5")
    cloud.leg("edge", "app", "10.0.0.1")
    cloud.leg("edge", "data", "10.0.1.1")
    cloud.group("web", "acme", allow("ingress", "0.0.0.0/0", "tcp", (443, 443)), allow("egress", "10.0.1.12/32", "tcp", (5432, 5440)))
    cloud.group("db", "acme", allow("ingress", "10.0.0.0/28", "tcp", (5430, 5433)))
    for name, network, address in (("web", "app", "10.0.0.11"), ("db", "data", "10.0.1.12")):
        cloud.server(name, "acme")
        cloud.port(f"{name}-port", network, "acme", address, groups=(name,), device_id=name)
    cloud.floating("203.0.113.60", "web-port")
    return cloud


def test_what_passes_is_the_intersection_of_both_filters() -> None:
    """The source's and the target's rules are cut down to the ports and addresses that both allow."""
    assert Asked(two_zones()).can("acme/web", "acme/db") == ["tcp/5432-5433 from 10.0.0.11 to 10.0.1.12"]


def test_nothing_passes_back_without_a_rule() -> None:
    """Replies need no rule, but a connection in the other direction does."""
    assert Asked(two_zones()).can("acme/db", "acme/web") == []


def test_a_service_is_cut_out_of_the_answer() -> None:
    """A question about one port is answered for that port, and a port beside it is not open."""
    asked = Asked(two_zones())
    assert asked.can("acme/web", "acme/db", "tcp/5433") == ["tcp/5433 from 10.0.0.11 to 10.0.1.12"]
    assert asked.can("acme/web", "acme/db", "tcp/5434") == []


def test_the_internet_comes_in_by_the_floating_ip_only() -> None:
    """A server with a floating IP is reached from outside, one without is not."""
    asked = Asked(two_zones())
    assert asked.can("internet", "acme/web") == ["tcp/443 from internet to 10.0.0.11"]
    assert asked.can("internet", "acme/db") == []


def test_a_floating_ip_is_a_way_between_tenants() -> None:
    """By its public address a service open to everybody is open to another tenant, whose router's address it sees."""
    asked = Asked(two_tenants())
    found = answers.can(asked.reachable, asked.directory.find("acme/web/app"), asked.directory.find("globex/web/app"), service("tcp/80"))
    assert [traffic.links for traffic in found] == [("by the public address 203.0.113.61",)]
    assert found[0].public_address is not None


def test_a_private_source_does_not_come_in_by_a_public_address() -> None:
    """A rule for 10.0.0.0/24 admits the own zone, not a stranger who has the same addresses behind a router that translates."""
    cloud = two_tenants()
    cloud.group("globex-open", "globex", allow("ingress", "10.0.0.0/24", "tcp", (22, 22)))

    assert Asked(cloud).can("acme/web", "globex/web", "tcp/22") == []
    cloud.router("acme-edge", "acme", external="public", address="203.0.113.20", snat=False)
    assert Asked(cloud).can("acme/web/app", "globex/web/app", "tcp/22") == ["tcp/22 from 10.0.0.11 to 10.0.0.11"]


def test_equal_addresses_of_two_tenants_are_not_confused() -> None:
    """10.0.0.11 exists in both tenants: within its own tenant the address is found, and no private path leads to the other."""
    asked = Asked(two_tenants())
    mine, both = asked.directory.find("acme/10.0.0.11"), asked.directory.find("10.0.0.11")
    assert len(mine) == 1
    assert len(both) == 2
    assert isinstance(mine[0], Side)
    links = [traffic.links for target in both for traffic in asked.reachable.between(mine[0], target) if target != mine[0]]
    assert links == [("by the public address 203.0.113.61",)]


def test_who_can_reach_lists_everybody_with_a_path_and_a_rule() -> None:
    """The web server and nobody else reaches the database; everybody outside reaches the web server."""
    asked = Asked(two_zones())
    targets = [place for place in asked.directory.find("acme/db") if isinstance(place, Side)]
    names = [traffic.source.name for traffic in answers.who_can_reach(asked.reachable, targets, service("tcp/5432"))]
    assert names == ["web-port"]
    web = [place for place in asked.directory.find("acme/web") if isinstance(place, Side)]
    assert [traffic.source for traffic in answers.who_can_reach(asked.reachable, web, service("tcp/443"))] == [INTERNET]


def reachers(cloud: Cloud, target: str, what: str) -> list[str]:
    """Return the names of who can reach a service."""
    asked = Asked(cloud)
    targets = [place for place in asked.directory.find(target) if isinstance(place, Side)]
    return [traffic.source.name for traffic in answers.who_can_reach(asked.reachable, targets, service(what))]


def test_who_comes_by_a_public_address_is_named_where_it_matters() -> None:
    """A service open to all the internet names nobody else; one that admits a tenant's router names the servers behind it."""
    cloud = two_tenants()
    cloud.group(
        "globex-open", "globex", allow("ingress", "0.0.0.0/0", "tcp", (443, 443)), allow("ingress", "203.0.113.20/32", "tcp", (22, 22))
    )

    assert reachers(cloud, "globex/web/app", "tcp/443") == ["internet"]
    assert reachers(cloud, "globex/web/app", "tcp/22") == ["acme-web-app", "internet"]
    cloud.router("acme-edge", "acme", external="public", address="203.0.113.20", snat=False)
    cloud.group("globex-open", "globex", allow("ingress", "10.0.0.0/24", "tcp", (22, 22)))
    assert reachers(cloud, "globex/web/app", "tcp/22") == ["acme-web-app"]


def test_a_question_about_everybody_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """More pairs than anybody could read are an error that says what to name instead."""
    monkeypatch.setattr(answers, "MOST_PAIRS", 1)
    with pytest.raises(QuestionError, match="name a tenant"):
        Asked(two_tenants()).can("10.0.0.0/8", "172.16.0.0/12")


@pytest.mark.parametrize(("what", "whole"), [("tcp/5432-5433", True), ("tcp/5432", True), ("tcp/5432-5434", False), ("udp/5432", False)])
def test_a_service_passes_whole_or_not(what: str, *, whole: bool) -> None:
    """Only a service of which every packet passes counts as passing."""
    asked = Asked(two_zones())
    found = answers.can(asked.reachable, asked.directory.find("acme/web"), asked.directory.find("acme/db"), service(what))
    assert answers.passes_whole(found, service(what)) is whole


def test_why_names_the_rules_of_both_sides_and_the_path() -> None:
    """The reason has the egress rule of the source, the ingress rule of the target and the router between them."""
    asked = Asked(two_zones())
    (reason,) = explain.why(asked.reachable, asked.directory.find("acme/web"), asked.directory.find("acme/db"), service("tcp/5432"))
    assert [origin.rule for origin in reason.leaving] == ["web/1"]
    assert [origin.rule for origin in reason.entering] == ["db/0"]
    assert reason.traffic.links == ("on network app", "router edge delivers 10.0.1.0/24 on network data")


def test_why_not_names_every_place_that_stops_the_packets() -> None:
    """A denied port is stopped by both filters, each with the rule that would open it; the path is there."""
    asked = Asked(two_zones())
    denial = explain.why_not(asked.reachable, asked.directory.find("acme/db")[0], asked.directory.find("acme/web")[0], service("tcp/22"))
    assert [block.where for block in denial.blocks] == ["egress of db-port", "ingress of web-port"]
    assert denial.blocks[0].change == "a rule: egress tcp/22 to 10.0.0.11"


def test_why_not_says_that_there_is_no_path() -> None:
    """Two tenants' private networks have no path, and no rule would change that."""
    asked = Asked(two_tenants())
    source, target = asked.directory.find("acme/web/management")[0], asked.directory.find("globex/web/management")[0]
    denial = explain.why_not(asked.reachable, source, target, service("tcp/22"))
    assert denial.blocks[0].where == "the path"
    assert denial.blocks[0].change == "none: two tenants' networks are apart on purpose"


def test_a_question_takes_two_words_for_who_is_outside() -> None:
    """``outside`` is the question's own word; ``internet`` is taken as well, and means the same there."""
    directory = Asked(two_zones()).directory
    assert directory.find("outside") == directory.find("internet") == (INTERNET,)


def test_a_private_server_has_no_way_in_from_outside() -> None:
    """Without a public address there is no way in, whatever the rules say."""
    asked = Asked(two_zones())
    denial = explain.why_not(asked.reachable, INTERNET, asked.directory.find("acme/db")[0], service("tcp/5432"))
    assert denial.blocks[0].text == "db-port has no public address"


def test_what_passes_has_no_block_and_what_does_not_has_one() -> None:
    """``can`` and ``why-not`` agree on every pair and service of the cloud."""
    asked = Asked(two_zones())
    sides = [place for name in ("acme/web", "acme/db") for place in asked.directory.find(name)]
    for what in ("tcp/443", "tcp/5432", "tcp/5434", "udp/53", "icmp/8"):
        for source in [INTERNET, *sides]:
            for target in [*sides, INTERNET]:
                if source == target:
                    continue
                passes = answers.passes_whole(answers.can(asked.reachable, [source], [target], service(what)), service(what))
                blocks = explain.why_not(asked.reachable, source, target, service(what)).blocks
                assert passes is (not blocks), (what, source.name, target.name, blocks)


def test_a_stranger_is_stopped_as_the_stranger_that_the_target_sees() -> None:
    """By a public address the target sees the router's address: a rule for its own zone is no rule for that."""
    cloud = two_tenants()
    cloud.group("globex-open", "globex", allow("ingress", "10.0.0.0/24", "tcp", (22, 22)))
    asked = Asked(cloud)
    source, target = asked.directory.find("acme/web/app")[0], asked.directory.find("globex/web/app")[0]

    (block,) = explain.why_not(asked.reachable, source, target, service("tcp/22")).blocks
    assert block.text == "no rule of globex-web-app lets it take tcp/22 from 203.0.113.20, 203.0.113.60"


@pytest.mark.parametrize(
    ("source", "target", "lines"),
    [
        ("acme/web", "acme/db", ("flows:", "  NAME: {from: web, to: db, protocol: tcp, ports: [22], reason: WHY, owner: WHO}")),
        ("internet", "acme/db", ("flows:", "  NAME: {from: internet, to: db, protocol: tcp, ports: [22], reason: WHY, owner: WHO}")),
        ("acme/web", "globex/db", ()),
    ],
)
def test_the_smallest_change_is_a_flow_of_one_tenant(source: str, target: str, lines: tuple[str, ...]) -> None:
    """The suggested flow stands in one tenant's declaration; between two tenants none is suggested."""
    assert explain.suggested_flow(source, target, service("tcp/22")) == lines


def test_an_unknown_name_is_refused_with_the_nearest_ones() -> None:
    """A misspelt server is an error that names what was probably meant, never an empty answer."""
    with pytest.raises(QuestionError, match="acme/web"):
        Asked(two_zones()).directory.find("acme/wep")
