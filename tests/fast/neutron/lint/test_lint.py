"""Every kind of finding, each beside a rule that must not be found."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import msgspec
import pytest

from infra.neutron.lint import Finding, FindingKind, lint
from infra.neutron.lint.exceptions import Accepted, subtract
from infra.neutron.lint.sarif import sarif
from infra.neutron.semantics.compile import compile_fabric
from infra.neutron.semantics.filters import Filters
from infra.neutron.semantics.services import Driver
from infra.neutron.snapshot.parts import Source
from infra.packets.packetset import PacketSet
from tests.fast.neutron.clouds import Cloud, allow

if TYPE_CHECKING:
    from infra.neutron.snapshot.parts import Rule

pytestmark = pytest.mark.fast

TODAY = date(2026, 11, 23)
SOURCE = Source(file="Pulumi.acme.yaml", line=7, flow="web", owner="shop team", tenant="acme")


def owned(rule: Rule, **more: str) -> Rule:
    """Return a rule that a declared flow asked for."""
    return msgspec.structs.replace(rule, source=msgspec.structs.replace(SOURCE, **more))


def found(*rules: Rule, driver: Driver = Driver.OVN, attached: bool = True) -> list[Finding]:
    """Return the findings about a group with these rules, on a port or not."""
    cloud = Cloud()
    cloud.project("acme")
    cloud.network("app", "acme", "10.0.0.0/24", "fd00::/64")
    cloud.group("web", "acme", *rules)
    cloud.group("empty", "acme")
    cloud.port("web", "app", "acme", "10.0.0.11", groups=("web",) if attached else ())
    snapshot = cloud.snapshot(driver=driver.value)
    filters = compile_fabric(snapshot).builder
    assert isinstance(filters, Filters)
    return lint(snapshot, filters, driver, TODAY)


HTTPS = owned(allow("ingress", "10.0.0.11/32", "tcp", (443, 443)))

CASES = {
    "a clean rule is no finding": ((HTTPS,), []),
    "a rule written twice": ((HTTPS, HTTPS), [FindingKind.DUPLICATE, FindingKind.DUPLICATE]),
    "a rule inside another": ((HTTPS, owned(allow("ingress", "10.0.0.11/32", "tcp", (440, 450)))), [FindingKind.CONTAINED]),
    "two rules and one that is exactly both": (
        (
            HTTPS,
            owned(allow("ingress", "10.0.0.11/32", "tcp", (444, 450))),
            owned(allow("ingress", "10.0.0.11/32", "tcp", (443, 450))),
        ),
        [FindingKind.CONTAINED, FindingKind.CONTAINED, FindingKind.COVERED],
    ),
    "a rule that only a union covers": (
        (
            owned(allow("ingress", "10.0.0.11/32", "tcp", (440, 446))),
            owned(allow("ingress", "10.0.0.11/32", "tcp", (445, 450))),
            owned(allow("ingress", "10.0.0.11/32", "tcp", (443, 448))),
        ),
        [FindingKind.COVERED],
    ),
    "a remote group without members": ((owned(allow("ingress", None, "tcp", (443, 443), remote_group_id="empty")),), [FindingKind.DEAD]),
    "a prefix far wider than its servers": ((owned(allow("ingress", "10.0.0.0/16", "tcp", (443, 443))),), [FindingKind.OVER_WIDE]),
    "a flow that ran out": ((owned(HTTPS, expires="2026-11-22"),), [FindingKind.EXPIRED]),
    "a flow on its last day": ((owned(HTTPS, expires="2026-11-23"),), []),
    "a rule that nobody asked for": ((allow("ingress", "10.0.0.11/32", "tcp", (443, 443)),), [FindingKind.OWNERLESS]),
    "a flow without an owner": ((owned(HTTPS, owner=""),), [FindingKind.OWNERLESS]),
    "IPv6 open where IPv4 is not": ((owned(allow("ingress", "::/0", "tcp", (443, 443))),), [FindingKind.FAMILY_GAP]),
    "both families open": (
        (owned(allow("ingress", "::/0", "tcp", (443, 443))), owned(allow("ingress", "0.0.0.0/0", "tcp", (443, 443)))),
        [],
    ),
    "DCCP ports that OVN does not match": ((owned(allow("ingress", "10.0.0.11/32", "dccp", (443, 443))),), [FindingKind.DRIVER_DIFFERENCE]),
}


@pytest.mark.parametrize("case", CASES)
def test_findings(case: str) -> None:
    """Exactly the expected kinds are found."""
    rules, kinds = CASES[case]
    assert sorted(finding.kind for finding in found(*rules)) == sorted(kinds)


def test_a_driver_that_enforces_the_ports_has_no_difference() -> None:
    """The iptables driver matches DCCP ports, so there the rule means what it says."""
    rule = owned(allow("ingress", "10.0.0.11/32", "dccp", (443, 443)))
    assert found(rule, driver=Driver.IPTABLES_HYBRID) == []


def test_a_group_on_no_port_is_one_finding() -> None:
    """Rules that are in force nowhere are not judged one by one."""
    assert [finding.kind for finding in found(HTTPS, HTTPS, attached=False)] == [FindingKind.UNATTACHED]


def accepted(packets: str, expires: str = "2027-01-01") -> Accepted:
    """Return an exception in project acme."""
    return Accepted.model_validate(
        {"id": "x1", "project": "acme", "packets": packets, "owner": "a", "ticket": "T-1", "reason": "r", "expires": expires}
    )


def remaining(exception: Accepted) -> list[FindingKind]:
    """Return the kinds that are left of one ownerless rule for HTTPS from 10.0.0.11."""
    findings = found(allow("ingress", "10.0.0.11/32", "tcp", (443, 443)))
    return [one.kind for one in subtract(findings, [exception], lambda _: PacketSet.parse("tcp/443 from 10.0.0.11"), TODAY)]


def test_an_exception_covers_exactly_its_packets() -> None:
    """One that holds all of the rule takes the finding away; one that lacks a port does not, and is used all the same."""
    assert remaining(accepted("tcp/440-450 from 10.0.0.0/24")) == []
    assert remaining(accepted("tcp/443 from 10.0.0.11")) == []


def test_an_exception_that_lacks_an_address_covers_nothing() -> None:
    """The finding stays, and the exception that matches nothing is a finding as well."""
    assert remaining(accepted("tcp/443 from 10.0.0.12")) == [FindingKind.OWNERLESS, FindingKind.EXCEPTION_UNUSED]


def test_an_exception_that_ran_out_counts_for_nothing() -> None:
    """The finding stays and the old exception is found."""
    assert remaining(accepted("tcp/443 from 10.0.0.11", expires="2026-11-22")) == [FindingKind.OWNERLESS, FindingKind.EXCEPTION_EXPIRED]


def test_sarif_points_to_the_line_of_the_declaration() -> None:
    """A finding with a source has file and line; its rule is in the catalogue."""
    log = sarif(found(HTTPS, HTTPS), "1")
    run = log["runs"][0]
    place = run["results"][0]["locations"][0]["physicalLocation"]
    assert place == {"artifactLocation": {"uri": "Pulumi.acme.yaml"}, "region": {"startLine": 7}}
    assert {result["ruleId"] for result in run["results"]} <= {rule["id"] for rule in run["tool"]["driver"]["rules"]}
