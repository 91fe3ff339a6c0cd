"""Every question that an examination asks of a cloud, in one table. All are reads; a few need the answer of another one first. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from infra import cinder
from infra.declaration import names

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

OK = 200
NO_ANSWER = 0
"""The status of an answer that never came."""
NO_SERVICE = -1
"""The status of an answer by a service that the cloud has not got."""
IDENTITY, NETWORK, COMPUTE, STORAGE, IMAGE, KEYS = "identity", "network", "compute", "block-storage", "image", "key-manager"
"""Types of services, as the catalog of the service types authority has them."""
MARK = f"managed-by={names.MANAGED_BY}"
PAGE = 1000
HYPERVISORS = "2.53"
"""The last microversions that tell the processors' architecture are below 2.88."""


@dataclass(frozen=True, slots=True)
class Read:
    """One question: its name, the service, the path, the key of the answer's object or list, and the same question by hand.

    ``{project}`` in a path is the credential's project. ``microversion``: the oldest that has what is asked for.
    """

    name: str
    service: str
    path: str
    key: str
    by_hand: str
    microversion: str = ""


def _marked(name: str, path: str, key: str, by_hand: str) -> Read:
    """Return the question for what bears the mark of ringfence."""
    return Read(name, NETWORK, f"{path}?tags={quote(MARK)}&limit={PAGE}", key, f"openstack {by_hand} list --tags {MARK}")


READS = (
    Read("projects", IDENTITY, "/projects", "projects", "openstack project list"),
    Read("domains", IDENTITY, "/domains", "domains", "openstack domain list"),
    Read("roles", IDENTITY, "/roles", "roles", "openstack role list"),
    Read("implied-roles", IDENTITY, "/role_inferences", "role_inferences", "openstack implied role list"),
    Read("users", IDENTITY, "/users", "users", "openstack user list"),
    Read("extensions", NETWORK, "/extensions", "extensions", "openstack extension list --network"),
    Read("external", NETWORK, f"/networks?router:external=true&limit={PAGE}", "networks", "openstack network list --external"),
    Read("internal", NETWORK, "/networks?router:external=false&limit=200", "networks", "openstack network list --internal"),
    Read("agents", NETWORK, "/agents", "agents", "openstack network agent list"),
    Read("bound-ports", NETWORK, "/ports?limit=500", "ports", "openstack port list --long"),
    Read("network-quota", NETWORK, "/quotas/{project}/details", "quota", "openstack quota show --usage"),
    Read(
        "default-rules",
        NETWORK,
        "/default-security-group-rules",
        "default_security_group_rules",
        "openstack default security group rule list",
    ),
    _marked("marked-networks", "/networks", "networks", "network"),
    _marked("marked-routers", "/routers", "routers", "router"),
    _marked("marked-pools", "/subnetpools", "subnetpools", "subnet pool"),
    _marked("marked-groups", "/security-groups", "security_groups", "security group"),
    _marked("marked-addresses", "/floatingips", "floatingips", "floating ip"),
    Read("flavors", COMPUTE, "/flavors/detail?is_public=None", "flavors", "openstack flavor list --all"),
    Read("hypervisors", COMPUTE, "/os-hypervisors/detail", "hypervisors", "openstack hypervisor list --long", HYPERVISORS),
    Read("compute-hosts", COMPUTE, "/os-services?binary=nova-compute", "services", "openstack compute service list --service nova-compute"),
    Read("compute-quota", COMPUTE, "/os-quota-sets/{project}/detail", "quota_set", "openstack quota show --compute --usage"),
    Read("compute-defaults", COMPUTE, "/os-quota-sets/{project}/defaults", "quota_set", "openstack quota show --compute --default"),
    Read("key-pairs", COMPUTE, "/os-keypairs", "keypairs", "openstack keypair list"),
    Read("servers", COMPUTE, f"/servers/detail?limit={PAGE}", "servers", "openstack server list"),
    Read("volume-types", STORAGE, "/types?is_public=None", "volume_types", "openstack volume type list --encryption-type"),
    Read("volume-hosts", STORAGE, "/os-services?binary=cinder-volume", "services", "openstack volume service list --service cinder-volume"),
    Read("volume-quota", STORAGE, "/os-quota-sets/{project}?usage=True", "quota_set", "openstack quota show --volume --usage"),
    Read("pools", STORAGE, "/scheduler-stats/get_pools?detail=True", "pools", "openstack volume backend pool list --long"),
    Read(
        "volumes", STORAGE, f"/volumes/detail?all_tenants=1&limit={PAGE}", "volumes", "openstack volume list --all-projects", cinder.VERSION
    ),
    Read(
        "images",
        IMAGE,
        f"/images?ringfence_managed_by={names.MANAGED_BY}&limit={PAGE}",
        "images",
        f"openstack image list --property ringfence_managed_by={names.MANAGED_BY}",
    ),
    Read("image-schema", IMAGE, "/schemas/image", "properties", "glance --os-image-api-version 2 explain image"),
    Read("secrets", KEYS, f"/secrets?limit={PAGE}", "secrets", "openstack secret list"),
    Read("key-quotas", KEYS, "/project-quotas?limit=1", "project_quotas", "GET /v1/project-quotas of Barbican"),
)
"""Asked side by side, in any order."""

ENCRYPTION, SUBNETS, ADDRESSES = "encryption", "external-subnets", "addresses-left"
AFTER = (
    Read(ENCRYPTION, STORAGE, "/types/{id}/encryption", "", "openstack volume type show --encryption-type TYPE"),
    Read(SUBNETS, NETWORK, "/subnets?network_id={id}", "subnets", "openstack subnet list --network NETWORK"),
    Read(ADDRESSES, NETWORK, "/network-ip-availabilities/{id}", "network_ip_availability", "openstack ip availability show NETWORK"),
)
"""Asked when the first answers are there, once for each id."""
NAMED = {read.name: read for read in (*READS, *AFTER)}


def afterwards(first: Mapping[str, Any], types: Iterable[str], network: str) -> Iterator[Read]:
    """Yield what is asked next: how these volume types encrypt, and what subnets and how many free addresses this external network has.

    ``first`` are the bodies of the first answers, without those that are none.
    """
    wanted = frozenset(types)
    for row in first.get("volume-types", {}).get("volume_types", ()):
        if row.get("name") in wanted:
            yield _of(ENCRYPTION, str(row["id"]))
    for row in first.get("external", {}).get("networks", ()):
        if network in {row.get("name"), row.get("id")}:
            yield _of(SUBNETS, str(row["id"]))
            yield _of(ADDRESSES, str(row["id"]))


def _of(name: str, id_: str) -> Read:
    read = NAMED[name]
    return Read(f"{name}:{id_}", read.service, read.path.replace("{id}", quote(id_)), read.key, read.by_hand)
