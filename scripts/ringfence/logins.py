"""The servers that are up, as SSH reaches them: through the bastion, each with its pinned host key, its zones and its addresses."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from infra.declaration import load_platform, names
from infra.declaration.envelope import PREFIX, SUFFIX
from infra.declaration.folder import stacks as declared
from infra.errors import QuestionError
from infra.ssh.access import JumpHost, Target
from ringfence import folder
from ringfence.verify import stacks

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ringfence.verify.stacks import StackFacts

MOST_AT_ONCE = 4
"""Programs of the engine that run side by side."""


@dataclass(frozen=True, slots=True)
class Login:
    """One server: whose it is, how SSH reaches it, and its addresses by zone."""

    tenant: str
    server: str
    target: Target
    addresses: Mapping[str, Sequence[str]]
    public: str = ""
    id: str = ""
    """Its id in the cloud."""

    @property
    def host(self) -> str:
        """Its name in the cloud, which is unique over all tenants."""
        return names.server(self.tenant, self.server)


@dataclass(frozen=True, slots=True)
class Logins:
    """The bastion and the servers behind it; ``down`` are declared tenants that are not up, each with the reason."""

    jump_host: JumpHost
    servers: tuple[Login, ...]
    down: Mapping[str, str]

    def targets(self) -> dict[str, Target]:
        """Return the servers by the names of their hosts."""
        return {login.host: login.target for login in self.servers}


def logins(tenants: Sequence[str] = ()) -> Logins:
    """Ask the engine for the servers of some tenants, or of all that are declared and up.

    Raises:
        RingfenceError: the platform or a tenant that is named is not up, or the engine has no answer.
    """
    way = jump_host()
    down: dict[str, str] = {}
    asked = list(tenants)
    if not asked:
        made = set(stacks.known())
        down = {name: "it has no stack" for name in declared(folder.root()) if name not in made}
        asked = [name for name in declared(folder.root()) if name in made]
    with ThreadPoolExecutor(MOST_AT_ONCE) as pool:
        futures = {name: pool.submit(stacks.tenant, name) for name in asked}
    found: list[Login] = []
    for name, future in futures.items():
        try:
            found += servers_of(name, future.result(), way.port)
        except stacks.NotUpError as error:
            if name in tenants:
                raise
            down[name] = error.problems[0].what
    return Logins(way, tuple(found), down)


def jump_host() -> JumpHost:
    """Return the bastion as the platform's stack exported it and this machine reaches it."""
    platform = load_platform(folder.root() / f"{PREFIX}{names.PLATFORM}{SUFFIX}").platform
    bastion = stacks.platform().bastion
    return JumpHost.from_environment(bastion.address, bastion.host_key, platform.ssh_port)


def servers_of(tenant: str, stack: StackFacts, port: int) -> list[Login]:
    """Return the servers that a tenant's stack exported."""
    return [
        Login(
            tenant,
            name,
            Target(facts.management, facts.host_key, port),
            {zone: nic.addresses for zone, nic in facts.nics.items()},
            facts.public or "",
            facts.id,
        )
        for name, facts in stack.facts.servers.items()
    ]


def the_server(found: Logins, text: str) -> Login:
    """Return the server that somebody writes as ``acme/web``, or by the name of its host. Raises :class:`QuestionError`."""
    for login in found.servers:
        if text in {login.host, f"{login.tenant}/{login.server}"}:
            return login
    known = " or ".join(f"{login.tenant}/{login.server}" for login in found.servers)
    raise QuestionError.of("no such server", where=text, expected=known or "a tenant that is up")
