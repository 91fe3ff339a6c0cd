"""Every server of the cloud is started anew, before anything is verified: what is green afterwards is what a reboot leaves."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from infra.outcome import CheckVerdict
from infra.ssh.access import PATIENCE_SECONDS, open_bastion, open_server
from ringfence.verify.inventory import SERVICES
from ringfence.verify.probes import session
from ringfence.verify.result import Kind
from ringfence.verify.run import Request, Verification
from tests.live.tools import ask

if TYPE_CHECKING:
    from openstack.connection import Connection

    from infra.ssh.access import Session
    from ringfence.verify.inventory import Inventory
    from ringfence.verify.open import Opened

pytestmark = pytest.mark.live
BOOT_ID = "/proc/sys/kernel/random/boot_id"
STATE_SECONDS = 600.0
"""Nova gives a server two minutes to shut down, and an emulated one needs its time to boot."""


def servers(inventory: Inventory) -> dict[str, str]:
    """Return the id of every server, by the name of its node."""
    facts = inventory.platform_facts
    found = {session.BASTION: facts.bastion.id} | ({SERVICES: facts.services.id} if facts.services else {})
    return found | {f"{one.name}/{name}": server.id for one in inventory.tenants for name, server in one.facts.servers.items()}


def boots(inventory: Inventory) -> dict[str, str]:
    """Log in everywhere, and return which boot every server is in."""
    way = session.jump_host(inventory)
    with open_bastion(way, patience=PATIENCE_SECONDS) as bastion:
        found = {session.BASTION: boot(bastion)}
        for name, target in session.targets(inventory).items():
            with open_server(way, target, via=bastion, patience=PATIENCE_SECONDS) as server:
                found[name] = boot(server)
    return found


def boot(server: Session) -> str:
    """Return what the kernel calls this boot."""
    return server.run(("cat", BOOT_ID)).stdout.strip()


def reboot(cloud: Connection, server: str) -> None:
    """Let a server shut down and start, and wait until Nova has done it."""
    ask(cloud.compute, "POST", f"/servers/{server}/action", {"reboot": {"type": "SOFT"}})
    end = time.monotonic() + STATE_SECONDS
    while (now := ask(cloud.compute, "GET", f"/servers/{server}")["server"]["status"]) != "ACTIVE":
        assert time.monotonic() < end, f"{server} is {now}"
        time.sleep(1)


def faults(opened: Opened) -> list[str]:
    """Return what is not as declared inside the servers: units may still start when SSH answers already."""
    found = Verification(opened.inventory, opened.cloud, opened.identities).run(Request(frozenset({Kind.GUEST})))
    return [f"{one.outcome.check}: {one.outcome.reason}" for one in found.checks if one.outcome.verdict is not CheckVerdict.PASS]


def test_every_server_comes_back_and_lets_its_operator_in(opened: Opened) -> None:
    """All at once, the bastion and the services server with them; each is in another boot than before."""
    every, before = servers(opened.inventory), boots(opened.inventory)
    assert before.keys() == every.keys()
    with ThreadPoolExecutor(len(every)) as pool:
        list(pool.map(lambda server: reboot(opened.cloud, server), every.values()))
    after = boots(opened.inventory)
    end = time.monotonic() + STATE_SECONDS
    while found := faults(opened):
        assert time.monotonic() < end, found
        time.sleep(5)
    assert {name for name, was in before.items() if was and after.get(name) != was} == every.keys()
