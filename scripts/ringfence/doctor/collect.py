"""The one part of an examination that acts: it asks every question of :mod:`.reads` side by side, and looks at this machine.

Nothing is judged here. An answer that is none is kept as one that is none, with the reason; only a cloud that cannot be logged in to at all
ends the examination.
"""

from __future__ import annotations

import os
import shutil
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from email.utils import parsedate_to_datetime
from functools import partial
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from infra.components import settings
from infra.declaration import names
from infra.dynamic.clouds import authority
from infra.errors import CloudError, RingfenceError
from ringfence.cloud_errors import translated
from ringfence.doctor.checks.services import SERVICES
from ringfence.doctor.model import Answer, Clock, Declared, Here, Seen, Service, Token, Way
from ringfence.doctor.reads import IDENTITY, NO_ANSWER, NO_SERVICE, OK, PAGE, READS, SUBNETS, Read, afterwards
from ringfence.verify import stacks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from openstack.connection import Connection
    from openstack.proxy import Proxy

    from infra.declaration.model import Platform
    from infra.drift.made import Made

THREADS = 8
SECONDS = 30.0
"""How long one question may take."""
KNOCK_SECONDS = 3.0
CHOSEN_BY = ("OS_CLOUD", "OS_AUTH_URL")
"""Variables that choose a cloud."""
SSH = b"SSH-"
"""What an SSH server says first (RFC 4253, section 4.2)."""
PROXY = "RINGFENCE_BASTION_PROXY"


def seen(declared: Declared, tell: Callable[[str, int, int], None]) -> Seen:
    """Ask the cloud of the environment everything. ``tell`` hears what was answered: its name, how many, of how many.

    Raises :class:`CloudError` when there is no cloud, or no way into it.
    """
    if not any(map(os.environ.get, CHOSEN_BY)):
        expected = "OS_CLOUD names an entry of clouds.yaml with an operator's credential"
        raise CloudError.of("no cloud is chosen", expected=expected, hint='export OS_CLOUD=NAME; in the lab: eval "$(./scripts/lab env)"')
    with translated("the cloud of OS_CLOUD", connecting=True):
        import openstack  # noqa: PLC0415 - takes a second

        cloud = openstack.connect(api_timeout=SECONDS, cacert=authority(os.environ))
    with translated("the cloud of OS_CLOUD"):
        before = time.time()
        token = _token(cloud)
        login = Clock(IDENTITY, token.issued, before, time.time())
    asking = Asking(cloud, token.project_id)
    with ThreadPoolExecutor(THREADS) as pool:
        services = {needed.type: pool.submit(asking.service, needed.type) for needed in SERVICES}
        known = {type_: service for type_, future in services.items() if (service := future.result()) is not None}
        answers = _all(pool, asking, READS, tell)
        platform = declared.platform
        if platform is not None:
            bodies = {name: answer.body for name, answer in answers.items() if answer.status == OK and isinstance(answer.body, dict)}
            answers |= _all(pool, asking, tuple(afterwards(bodies, platform.volume_types, platform.external_network)), tell)
        here = machine(platform)
        ends = [] if here.proxy or platform is None else _ends(answers)
        ways = tuple(pool.map(partial(way, port=platform.ssh_port if platform else 0), ends))
    clocks = {**({IDENTITY: login} if token.issued else {}), **asking.clocks}
    return Seen(
        str(cloud.config.name or ""), token, known, answers, tuple(clocks[name] for name in sorted(clocks)), ways, here, time.time()
    )


def _all(pool: ThreadPoolExecutor, asking: Asking, reads: Iterable[Read], tell: Callable[[str, int, int], None]) -> dict[str, Answer]:
    asked = {read: pool.submit(asking.answer, read) for read in reads}
    found = {}
    for number, (read, future) in enumerate(asked.items(), 1):
        found[read.name] = future.result()
        tell(read.by_hand, number, len(asked))
    return found


class Asking:
    """Questions to one cloud. A service is looked for once, by whoever asks first."""

    def __init__(self, cloud: Connection, project: str) -> None:
        self._cloud, self._project = cloud, project
        self._proxies: dict[str, Proxy | None] = {}
        self.clocks: dict[str, Clock] = {}

    def service(self, type_: str) -> Service | None:
        """Return a service with its versions; nothing when the catalog has none in the region."""
        try:
            with translated(type_):
                proxy: Proxy = getattr(self._cloud, type_.replace("-", "_"))
                data = proxy.get_endpoint_data()
        except RingfenceError as error:
            return Service(why=_words(error))
        except Exception as error:  # noqa: BLE001 - the client's discovery raises what it meets
            return Service(why=f"{type(error).__name__}: {error}")
        self._proxies[type_] = None if data is None else proxy
        if data is None:
            return None
        return Service(str(data.url or ""), _dotted(data.api_version), _dotted(data.max_microversion))

    def answer(self, read: Read) -> Answer:
        """Ask one question, page by page."""
        if read.service not in self._proxies:
            return Answer(NO_ANSWER, why="the service does not tell its versions")
        proxy = self._proxies[read.service]
        if proxy is None:
            return Answer(NO_SERVICE)
        try:
            with translated(read.by_hand):
                return self._pages(proxy, read)
        except RingfenceError as error:
            return Answer(NO_ANSWER, why=_words(error))
        except ValueError as error:
            return Answer(NO_ANSWER, why=f"the answer is no JSON: {error}")

    def _pages(self, proxy: Proxy, read: Read) -> Answer:
        path = read.path.replace("{project}", self._project)
        answer = self._get(proxy, read, path)
        body = answer.body
        while answer.status == OK and f"limit={PAGE}" in path and isinstance(answer.body, dict):
            rows = answer.body.get(read.key)
            if not isinstance(rows, list) or len(rows) < PAGE:
                break
            answer = self._get(proxy, read, f"{path}&marker={rows[-1]['id']}")
            if answer.status == OK and isinstance(answer.body, dict):
                body = {**body, read.key: [*body[read.key], *answer.body.get(read.key, ())]}
        return Answer(answer.status, body if answer.status == OK else answer.body, answer.why)

    def _get(self, proxy: Proxy, read: Read, path: str) -> Answer:
        before = time.time()
        response = proxy.get(path, microversion=read.microversion or None)
        after = time.time()
        date = response.headers.get("Date")
        if date and read.service not in self.clocks:
            self.clocks[read.service] = Clock(read.service, parsedate_to_datetime(date).timestamp(), before, after)
        return Answer(
            response.status_code, response.json() if response.status_code == OK else None, "" if response.ok else response.text[:300]
        )


def _token(cloud: Connection) -> Token:
    """Ask Keystone what the credential is. Raises what the client raises."""
    session = cloud.session
    response = cloud.identity.get("/auth/tokens", headers={"X-Subject-Token": session.get_token()}, raise_exc=True)
    told: Mapping[str, Any] = response.json()["token"]
    project, credential = told.get("project") or {}, told.get("application_credential") or {}
    endpoints = [endpoint for service in told.get("catalog", ()) for endpoint in service["endpoints"]]
    return Token(
        user=str(told["user"]["name"]),
        project_id=str(project.get("id") or ""),
        project=str(project.get("name") or ""),
        domain_id=str((project.get("domain") or {}).get("id") or ""),
        roles=tuple(sorted(str(role["name"]) for role in told.get("roles", ()))),
        methods=tuple(map(str, told.get("methods", ()))),
        restricted=bool(credential.get("restricted")),
        regions=tuple(sorted({str(endpoint["region"]) for endpoint in endpoints if endpoint.get("region")})),
        issued=_seconds(told.get("issued_at")),
        expires=_seconds(told.get("expires_at")),
    )


def _seconds(text: object) -> float:
    return datetime.fromisoformat(str(text)).timestamp() if text else 0.0


def _dotted(version: Iterable[float] | None) -> str:
    return ".".join(map(str, version or ()))


def _words(error: RingfenceError) -> str:
    return "; ".join(f"{problem.what}: {problem.got}" if problem.got else problem.what for problem in error.problems)


def machine(platform: Platform | None) -> Here:
    """Look at what this machine has, as `pulumi up` will."""

    def environment() -> None:
        cloud = settings.cloud()
        if platform is not None:
            settings.check_region(cloud, platform.region)

    def wrong(look: Callable[[], object]) -> str:
        try:
            look()
        except RingfenceError as error:
            return "; ".join(f"{problem.what} ({problem.got or problem.expected})" for problem in error.problems)
        return ""

    return Here(
        environment=wrong(environment),
        key=wrong(settings.automation_public_key),
        image=wrong(settings.image_file),
        engine="" if shutil.which("pulumi") else "there is no command pulumi on the PATH",
        proxy=bool(os.environ.get(PROXY)),
    )


def _ends(answers: Mapping[str, Answer]) -> list[Way]:
    """Return where the way to the bastion ends: at the bastion, where there is one, else at the gateways of the external subnets."""
    told = [answer.body for name, answer in answers.items() if name.startswith(f"{SUBNETS}:") and answer.status == OK]
    subnets = [subnet for body in told for subnet in body.get("subnets", ()) if subnet.get("ip_version") == 4]  # noqa: PLR2004 - IPv4
    marked = answers["marked-addresses"]
    rows = marked.body.get("floatingips", ()) if marked.status == OK and isinstance(marked.body, dict) else ()
    bastions = [str(row["floating_ip_address"]) for row in rows if f"tenant={names.PLATFORM}" in row.get("tags", ())]
    known = [Way(str(subnet["cidr"]), bastion, bastion=True) for bastion in bastions for subnet in subnets if _is_in(bastion, subnet)]
    return known or [Way(str(subnet["cidr"]), str(subnet["gateway_ip"])) for subnet in subnets if subnet.get("gateway_ip")]


def _is_in(address: str, subnet: Mapping[str, Any]) -> bool:
    return ip_address(address) in ip_network(subnet["cidr"])


def way(end: Way, port: int) -> Way:
    """Look which way leads from here to an end, and knock there once, and where nobody is, as the bastion's clients will."""
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as look:
            look.connect((end.address, port))  # sends nothing: the kernel chooses the way
            source = str(look.getsockname()[0])
    except OSError as error:
        return replace(end, answer=error.strerror or str(error))
    nobody = str(ip_network(end.cidr).network_address)
    return replace(end, source=source, answer=_heard(end.address, port), control=_heard(nobody, port))


def _heard(address: str, port: int) -> str:
    """Return what is heard at an address: ``ssh``, ``open``, ``refused`` or why nothing is."""
    try:
        with socket.create_connection((address, port), timeout=KNOCK_SECONDS) as link:
            return "ssh" if link.recv(len(SSH)) == SSH else "open"
    except ConnectionRefusedError:
        return "refused"
    except OSError as error:
        return error.strerror or str(error)


def made() -> tuple[Mapping[str, Made] | None, str]:
    """Ask the engine what the stacks made; nothing, and why, when it does not tell."""
    try:
        return stacks.all_made(), ""
    except RingfenceError as error:
        return None, _words(error)
