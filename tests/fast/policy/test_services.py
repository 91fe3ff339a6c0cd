"""The platform's services as rules: what each end allows fits the other, and nothing is there that nobody declared."""

from __future__ import annotations

from ipaddress import ip_address, ip_network
from itertools import chain, combinations
from typing import TYPE_CHECKING

import pytest
import yaml

from infra.declaration import addresses, load_platform, names
from infra.declaration.model import Platform, Protocol
from infra.declaration.services import OFFERED
from infra.policy.bastion import bastion_rules, services_server_rules
from infra.policy.rules import Direction, Match
from infra.policy.services import Service, client_rules, declared_services, services_rules
from tests.fast.declaration.declared import PLATFORM as TREE
from tests.fast.declaration.declared import SERVICES, changed

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.fast
SERVER = ip_network("172.29.0.200")
BASTION = ip_network("172.29.0.10")
POOL = ip_network("172.30.0.0/16")
SSH = Match(Protocol.TCP, 22, 22)
SUBSETS = list(chain.from_iterable(combinations(Service, size) for size in range(1, len(Service) + 1)))


def offering(services: tuple[Service, ...]) -> Platform:
    """Return a platform that declares some services."""
    declared = {key: value for key, value in SERVICES.items() if key not in set(Service) - set(services)}
    return Platform.model_validate(changed(TREE, {"services": declared}))


def test_a_platform_without_services_has_no_rule_for_them() -> None:
    """No address, no rule, and the bastion's rules are those of ever: SSH in, and SSH to the servers."""
    platform = Platform.model_validate(TREE)
    assert (declared_services(platform), client_rules(platform), services_server_rules(platform)) == ((), (), ())
    assert addresses.services_address(platform) is None
    assert [(rule.direction, str(rule.peer)) for rule in bastion_rules(platform)] == [
        ("ingress", "192.0.2.0/24"),
        ("egress", "172.30.0.0/16"),
    ]


def test_every_service_has_its_words_and_its_ports() -> None:
    """The closed set of the policy is that of the declaration, each with ports, a TCP port and a reason."""
    assert {service.value for service in Service} == OFFERED.keys() == SERVICES.keys() - {"host", "flavor", "store"}
    assert all(service.matches and service.port and service.reason for service in Service)


@pytest.mark.parametrize("services", SUBSETS, ids=", ".join)
def test_what_a_client_may_send_the_server_takes_and_nothing_else(services: tuple[Service, ...]) -> None:
    """Both ends are rendered from one set: each service from the pool and from the bastion, on its own ports only."""
    platform = offering(services)
    assert declared_services(platform) == services
    sent = {rule.match for rule in client_rules(platform)}
    assert sent == {match for service in services for match in service.matches}
    assert {(rule.direction, rule.peer) for rule in client_rules(platform)} == {(Direction.EGRESS, SERVER)}
    taken = {(rule.match, rule.peer) for rule in services_server_rules(platform) if rule.direction is Direction.INGRESS}
    assert taken == {(match, client) for match in sent for client in (POOL, BASTION)} | {(SSH, BASTION)}


def test_the_server_asks_only_whom_the_platform_declares() -> None:
    """NTS adds the exchange of keys; a mirror is asked on the port of its URL."""
    asked = {
        (str(rule.match), str(rule.peer.network_address))
        for rule in services_server_rules(offering(tuple(Service)))
        if rule.direction is Direction.EGRESS
    }
    assert asked == {
        ("udp 123", "198.51.100.4"),
        ("tcp 4460", "198.51.100.4"),
        ("udp 123", "198.51.100.5"),
        ("tcp 80", "198.51.100.6"),
        ("tcp 8443", "198.51.100.7"),
    }


def test_two_mirrors_on_one_server_are_one_rule() -> None:
    """Neutron takes a rule once."""
    mirrors = {name: {"url": f"http://198.51.100.6/{name}", "suites": ["trixie"]} for name in ("debian", "debian-security")}
    platform = Platform.model_validate(changed(TREE, {"services": SERVICES, "services.packages.mirrors": mirrors}))
    assert [str(rule.match) for rule in services_server_rules(platform) if rule.peer == ip_network("198.51.100.6")] == ["tcp 80"]


def test_the_bastion_is_a_client_and_the_way_in() -> None:
    """It may log in at the services server, and uses what the servers use."""
    platform = offering(tuple(Service))
    to_server = {rule.match for rule in bastion_rules(platform) if rule.peer == SERVER}
    assert to_server == {SSH, *(match for service in Service for match in service.matches)}
    assert addresses.services_address(platform) == ip_address("172.29.0.200")


def test_every_rule_says_who_asked_for_it_and_why() -> None:
    """The key of the platform's declaration is what the rule is called; no name of a tenant's flow can be written so."""
    for rule in (*client_rules(offering(tuple(Service)), "acme"), *services_server_rules(offering(tuple(Service)))):
        assert rule.origin.owner == names.PLATFORM
        assert rule.origin.reason
        assert rule.origin.flow in {"management", *(f"services.{service}" for service in Service)}


def test_every_rule_of_a_service_leads_to_the_line_that_declares_it(tmp_path: Path) -> None:
    """File and line of the service's key, on both ends; a platform that was not read from a file has neither."""
    file = tmp_path / "Pulumi.platform.yaml"
    tree = {"config": {"ringfence:platform": changed(TREE, {"services": SERVICES})}}
    file.write_text(yaml.safe_dump(tree, sort_keys=False), encoding="utf-8")
    lines = file.read_text(encoding="utf-8").splitlines()
    platform = load_platform(file).platform
    for rule in (*client_rules(platform, "acme"), *services_rules(platform)):
        assert rule.origin.file == file.name
        assert f"services.{lines[rule.origin.line - 1].strip().rstrip(':')}" == rule.origin.flow
    assert {(rule.origin.file, rule.origin.line) for rule in client_rules(offering(tuple(Service)))} == {("", 0)}


def test_no_router_gets_the_address_of_the_services_server() -> None:
    """The backbone has one address less for tenants."""
    platform = offering(tuple(Service))
    assert addresses.services_address(platform) not in set(addresses.backbone_hosts(platform))
    assert addresses.most_on_backbone(platform) == addresses.most_on_backbone(Platform.model_validate(TREE)) - 1
