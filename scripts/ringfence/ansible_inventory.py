"""Servers as Ansible's dynamic inventory: groups by tenant, by zone and by label, and how to log in with pinned host keys."""

from __future__ import annotations

import shlex
from collections import defaultdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ringfence.logins import Login

TENANT, ZONE = "tenant", "zone"
META = "_meta"
"""Where Ansible looks for the variables of all hosts, so that it does not ask for each."""


def group(*parts: str) -> str:
    """Return a group's name: letters, digits and underscores, as Ansible wants it.

    Names that differ only in hyphens do not meet: no two tenants and zones come out alike when they are joined.
    """
    return "_".join(parts).replace("-", "_")


def inventory(servers: Sequence[Login], config: Path) -> dict[str, Any]:
    """Return the answer to ``--list`` (Ansible's developer guide, "Inventory scripts")."""
    hosts: dict[str, set[str]] = defaultdict(set)
    children: dict[str, set[str]] = defaultdict(set)
    for login in servers:
        tenant = group(TENANT, login.tenant)
        hosts[tenant].add(login.host)
        for zone in login.addresses:
            hosts[group(ZONE, login.tenant, zone)].add(login.host)
            children[tenant].add(group(ZONE, login.tenant, zone))
    groups: dict[str, Any] = {
        name: {"hosts": sorted(members)} | ({"children": sorted(children[name])} if name in children else {})
        for name, members in sorted(hosts.items())
    }
    tenants = sorted(children)
    return {META: {"hostvars": {login.host: variables(login, config) for login in servers}}, "all": {"children": tenants}, **groups}


def variables(login: Login, config: Path) -> dict[str, Any]:
    """Return the variables of a host. Where a host is, and as whom one logs in, OpenSSH reads in the configuration."""
    return {
        "ansible_connection": "ssh",
        "ansible_ssh_common_args": f"-F {shlex.quote(str(config))}",
        # Else a setting of the controller's would have every key accepted, over the configuration's head.
        "ansible_ssh_host_key_checking": True,
        "ansible_python_interpreter": "/usr/bin/python3",
        "ringfence_tenant": login.tenant,
        "ringfence_server": login.server,
        "ringfence_zones": sorted(login.addresses),
        "ringfence_addresses": {zone: list(addresses) for zone, addresses in login.addresses.items()},
        "ringfence_public": login.public,
        "ringfence_management": login.target.address,
    }
