"""Logins that must be refused on a living cloud: how each is tried, who says no, and with which words in the log."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from infra.declaration import names
from infra.operators.roles import ACCOUNTS, AUTOMATION, BASTION_ACCOUNT, Role
from infra.paths import automation_key
from ringfence.operators import client
from tests.live.operators import PIN
from tests.truth.operators.life import Life

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.live.operators import Desk, Ended

HOURS = timedelta(hours=1)
SERVER, BASTION = "server", "bastion"


@dataclass(frozen=True, slots=True)
class Place:
    """A tenant, its first server, another tenant, and a neighbour of the bastion that is no server: the router of the backbone."""

    tenant: str
    server: str
    other: str
    neighbour: str

    @property
    def host(self) -> str:
        """What the server is called in the cloud."""
        return names.server(self.tenant, self.server)


@dataclass(frozen=True, slots=True)
class Case:
    """A login that must be refused: how its key and certificate are made, who says no, and with which words in the log."""

    said: str
    by: str = BASTION
    options: tuple[str, ...] = PIN
    kind: str = "ed25519-sk"
    role: Role = Role.ADMIN
    since: timedelta = -HOURS
    until: timedelta = HOURS
    abroad: bool = False
    """Certified for the other tenant."""
    certified: bool = True
    stranger: bool = False
    """Certified by an authority of its own: sshd gives no reason, and names the authority."""


def _owner(place: Place, by: str) -> str:
    """Return whose server says no."""
    return place.tenant if by == SERVER else names.PLATFORM


NO_KIND = "signature algorithm {} not in PubkeyAcceptedAlgorithms"
STRANGER = "stranger"
STRANGE_HOST = "a server that another authority vouches for"
NO_PRINCIPAL = "does not contain an authorized principal"
CASES = {
    "touch-only": Case("user verification requirement not met", options=()),
    "no-certificate": Case(NO_KIND.format("sk-ssh-ed25519@openssh.com"), certified=False),
    "a-key-in-a-file": Case(NO_KIND.format("ssh-ed25519-cert-v01@openssh.com"), kind="ed25519", options=()),
    "expired": Case("Certificate invalid: expired", since=-2 * HOURS, until=-HOURS),
    "not-yet": Case("Certificate invalid: not yet valid", since=HOURS, until=2 * HOURS),
    "another-authority": Case(f"Failed publickey for {BASTION_ACCOUNT} ", stranger=True),
    "another-tenant": Case(NO_PRINCIPAL, SERVER, abroad=True),
    "another-role": Case(NO_PRINCIPAL, SERVER, role=Role.OBSERVER),
}


def _refused(at: Desk, place: Place, name: str) -> Ended:
    """Try to log in as a case says."""
    case = CASES[name]
    key = at.key(name, *case.options, kind=case.kind)
    tenant = place.other if case.abroad else place.tenant
    life = Life(1, tenant, operator="mallory", role=case.role, since=case.since, until=case.until)
    authority = at.key(STRANGER, kind="ed25519") if case.stranger else None
    certificate = at.certified(key, life, authority) if case.certified else "/dev/null"
    return at.login(at.config(name, key, certificate), place.host, "id")


AGAIN = {
    "another port through the bastion": ("but the request was denied", BASTION),
    "the automation's account": (NO_KIND.format("sk-ssh-ed25519-cert-v01@openssh.com"), SERVER),
}
"""Of ways that a right key does not lead in by, what the log says, and whose."""
NEIGHBOUR = "a neighbour through the bastion"
"""What is refused by the bastion's packet filter, which says so itself."""
BANNER = "SSH-2.0"
"""How every sshd begins."""
CLOSED = {ACCOUNTS[Role.ADMIN].login: SERVER, ACCOUNTS[Role.OBSERVER].login: SERVER, BASTION_ACCOUNT: BASTION}
"""Accounts that the automation's key does not open, and where."""


def untold(at: Desk, lines: dict[str, list[dict[str, str]]], place: Place) -> set[str]:
    """Return the refusals of which no log says why; ``lines`` are those of every tenant and of the platform."""
    said: dict[str, tuple[tuple[str, ...], str]] = {name: ((case.said,), case.by) for name, case in CASES.items()}
    said |= {name: ((words,), by) for name, (words, by) in AGAIN.items()}
    said |= {
        "another-authority": ((CASES["another-authority"].said, f" CA ED25519 {at.fingerprint(STRANGER)}"), BASTION),
        NEIGHBOUR: ((" out denied: ", f" DST={place.neighbour} ", f" DPT={at.port} "), BASTION),
    }
    found = {
        name
        for name, (words, by) in said.items()
        if not any(all(word in line["message"] for word in words) for line in lines[_owner(place, by)])
    }
    return found | {account for account, by in CLOSED.items() if not _refuses_its_kind(lines[_owner(place, by)], account)}


def _refuses_its_kind(lines: list[dict[str, str]], account: str) -> bool:
    """Tell whether an account does not take the automation's kind of key, in the words of one login.

    A key in a file is refused with its certificate first, so a login that offered one is another one.
    """
    logins: dict[tuple[str, str], str] = {}
    for line in lines:
        login = line["server"], line["process"]
        logins[login] = logins.get(login, "") + line["message"]
    wanted = (NO_KIND.format("ssh-ed25519"), f"authenticating user {account} ")
    return any(all(words in said for words in wanted) and "-cert-" not in said for said in logins.values())


def _automation(at: Desk, role: Role) -> Path:
    """Return the configuration of somebody who has the automation's key, passes the bastion by it, and asks for a role's account."""
    written = at.config(f"automation-as-{role}", automation_key(), "/dev/null", role)
    written.write_text(written.read_text().replace(f"User {BASTION_ACCOUNT}", f"User {AUTOMATION}"))
    return written


def every(at: Desk, place: Place, config: Path) -> dict[str, Callable[[], Ended]]:
    """Return every way in that has to be refused: by the cases, and those that a right key does not lead to either."""
    admin, observer = (_automation(at, role) for role in (Role.ADMIN, Role.OBSERVER))
    passing = at.config("automation-through", automation_key(), "/dev/null")
    elsewhere = f"{at.hosts.servers[place.host]}:443"
    strange = at.folder / "strange-hosts"
    strange.write_text(client.known_hosts(at.hosts, at.key("strange-hosts-authority", kind="ed25519").with_suffix(".pub").read_text()))
    return {name: partial(_refused, at, place, name) for name in CASES} | {
        "a session on the bastion": lambda: at.login(config, names.BASTION, "id"),
        "another port through the bastion": lambda: at.login(config, names.BASTION, options=("-W", elsewhere)),
        NEIGHBOUR: lambda: at.login(config, names.BASTION, options=("-W", f"{place.neighbour}:{at.port}")),
        "through a server": lambda: at.login(config, place.host, options=("-W", "127.0.0.1:22")),
        "the automation's account": lambda: at.login(config, place.host, "id", options=("-o", f"User={AUTOMATION}")),
        "the automation's key on an operator's account": lambda: at.login(admin, place.host, "id"),
        "the automation's key on an observer's account": lambda: at.login(observer, place.host, "id"),
        "the automation's key on the operators' way through": lambda: at.login(passing, place.host, "id"),
        STRANGE_HOST: lambda: at.login(config, place.host, "id", options=("-o", f"UserKnownHostsFile={strange}")),
        "files": lambda: at.run("sftp", "-F", config, "-b", "-", place.host, text="pwd\n"),
    }


def through(at: Desk, place: Place, config: Path) -> Ended:
    """Ask the bastion for a connection to SSH of a server, as the way to another address is asked for."""
    return at.login(config, names.BASTION, options=("-W", f"{at.hosts.servers[place.host]}:{at.port}"))


def welcome(at: Desk, place: Place) -> Ended:
    """Log in with the automation's key by the configuration that is refused elsewhere, but for the account that is asked for."""
    config = at.folder / f"automation-as-{Role.ADMIN}.ssh" / "config"
    return at.login(config, place.host, "id -un", options=("-o", f"User={AUTOMATION}"))
