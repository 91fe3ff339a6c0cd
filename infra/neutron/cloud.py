"""A snapshot read from a running cloud, page by page: the caller brings the connection, everything is a read.

``Connection`` is what openstacksdk's ``openstack.connect()`` returns; it is named by its shape here, so that this module needs neither
the SDK nor a network to be tested.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from infra.errors import CloudError, Problem
from infra.neutron import extensions, gaps
from infra.neutron import snapshot as model
from infra.neutron.parties import Trust, trusting
from infra.neutron.records import Objects
from infra.neutron.rule_records import rule

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

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
_BALANCERS = ("/lbaas/loadbalancers", "loadbalancers")
_BY_SERVERS = frozenset({"amphora", "octavia", "amphorav2"})
"""Octavia's providers whose load balancers are ordinary servers with ordinary ports."""

_OK, _NOT_FOUND = 200, 404


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

    @property
    def load_balancer(self) -> Service:
        """The load balancer service, Octavia; asked only where there is one."""

    def has_service(self, service_key: str) -> bool:
        """Tell whether the catalog has a service."""


def records(
    connection: Connection, trust: Trust | None = None, progress: Callable[[str, int], None] = lambda _section, _count: None
) -> Iterator[model.Record]:
    """Yield everything that the credential may read; ``trust`` says which projects are the platform's.

    ``progress`` is told the section and how many of its objects were read so far.

    Raises:
        CloudError: the API refused a read that a proof needs.
        SnapshotError: an answer does not fit.
    """
    yield from trusting(_records(connection, progress), trust or Trust())


def _records(connection: Connection, progress: Callable[[str, int], None]) -> Iterator[model.Record]:
    aliases = _extensions(connection.network)
    objects = Objects(aliases)
    domains = _domains(connection.identity)
    for data in _pages(connection.identity, ("/projects", "projects"), progress, paged=False):
        yield objects.read("projects", {**data, "domain_name": domains.get(str(data.get("domain_id")), "")}, "cloud")
    bound = gaps.Bindings()
    for section, place in _NETWORK.items():
        for data in _pages(connection.network, place, progress, optional=section in _OPTIONAL):
            if section == "floating_ips":
                data["port_forwardings"] = _forwardings(connection.network, data, aliases)
            if section == "ports":
                bound.look(data)
            yield objects.read(section, data, "cloud")
    for data in _pages(connection.compute, ("/servers/detail", "servers"), progress, extra={"all_tenants": "True"}):
        yield objects.read("servers", data, "cloud")
    for data in _pages(connection.network, _DEFAULTS, progress, optional=True):
        yield _default_rule(data)
    yield from objects.fields.unknowns()
    yield from bound.unknowns()
    yield from _extended(connection, aliases, progress)


def _extensions(network: Service) -> frozenset[str] | None:
    """Return the aliases of the cloud's extensions; ``None`` when it does not tell them."""
    answer = network.get("/extensions", params={})
    listed = _listed(answer, "extensions") if answer.status_code == _OK else None
    return None if listed is None else frozenset(str(entry["alias"]) for entry in listed)


def _extended(connection: Connection, aliases: frozenset[str] | None, progress: Callable[[str, int], None]) -> Iterator[model.Unknown]:
    """Yield what extensions and Octavia have made, and what they do not tell."""
    if aliases is None:
        yield model.Unknown(type="extensions", reason="the cloud does not tell its extensions: it may do what the model does not know")
    yield from extensions.not_known(aliases or ())
    for collection in extensions.collections(extensions.COUNTED if aliases is None else aliases):
        try:
            listed = list(_pages(connection.network, (collection.path, collection.key), progress, optional=aliases is None))
        except CloudError as error:
            yield collection.not_listed(f"{error.problems[0].where} answers {error.problems[0].got}")
            continue
        yield from map(collection.unknown, listed)
    yield from _balancers(connection, progress)


def _balancers(connection: Connection, progress: Callable[[str, int], None]) -> Iterator[model.Unknown]:
    """Yield the load balancers of Octavia that are no servers: their members are not in the network's API."""
    if not connection.has_service("load-balancer"):
        return
    try:
        listed = list(_pages(connection.load_balancer, _BALANCERS, progress))
    except CloudError as error:
        yield model.Unknown(type="load_balancer", reason=f"Octavia does not list them: {error.problems[0].got}")
        return
    for data in listed:
        if data.get("provider") not in _BY_SERVERS:
            texts = [str(data.get(key) or "") for key in ("id", "name", "project_id")]
            reason = f"members of a load balancer of provider {data.get('provider')} are not modelled"
            yield model.Unknown(type="load_balancer", id=texts[0], name=texts[1], project_id=texts[2], reason=reason)


def _domains(identity: Service) -> dict[str, str]:
    """Return the names of Keystone's domains by their ids; none for a credential that may not list them, as ids decide."""
    answer = identity.get("/domains", params={})
    found = answer.json().get("domains", []) if answer.status_code == _OK else []
    return {str(domain.get("id")): str(domain.get("name") or "") for domain in found}


def sees_everything(connection: Connection) -> bool:
    """Tell whether the credential reads every project: only then is a snapshot complete.

    Neutron shows provider attributes to those who may read all (policy ``get_network:provider:network_type``), and to nobody else.
    """
    networks = connection.network.get("/networks", params={"limit": 1}).json().get("networks", [])
    return all("provider:network_type" in network for network in networks)


_SWITCHES = {"ovn-controller", "neutron-openvswitch-agent", "neutron-linuxbridge-agent", "neutron-macvtap-agent"}
"""Agents that enforce groups; others on a host, such as those of DHCP, do not."""


def driver(connection: Connection) -> gaps.DriverName | None:
    """Return the firewall driver that the cloud's agents stand for; ``None`` when they stand for none, or for several.

    An Open vSwitch agent says of itself whether it plugs over a bridge, as it does for ``iptables_hybrid``.
    """
    answer = connection.network.get("/agents", params={})
    agents = answer.json().get("agents", []) if answer.status_code == _OK else []
    known = {_driver_of(agent) for agent in agents if agent.get("binary") in _SWITCHES or "vswitch" in str(agent.get("agent_type")).lower()}
    return known.pop() if len(known) == 1 else None


def _driver_of(agent: dict[str, Any]) -> gaps.DriverName | None:
    if agent.get("binary") == "ovn-controller":
        return "ovn"
    over_bridge = (agent.get("configurations") or {}).get("ovs_hybrid_plug")
    if agent.get("binary") != "neutron-openvswitch-agent" or over_bridge is None:
        return None
    return "iptables_hybrid" if over_bridge else "ovs"


def _forwardings(service: Service, data: dict[str, Any], aliases: frozenset[str] | None) -> list[dict[str, Any]]:
    """The list of floating IPs shows forwardings in part or not at all; they are read one by one where there may be any."""
    shown = data.get("port_forwardings")
    possible = shown is None and not data.get("port_id") and (aliases is None or "floating-ip-port-forwarding" in aliases)
    if not shown and not possible:
        return []
    place = (f"/floatingips/{data['id']}/port_forwardings", "port_forwardings")
    return list(_pages(service, place, lambda _section, _count: None, optional=aliases is None, paged=False))


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
        if answer.status_code != _OK:
            hint = "use a credential that may read all projects (role reader, system or admin scope)"
            raise CloudError(Problem("the cloud did not answer", where=path, expected="200", got=str(answer.status_code), hint=hint))
        objects = _listed(answer, key)
        if objects is None:
            hint = "ask what answers in the place of the API, such as a proxy"
            raise CloudError(Problem("the cloud answered something else", path, f"a list under {key}", str(answer.json())[:200], hint))
        yield from objects
        count += len(objects)
        progress(key, count)
        if not paged or not objects or not _more(answer, key, objects):
            return
        params["marker"] = objects[-1]["id"]


def _listed(answer: Answer, key: str) -> list[Any] | None:
    """Return the objects of an answer; ``None`` when it has no such list, which is not the same as an empty one."""
    body = answer.json()
    listed = body.get(key) if isinstance(body, dict) else None
    return listed if isinstance(listed, list) else None


def _more(answer: Answer, key: str, objects: list[Any]) -> bool:
    links = answer.json().get(f"{key}_links", [])
    return any(link.get("rel") == "next" for link in links) or len(objects) >= PAGE
