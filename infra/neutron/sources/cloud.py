"""A snapshot read from a running cloud, page by page: the caller brings the connection, everything is a read.

``Connection`` is what openstacksdk's ``openstack.connect()`` returns; it is named by its shape here, so that this module needs neither
the SDK nor a network to be tested.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from infra.errors import CloudError, Problem
from infra.neutron import snapshot as model
from infra.neutron.semantics import extensions
from infra.neutron.semantics.parties import Trust, trusting
from infra.neutron.sources import gaps
from infra.neutron.sources.ahead import side_by_side
from infra.neutron.sources.listing import NOT_FOUND, OK, objects_of, pages
from infra.neutron.sources.records import Objects
from infra.neutron.sources.rule_records import rule
from infra.neutron.sources.settled import Settled

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator

    from infra.neutron.sources.listing import Service

_NETWORK = {
    "address_scopes": ("/address-scopes", "address_scopes"),
    "subnet_pools": ("/subnetpools", "subnetpools"),
    "networks": ("/networks", "networks"),
    "subnets": ("/subnets", "subnets"),
    "address_groups": ("/address-groups", "address_groups"),
    "routers": ("/routers", "routers"),
    "security_groups": ("/security-groups", "security_groups"),
    "ports": ("/ports", "ports"),
    "rbac_policies": ("/rbac-policies", "rbac_policies"),
    "floating_ips": ("/floatingips", "floatingips"),
    "trunks": ("/trunks", "trunks"),
}
"""Path and key of every section in the network API; what is referred to comes before what refers to it."""

_OPTIONAL = frozenset({"address_scopes", "address_groups", "trunks", "subnet_pools"})
"""Sections of API extensions: a cloud without the extension answers 404 and has no such objects."""

_DEFAULTS = ("/default-security-group-rules", "default_security_group_rules")
_BALANCERS = ("/lbaas/loadbalancers", "loadbalancers")
_BY_SERVERS = frozenset({"amphora", "octavia", "amphorav2"})
"""Octavia's providers whose load balancers are ordinary servers with ordinary ports."""


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
    objects = Objects(_extensions(connection.network))
    listed = _listed(connection, objects, progress)
    settled = Settled(partial(_again, connection.network, objects)).of(listed)
    yield from trusting(settled, trust or Trust())


def _again(network: Service, objects: Objects, section: str, identifier: str) -> model.Record | None:
    """Read one object of a section anew; nothing when it is gone."""
    if section not in _NETWORK:
        return None
    path = f"{_NETWORK[section][0]}/{identifier}"
    answer = network.get(path, params={})
    if answer.status_code == NOT_FOUND:
        return None
    if answer.status_code != OK:
        raise CloudError(Problem("the cloud did not answer", where=path, expected="200", got=str(answer.status_code), hint="take it again"))
    (data,) = answer.json().values()
    if section == "floating_ips":
        data = _with_forwardings(network, data, objects.extensions)
    return None if data is None else objects.read(section, data, "cloud")


def _listed(connection: Connection, objects: Objects, progress: Callable[[str, int], None]) -> Iterator[model.Record]:
    """Yield everything as the lists have it."""
    aliases = objects.extensions
    domains = _domains(connection.identity)
    for data in pages(connection.identity, ("/projects", "projects"), progress, paged=False):
        yield objects.read("projects", {**data, "domain_name": domains.get(str(data.get("domain_id")), "")}, "cloud")
    bound = gaps.Bindings()
    lists: dict[str, Callable[[], Iterator[dict[str, Any]]]] = {
        section: partial(pages, connection.network, place, progress, optional=section in _OPTIONAL) for section, place in _NETWORK.items()
    }
    lists["servers"] = partial(pages, connection.compute, ("/servers/detail", "servers"), progress, extra={"all_tenants": "True"})
    for section, data in side_by_side(lists):
        if section == "ports":
            bound.look(data)
        shown = _with_forwardings(connection.network, data, aliases) if section == "floating_ips" else data
        if shown is not None:
            yield objects.read(section, shown, "cloud")
    for data in pages(connection.network, _DEFAULTS, progress, optional=True):
        yield _default_rule(data)
    yield from objects.fields.unknowns()
    yield from bound.unknowns()
    yield from _extended(connection, aliases, progress)


def _extensions(network: Service) -> frozenset[str] | None:
    """Return the aliases of the cloud's extensions; ``None`` when it does not tell them."""
    answer = network.get("/extensions", params={})
    listed = objects_of(answer, "extensions") if answer.status_code == OK else None
    return None if listed is None else frozenset(str(entry["alias"]) for entry in listed)


def _extended(connection: Connection, aliases: Collection[str] | None, progress: Callable[[str, int], None]) -> Iterator[model.Unknown]:
    """Yield what extensions and Octavia have made, and what they do not tell."""
    if aliases is None:
        yield model.Unknown(type="extensions", reason="the cloud does not tell its extensions: it may do what the model does not know")
    yield from extensions.not_known(aliases or ())
    for collection in extensions.collections(extensions.COUNTED if aliases is None else aliases):
        try:
            listed = list(pages(connection.network, (collection.path, collection.key), progress, optional=aliases is None))
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
        listed = list(pages(connection.load_balancer, _BALANCERS, progress))
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
    found = answer.json().get("domains", []) if answer.status_code == OK else []
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
    return driver_of_agents(answer.json().get("agents", []) if answer.status_code == OK else [])


def driver_of_agents(agents: Iterable[dict[str, Any]]) -> gaps.DriverName | None:
    """Return the same from the list of agents."""
    known = {_driver_of(agent) for agent in agents if agent.get("binary") in _SWITCHES or "vswitch" in str(agent.get("agent_type")).lower()}
    return known.pop() if len(known) == 1 else None


def _driver_of(agent: dict[str, Any]) -> gaps.DriverName | None:
    if agent.get("binary") == "ovn-controller":
        return "ovn"
    over_bridge = (agent.get("configurations") or {}).get("ovs_hybrid_plug")
    if agent.get("binary") != "neutron-openvswitch-agent" or over_bridge is None:
        return None
    return "iptables_hybrid" if over_bridge else "ovs"


def _with_forwardings(service: Service, data: dict[str, Any], aliases: Collection[str] | None) -> dict[str, Any] | None:
    """Return a floating IP with its forwardings, which the list shows in part or not at all; nothing when it is gone by now.

    They are read one by one where there may be any.
    """
    shown = data.get("port_forwardings")
    possible = shown is None and not data.get("port_id") and (aliases is None or "floating-ip-port-forwarding" in aliases)
    if not shown and not possible:
        return {**data, "port_forwardings": []}
    place = (f"/floatingips/{data['id']}/port_forwardings", "port_forwardings")
    try:
        found = list(pages(service, place, lambda _section, _count: None, optional=aliases is None, paged=False))
    except CloudError:
        if service.get(f"/floatingips/{data['id']}", params={}).status_code == NOT_FOUND:
            return None
        raise
    return {**data, "port_forwardings": found}


def _default_rule(data: dict[str, Any]) -> model.DefaultRule:
    return model.DefaultRule(
        rule=rule({**data, "remote_group_id": None}, "cloud"),
        used_in_default_sg=bool(data.get("used_in_default_sg")),
        used_in_non_default_sg=bool(data.get("used_in_non_default_sg", True)),
    )
