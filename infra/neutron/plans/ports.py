"""Ports of a plan, and trunks: which addresses, groups and owners they have once Neutron has made them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from infra.errors import Problem, SnapshotError
from infra.neutron import snapshot as model
from infra.neutron.plans.kinds import ResourceKind
from infra.neutron.plans.preview import is_told, source
from infra.ranges import parse_prefix

if TYPE_CHECKING:
    from infra.neutron.plans.overlay import Overlay
    from infra.neutron.plans.preview import Resource


def add_port(overlay: Overlay, resource: Resource) -> None:
    """Add a port, or change the one that is there.

    Raises:
        SnapshotError: its network is not there, or the plan does not say on which subnet an address is.
    """
    earlier = overlay.find(model.Port, resource.id)
    name = overlay.plan.reference(resource, "networkId", ResourceKind.NETWORK)
    network = overlay.find(model.Network, name)
    if network is None:
        hint = "give the snapshot of the cloud that the plan is for"
        where = f"{overlay.plan.name}: {resource.state.urn}"
        raise SnapshotError(Problem("a port on a network that is not there", where=where, got=name, hint=hint))
    project = overlay.project(resource)
    # Neutron takes over what the network says where the port says nothing (extension port-security).
    secure = resource.flag("portSecurityEnabled", default=earlier.port_security_enabled if earlier else network.port_security_enabled)
    binding = resource.get("binding")
    pairs = [pair for pair in resource.items("allowedAddressPairs") if isinstance(pair, dict)]
    fields: dict[str, Any] = {"mac_address": resource.text("macAddress")} if resource.text("macAddress") else {}
    if isinstance(binding, dict) and is_told(binding.get("vnicType")) and binding.get("vnicType"):
        fields["binding_vnic_type"] = str(binding["vnicType"])
    for field, key in (("deviceOwner", "device_owner"), ("deviceId", "device_id")):
        if resource.text(field):
            fields[key] = resource.text(field)
    overlay.put(
        overlay.changed(
            model.Port,
            resource.id,
            name=resource.text("name"),
            network_id=name,
            project_id=project,
            fixed_ips=_fixed_ips(overlay, resource, network),
            security_groups=_groups(overlay, resource, project, secure=secure),
            port_security_enabled=secure,
            allowed_address_pairs=tuple(_pair(pair) for pair in pairs),
            admin_state_up=resource.flag("adminStateUp", default=True),
            source=source(resource),
            **fields,
        )
    )


def _pair(pair: dict[str, Any]) -> model.AddressPair:
    mac = pair.get("macAddress")
    return model.AddressPair(ip_address=str(pair.get("ipAddress")), mac_address=str(mac) if mac and is_told(mac) else None)


def _groups(overlay: Overlay, resource: Resource, project: str, *, secure: bool) -> tuple[str, ...]:
    """Return a port's groups: the project's default group where it names none and does not ask for none."""
    named = overlay.plan.references(resource, "securityGroupIds", ResourceKind.GROUP)
    if named or not secure or resource.flag("noSecurityGroups", default=False):
        return tuple(sorted(named))
    earlier = overlay.find(model.Port, resource.id)
    return earlier.security_groups if earlier else (overlay.default_group(project),)


def _fixed_ips(overlay: Overlay, resource: Resource, network: model.Network) -> tuple[model.FixedIp, ...]:
    """Return the port's addresses: each belongs to the subnet of its network whose prefix holds it."""
    if resource.flag("noFixedIp", default=False):
        return ()
    subnets = [subnet for subnet in overlay.all(model.Subnet) if subnet.network_id == network.id]
    found = []
    for item in resource.items("fixedIps") or [{} for _ in subnets]:
        address, named = (item.get("ipAddress"), item.get("subnetId")) if isinstance(item, dict) else (None, None)
        subnet = next((s for s in subnets if s.id == named or (address and is_told(address) and holds(s.cidr, address))), None)
        if subnet is None and len(subnets) == 1:
            subnet = subnets[0]
        if subnet is None:
            where, expected = f"{overlay.plan.name}: {resource.state.urn} fixedIps", f"one of the subnets of network {network.id}"
            raise SnapshotError(Problem("the plan does not say the subnet", where=where, expected=expected))
        found.append(model.FixedIp(subnet_id=subnet.id, ip_address=str(address) if address and is_told(address) else None))
    return tuple(found)


def holds(cidr: str, address: str) -> bool:
    """Tell whether an address is in a prefix."""
    whole, part = parse_prefix(cidr), parse_prefix(address)
    return whole is not None and part is not None and whole[0] == part[0] and whole[1] <= part[1] <= whole[2]


def add_trunks(overlay: Overlay) -> None:
    """Add trunks: every subport reaches its server through the trunk's port."""
    for resource in overlay.new(ResourceKind.TRUNK):
        subs = [sub for sub in resource.items("subPorts") if isinstance(sub, dict)]
        tags = {str(sub.get("portId")): sub.get("segmentationId") for sub in subs}
        ports = [str(sub.get("portId")) for sub in subs if is_told(sub.get("portId"))]
        if len(ports) < len(subs) or not is_told(resource.state.inputs.get("subPorts")):
            found = [target.id for target in overlay.plan.targets(resource, "subPorts", ResourceKind.PORT) if target.id not in ports]
            if not found:
                overlay.doubt(resource, "the plan does not tell subPorts")
            ports += found
        parts = tuple(model.SubPort(port_id=port, segmentation_id=_tag(tags.get(port))) for port in ports)
        parent = overlay.plan.reference(resource, "portId", ResourceKind.PORT)
        overlay.put(model.Trunk(id=resource.id, port_id=parent, project_id=overlay.project(resource), sub_ports=parts))


def _tag(value: object) -> int:
    return int(value) if isinstance(value, int | float) else 0
