"""OpenSSH's configuration for an operator: key and certificate at both hops, and hosts known by the platform's authority.

``ProxyJump`` would start its own ``ssh`` with the same file but without ``-i`` and ``-o CertificateFile`` of the command line, so the key
and the certificate stand in the file, for the bastion as for the servers.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from infra.operators.roles import BASTION_ACCOUNT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from infra.operators.roles import Role

ALGORITHMS = "ssh-ed25519-cert-v01@openssh.com,ssh-ed25519"
"""Host keys with a certificate first; a host that has none yet is known by its pinned key."""


@dataclass(frozen=True, slots=True)
class Client:
    """Whose configuration it is: files of key and certificate, the role, SSH's port, and the folder of the configuration."""

    key: str
    certificate: str
    role: Role
    port: int
    folder: str


@dataclass(frozen=True, slots=True)
class Hosts:
    """Where it leads: the bastion's name and address, the servers by name, how the bastion is reached, and pinned keys by name."""

    bastion: str
    bastion_address: str
    servers: Mapping[str, str]
    proxy_command: str
    pinned: Mapping[str, str]


def render(hosts: Hosts, client: Client) -> str:
    """Return the configuration (ssh_config(5)); it says nothing about any other host."""
    config = Path(client.folder, "config")
    first: dict[str, object] = {"HostName": hosts.bastion_address, "User": BASTION_ACCOUNT}
    if hosts.proxy_command:
        first["ProxyCommand"] = hosts.proxy_command
    blocks = [_block([hosts.bastion], {**first, "HostKeyAlias": hosts.bastion})]
    jump = f"ssh -F {shlex.quote(str(config))} -W %h:%p {hosts.bastion}"
    for name, address in hosts.servers.items():
        own = {"HostName": address, "User": client.role.account.login, "HostKeyAlias": name, "ProxyCommand": jump}
        blocks.append(_block([name], own))
    common = {
        "Port": client.port,
        "IdentityFile": client.key,
        "CertificateFile": client.certificate,
        "IdentitiesOnly": "yes",
        "UserKnownHostsFile": Path(client.folder, "known_hosts"),
        "GlobalKnownHostsFile": "none",
        "StrictHostKeyChecking": "yes",
        "HostKeyAlgorithms": ALGORITHMS,
        "UpdateHostKeys": "no",
        "PreferredAuthentications": "publickey",
        "ForwardAgent": "no",
    }
    return "\n".join([*blocks, _block([hosts.bastion, *hosts.servers], common)])


def known_hosts(hosts: Hosts, authority: str) -> str:
    """Return by what the hosts are known: the authority, for their names and no others, and keys that are pinned."""
    names = ",".join([hosts.bastion, *hosts.servers])
    return "".join([f"@cert-authority {names} {authority}\n", *(f"{name} {key}\n" for name, key in hosts.pinned.items())])


def _block(hosts: list[str], options: Mapping[str, object]) -> str:
    return "".join([f"Host {' '.join(hosts)}\n", *(f"    {key} {value}\n" for key, value in options.items())])
