"""chrony as the image has it: clients believe the services server only when it proves who it is."""

from __future__ import annotations

from ipaddress import IPv4Address, ip_network
from typing import TYPE_CHECKING

from hardening.services import clock, credentials
from ringfence.health.questions import TIME, Source, offset, source
from tests.truth.services.house import eventually
from tests.truth.services.papers import Papers

if TYPE_CHECKING:
    from tests.truth.services.house import Host, House

UPSTREAM, PLAIN, SERVICES = (IPv4Address(text) for text in ("172.29.0.66", "172.29.0.67", "172.29.0.200"))
WEB, TWIN, STRANGER = (IPv4Address(text) for text in ("172.30.0.4", "172.30.0.5", "172.30.1.4"))
POOL = ip_network("172.30.0.0/24")
OFF = 3600
"""Seconds; the clock of this machine is everybody's, and what is asked is whether the answer can be read."""
LOCAL = "server 127.0.0.1\nlocal stratum 3\nallow all\ncmdport 0\n"
"""A server of the old kind, as anybody may start one: it answers and proves nothing."""


def chronyc(host: Host, *words: str) -> list[list[str]]:
    """What the daemon says, as columns; nothing before it listens."""
    done = host.run("chronyc", "-c", "-N", *words, check=False)
    return [line.split(",") for line in done.stdout.splitlines()] if done.returncode == 0 else []


def selected(host: Host) -> bool:
    """Whether the daemon follows a source."""
    return any(line[1] == "*" for line in chronyc(host, "sources"))


def reached(host: Host) -> bool:
    """Whether answers of its source have arrived."""
    return any(line[5] != "0" for line in chronyc(host, "sources"))


def asked(host: Host) -> int:
    """How often an exchange of keys was tried since the last that worked; not yet, before it listens."""
    return of_the_source(host, 6)


def cookies(host: Host) -> int:
    """Cookies that it has: with one it can ask, and the answer is authenticated; none, before it listens."""
    return of_the_source(host, 8)


def of_the_source(host: Host, column: int) -> int:
    """A number that the daemon says of its only source's authentication."""
    lines = chronyc(host, "authdata")
    assert [line[1] for line in lines] in ([], ["NTS"]), lines
    return int(lines[0][column]) if lines else 0


def keep_time(host: Host) -> int:
    """Run what the timer runs; returns how often chrony was to be started anew since the host is there."""
    fake = host.root / "usr/bin/systemctl"
    fake.write_text('#!/bin/sh\necho "$@" >>/tmp/asked\n', encoding="utf-8")
    host.run("env", "RINGFENCE_PATIENCE=0", "/usr/lib/ringfence/keep-time")
    asked = host.root / "tmp/asked"
    return asked.read_text(encoding="utf-8").splitlines().count(f"restart {clock.UNIT}") if asked.exists() else 0


def plain(host: Host) -> None:
    """Start a server without NTS."""
    host.run("install", "-d", "-m", "750", "-o", "_chrony", "-g", "_chrony", "/run/chrony")
    host.run("sh", "-c", f"mkdir -p /run/ringfence/files/chrony && printf %s '{LOCAL}' > /run/ringfence/files/chrony/chrony.conf")
    host.start(clock.UNIT, "-x")


def street(house: House, papers: Papers, *, others: Papers | None = None) -> tuple[Host, Host]:
    """The services server with its upstream, and a client that trusts ``others``' authority, or the right one."""
    plain(house.add("upstream", UPSTREAM))
    services, web = house.add("services", SERVICES), house.add("web", WEB)
    own = papers.server("services", SERVICES)
    services.put((*credentials.files(own), *clock.server(SERVICES, (clock.Upstream(UPSTREAM),), (POOL,), own)))
    services.start(clock.UNIT, "-x")
    # An answer that comes before there is a time to tell would be asked for again a minute later.
    assert eventually(lambda: selected(services))
    web.put((*credentials.files((others or papers).client("acme", "web", WEB)), *clock.client(SERVICES)))
    web.start(clock.UNIT, "-x")
    return services, web


def test_a_client_follows_the_services_server_with_cookies_of_nts(house: House) -> None:
    """The whole way: upstream, services server, client; the client's source is authenticated by NTS and is followed."""
    services, web = street(house, Papers.new())
    assert eventually(lambda: selected(web))
    assert cookies(web) > 0
    for host, address, proven in ((web, SERVICES, True), (services, UPSTREAM, False)):
        said = {what: host.run(*command).stdout for what, command in TIME.items()}
        assert source(said["sources"], said["authdata"]) == Source(str(address), answers=True, authenticated=proven)
        assert offset(said["tracking"]) < OFF


def test_a_client_of_another_authority_is_never_in_time(house: House) -> None:
    """The exchange of keys fails: no cookies, no source, however long it tries. The twin beside it, in the same minute, is in time."""
    papers = Papers.new()
    _, web = street(house, papers, others=Papers.new())
    twin = house.add("twin", TWIN)
    twin.put((*credentials.files(papers.client("acme", "twin", TWIN)), *clock.client(SERVICES)))
    twin.start(clock.UNIT, "-x")
    assert eventually(lambda: selected(twin))
    assert (cookies(web), selected(web)) == (0, False)


def test_a_plain_server_answers_and_is_never_followed(house: House) -> None:
    """What stands at the services server's address proves nothing: its answers arrive and do not count. One that believes it follows it."""
    papers = Papers.new()
    plain(house.add("services", SERVICES))
    web, gullible = house.add("web", WEB), house.add("gullible", TWIN)
    web.put(credentials.files(papers.client("acme", "web", WEB)))
    (file,) = clock.client(SERVICES)
    web.put((file._replace(text=file.text.replace(" nts ", " ")),))
    gullible.put((file._replace(text=f"server {SERVICES} iburst\ncmdport 0\n"),))
    for host in (web, gullible):
        host.start(clock.UNIT, "-x")
    assert eventually(lambda: selected(gullible))
    assert eventually(lambda: reached(web))
    assert not selected(web)


def test_another_server_of_the_platform_is_not_taken_for_the_services_server(house: House) -> None:
    """A tenant's own certificate is of the same authority, but it names the tenant's own address: nobody exchanges keys with it.

    What decides is the address in the certificate; chrony does not ask what a certificate may be used for.
    """
    papers = Papers.new()
    plain(house.add("upstream", UPSTREAM))
    thief, web = house.add("services", SERVICES), house.add("web", WEB)
    stolen = papers.client("globex", "db", STRANGER)
    thief.put((*credentials.files(stolen), *clock.server(SERVICES, (clock.Upstream(UPSTREAM),), (POOL,), stolen)))
    thief.start(clock.UNIT, "-x")
    assert eventually(lambda: selected(thief))
    web.put((*credentials.files(papers.client("acme", "web", WEB)), *clock.client(SERVICES)))
    web.start(clock.UNIT, "-x")
    assert eventually(lambda: asked(web) > 0)
    assert (cookies(web), selected(web)) == (0, False)


def test_who_is_not_in_the_pool_gets_no_time(house: House) -> None:
    """The daemon itself refuses, whatever a packet filter lets through; a client of the pool is served by the same server."""
    papers = Papers.new()
    _, web = street(house, papers)
    stranger = house.add("stranger", STRANGER)
    stranger.put((*credentials.files(papers.client("acme", "stranger", STRANGER)), *clock.client(SERVICES)))
    stranger.start(clock.UNIT, "-x")
    assert eventually(lambda: selected(web))
    assert (cookies(stranger), selected(stranger)) == (0, False)


def test_an_upstream_with_a_name_must_prove_it(house: House) -> None:
    """The services server asks an upstream by its name in the certificate, without a resolver; a plain one beside it is not followed."""
    papers = Papers.new()
    own = papers.server("ntp", UPSTREAM)
    upstream = house.add("upstream", UPSTREAM)
    plain(house.add("plain", PLAIN))
    upstream.put((*credentials.files(own), *clock.server(UPSTREAM, (clock.Upstream(PLAIN),), (ip_network("172.29.0.0/24"),), own)))
    upstream.start(clock.UNIT, "-x")
    assert eventually(lambda: selected(upstream))
    services = house.add("services", SERVICES)
    mine = papers.server("services", SERVICES)
    sources = (clock.Upstream(UPSTREAM, "ntp.internal"), clock.Upstream(PLAIN))
    (file, *others) = clock.server(SERVICES, sources, (POOL,), mine)
    trusting = f"ntstrustedcerts {credentials.seen(credentials.AUTHORITY)}\n"  # in place of the authorities of the world
    services.put((*credentials.files(mine), file._replace(text=file.text + trusting), *others))
    services.start(clock.UNIT, "-x")
    assert eventually(lambda: selected(services))
    followed = [line[2] for line in chronyc(services, "sources") if line[1] == "*"]
    assert followed == ["ntp.internal"]


def test_an_exchange_of_keys_that_failed_is_tried_again_by_a_new_start(house: House) -> None:
    """Chrony itself would wait for 17 minutes. What the timer runs starts it anew, and leaves one alone that follows a source.

    What made it fail is another authority, which is put right before the timer comes.
    """
    papers = Papers.new()
    _, web = street(house, papers, others=Papers.new())
    assert eventually(lambda: asked(web) > 0)
    web.put(credentials.files(papers.client("acme", "web", WEB)))
    (waiting,) = web.daemons
    assert (waiting.runs, selected(web)) == (True, False)
    assert keep_time(web) == 1
    waiting.stop()
    web.start(clock.UNIT, "-x")
    assert eventually(lambda: selected(web))
    assert keep_time(web) == 1


def test_who_only_waits_for_a_plain_upstream_is_not_started_anew(house: House) -> None:
    """Nothing answers, but nothing is held back either: chrony goes on asking, and its clients are not disturbed."""
    papers = Papers.new()
    services = house.add("services", SERVICES)
    own = papers.server("services", SERVICES)
    services.put((*credentials.files(own), *clock.server(SERVICES, (clock.Upstream(UPSTREAM),), (POOL,), own)))
    services.start(clock.UNIT, "-x")
    assert eventually(lambda: chronyc(services, "sources"))
    assert keep_time(services) == 0
