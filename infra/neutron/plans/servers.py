"""Servers of a plan and their NICs: by a port, or by a network on which Nova makes one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from infra.neutron import snapshot as model
from infra.neutron.plans.kinds import ResourceKind
from infra.neutron.plans.ports import holds
from infra.neutron.plans.preview import is_told, source

if TYPE_CHECKING:
    from infra.neutron.plans.overlay import Overlay
    from infra.neutron.plans.preview import Resource

_NOVA = "compute:nova"
_CHOSEN = "Nova chooses the network of a server that names none"


def add_servers(overlay: Overlay) -> None:
    """Add the servers themselves, so that ports can belong to them."""
    for resource in overlay.new(ResourceKind.SERVER):
        overlay.put(
            overlay.changed(
                model.Server, resource.id, name=resource.text("name"), project_id=overlay.project(resource), source=source(resource)
            )
        )


def plug_servers(overlay: Overlay) -> None:
    """Give servers their NICs; those of a server that the base shows as it is are there."""
    for resource in overlay.new(ResourceKind.SERVER):
        _nics(overlay, resource)
    for resource in overlay.new(ResourceKind.INTERFACE):
        server = overlay.plan.reference(resource, "instanceId", ResourceKind.SERVER)
        port = overlay.plan.reference(resource, "portId", ResourceKind.PORT)
        network = overlay.plan.reference(resource, "networkId", ResourceKind.NETWORK)
        if port:
            overlay.change_port(port, device_owner=_NOVA, device_id=server)
        elif network:
            place = overlay.find(model.Server, server)
            project = place.project_id if place else overlay.project(resource)
            fixed = [resource.get("fixedIp")]
            groups = (overlay.default_group(project),)
            _nic(overlay, resource, (network, project, server), fixed, groups)
        else:
            overlay.doubt(resource, _CHOSEN)


def _nics(overlay: Overlay, resource: Resource) -> None:
    entries = resource.items("networks")
    if not is_told(resource.state.inputs.get("networks", "")) and not entries:
        overlay.doubt(resource, "the plan does not tell networks")
    elif not entries and resource.text("networkMode") != "none":
        overlay.doubt(resource, _CHOSEN)
    if resource.before.get("securityGroups", []) != resource.state.inputs.get("securityGroups", []) and resource.before:
        overlay.doubt(resource, "Nova puts other groups on every port of a server that is there")
    for port in _named(overlay, resource, [entry.get("port") for entry in entries if isinstance(entry, dict)], ResourceKind.PORT):
        overlay.change_port(port, device_owner=_NOVA, device_id=resource.id)
    project = overlay.project(resource)
    held = {port.network_id for port in overlay.all(model.Port) if port.device_id == resource.id}
    for entry in entries:
        if not isinstance(entry, dict) or (entry.get("port") and is_told(entry["port"])):
            continue
        for network in _networks(overlay, resource, entry, alone=not entry.get("port")):
            if resource.before and network in held:
                continue  # the base shows the NIC that Nova made
            groups = _groups(overlay, resource, project)
            _nic(overlay, resource, (network, project, resource.id), [entry.get("fixedIpV4"), entry.get("fixedIpV6")], groups)


def _networks(overlay: Overlay, resource: Resource, entry: dict[str, Any], *, alone: bool) -> list[str]:
    """Return the networks that an entry without a port may mean, by id or by name."""
    if not alone:
        return []
    if entry.get("uuid"):
        return _named(overlay, resource, [entry["uuid"]], ResourceKind.NETWORK)
    name = entry.get("name")
    found = [network.id for network in overlay.all(model.Network) if name and network.name == name]
    if not found:
        overlay.doubt(
            resource, f"the plan does not say which network this is: {name or 'no uuid, name or port'}" if is_told(name) else _CHOSEN
        )
    return found


def _named(overlay: Overlay, resource: Resource, values: list[Any], kind: ResourceKind) -> list[str]:
    """Return the ids in ``networks``: the known ones; for unknown ones everything of the kind that the property depends on."""
    asked = [value for value in values if value]
    known = [str(value) for value in asked if is_told(value)]
    if len(known) == len(asked):
        return known
    found = [target.id for target in overlay.plan.targets(resource, "networks", kind)]
    if not found:
        overlay.doubt(resource, "the plan does not tell networks")
    return known + [identifier for identifier in found if identifier not in known]


def _groups(overlay: Overlay, resource: Resource, project: str) -> tuple[str, ...]:
    """Return the groups of the NICs that Nova makes: by name in the server's project, or by id; else the default group."""
    asked = resource.items("securityGroups")
    if not asked:
        if not is_told(resource.state.inputs.get("securityGroups", "")):
            overlay.doubt(resource, "the plan does not tell securityGroups")
        return (overlay.default_group(project),)
    groups = overlay.all(model.SecurityGroup)
    found = [target.id for target in overlay.plan.targets(resource, "securityGroups", ResourceKind.GROUP) if not is_told(asked)]
    for text in filter(is_told, asked):
        if text == "default":
            found.append(overlay.default_group(project))
            continue
        mine = [group.id for group in groups if text == group.id or (group.project_id == project and group.name == text)]
        if not mine:
            overlay.doubt(resource, f"the plan does not say which security group this is: {text}")
        found += mine
    if not is_told(asked) and not found:
        overlay.doubt(resource, "the plan does not tell securityGroups")
    return tuple(sorted(set(found)))


def _nic(overlay: Overlay, resource: Resource, ends: tuple[str, str, str], asked: list[Any], groups: tuple[str, ...]) -> None:
    """Add the port that Nova makes on a network."""
    name, project, server = ends
    network = overlay.find(model.Network, name)
    if network is None:
        overlay.doubt(resource, f"a port on a network that is not there: {name}")
        return
    subnets = [subnet for subnet in overlay.all(model.Subnet) if subnet.network_id == name]
    known = [str(address) for address in asked if address and is_told(address)]
    fixed: list[model.FixedIp] = []
    for subnet in subnets:
        here: list[str | None] = [address for address in known if holds(subnet.cidr, address)]
        fixed += [model.FixedIp(subnet_id=subnet.id, ip_address=address) for address in here or [None]]
    overlay.put(
        model.Port(
            id=f"{resource.id}/{len(overlay.all(model.Port))}",
            network_id=name,
            project_id=project,
            fixed_ips=tuple(fixed),
            device_owner=_NOVA,
            device_id=server,
            security_groups=groups if network.port_security_enabled else (),
            port_security_enabled=network.port_security_enabled,
            source=source(resource),
        )
    )
