"""What Neutron can do: extensions, the external network, MTU, agents with their firewall driver, and what that does not enforce."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.neutron.semantics.drivers import PROFILES
from infra.neutron.semantics.extensions import not_known
from infra.neutron.semantics.services import Driver
from infra.neutron.sources import gaps
from infra.neutron.sources.cloud import driver_of_agents
from ringfence.doctor.extensions import EXTENSIONS, EXTERNALS, WORTH_HAVING
from ringfence.doctor.model import DECLARATION, Check, Facts, Finding, found, lacking, needless, skipped, untold
from ringfence.doctor.reads import OK, SUBNETS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ringfence.doctor.model import Json

IPV6_MTU = 1280
"""The least MTU on which IPv6 works (RFC 8200, section 5)."""
SRIOV = "neutron-sriov-nic-agent"
SERVERS = "compute:"
"""How the owner of a server's port begins; the availability zone follows."""


def extensions(facts: Facts) -> Iterator[Finding]:
    """Hold each extension that is needed against those of the cloud."""
    aliases = {row["alias"] for row in facts.rows("extensions")}
    declared = EXTERNALS if any(one.tenant.externals for one in facts.declared.tenants) else ""
    missing = [one for one in EXTENSIONS if one.alias not in aliases]
    for one in missing:
        when = f"; {'a tenant declares some' if declared else 'no tenant declares any today'}" if one.since else ""
        what = f"the extension {one.alias} is missing, which is for {one.needed_for}{when}"
        mend = f"load its plug-in (service_plugins or extension_drivers in Neutron's configuration); openstack extension show {one.alias}"
        yield lacking(what, mend) if one.since in {"", declared} else found(what)
    yield found(f"{len(EXTENSIONS) - len(missing)} of {len(EXTENSIONS)} extensions that ringfence uses")
    for one in WORTH_HAVING:
        if one.alias not in aliases:
            yield found(f"without {one.alias}, which would be for {one.needed_for}")


def understood(facts: Facts) -> Iterator[Finding]:
    """Name every extension of which the proof does not know what it does to packets."""
    aliases = [row["alias"] for row in facts.rows("extensions")]
    unknown = list(not_known(aliases))
    for one in unknown:
        yield lacking(
            f"{one.type}: {one.reason}, so `prove` on this cloud cannot tell",
            "if it is harmless, answer for it in ringfence-exceptions.yaml: "
            f'accepted: [{{name: "{one.type}", owner: WHO, reason: WHY, expires: YYYY-MM-DD}}]',
        )
    if not unknown:
        yield found(f"all {len(aliases)}")


def declared_external(facts: Facts) -> list[Json]:
    """Return the external networks with the declared name or id."""
    wanted = facts.platform.external_network
    return [row for row in facts.rows("external") if wanted in {row["name"], row["id"]}]


def external(facts: Facts) -> Iterator[Finding]:
    """The declared external network exists once, is up, has an IPv4 subnet, and may be used for gateways."""
    wanted, rows = facts.platform.external_network, declared_external(facts)
    others = ", ".join(row["name"] or row["id"] for row in facts.rows("external")) or "none"
    if len(rows) != 1:
        number = f"{len(rows)} external networks are" if rows else "no external network is"
        yield lacking(
            f"{number} called {wanted}; there are: {others}",
            "write the name of one in Pulumi.platform.yaml: external_network; or: openstack network create --external "
            f"--provider-network-type flat --provider-physical-network PHYSNET {wanted}",
        )
        return
    (row,) = rows
    if not row["admin_state_up"]:
        yield lacking(f"{wanted} is switched off", f"openstack network set --enable {row['id']}")
    told = facts.about(SUBNETS, row["id"])
    if told is None:
        yield untold(f"the subnets of {wanted} are not told", f"openstack subnet list --network {row['id']}")
        return
    cidrs = [subnet["cidr"] for subnet in told["subnets"] if subnet["ip_version"] == 4]  # noqa: PLR2004 - IPv4
    yield (
        found(f"{wanted}, {', '.join(cidrs)}")
        if cidrs
        else lacking(
            f"{wanted} has no IPv4 subnet",
            f"openstack subnet create --network {row['id']} --no-dhcp --subnet-range PREFIX {wanted}",
        )
    )


def mtu(facts: Facts) -> Iterator[Finding]:
    """Hold the MTU of networks against what IPv6 needs, and those inside against those outside."""
    outside = [(row["name"], int(row["mtu"])) for row in declared_external(facts)]
    inside = [(row["name"] or row["id"], int(row["mtu"])) for row in facts.rows("internal")]
    dual = [one.tenant.name for one in facts.declared.tenants if any(zone.cidr6 for zone in one.tenant.zones.values())]
    for name, size in (*outside, *inside):
        if size < IPV6_MTU:
            who = f"; {', '.join(dual)} declares IPv6" if dual else ""
            yield lacking(
                f"network {name} has MTU {size}, IPv6 needs {IPV6_MTU}{who}",
                f"openstack network set --mtu 1500 {name}; for new ones: global_physnet_mtu in Neutron's configuration",
            )
    for name, size in outside:
        larger = [each for each, other in inside if other > size]
        if larger:
            yield untold(
                f"{', '.join(larger[:3])} take larger packets than {name} ({size}): whether routers tell senders so is in no API",
                f"see ovn_emit_need_to_frag in Neutron's configuration, or: openstack network set --mtu {size} {larger[0]}",
            )
    sizes = (
        f", inside {min(size for _, size in inside)} to {max(size for _, size in inside)} ({len(inside)} networks looked at)"
        if inside
        else ""
    )
    yield found(", ".join(f"{name} {size}" for name, size in outside) + sizes) if outside else skipped("there is no such external network")


def agents(facts: Facts) -> Iterator[Finding]:
    """Every agent lives, and all stand for one firewall driver."""
    rows = facts.rows("agents")
    dead = [row for row in rows if not row["alive"]]
    for row in dead:
        yield lacking(
            f"{row['binary']} on {row['host']} does not report", f"openstack network agent show {row['id']}; restart it on {row['host']}"
        )
    off = [row for row in rows if not row["admin_state_up"]]
    for row in off:
        yield lacking(f"{row['binary']} on {row['host']} is switched off", f"openstack network agent set --enable {row['id']}")
    driver = driver_of_agents(rows)
    kinds = ", ".join(sorted({row["binary"] for row in rows})) or "none"
    if driver is None:
        yield untold(
            f"which firewall driver enforces the groups is not told by the agents ({kinds}): the widest reading would be judged",
            "ringfence prove --state cloud --driver ovn, ovs or iptables_hybrid, whichever it is",
        )
    else:
        yield found(f"firewall driver {driver}, {len(rows)} agents: {kinds}")


def enforcement(facts: Facts) -> Iterator[Finding]:
    """Find bindings of servers' ports on which groups are not enforced."""
    ports = [port for port in facts.rows("bound-ports") if port["device_owner"].startswith(SERVERS)]
    bindings = gaps.Bindings()
    for port in ports:
        bindings.look(port)
    off = list(bindings.unknowns())
    for one in off:
        yield lacking(
            f"port {one.name or one.id}: {one.type}: {one.reason}",
            f"openstack port show {one.id} -c binding_vif_details; look at firewall_driver and enable_security_group on its host",
        )
    if not ports:
        yield needless("no port of a server is bound yet: whether groups are in force `ringfence verify` shows on the first tenant")
    elif not off:
        yield found(f"{len(ports)} ports of servers were looked at")


def left_open(facts: Facts) -> Iterator[Finding]:
    """Say what the driver does not enforce; of one that is not told, whatever any of them does not."""
    rows = facts.rows("agents")
    driver = driver_of_agents(rows)
    profile = PROFILES[Driver(driver) if driver else Driver.WIDEST]
    yield found(f"not filtered by {profile.driver}: {profile.non_ip}")
    if profile.floods:
        yield found(f"{profile.driver} hands frames to all to the other servers of a host without asking their groups")
    for why in dict.fromkeys(f"{one.direction}, IPv{one.family}: {one.why}" for one in profile.implicit):
        yield found(f"{profile.driver} lets pass without a rule: {why}")
    if any(row["binary"] == SRIOV for row in rows):
        yield found("SR-IOV: a port with vnic_type direct passes every packet; ringfence makes none, and `prove` finds those of others")


def default_rules(facts: Facts) -> Iterator[Finding]:
    """Say what a new group begins with; ringfence takes it away."""
    answer = facts.seen.answers["default-rules"]
    aliases = {row["alias"] for row in facts.rows("extensions")}
    if "security-groups-default-rules" not in aliases:
        yield needless("the cloud has no templates: new groups let everything out, until ringfence takes that away")
    elif answer.status != OK:
        yield untold(f"the template is not told ({answer.status})", "openstack default security group rule list")
    else:
        rows = facts.rows("default-rules")
        used = [row for row in rows if row["used_in_non_default_sg"]]
        yield found(f"{len(used)} of {len(rows)} rules are put into new groups, and ringfence takes them away")
        for row in used:
            if row["direction"] == "ingress":
                yield lacking(
                    f"new groups let in from outside: rule {row['id']}", f"openstack default security group rule delete {row['id']}"
                )


CHECKS = (
    Check(
        "extensions", "Neutron has every extension that ringfence uses", "A stack would stop in its middle.", ("extensions",), extensions
    ),
    Check(
        "understood",
        "The proof understands every extension of Neutron",
        "What an extension does to packets that nobody here knows of makes every proof on this cloud `cannot tell`.",
        ("extensions",),
        understood,
    ),
    Check(
        "external-network",
        "The declared external network is there, up, with an IPv4 subnet",
        "The bastion and every public server get their addresses there.",
        (DECLARATION, "external"),
        external,
    ),
    Check(
        "mtu",
        "Packets are large enough for IPv6, and no larger inside than outside",
        "Large packets would be lost without a word, which looks like a flow that does not work.",
        (DECLARATION, "external", "internal"),
        mtu,
    ),
    Check(
        "agents",
        "Agents live, and tell which firewall driver enforces the groups",
        "The proof reads rules as the driver does.",
        ("agents",),
        agents,
    ),
    Check(
        "enforcement",
        "Groups are in force where servers' ports are bound",
        "A port that nothing filters is reached by everybody on its network.",
        ("bound-ports",),
        enforcement,
    ),
    Check(
        "left-open",
        "What the firewall driver leaves open is known",
        "No flow can close it: it is in the proof, and the guest's ruleset is behind it.",
        ("agents",),
        left_open,
    ),
    Check(
        "default-rules",
        "New security groups let nobody in",
        "Between the making of a group and the removal of its first rules there is a moment.",
        ("extensions",),
        default_rules,
    ),
)
