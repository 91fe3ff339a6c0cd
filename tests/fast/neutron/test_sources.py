"""Snapshots from the declarations, from a cloud's API and from what the client prints."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from infra.declaration import load_platform, load_tenant
from infra.errors import CloudError, SnapshotError
from infra.neutron.cloud import PAGE, records, sees_everything
from infra.neutron.compile import compile_fabric
from infra.neutron.declared import declared_snapshot
from infra.neutron.intent import declared_intent
from infra.neutron.printed import load_folder
from infra.neutron.services import Driver
from infra.neutron.snapshot import Header, Rule, SecurityGroup, Snapshot
from infra.neutron.store import dumps, from_records, loads
from infra.policy.isolation import Claim, Intent, Proof, Verdict, prove
from tests.fast.neutron.clouds import Cloud, allow, two_tenants

pytestmark = pytest.mark.fast

ROOT = Path(__file__).parents[3]


def declared() -> tuple[Snapshot, Intent]:
    """Return the snapshot and the intent of the stacks in this repository."""
    platform = load_platform(ROOT / "Pulumi.platform.yaml").platform
    tenants = [load_tenant(ROOT / f"Pulumi.{name}.yaml", platform, today=date(2026, 11, 23)) for name in ("acme", "globex")]
    return declared_snapshot(platform, tenants), declared_intent(platform, tenants)


@pytest.mark.parametrize("driver", Driver)
def test_the_declarations_of_this_repository_hold(driver: Driver) -> None:
    """All five claims, under every driver's profile."""
    snapshot, intent = declared()
    found = prove(compile_fabric(snapshot, driver), intent)
    assert {judgement.claim: judgement.verdict for judgement in found.judgements} == dict.fromkeys(Claim, Verdict.HOLDS)


def changed(snapshot: Snapshot, name: str, *rules: Rule) -> Snapshot:
    """Return the snapshot with other rules in a group."""
    cloud = Cloud()
    for line in dumps(snapshot).splitlines()[1:-1]:
        record = loads_one(line)
        cloud.records[str(len(cloud.records))] = record
    for key, record in cloud.records.items():
        if isinstance(record, SecurityGroup) and record.name == name:
            cloud.records[key] = SecurityGroup(id=record.id, name=record.name, project_id=record.project_id, rules=rules)
    return from_records(snapshot.header, cloud.records.values())


def loads_one(line: bytes) -> Any:  # noqa: ANN401 - any record
    """Decode one record."""
    from infra.neutron.store import _decoder  # noqa: PLC0415 - the format's own decoder

    return _decoder.decode(line)


def judged(snapshot: Snapshot, intent: Intent) -> Proof:
    """Prove with an intent."""
    return prove(compile_fabric(snapshot), intent)


def test_a_rule_nobody_declared_is_found_with_its_packets() -> None:
    """An extra rule is shown as the traffic that it adds, with the rule behind it."""
    snapshot, intent = declared()
    found = judged(changed(snapshot, "acme-management", allow("ingress", "0.0.0.0/0", "tcp", (22, 22), id="by-hand")), intent)
    judgement = next(j for j in found.judgements if j.claim is Claim.DECLARED)
    assert judgement.verdict is Verdict.BROKEN
    assert all(d.extra.startswith("tcp/22 from ") for d in judgement.differences)
    assert judgement.differences[0].rules[0].rule == "by-hand"


def test_a_declared_flow_without_its_rule_is_found() -> None:
    """What is missing is shown as well: the service would not work."""
    snapshot, intent = declared()
    found = judged(changed(snapshot, "acme-server-web"), intent)
    judgement = next(j for j in found.judgements if j.claim is Claim.DECLARED)
    assert {d.missing[:7] for d in judgement.differences} >= {"tcp/443"}


def test_a_rule_written_differently_is_the_same() -> None:
    """Equality is of packets: two halves of a prefix are the prefix."""
    snapshot, intent = declared()
    bastion = next(rule for group in snapshot.security_groups if group.name == "acme-management" for rule in group.rules)
    address = str(bastion.remote_ip_prefix).split("/")[0]
    twice = [allow("ingress", address, "6", (22, 22)), allow("ingress", f"{address}/32", "tcp", (22, 22))]
    assert judged(changed(snapshot, "acme-management", *twice), intent).verdict is Verdict.HOLDS


def test_management_that_nobody_declared_is_found() -> None:
    """The bastion may do what is declared and nothing else."""
    snapshot, intent = declared()
    opened = changed(snapshot, "platform-bastion", allow("egress", protocol="tcp"), allow("ingress"))
    opened = changed(opened, "acme-management", allow("ingress", "172.29.0.0/24", "tcp", (20, 30)))
    found = judged(opened, intent)
    judgement = next(j for j in found.judgements if j.claim is Claim.MANAGEMENT)
    assert judgement.verdict is Verdict.BROKEN
    assert judgement.counterexamples[0].source_party == "platform"
    assert judgement.counterexamples[0].target_party == "acme"


def test_every_rule_knows_its_line() -> None:
    """The way back to the declaration: file, line, flow, owner and reason."""
    snapshot, _ = declared()
    rules = [rule for group in snapshot.security_groups if group.name.startswith(("acme-server", "acme-zone")) for rule in group.rules]
    assert rules
    for rule in rules:
        assert rule.source is not None
        assert rule.source.file.endswith("Pulumi.acme.yaml")
        assert rule.source.line > 0
        assert rule.source.owner
        assert rule.source.reason


class Answer:
    """What the API answers."""

    def __init__(self, body: object, status: int = 200) -> None:
        self._body = body
        self.status_code = status

    def json(self) -> Any:  # noqa: ANN401 - JSON
        """Return the body."""
        return self._body


class Service:
    """A service with collections, which counts and pages as the API does."""

    def __init__(self, collections: dict[str, list[dict[str, Any]]], refused: str = "") -> None:
        self._collections = collections
        self._refused = refused
        self.asked: list[str] = []

    def get(self, url: str, *, params: dict[str, Any]) -> Answer:
        """Answer a read."""
        self.asked.append(url)
        key = url.strip("/").split("/")[0].replace("-", "_")
        if key == self._refused:
            return Answer({}, 403)
        if key not in self._collections:
            return Answer({}, 404)
        objects = self._collections[key]
        start = next((n + 1 for n, item in enumerate(objects) if item["id"] == params.get("marker")), 0)
        return Answer({key: objects[start : start + int(params.get("limit", 10**6))]})


class Connection:
    """A cloud with one project, one network and a few ports."""

    def __init__(self, refused: str = "", ports: int = 1) -> None:
        pair = {"ip_address": "10.0.0.99", "mac_address": "fa:16:3e:00:00:09"}
        port = {
            "network_id": "n",
            "tenant_id": "p",
            "fixed_ips": [{"subnet_id": "s", "ip_address": "10.0.0.5"}],
            "device_owner": "compute:nova",
        }
        port |= {"device_id": "v", "security_groups": ["g"], "mac_address": "fa:16:3e:00:00:01", "allowed_address_pairs": [pair]}
        port |= {"port_security_enabled": True, "binding:vnic_type": "normal", "admin_state_up": True, "name": "web"}
        rule = {"id": "r", "direction": "ingress", "ethertype": "IPv4", "protocol": "tcp", "port_range_min": 22, "port_range_max": 22}
        rule |= {"remote_ip_prefix": "0.0.0.0/0", "remote_group_id": None, "description": "flow ssh"}
        self.network = Service(
            {
                "networks": [
                    {
                        "id": "n",
                        "name": "app",
                        "tenant_id": "p",
                        "router:external": False,
                        "shared": False,
                        "provider:network_type": "geneve",
                    }
                ],
                "subnets": [
                    {"id": "s", "network_id": "n", "cidr": "10.0.0.0/24", "gateway_ip": None, "enable_dhcp": False, "tenant_id": "p"}
                ],
                "routers": [
                    {
                        "id": "x",
                        "tenant_id": "p",
                        "external_gateway_info": None,
                        "routes": [{"destination": "10.1.0.0/16", "nexthop": "10.0.0.9"}],
                    }
                ],
                "ports": [{**port, "id": f"port-{number}"} for number in range(ports)],
                "security_groups": [{"id": "g", "name": "web", "tenant_id": "p", "stateful": True, "security_group_rules": [rule]}],
                "rbac_policies": [],
                "floatingips": [],
                "vpn": [{"id": "v", "name": "tunnel"}],
            },
            refused,
        )
        self.network._collections["vpnservices"] = []
        self.identity = Service({"projects": [{"id": "p", "name": "acme"}, {"id": "q", "name": "operations"}]})
        self.compute = Service({"servers": [{"id": "v", "name": "web", "tenant_id": "p"}]})


def read(connection: Connection) -> Snapshot:
    """Read a cloud."""
    return from_records(Header(format=1, origin="cloud"), records(connection, {"operations"}))


def test_a_cloud_is_read() -> None:
    """Everything that decides is there: roles, rules, pairs, routes."""
    snapshot = read(Connection())
    assert [(p.name, p.role) for p in snapshot.projects] == [("acme", "tenant"), ("operations", "platform")]
    assert snapshot.ports[0].allowed_address_pairs[0].ip_address == "10.0.0.99"
    assert snapshot.security_groups[0].rules[0].description == "flow ssh"
    assert snapshot.routers[0].routes[0].nexthop == "10.0.0.9"
    assert loads(dumps(snapshot)) == snapshot


def test_a_large_cloud_is_read_page_by_page() -> None:
    """Markers lead through the pages, nothing twice, nothing left out."""
    connection = Connection(ports=2 * PAGE + 5)
    seen: list[tuple[str, int]] = []
    found = list(records(connection, progress=lambda section, count: seen.append((section, count))))
    assert sum(type(record).__name__ == "Port" for record in found) == 2 * PAGE + 5
    assert [count for section, count in seen if section == "ports"] == [PAGE, 2 * PAGE, 2 * PAGE + 5]


def test_a_refused_read_is_an_error() -> None:
    """A credential that may not read something gives no partial snapshot."""
    with pytest.raises(CloudError, match="/ports"):
        read(Connection(refused="ports"))


def test_whether_everything_is_seen() -> None:
    """Provider attributes are shown to those who see all."""
    connection = Connection()
    assert sees_everything(connection)
    del connection.network._collections["networks"][0]["provider:network_type"]
    assert not sees_everything(connection)


def test_a_missing_field_is_an_error_not_a_default() -> None:
    """A port without its owner could be anything."""
    connection = Connection()
    del connection.network._collections["ports"][0]["device_owner"]
    with pytest.raises(SnapshotError, match="ports port-0: a field is missing"):
        read(connection)


PRINTED: dict[str, list[dict[str, Any]]] = {
    "projects": [{"id": "p", "name": "acme"}],
    "networks": [
        {"id": "n", "name": "app", "project_id": "p", "router:external": "Internal", "shared": False, "port_security_enabled": True}
    ],
    "subnets": [{"id": "s", "network_id": "n", "cidr": "10.0.0.0/24", "gateway_ip": "10.0.0.1", "enable_dhcp": True, "project_id": "p"}],
    "routers": [{"id": "r", "project_id": "p", "external_gateway_info": None, "routes": []}],
    "ports": [
        {
            "id": "one",
            "network_id": "n",
            "project_id": "p",
            "fixed_ips": [{"subnet_id": "s", "ip_address": "10.0.0.5"}],
            "device_owner": "compute:nova",
            "device_id": "v",
            "security_group_ids": ["g"],
            "allowed_address_pairs": [],
            "port_security_enabled": True,
        }
    ],
    "security_groups": [{"id": "g", "name": "web", "project_id": "p", "stateful": True, "rules": []}],
    "floating_ips": [],
    "security_group_rules": [
        {
            "ID": "x",
            "IP Protocol": "icmp",
            "Ethertype": "IPv4",
            "IP Range": "0.0.0.0/0",
            "Port Range": "type=8:code=0",
            "Direction": "ingress",
            "Remote Security Group": None,
            "Remote Address Group": None,
            "Security Group": "g",
        }
    ],
}


def folder(path: Path, **changes: object) -> Path:
    """Write the client's files; ``None`` leaves one out."""
    for section, objects in {**PRINTED, **changes}.items():
        if objects is not None:
            (path / f"{section}.json").write_text(objects if isinstance(objects, str) else json.dumps(objects))
    return path


def test_printed_files_are_read(tmp_path: Path) -> None:
    """The client's words for fields, ports and yes or no."""
    snapshot = load_folder(folder(tmp_path))
    rule = snapshot.security_groups[0].rules[0]
    assert (rule.protocol, rule.port_range_min, rule.port_range_max) == ("icmp", 8, 0)
    assert snapshot.ports[0].security_groups == ("g",)
    assert snapshot.networks[0].external is False


REFUSED = {
    "a file is missing": ({"ports": None}, "expected: ports.json"),
    "a file with a strange name": ({"portz": []}, "portz.json: this file stands for nothing"),
    "no JSON": ({"ports": "ports"}, "ports.json: the file is not JSON"),
    "a list without the fields": ({"ports": [{"ID": "one", "Name": "web"}]}, "a field is missing"),
    "a rule of no listed group": (
        {"security_groups": [{"id": "h", "project_id": "p", "rules": []}]},
        "rules of groups that are not listed",
    ),
    "neither yes nor no": ({"networks": [{**PRINTED["networks"][0], "shared": "perhaps"}]}, "this is neither yes nor no"),
}


@pytest.mark.parametrize(("changes", "message"), REFUSED.values(), ids=REFUSED)
def test_a_bad_folder_is_refused(tmp_path: Path, changes: dict[str, object], message: str) -> None:
    """The error names file and record; nothing is half-read."""
    with pytest.raises(SnapshotError) as error:
        load_folder(folder(tmp_path, **changes))
    assert message in str(error.value)


def test_the_two_tenants_survive_a_round_trip() -> None:
    """What is written reads back equal, whatever the source."""
    snapshot = two_tenants().snapshot()
    assert loads(dumps(snapshot)) == snapshot
