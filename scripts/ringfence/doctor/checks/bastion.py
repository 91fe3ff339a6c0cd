"""Whether the bastion could be reached from here, as far as that can be told before there is one."""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING

from ringfence.doctor.model import DECLARATION, Check, Facts, Finding, found, lacking, needless, skipped, untold

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ringfence.doctor.model import Way

ANSWERS = frozenset({"ssh", "open", "refused"})
"""What somebody who is reached says, one way or the other."""


def route(facts: Facts) -> Iterator[Finding]:
    """Judge the way to the external network's subnets; with a proxy command it is the proxy's."""
    if facts.seen.here.proxy:
        yield skipped("RINGFENCE_BASTION_PROXY is set: where that command leads is seen when there is a bastion")
        return
    if not facts.seen.ways:
        yield untold("no subnet of the external network is told", f"openstack subnet list --network {facts.platform.external_network}")
    for way in facts.seen.ways:
        yield _way(way)


def _way(way: Way) -> Finding:
    proxy = "export RINGFENCE_BASTION_PROXY='ssh -W %h:%p JUMPHOST'"
    if not way.source:
        return lacking(f"there is no route from here to {way.cidr}", f"ip route add {way.cidr} via GATEWAY, or: {proxy}")
    look = f"ping {way.address}; from a machine that does reach it: {proxy}"
    if way.bastion:
        return (
            found(f"the bastion {way.address} answers, from {way.source}")
            if way.answer == "ssh"
            else lacking(f"the bastion {way.address} does not answer as an SSH server ({way.answer})", look)
        )
    if way.answer not in ANSWERS:
        return untold(f"whether {way.cidr} is reached from here is not told: {way.address} says nothing ({way.answer})", look)
    if way.control in ANSWERS:
        return untold(
            f"whether {way.cidr} is reached from here is not told: somebody on the way answers for addresses that nobody has", look
        )
    return found(f"{way.address} of {way.cidr} answers, from {way.source}")


def allowed(facts: Facts) -> Iterator[Finding]:
    """The address by which this machine goes there is one from which operators may come."""
    if facts.seen.here.proxy:
        yield skipped("RINGFENCE_BASTION_PROXY is set: the bastion sees the address of the machine at its end")
        return
    sources = sorted({way.source for way in facts.seen.ways if way.source})
    allowed_from = facts.platform.bastion.allowed_from
    if not sources:
        yield needless("there is no route from here")
    for source in sources:
        listed = ", ".join(map(str, allowed_from))
        if any(ip_address(source) in prefix for prefix in allowed_from):
            yield found(f"{source} is in {listed}")
        else:
            yield untold(
                f"{source} is not in bastion.allowed_from ({listed}), and whether it is translated on its way is not told",
                f"write {source}/32, or what it is translated to, in Pulumi.platform.yaml: bastion.allowed_from",
            )


CHECKS = (
    Check(
        "bastion-route",
        "The bastion's network can be reached from here",
        "Every login, and the flows inside each server, go through the bastion.",
        (DECLARATION,),
        route,
    ),
    Check(
        "bastion-allowed",
        "The bastion will let this machine in",
        "Its group and its ruleset take SSH from the declared prefixes only.",
        (DECLARATION,),
        allowed,
    ),
)
