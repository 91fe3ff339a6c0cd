"""Who is asked what, side by side, and what is left when somebody does not answer."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from infra.dynamic import usage
from infra.errors import CloudError, GuestError
from infra.neutron.quotas.room import Gauge
from infra.ssh.access import Completed, JumpHost, Target
from ringfence.health import collect
from ringfence.health.look import look
from ringfence.health.model import Host
from ringfence.health.questions import UPDATES, of_host, of_store
from ringfence.logins import Login, Logins
from ringfence.verify import stacks
from ringfence.verify.stacks import StackFacts, StackIdentity
from tests.fast import exported
from tests.fast.ringfence.health.servers import BASTION, PLATFORM, STORE, WEB

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

pytestmark = pytest.mark.fast
DB, KEY = Host("acme", "db"), "ssh-ed25519 AAAA"
ADDRESSES = {WEB: "172.30.0.3", DB: "172.30.0.4", STORE: "172.29.0.200", BASTION: "172.24.4.50"}


@dataclass
class Cloud:
    """Servers that answer every question with its own words; those in ``dead`` cannot be logged in to, ``mute`` break off."""

    dead: set[str]
    mute: set[str]
    asked: list[tuple[str, tuple[str, ...]]]
    new: set[str] = field(default_factory=set)
    """Those that never installed updates."""

    @contextlib.contextmanager
    def login(self, address: str) -> Iterator[Session]:
        """Log in."""
        if address in self.dead:
            raise GuestError.of("the login failed", got="no answer")
        yield Session(self, address)


@dataclass
class Session:
    """A login."""

    cloud: Cloud
    address: str

    def run(self, command: Sequence[str], *, timeout: float) -> Completed:
        """Answer."""
        del timeout
        if self.address in self.cloud.mute:
            raise GuestError.of("the command broke off")
        self.cloud.asked.append((self.address, tuple(command)))
        if self.address in self.cloud.new and UPDATES in " ".join(command):
            return Completed(0, "absent\n", "")
        return Completed(1, "", "no such thing") if "authdata" in command else Completed(0, " ".join(command), "")


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Cloud:
    """A platform and one tenant that are up; another one is declared."""
    made = Cloud(set(), set(), [])
    logins = tuple(Login(host.tenant, host.server, Target(ADDRESSES[host], KEY), {}, id=f"id-{host}") for host in (WEB, DB))
    way = Logins(JumpHost(ADDRESSES[BASTION], KEY, tmp_path), logins, {"globex": "it has no stack"})
    services = {"id": "s", "address": ADDRESSES[STORE], "host_key": KEY}
    monkeypatch.setattr(stacks, "platform", lambda: exported.platform(services=services))
    monkeypatch.setattr(stacks, "tenant", lambda name: StackFacts(exported.tenant(name), StackIdentity("d", {}), StackIdentity("r", {})))
    monkeypatch.setattr(collect, "logins", lambda: way)
    monkeypatch.setattr(collect, "open_bastion", lambda jump_host, **_: made.login(jump_host.bastion_address))
    monkeypatch.setattr(collect, "open_server", lambda _jump_host, target, **_: made.login(target.address))
    monkeypatch.setattr(usage, "room", lambda project: {"network": {project: Gauge(1, 2)}})
    return made


def test_every_server_is_asked_what_concerns_it_as_root(cloud: Cloud) -> None:
    """The services server for the store besides; a question that fails costs its own answer only."""
    seen, owners = collect.seen(PLATFORM, ["acme", "globex"])
    assert set(seen.hosts) == {WEB, DB, STORE, BASTION}
    assert all(command[:2] == ("sudo", "-n") for _, command in cloud.asked)
    for host, answers in seen.hosts.items():
        wanted = set(of_host(PLATFORM)) | (set(of_store(PLATFORM)) if host == STORE else set())
        assert (set(answers.texts), set(answers.failed)) == (wanted - {"authdata"}, {"authdata"})
    assert seen.rooms == {name: {"network": {f"project-{name}": Gauge(1, 2)}} for name in ("platform", "acme")}
    assert owners == {"172.30.0.3": WEB, "172.30.0.4": DB, "172.29.0.10": BASTION, "172.29.0.200": STORE}


def test_a_dead_server_and_one_that_breaks_off_cost_nobody_else(cloud: Cloud) -> None:
    """Their answers are why there are none."""
    cloud.dead, cloud.mute = {ADDRESSES[WEB]}, {ADDRESSES[DB]}
    seen, _ = collect.seen(PLATFORM, ["acme"])
    for host, words in ((WEB, "no answer"), (DB, "broke off")):
        assert not seen.hosts[host].texts
        with pytest.raises(GuestError, match=words):
            seen.hosts[host].text("certificate")
    assert seen.hosts[STORE].texts.keys() == seen.hosts[BASTION].texts.keys() | of_store(PLATFORM).keys()


def test_without_the_bastion_nothing_is_told_of_any_server(cloud: Cloud) -> None:
    """It is asked once and every server is named; the quotas are told all the same."""
    cloud.dead = {ADDRESSES[BASTION]}
    seen, _ = collect.seen(PLATFORM, ["acme"])
    assert set(seen.hosts) == {WEB, DB, STORE, BASTION}
    assert not any(answers.texts for answers in seen.hosts.values())
    assert "project-acme" in str(seen.rooms["acme"])


def test_quotas_that_may_not_be_read_are_said_to_be_so(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    """The servers are asked all the same."""

    def refused(_: str) -> None:
        raise CloudError.of("the API refused", got="403")

    monkeypatch.setattr(usage, "room", refused)
    seen, _ = collect.seen(PLATFORM, ["acme"])
    assert seen.rooms == {"platform": "the API refused: 403", "acme": "the API refused: 403"}
    assert cloud.asked


def test_a_declared_services_server_that_is_not_made_and_an_engine_without_an_answer(
    cloud: Cloud, tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither is health: both cannot be told, with the reason."""
    del cloud, tree
    monkeypatch.setattr(stacks, "platform", exported.platform)
    found = look(PLATFORM, ["acme"])
    assert any("pulumi up -s platform" in one.said for one in found.servers[STORE])
    assert found.exit_code != 0

    def silent() -> None:
        raise CloudError.of("the engine does not answer")

    monkeypatch.setattr(stacks, "platform", silent)
    found = look(PLATFORM, ["acme"])
    assert (found.exit_code, [one.said for one in found.platform]) == (2, ["the engine does not answer"])


def test_servers_of_some_tenants_are_asked_the_same_and_those_that_are_not_made_are_named(cloud: Cloud) -> None:
    """The platform's only where it is among them, and a tenant that is not up is said to be so."""
    commands = {"release": ("cat", "/etc/os-release")}
    found = collect.answered({"acme": ("web", "db", "new"), "globex": ("web",)}, commands, services=True)
    assert set(found.hosts) == {WEB, DB, Host("acme", "new")}
    assert (found.project, found.down) == ("project-platform", {"globex": "it has no stack"})
    assert all(set(found.hosts[host].texts) == {"release"} for host in (WEB, DB))
    with pytest.raises(GuestError, match="declared and not made"):
        found.hosts[Host("acme", "new")].text("release")
    assert set(collect.answered({"platform": ()}, commands, services=True).hosts) == {BASTION, STORE}
    cloud.dead = {ADDRESSES[BASTION]}
    assert not collect.answered({"acme": ("web",)}, commands, services=True).hosts[WEB].texts


def test_a_services_server_that_is_declared_and_not_made_is_named(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that is not declared is missed by nobody."""
    del cloud
    monkeypatch.setattr(stacks, "platform", exported.platform)
    assert set(collect.answered({"platform": ()}, {}, services=True).hosts) == {BASTION, STORE}
    assert set(collect.answered({"platform": ()}, {}, services=False).hosts) == {BASTION}


def test_every_server_is_asked_what_is_asked_besides(cloud: Cloud) -> None:
    """The services server too."""
    del cloud
    seen, _ = collect.seen(PLATFORM, ["acme"], {"release": ("cat", "/etc/os-release")})
    assert all("release" in answers.texts for answers in seen.hosts.values())
    assert seen.project == "project-platform"


def test_the_cloud_is_asked_for_the_age_of_servers_that_never_installed_updates(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    """By their ids, of no other, and what it does not tell is said."""
    day = datetime(2026, 11, 30, tzinfo=UTC)

    def made(server_id: str) -> datetime:
        if server_id == "id-acme/db":
            raise CloudError.of("the API refused", got="403")
        return {"id-acme/web": day, "server-bastion": day, "s": day}[server_id]

    monkeypatch.setattr(usage, "made", made)
    assert collect.seen(PLATFORM, ["acme"])[0].made == {}
    cloud.new = set(ADDRESSES.values())
    assert collect.seen(PLATFORM, ["acme"])[0].made == {WEB: day, BASTION: day, STORE: day, DB: "the API refused: 403"}
