"""The one part of a look at the servers that acts: it asks all of them side by side, over one login at the bastion.

Nothing is judged here. A server that does not answer hides no other one: its answers are the reason why there are none.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from infra.declaration import names
from infra.dynamic import usage
from infra.errors import GuestError, RingfenceError
from infra.ssh.access import Target, open_bastion, open_server
from ringfence.cloud_errors import translated
from ringfence.health.model import Answers, Host, Seen, of_error
from ringfence.health.questions import ABSENT, of_host, of_store
from ringfence.logins import logins
from ringfence.verify import stacks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import datetime

    from infra.declaration.model import Platform
    from infra.neutron.quotas.room import Room
    from infra.outputs import PlatformOutput
    from infra.ssh.access import Session
    from ringfence.health.questions import Command
    from ringfence.logins import Logins

PATIENCE = 15.0
"""Seconds that a server which does not answer is tried."""
SECONDS = 60.0
"""How long one question may take."""
AT_ONCE = 8
Told = TypeVar("Told")
BASTION, STORE = Host(names.PLATFORM, names.BASTION), Host(names.PLATFORM, names.SERVICES)


def seen(platform: Platform, tenants: Sequence[str], more: Mapping[str, Command] | None = None) -> tuple[Seen, dict[str, Host]]:
    """Ask the platform's servers and those of some tenants; returns the answers, and whose each management address is.

    ``more`` is what every server is asked besides. Raises :class:`RingfenceError` when the engine does not tell where the servers are.
    """
    facts, way = stacks.platform(), logins()
    targets = _targets(facts, way, tenants)
    commands = {**of_host(platform), **(more or {})}
    with ThreadPoolExecutor(1) as pool:
        rooms = pool.submit(_rooms, facts, tenants, way)
        hosts = asked(way, targets, commands, {STORE: commands | of_store(platform)})
    owners = {login.target.address: Host(login.tenant, login.server) for login in way.servers}
    owners |= {facts.bastion.management: BASTION, **({facts.services.address: STORE} if facts.services else {})}
    return Seen({**hosts, **_missing(facts)}, STORE, rooms.result(), facts.project_id, _ages(facts, way, hosts)), owners


@dataclass(frozen=True, slots=True)
class Answered:
    """What servers answered, the platform's project, and which tenants are not up, each with the reason."""

    hosts: Mapping[Host, Answers]
    project: str
    down: Mapping[str, str]


def answered(declared: Mapping[str, Iterable[str]], commands: Mapping[str, Command], *, services: bool) -> Answered:
    """Ask the servers of some tenants, and of the platform where it is among them, the same questions.

    A server that is declared and not made is among the answers, with none; so is the services server where it is declared (``services``).
    Raises :class:`RingfenceError` as :func:`seen`.
    """
    facts, way = stacks.platform(), logins()
    platform = names.PLATFORM in declared
    targets = _targets(facts, way, declared)
    if not platform:
        targets.pop(STORE, None)
    answers = asked(way, targets, commands, {})
    if not platform:
        answers.pop(BASTION)
    wanted = [Host(tenant, server) for tenant, servers in declared.items() if tenant not in way.down for server in servers]
    missing = {host: Answers.none(f"it is declared and not made: pulumi up -s {host.tenant}") for host in wanted}
    if platform and services:
        missing |= _missing(facts)
    down = {tenant: why for tenant, why in way.down.items() if tenant in declared}
    return Answered({**missing, **answers}, facts.project_id, down)


def _targets(facts: PlatformOutput, way: Logins, tenants: Iterable[str]) -> dict[Host, Target]:
    targets = {Host(login.tenant, login.server): login.target for login in way.servers if login.tenant in tenants}
    if facts.services:
        targets[STORE] = Target(facts.services.address, facts.services.host_key, way.jump_host.port)
    return targets


def _missing(facts: PlatformOutput) -> dict[Host, Answers]:
    return {} if facts.services else {STORE: Answers.none("the services server is declared and not made: pulumi up -s platform")}


def asked(
    way: Logins, targets: Mapping[Host, Target], commands: Mapping[str, Command], others: Mapping[Host, Mapping[str, Command]]
) -> dict[Host, Answers]:
    """Ask the bastion and, through it, every target; ``others`` are asked something else."""
    try:
        with open_bastion(way.jump_host, patience=PATIENCE) as bastion:

            def one(host: Host) -> Answers:
                try:
                    with open_server(way.jump_host, targets[host], via=bastion, patience=PATIENCE) as session:
                        return answers(session, others.get(host, commands))
                except GuestError as error:
                    return Answers.none(f"cannot be asked: {of_error(error)}")

            with ThreadPoolExecutor(AT_ONCE) as pool:
                own = pool.submit(answers, bastion, commands)
                there = dict(zip(targets, pool.map(one, targets), strict=True))
            return {BASTION: own.result(), **there}
    except GuestError as error:
        return dict.fromkeys((BASTION, *targets), Answers.none(f"the bastion cannot be asked: {of_error(error)}"))


def answers(session: Session, commands: Mapping[str, Command]) -> Answers:
    """Ask every question; one that fails costs its own answer, a connection that breaks those that are left."""
    texts: dict[str, str] = {}
    failed: dict[str, str] = {}
    for what, command in commands.items():
        try:
            done = session.run(("sudo", "-n", *command), timeout=SECONDS)
        except GuestError as error:
            failed[""] = of_error(error)
            break
        if done.status:
            failed[what] = f"`{' '.join(command)[:60]}` ended with {done.status}: {done.stderr.strip()[-200:]}"
        else:
            texts[what] = done.stdout
    return Answers(texts, failed)


def _rooms(facts: PlatformOutput, tenants: Sequence[str], way: Logins) -> dict[str, Room | str]:
    """Return the gauges of the platform's project and of the tenants' that are up, or why they are not told."""
    projects = {names.PLATFORM: facts.project_id}
    untold: dict[str, Room | str] = {}
    for tenant in tenants:
        if tenant not in way.down:
            try:
                projects[tenant] = stacks.tenant(tenant).facts.project_id
            except RingfenceError as error:
                untold[tenant] = of_error(error)
    return {**{name: _room(project) for name, project in projects.items()}, **untold}


def _ages(facts: PlatformOutput, way: Logins, hosts: Mapping[Host, Answers]) -> dict[Host, datetime | str]:
    """Return when servers that never installed updates were made: only the cloud's word tells a new one from one that fails."""
    ids = {Host(login.tenant, login.server): login.id for login in way.servers} | {BASTION: facts.bastion.id}
    ids |= {STORE: facts.services.id} if facts.services else {}
    new = [host for host, answers in hosts.items() if answers.texts.get("updates", "").strip() == ABSENT]
    return {host: _told(usage.made, ids[host], "the age of the server is not understood") for host in new}


def _room(project: str) -> Room | str:
    return _told(usage.room, project, "the quotas are not understood")


def _told(ask: Callable[[str], Told], about: str, otherwise: str) -> Told | str:
    """Return what the cloud tells of an id, or why it does not."""
    try:
        with translated("the cloud of OS_CLOUD"):
            return ask(about)
    except RingfenceError as error:
        return of_error(error)
    except (LookupError, TypeError, ValueError) as error:
        return f"{otherwise}: {type(error).__name__}: {error}"
