"""Every type of resource that a plan may hold, in exactly one list: modelled, harmless, or refused. No list is not knowing: "cannot tell".

The types are those of the OpenStack provider that the project is locked to (a test compares), and of the project's own dynamic resources.
A property that the model does not know and that says something makes the plan "cannot tell" as well: see ``Properties``.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class ResourceKind(StrEnum):
    """The types that the model reads."""

    PROJECT = "openstack:identity/project:Project"
    CREDENTIAL = "openstack:identity/applicationCredential:ApplicationCredential"
    NETWORK = "openstack:networking/network:Network"
    SUBNET = "openstack:networking/subnet:Subnet"
    SUBNET_POOL = "openstack:networking/subnetPool:SubnetPool"
    ADDRESS_SCOPE = "openstack:networking/addressScope:AddressScope"
    ROUTER = "openstack:networking/router:Router"
    ROUTER_INTERFACE = "openstack:networking/routerInterface:RouterInterface"
    ROUTER_ROUTE = "openstack:networking/routerRoute:RouterRoute"
    ROUTER_ROUTES = "openstack:networking/routerRoutesV2:RouterRoutesV2"
    PORT = "openstack:networking/port:Port"
    PORT_GROUPS = "openstack:networking/portSecGroupAssociate:PortSecGroupAssociate"
    GROUP = "openstack:networking/secGroup:SecGroup"
    RULE = "openstack:networking/secGroupRule:SecGroupRule"
    ADDRESS_GROUP = "openstack:networking/addressGroupV2:AddressGroupV2"
    FLOATING_IP = "openstack:networking/floatingIp:FloatingIp"
    FLOATING_IP_ASSOCIATE = "openstack:networking/floatingIpAssociate:FloatingIpAssociate"
    PORT_FORWARDING = "openstack:networking/portForwardingV2:PortForwardingV2"
    RBAC_POLICY = "openstack:networking/rbacPolicyV2:RbacPolicyV2"
    TRUNK = "openstack:networking/trunk:Trunk"
    SERVER = "openstack:compute/instance:Instance"
    INTERFACE = "openstack:compute/interfaceAttach:InterfaceAttach"
    OWN_LEG = "pulumi-python:dynamic/ringfence:RouterLeg"
    OWN_ROUTE = "pulumi-python:dynamic/ringfence:ManagementRoute"
    OWN_POOL_ROUTE = "pulumi-python:dynamic/ringfence:PoolRoute"
    OWN_DEFAULT_GROUP = "pulumi-python:dynamic/ringfence:EmptyDefaultGroup"


@dataclass(frozen=True, slots=True)
class Properties:
    """What the model does with the properties of a type; any other one that is set to something makes the plan "cannot tell".

    ``read`` decide, and must be known. ``filled`` decide as well, but may be unknown: the plan says what they depend on, or the cloud will
    choose and every choice is taken. ``harmless`` change no packet's way.
    """

    read: frozenset[str] = frozenset()
    filled: frozenset[str] = frozenset()
    harmless: frozenset[str] = frozenset()


def _of(read: str = "", filled: str = "", harmless: str = "") -> Properties:
    common = "id region name description tags allTags createdAt updatedAt revisionNumber"
    return Properties(frozenset(read.split()), frozenset(filled.split()), frozenset(f"{harmless} {common}".split()))


KNOWN: dict[ResourceKind, Properties] = {
    ResourceKind.NETWORK: _of(
        "external shared portSecurityEnabled segments", "tenantId", "adminStateUp availabilityZoneHints dnsDomain mtu qosPolicyId"
    ),
    ResourceKind.SUBNET: _of(
        "gatewayIp noGateway enableDhcp prefixLength allocationPools",
        "cidr networkId subnetpoolId tenantId",
        "dnsNameservers dnsPublishFixedIp ipVersion ipv6AddressMode ipv6RaMode serviceTypes",
    ),
    ResourceKind.SUBNET_POOL: _of(
        "prefixes defaultPrefixlen shared", "addressScopeId projectId", "defaultQuota ipVersion isDefault maxPrefixlen minPrefixlen"
    ),
    ResourceKind.ADDRESS_SCOPE: _of("ipVersion shared", "projectId"),
    ResourceKind.ROUTER: _of(
        "adminStateUp enableSnat externalFixedIps",
        "externalNetworkId tenantId",
        "availabilityZoneHints distributed externalQosPolicyId externalSubnetIds vendorOptions",
    ),
    ResourceKind.ROUTER_INTERFACE: _of(filled="routerId portId subnetId", harmless="forceDestroy"),
    ResourceKind.ROUTER_ROUTE: _of(filled="routerId destinationCidr nextHop"),
    ResourceKind.ROUTER_ROUTES: _of("routes", "routerId"),
    ResourceKind.PORT: _of(
        "adminStateUp allowedAddressPairs binding deviceOwner deviceId noFixedIp noSecurityGroups portSecurityEnabled",
        "fixedIps macAddress networkId securityGroupIds tenantId allFixedIps allSecurityGroupIds",
        "dnsName dnsAssignments extraDhcpOptions qosPolicyId",
    ),
    ResourceKind.PORT_GROUPS: _of("enforce", "portId securityGroupIds allSecurityGroupIds"),
    ResourceKind.GROUP: _of("deleteDefaultRules stateful", "tenantId"),
    ResourceKind.RULE: _of(
        "direction ethertype portRangeMin portRangeMax protocol remoteIpPrefix",
        "securityGroupId remoteGroupId remoteAddressGroupId tenantId",
    ),
    ResourceKind.ADDRESS_GROUP: _of("addresses", "projectId"),
    ResourceKind.FLOATING_IP: _of("fixedIp", "address pool portId tenantId", "dnsDomain dnsName subnetId subnetIds"),
    ResourceKind.FLOATING_IP_ASSOCIATE: _of("fixedIp", "floatingIp portId"),
    ResourceKind.PORT_FORWARDING: _of("externalPort internalPort protocol", "floatingipId internalIpAddress internalPortId"),
    ResourceKind.RBAC_POLICY: _of("action objectType", "objectId targetTenant projectId"),
    ResourceKind.TRUNK: _of("", "portId subPorts tenantId", "adminStateUp"),
    ResourceKind.SERVER: _of(
        "networkMode",
        "networks securityGroups accessIpV4 accessIpV6",
        "adminPass availabilityZone availabilityZoneHints blockDevices configDrive flavorId flavorName forceDelete hypervisorHostname "
        "imageId imageName keyPair metadata allMetadata personalities powerState schedulerHints stopBeforeDestroy userData vendorOptions "
        "created updated",
    ),
    ResourceKind.INTERFACE: _of("", "fixedIp instanceId networkId portId"),
}
"""The properties of each type that joins, opens or owns something; types of ``Kind`` that are not here are read for one thing only."""

INNER: dict[tuple[ResourceKind, str], Properties] = {
    (ResourceKind.NETWORK, "segments"): _of("networkType physicalNetwork segmentationId"),
    (ResourceKind.PORT, "binding"): _of("vnicType", harmless="hostId vifType"),
    (ResourceKind.PORT, "fixedIps"): _of("", "ipAddress subnetId"),
    (ResourceKind.PORT, "allowedAddressPairs"): _of("ipAddress macAddress"),
    (ResourceKind.ROUTER, "externalFixedIps"): _of("", "ipAddress subnetId"),
    (ResourceKind.SERVER, "networks"): _of("", "fixedIpV4 fixedIpV6 mac name port uuid", "accessNetwork"),
    (ResourceKind.TRUNK, "subPorts"): _of("", "portId segmentationId", "segmentationType"),
    (ResourceKind.SUBNET, "allocationPools"): _of("start end"),
    (ResourceKind.ROUTER_ROUTES, "routes"): _of("destinationCidr nextHop"),
}
"""The same for the objects inside a property."""

_NO_NETWORK = "it has no network of its own and changes none"
_LIMITS = "it limits how much, not what passes"
_NAMES = "it names addresses, and moves no packet"
_RIGHTS = "it says who may call the API, which is not what the proof is about"


def _types(reason: str, module: str, names: str) -> dict[str, str]:
    return {f"openstack:{module}/{name[0].lower()}{name[1:]}:{name}": reason for name in names.split()}


HARMLESS: dict[str, str] = {
    **_types(
        _NO_NETWORK,
        "blockstorage",
        "QosAssociationV3 QosV3 QuoteSetV3 Volume VolumeAttach VolumeTypeAccessV3 VolumeTypeV3",
    ),
    **_types(_NO_NETWORK, "compute", "AggregateV2 Flavor FlavorAccess Keypair ServerGroup VolumeAttach"),
    **_types(_NO_NETWORK, "images", "Image ImageAccess ImageAccessAccept"),
    **_types(_NO_NETWORK, "keymanager", "ContainerV1 OrderV1 SecretV1"),
    **_types(_NO_NETWORK, "objectstorage", "AccountV1 Container ContainerObject TempUrl"),
    **_types(_NO_NETWORK, "database", "Configuration Database User"),
    **_types(_NO_NETWORK, "sharedfilesystem", "SecurityService"),
    **_types("a template makes nothing yet", "containerinfra", "ClusterTemplate"),
    **_types(_LIMITS, "compute", "QuotaSetV2"),
    **_types(_LIMITS, "dns", "QuotaV2"),
    **_types(_LIMITS, "loadbalancer", "Quota"),
    **_types(_LIMITS, "identity", "LimitV3 RegisteredLimitV3"),
    **_types(_LIMITS, "networking", "QosBandwidthLimitRule QosDscpMarkingRule QosMinimumBandwidthRule QosPolicy QuotaV2"),
    **_types("it tells servers a route, and what a server may send counts whatever it was told", "networking", "SubnetRoute"),
    **_types("it describes load balancers and makes none", "loadbalancer", "FlavorV2 FlavorprofileV2"),
    **_types("it describes load balancers and makes none", "index", "LbFlavorprofileV2"),
    **_types(_NAMES, "dns", "RecordSet TransferAccept TransferRequest Zone ZoneShareV2"),
    **_types(_RIGHTS, "identity", "Ec2CredentialV3 GroupV3 InheritRoleAssignment Role RoleAssignment User UserMembershipV3"),
    **_types("it says where APIs are", "identity", "EndpointV3 ServiceV3"),
}
"""Types that change no packet's way, each with the reason."""

_CARRIES = "the model does not know what this kind of resource does to packets"
_MAKES = "it makes servers, ports and networks that the plan does not show"

REFUSED: dict[str, str] = {
    **_types(_CARRIES, "bgpvpn", "NetworkAssociateV2 PortAssociateV2 RouterAssociateV2 V2"),
    **_types(_CARRIES, "index", "BgpvpnNetworkAssociateV2 BgpvpnPortAssociateV2 BgpvpnRouterAssociateV2 BgpvpnV2"),
    **_types(_CARRIES, "index", "LbLoadbalancerV2 TaasTapMirrorV2"),
    **_types(_CARRIES, "firewall", "GroupV2 PolicyV2 RuleV2"),
    **_types(_CARRIES, "loadbalancer", "L7PolicyV2 L7RuleV2 Listener LoadBalancer Member Members Monitor Pool"),
    **_types(_CARRIES, "networking", "BgpPeerV2 BgpSpeakerV2 SegmentV2"),
    **_types(_CARRIES, "vpnaas", "EndpointGroup IkePolicy IpSecPolicy Service SiteConnection"),
    **_types(_CARRIES, "sharedfilesystem", "Share ShareAccess ShareNetwork"),
    **_types(_MAKES, "containerinfra", "Cluster NodeGroup"),
    **_types(_MAKES, "database", "Instance"),
    **_types(_MAKES, "orchestration", "StackV1"),
}
"""Types that carry, stop or make something that the model does not know."""

OWN: dict[str, str] = {
    f"pulumi-python:dynamic/ringfence:{name}": reason
    for name, reason in {
        "Authority": "it is a text",
        "Certificate": "it is a text",
        "GeneratedSecret": "it is a text",
        "GuestPolicy": "the inside of servers is not counted on",
        "HostCertificate": "it is a text",
        "HostKey": "it is a text",
        "Leftovers": "it removes what no stack knows, and makes nothing",
        "ProjectLimits": _LIMITS,
        "ProjectRoom": _LIMITS,
        "RingFenceRemains": "it removes what no stack knows, and makes nothing",
        "Unplugged": "it does something only while its router is deleted",
        "VolumeEncryption": "it has no network",
    }.items()
}
"""The project's own dynamic resources that change no packet's way."""

_PACKAGES = ("pulumi:providers:", "random:", "tls:", "time:")
_ENGINE = frozenset({"pulumi:pulumi:Stack", "pulumi:pulumi:StackReference"})


def reason_against(kind: str, *, custom: bool) -> str:
    """Return why nothing can be told over a resource; empty for what the model reads and for what changes no packet's way.

    ``custom`` is false for components: they are names for what they hold, and what they hold is in the plan.
    """
    if not custom or kind in {*ResourceKind, *HARMLESS, *OWN, *_ENGINE} or kind.startswith(_PACKAGES):
        return ""
    return REFUSED.get(kind, "the model does not know this kind of resource")
