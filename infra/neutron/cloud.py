"""A snapshot read from a running cloud, page by page: the caller brings the connection, everything is a read.

``Connection`` is what openstacksdk's ``openstack.connect()`` returns; it is named by its shape here, so that this module needs neither
the SDK nor a network to be tested.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, Protocol

import msgspec

from infra.errors import CloudError, Problem
from infra.neutron import snapshot as model
from infra.neutron.records import port_forwarding, read, rule

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

PAGE = 1000

_NETWORK = {
    "networks": ("/networks", "networks"),
    "subnets": ("/subnets", "subnets"),
    "subnet_pools": ("/subnetpools", "subnetpools"),
    "address_scopes": ("/address-scopes", "address_scopes"),
    "routers": ("/routers", "routers"),
    "ports": ("/ports", "ports"),
    "security_groups": ("/security-groups", "security_groups"),
    "address_groups": ("/address-groups", "address_groups"),
    "rbac_policies": ("/rbac-policies", "rbac_policies"),
    "floating_ips": ("/floatingips", "floatingips"),
    "trunks": ("/trunks", "trunks"),
}
"""Path and key of every section in the network API."""

_OPTIONAL = frozenset({"address_scopes", "address_groups", "trunks", "subnet_pools"})
"""Sections of API extensions: a cloud without the extension answers 404 and has no such objects."""

_DEFAULTS = ("/default-security-group-rules", "default_security_group_rules")
_UNKNOWN = {
    "/vpn/vpnservices": "vpnservices",
    "/fwaas/firewall_groups": "firewall_groups",
    "/bgpvpn/bgpvpns": "bgpvpns",
    "/bgp-speakers": "bgp_speakers",
    "/taas/tap_services": "tap_services",
    "/taas/tap_mirrors": "tap_mirrors",
    "/l2-gateways": "l2_gateways",
    "/sfc/port_chains": "port_chains",
    "/ndp_proxies": "ndp_proxies",
    "/local_ips": "local_ips",
}
"""Extensions that carry or stop packets in ways that the model does not know."""

_NOT_FOUND = 404


class Answer(Protocol):
    """An HTTP answer."""

    status_code: int

    def json(self) -> Any:  # noqa: ANN401 - JSON
        """Return the body."""


class Service(Protocol):
    """One service of the cloud: ``connection.network``, ``.identity`` or ``.compute``."""

    def get(self, url: str, *, params: dict[str, Any]) -> Answer:
        """Send a GET request."""


class Connection(Protocol):
    """An authenticated connection."""

    @property
    def network(self) -> Service:
        """The network service, Neutron."""

    @property
    def identity(self) -> Service:
        """The identity service, Keystone."""

    @property
    def compute(self) -> Service:
        """The compute service, Nova."""


def records(
    connection: Connection, platform: Collection[str] = (), progress: Callable[[str, int], None] = lambda _section, _count: None
) -> Iterator[model.Record]:
    """Yield everything that the credential may read; ``platform`` are names or ids of the platform's projects.

    ``progress`` is told the section and how many of its objects were read so far.

    Raises:
        CloudError: the API refused a read that a proof needs.
        SnapshotError: an answer does not fit.
    """
    for data in _pages(connection.identity, ("/projects", "projects"), progress, paged=False):
        record = read("projects", data, "cloud")
        if isinstance(record, model.Project) and {record.id, record.name} & set(platform):
            record = msgspec.structs.replace(record, role=model.Role.PLATFORM)
        yield record
    for section, place in _NETWORK.items():
        for data in _pages(connection.network, place, progress, optional=section in _OPTIONAL):
            if section == "floating_ips":
                data["port_forwardings"] = _forwardings(connection.network, data)
            yield read(section, data, "cloud")
    for data in _pages(connection.compute, ("/servers/detail", "servers"), progress, extra={"all_tenants": "True"}):
        yield read("servers", data, "cloud")
    for data in _pages(connection.network, _DEFAULTS, progress, optional=True):
        yield _default_rule(data)
    for path, key in _UNKNOWN.items():
        for data in _pages(connection.network, (path, key), progress, optional=True):
            reason = "the model does not know what it does to packets"
            yield model.Unknown(
                type=key, id=data.get("id", ""), name=data.get("name", ""), project_id=data.get("project_id", ""), reason=reason
            )


def sees_everything(connection: Connection) -> bool:
    """Tell whether the credential reads every project: only then is a snapshot complete.

    Neutron shows provider attributes to those who may read all (policy ``get_network:provider:network_type``), and to nobody else.
    """
    networks = connection.network.get("/networks", params={"limit": 1}).json().get("networks", [])
    return all("provider:network_type" in network for network in networks)


_DRIVERS: dict[str, Literal["ovn", "ovs"]] = {"ovn-controller": "ovn", "neutron-openvswitch-agent": "ovs"}
"""Firewall drivers by the agent on the hosts. That an Open vSwitch agent runs ``iptables_hybrid`` instead, no API tells."""


def driver(connection: Connection) -> Literal["ovn", "ovs"] | None:
    """Return the firewall driver that the cloud's agents stand for; ``None`` when they stand for none, or for several."""
    answer = connection.network.get("/agents", params={})
    agents = answer.json().get("agents", []) if answer.status_code < _NOT_FOUND else []
    known = {_DRIVERS[agent["binary"]] for agent in agents if agent.get("binary") in _DRIVERS}
    return known.pop() if len(known) == 1 else None


def _forwardings(service: Service, data: dict[str, Any]) -> list[dict[str, Any]]:
    """The list of floating IPs shows forwardings in part only; they are read one by one where there are any."""
    if not data.get("port_forwardings"):
        return []
    place = (f"/floatingips/{data['id']}/port_forwardings", "port_forwardings")
    return [port_forwarding(item) for item in _pages(service, place, lambda _section, _count: None, paged=False)]


def _default_rule(data: dict[str, Any]) -> model.DefaultRule:
    return model.DefaultRule(
        rule=rule({**data, "remote_group_id": None}, "cloud"),
        used_in_default_sg=bool(data.get("used_in_default_sg")),
        used_in_non_default_sg=bool(data.get("used_in_non_default_sg", True)),
    )


def _pages(
    service: Service,
    place: tuple[str, str],
    progress: Callable[[str, int], None],
    *,
    optional: bool = False,
    paged: bool = True,
    extra: dict[str, Any] | None = None,
) -> Iterator[dict[str, Any]]:
    """Yield the objects of a collection, page by page with markers (API guide, pagination)."""
    path, key = place
    params: dict[str, Any] = {**(extra or {}), **({"limit": PAGE} if paged else {})}
    count = 0
    while True:
        answer = service.get(path, params=params)
        if answer.status_code == _NOT_FOUND and optional:
            return
        if answer.status_code != 200:  # noqa: PLR2004 - HTTP
            hint = "use a credential that may read all projects (role reader, system or admin scope)"
            raise CloudError(Problem("the cloud did not answer", where=path, expected="200", got=str(answer.status_code), hint=hint))
        objects = answer.json().get(key, [])
        yield from objects
        count += len(objects)
        progress(key, count)
        if not paged or not objects or not _more(answer, key, objects):
            return
        params["marker"] = objects[-1]["id"]


def _more(answer: Answer, key: str, objects: list[Any]) -> bool:
    links = answer.json().get(f"{key}_links", [])
    return any(link.get("rel") == "next" for link in links) or len(objects) >= PAGE
