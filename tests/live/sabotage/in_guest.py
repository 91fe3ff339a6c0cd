"""Ways to break isolation inside a server. Every one undoes itself when its context ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.live.tools import OPEN, RESTORE, inside, ruleset

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from tests.live.sabotage.scene import Scene


def flushed(scene: Scene) -> AbstractContextManager[None]:
    """Flush the ruleset of a server."""
    return ruleset(scene.stage, scene.target, OPEN)


def guest_rule(scene: Scene) -> AbstractContextManager[None]:
    """Add a rule to the ruleset of a server by hand."""
    add = ("nft", "insert", "rule", "inet", "ringfence", "input", "iifname", "zone0", "accept")
    return inside(scene.stage, scene.target, add, (RESTORE,))


def sshd_on_zone(scene: Scene) -> AbstractContextManager[None]:
    """Let a second SSH daemon listen on a zone's NIC, by a configuration of its own on a port that is nobody's."""
    address = scene.stage.plan.nodes[scene.target].nics[0].addresses[0]
    daemon = f"/usr/sbin/sshd -f /dev/null -h /etc/ssh/ssh_host_ed25519_key -o ListenAddress={address}:2022 -o PidFile=/run/sabotage.pid"
    # The daemon goes into the background before it listens.
    start = f"mkdir -p /run/sshd && {daemon} && for _ in $(seq 100); do [ -s /run/sabotage.pid ] && exit 0; sleep 0.1; done; exit 1"
    stop = "kill $(cat /run/sabotage.pid)"
    return inside(scene.stage, scene.target, ("sh", "-c", start), ("sh", "-c", stop))


def management_default(scene: Scene) -> AbstractContextManager[None]:
    """Give a server a default route through management."""
    hop = str(scene.stage.tenant(scene.tenant).management_router())
    words = ("default", "via", hop, "dev", "mgmt0", "metric", "50")
    return inside(scene.stage, scene.target, ("ip", "route", "add", *words), ("ip", "route", "del", *words))


def guest_route(scene: Scene) -> AbstractContextManager[None]:
    """Give a server a static route to another tenant."""
    words = ("10.99.0.0/24", "via", str(scene.stage.plan.nodes[scene.target].nics[0].gateways[0]))
    return inside(scene.stage, scene.target, ("ip", "route", "add", *words), ("ip", "route", "del", *words))


def forwarding(scene: Scene) -> AbstractContextManager[None]:
    """Let a server forward between its NICs; a kernel that stops to forward believes redirects again, whatever was set before."""
    stop = ("sysctl", "-w", "net.ipv4.ip_forward=0", "net.ipv4.conf.all.accept_redirects=0")
    return inside(scene.stage, scene.target, ("sysctl", "-w", "net.ipv4.ip_forward=1"), stop)
