"""What a reader was not shown, by what the rest shows: ports name servers and trunks, groups are switched off, drivers tell themselves.

Everything here looks at ports as the API or the client prints them, next to what was read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from infra.neutron import snapshot as model
from infra.neutron.owners import is_trusted
from infra.neutron.semantics.drivers import FILTERED_VNIC_TYPES
from infra.ranges import EVERYTHING, parse_prefix

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from infra.neutron.sources.reading import Json

DriverName = Literal["ovn", "ovs", "iptables_hybrid"]

NO_EXTENSIONS = model.Unknown(
    type="extensions",
    reason="the folder does not say what else the cloud can do: openstack extension list --network -f json > extensions.json",
)

VIF_TYPES = frozenset(
    [
        "unbound",
        "binding_failed",
        "distributed",
        "ovs",
        "bridge",
        "tap",
        "macvtap",
        "hw_veb",
        "hostdev_physical",
        "vhostuser",
        "agilio_ovs",
        "vdpa",
        "other",
    ]
)
"""How a port may be bound (``neutron_lib.api.definitions.portbindings``); another one is another vendor's switch."""

_BOUND_BY: dict[str, DriverName] = {"ovn": "ovn", "ovn-sync": "ovn", "openvswitch": "ovs"}
"""Firewall drivers by the mechanism driver that bound a port; an Open vSwitch agent that plugs over a bridge has ``iptables_hybrid``."""


def _get(port: Mapping[str, Any], name: str) -> Any:  # noqa: ANN401 - JSON
    """Return a field of a port's binding, under the API's name or the client's."""
    return port.get(f"binding:{name}", port.get(f"binding_{name}"))


def _details(port: Mapping[str, Any]) -> Mapping[str, Any]:
    found = _get(port, "vif_details")
    return found if isinstance(found, dict) else {}


def driver_of(ports: Iterable[Json]) -> DriverName | None:
    """Return the one firewall driver by which all bound ports were bound; ``None`` when they do not tell, or tell several."""
    found = {_driver(_details(port)) for port in ports if _details(port).get("bound_drivers")}
    return found.pop() if len(found) == 1 else None


def _driver(details: Mapping[str, Any]) -> DriverName | None:
    bound = details["bound_drivers"]
    names = {str(name) for name in (bound.values() if isinstance(bound, dict) else [bound])}
    drivers = {_BOUND_BY.get(name) for name in names}
    if len(drivers) != 1:
        return None
    found = drivers.pop()
    return "iptables_hybrid" if found == "ovs" and details.get("ovs_hybrid_plug") else found


class Bindings:
    """What ports say about how they are bound that takes groups off, or that the model does not know: each thing once."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._found: dict[str, model.Unknown] = {}

    def look(self, port: Json) -> None:
        """Look at a port as it is printed."""
        for label, reason in _binding(port):
            self._found.setdefault(label, _unknown(label, port, reason))

    def unknowns(self) -> Iterator[model.Unknown]:
        """Yield a record per thing."""
        yield from self._found.values()


def _binding(port: Json) -> Iterator[tuple[str, str]]:
    vif = _get(port, "vif_type")
    if vif and vif not in VIF_TYPES:
        yield f"vif_type:{vif}", "the model does not know this kind of switch"
    guarded = port.get("port_security_enabled") and _get(port, "vnic_type") in FILTERED_VNIC_TYPES
    if guarded and _details(port).get("port_filter") is False and not is_trusted(str(port.get("device_owner") or "")):
        yield "field:port.binding:vif_details.port_filter", "security groups are switched off where the port is bound"


def of_servers(ports: Iterable[model.Port], servers: Iterable[model.Server]) -> Iterator[model.Unknown]:
    """Yield a port whose server was not listed: its project may be another than the port's."""
    known = {server.id for server in servers}
    lost = [port for port in ports if port.device_owner.startswith("compute:") and port.device_id and port.device_id not in known]
    if lost:
        first = lost[0]
        more = f", and {len(lost) - 1} more" if lost[1:] else ""
        reason = f"it names server {first.device_id}, which servers.json does not have{more}: list servers with --all-projects"
        yield model.Unknown(type="servers", id=first.id, name=first.name, project_id=first.project_id, reason=reason)


def of_trunks(
    ports: Iterable[Json], trunks: Iterable[model.Trunk], extensions: Collection[str] | None, *, there: bool
) -> Iterator[model.Unknown]:
    """Yield a port that carries a trunk which was not listed, or that trunks were not listed and ports would not show them."""
    carriers = {trunk.port_id for trunk in trunks}
    subports = {sub.port_id for trunk in trunks for sub in trunk.sub_ports}
    for port in ports:
        lost = port.get("trunk_details") and port.get("id") not in carriers
        if lost or (port.get("device_owner") == "trunk:subport" and port.get("id") not in subports):
            yield _unknown("trunks", port, "it belongs to a trunk that trunks.json does not have")
            return
    if not there and extensions is not None and "trunk" in extensions and "trunk-details" not in extensions:
        yield model.Unknown(type="trunks", reason="the cloud can have trunks, its ports do not show them, and trunks.json is not there")


def forwardings(data: Mapping[str, Any]) -> model.Unknown | None:
    """Return what is missing of a floating IP that a router answers for without a port: its forwardings, which the client leaves out."""
    fields = {str(name).lower().replace(" ", "_"): value for name, value in data.items()}
    router, port = (fields.get(f"{name}_id") or fields.get(name) for name in ("router", "port"))
    if not router or port or fields.get("port_forwardings"):
        return None
    reason = "its port forwardings are not printed: add them to the object as port_forwardings"
    return model.Unknown(type="floating_ip", id=str(fields.get("id")), name=str(fields.get("floating_ip_address")), reason=reason)


def meaning(rule: model.Rule) -> tuple[str, ...]:
    """Return what decides in a rule, one way to write it: to tell whether two lists hold the same rules."""
    protocol = "" if rule.protocol in {None, "any"} else str(rule.protocol).lower()
    prefix = parse_prefix(rule.remote_ip_prefix) if rule.remote_ip_prefix else None
    peer = "" if prefix is None or prefix in EVERYTHING.values() else str(prefix)
    ports = (rule.port_range_min, rule.port_range_max)
    values = (rule.id, rule.direction, rule.ethertype, protocol, *ports, peer, rule.remote_group_id, rule.remote_address_group_id)
    return tuple("" if value is None else str(value) for value in values)


def _unknown(label: str, port: Json, reason: str) -> model.Unknown:
    texts = [str(port.get(key) or "") for key in ("id", "name", "project_id")]
    return model.Unknown(type=label, id=texts[0], name=texts[1], project_id=texts[2], reason=reason)
