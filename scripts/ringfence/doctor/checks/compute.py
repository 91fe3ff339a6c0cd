"""What Nova and Glance have: hosts, processors, config drive, flavors, the guest image."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from hardening.glance import ARCHITECTURE, DISK_FORMAT, IMAGE_MIN_DISK_GIB, IMAGE_PROPERTIES, IMAGE_VISIBILITY, LEAST_RAM_MIB
from infra.neutron.quotas.demand import BASTION_ROOT_GIB
from ringfence.doctor.checks.hosts import Service, ready
from ringfence.doctor.model import DECLARATION, Check, Facts, Finding, found, lacking, needless, untold

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ringfence.doctor.model import Json

LIBVIRT = frozenset({"QEMU", "KVM"})
"""Types of hypervisors that encrypt volumes themselves and have a config drive on a CD-ROM, as the image needs it."""


def hosts(facts: Facts) -> Iterator[Finding]:
    """At least one host takes servers."""
    return ready(facts.rows("compute-hosts"), Service("nova-compute", "openstack compute service set", "takes servers"))


def hypervisors(facts: Facts) -> Iterator[Finding]:
    """Say what the hypervisors are: by that it is known whether volumes are encrypted on the host and whether there is a config drive."""
    rows = facts.rows("hypervisors")
    others = [row for row in rows if row["hypervisor_type"] not in LIBVIRT]
    for row in others:
        yield lacking(
            f"{row['hypervisor_hostname']} is {row['hypervisor_type']}: neither encrypted volumes nor the image's config drive are known",
            f"keep tenants off it: openstack compute service set --disable {row['hypervisor_hostname']} nova-compute",
        )
    foreign = {row["hypervisor_hostname"]: _architecture(row) for row in rows if _architecture(row) not in {ARCHITECTURE, ""}}
    for host, architecture in foreign.items():
        yield lacking(
            f"{host} has {architecture}, the guest image is {ARCHITECTURE}",
            f"openstack image set --property architecture={ARCHITECTURE} IMAGE, so that it is not chosen",
        )
    untold_of = [row["hypervisor_hostname"] for row in rows if not _architecture(row)]
    if untold_of:
        yield untold(f"the processors of {', '.join(untold_of[:3])} are not told", f"openstack hypervisor show {untold_of[0]}")
    if not rows:
        yield lacking("there is no hypervisor", "openstack hypervisor list")
    elif not (others or foreign or untold_of):
        kinds = ", ".join(f"{number} {kind}" for kind, number in Counter(row["hypervisor_type"] for row in rows).items())
        yield found(f"{kinds}, {ARCHITECTURE}: encrypted volumes and a config drive")


def _architecture(row: Json) -> str:
    """Return a hypervisor's architecture, empty when it is not told."""
    info = row.get("cpu_info")
    return str(info.get("arch") or "") if isinstance(info, dict) else ""


def flavors(facts: Facts) -> Iterator[Finding]:
    """Every flavor that is named exists, is not disabled, is public, and has room for the guest."""
    known = {row["name"]: row for row in facts.rows("flavors")}
    wanted = {facts.platform.bastion.flavor: ["bastion"]}
    if facts.platform.services:
        wanted.setdefault(facts.platform.services.flavor, []).append("services server")
    for one in facts.declared.tenants:
        for name, server in one.tenant.servers.items():
            wanted.setdefault(server.flavor, []).append(f"{one.tenant.name}/{name}")
    for name, users in wanted.items():
        row = known.get(name)
        if row is None:
            yield lacking(
                f"there is no flavor {name}, which {', '.join(users)} names; there are: {', '.join(sorted(known)) or 'none'}",
                f"openstack flavor create --vcpus 1 --ram 1024 --disk 0 {name}",
            )
            continue
        problems = list(_flavor(row, users))
        yield from problems or [found(f"{name}: {row['vcpus']} processors, {row['ram']} MiB, for {', '.join(users)}")]


def _flavor(row: Json, users: list[str]) -> Iterator[Finding]:
    name = row["name"]
    if row["OS-FLV-DISABLED:disabled"]:
        yield lacking(f"the flavor {name} is disabled", f"name another flavor for {', '.join(users)}")
    if not row["os-flavor-access:is_public"]:
        yield lacking(
            f"the flavor {name} is not public: a tenant's new project has no access to it",
            f"openstack flavor show {name} -c access_project_ids; name a public one, or: openstack flavor set --project PROJECT {name}",
        )
    if row["ram"] < LEAST_RAM_MIB:
        yield lacking(
            f"the flavor {name} has {row['ram']} MiB, the guest needs {LEAST_RAM_MIB}", f"name a larger flavor for {', '.join(users)}"
        )


def image(facts: Facts) -> Iterator[Finding]:
    """An image that is there already is as the platform's stack makes it."""
    if DISK_FORMAT not in facts.body("image-schema")["disk_format"]["enum"]:
        yield lacking(f"Glance takes no {DISK_FORMAT}", f"add {DISK_FORMAT} to disk_formats in Glance's configuration")
    prefix = f"{facts.platform.image}-"
    rows = [row for row in facts.rows("images") if row["name"].startswith(prefix)]
    if not rows:
        yield needless(f"no image {prefix}... is there yet: the platform's stack uploads it")
    for row in rows:
        problems = list(_image(row))
        yield from problems or [found(f"{row['name']}, {row['visibility']}, with all its properties")]


def _image(row: Json) -> Iterator[Finding]:
    name, id_ = row["name"], row["id"]
    if row["status"] != "active":
        yield lacking(f"the image {name} is {row['status']}", f"openstack image delete {id_}, then: pulumi up -s platform --refresh")
    if row["visibility"] != IMAGE_VISIBILITY:
        yield lacking(f"the image {name} is {row['visibility']}: tenants do not see it", f"openstack image set --{IMAGE_VISIBILITY} {id_}")
    if not IMAGE_MIN_DISK_GIB <= row["min_disk"] <= BASTION_ROOT_GIB:
        yield lacking(
            f"the image {name} wants disks of {row['min_disk']} GiB", f"openstack image set --min-disk {IMAGE_MIN_DISK_GIB} {id_}"
        )
    for key, value in IMAGE_PROPERTIES.items():
        if row.get(key) != value:
            yield lacking(
                f"the image {name} has {key} {row.get(key) or 'unset'}, needed is {value}",
                f"openstack image set --property {key}={value} {id_}",
            )


CHECKS = (
    Check("hosts", "Hosts take servers", "Nothing can be built otherwise.", ("compute-hosts",), hosts),
    Check(
        "hypervisors",
        "Hypervisors encrypt volumes, have a config drive, and run the guest's architecture",
        "Disks would be stored in the clear, and a guest without its config drive has neither address nor key.",
        ("hypervisors",),
        hypervisors,
    ),
    Check(
        "flavors",
        "Every flavor that is named exists, is public, and is large enough for the guest",
        "Nova would refuse a server when everything around it is made.",
        (DECLARATION, "flavors"),
        flavors,
    ),
    Check(
        "image",
        "Glance takes the guest image; one that is there has what it needs",
        "On another bus the guest sees neither its disk nor its config drive.",
        (DECLARATION, "images", "image-schema"),
        image,
    ),
)
