"""What the services are configured with passes the agent of the image, and a mistake in it does not: the daemons themselves say so."""

from __future__ import annotations

import json
from datetime import time
from ipaddress import IPv4Address, ip_network
from typing import TYPE_CHECKING

import pytest

from hardening.bundle import Bundle, Check, digest, encode
from hardening.services import clock, credentials, packages
from tests.truth.image.guest import ONE
from tests.truth.services.papers import Papers

if TYPE_CHECKING:
    from hardening.bundle import GuestFile
    from tests.truth.services.house import Host, House

SERVICES, WEB, UPSTREAM = (IPv4Address(text) for text in ("172.29.0.200", "172.30.0.4", "172.29.0.66"))
FRONT = packages.Front(SERVICES, 443, (ip_network("172.30.0.0/24"),))
MIRROR = packages.Mirror("debian", "http", "deb.example", UPSTREAM, 80, "/debian", ("trixie-security",), ("main",))
AGENT = "/usr/lib/ringfence/apply-policy"


def files(role: str) -> tuple[GuestFile, ...]:
    """Everything that a server of this role is given."""
    papers = Papers.new()
    if role == "client":
        own = papers.client("acme", "web", WEB)
        return (
            *credentials.files(own),
            *clock.client(SERVICES),
            *packages.client(FRONT, (MIRROR,), packages.Updates(time(3), 60, restart=True)),
        )
    own = papers.server("services", SERVICES)
    pool = (ip_network("172.30.0.0/24"),)
    return (*credentials.files(own), *clock.server(SERVICES, (clock.Upstream(UPSTREAM),), pool, own), *packages.proxy(FRONT, (MIRROR,), 1))


def stage(host: Host, wanted: Bundle) -> tuple[int, str]:
    """What the agent says; without systemd there are no units to restart."""
    done = host.run(AGENT, "stage-bundle", "-", "--seconds", "30", text=encode(wanted), check=False)
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("role", ["client", "server"])
def test_the_agent_takes_what_the_services_are_configured_with_and_no_mistake_in_it(house: House, role: str) -> None:
    """Every file that has a check is accepted as it is, and refused with a line that its program does not know."""
    host = house.add(role, SERVICES if role == "server" else WEB)
    wanted = Bundle(ONE, files(role))
    assert stage(host, wanted)[0] == 0, stage(host, wanted)[1]
    host.run(AGENT, "confirm", digest(wanted))
    looked_at = [file for file in wanted.files if file.check is not Check.NONE]
    assert looked_at
    for file in looked_at:
        wrong = tuple(each._replace(text=each.text + "nonsense of nobody\n") if each is file else each for each in wanted.files)
        code, said = stage(host, wanted._replace(files=wrong))
        assert (code, f"{file.path}: " in said) == (3, True), said
    assert json.loads(host.run(AGENT, "show").stdout)["bundle_sha256"] == digest(wanted)
