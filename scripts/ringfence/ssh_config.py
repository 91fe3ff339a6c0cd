"""OpenSSH's configuration for servers: through the bastion, with every host key pinned. For ``ringfence ssh``, testinfra and Ansible."""

from __future__ import annotations

import os
import shlex
from typing import TYPE_CHECKING

from infra import paths
from infra.declaration import names
from infra.ssh.access import USER, JumpHost, Target

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

BASTION = names.BASTION
"""The bastion's name in the cloud, and so its host's name here."""
PRIVATE = 0o700
PERSIST = "60s"
LONGEST_SOCKET = 107
"""Bytes of the path of a Unix socket (unix(7)); OpenSSH refuses to log in at all with a longer one."""
OF_A_SOCKET = len("/") + 40 + 17
"""Bytes that OpenSSH puts behind the folder: ``%C`` (ssh_config(5)), and a suffix while the socket is made."""


def write(name: str, jump_host: JumpHost, targets: Mapping[str, Target]) -> Path:
    """Write configuration and pinned keys below the state, and return the configuration's path (for ``ssh -F``)."""
    folder = paths.state() / "ssh" / name
    folder.mkdir(parents=True, exist_ok=True, mode=PRIVATE)
    config = folder / "config"
    # Others may be logging in by these files right now: they see the old one or the new one, never a half.
    for file, text in ((folder / "known_hosts", known_hosts(jump_host, targets)), (config, render(jump_host, targets, folder))):
        fresh = file.with_suffix(f".{os.getpid()}.new")
        fresh.write_text(text, encoding="utf-8")
        fresh.replace(file)
    return config


def known_hosts(jump_host: JumpHost, targets: Mapping[str, Target]) -> str:
    """Return the pinned keys by alias (``HostKeyAlias``): addresses repeat between clouds, names do not."""
    keys = {BASTION: jump_host.bastion_host_key, **{name: target.host_key for name, target in targets.items()}}
    return "".join(f"{name} {key}\n" for name, key in keys.items())


def render(jump_host: JumpHost, targets: Mapping[str, Target], folder: Path) -> str:
    """Return the text of the configuration (ssh_config(5)); it says nothing about any other host, so it may be included in another one."""
    first = {"HostName": jump_host.bastion_address, "Port": jump_host.port, "HostKeyAlias": BASTION}
    if jump_host.proxy_command:
        first["ProxyCommand"] = jump_host.proxy_command
    jump = f"ssh -F {shlex.quote(str(folder / 'config'))} -W %h:%p {BASTION}"
    blocks = [_block([BASTION], first)]
    for name, target in targets.items():
        blocks.append(_block([name], {"HostName": target.address, "Port": target.port, "HostKeyAlias": name, "ProxyCommand": jump}))
    return "\n".join([*blocks, _block([BASTION, *targets], _common(jump_host, folder))])


def _common(jump_host: JumpHost, folder: Path) -> dict[str, object]:
    return {
        "User": USER,
        "IdentityFile": jump_host.key_file,
        "IdentitiesOnly": "yes",
        "UserKnownHostsFile": folder / "known_hosts",
        "GlobalKnownHostsFile": "none",
        "StrictHostKeyChecking": "yes",
        "HostKeyAlgorithms": "ssh-ed25519",
        **_shared(folder),
        "LogLevel": "ERROR",
    }


def _shared(folder: Path) -> dict[str, object]:
    """Return how logins share a connection: by a socket in the folder, because addresses repeat between clouds; else not at all."""
    if len(os.fsencode(folder)) + OF_A_SOCKET > LONGEST_SOCKET:
        return {"ControlMaster": "no", "ControlPath": "none"}
    return {"ControlMaster": "auto", "ControlPath": folder / "%C", "ControlPersist": PERSIST}


def _block(hosts: list[str], options: Mapping[str, object]) -> str:
    return "".join(_lines(hosts, options))


def _lines(hosts: list[str], options: Mapping[str, object]) -> Iterator[str]:
    yield f"Host {' '.join(hosts)}\n"
    yield from (f"    {key} {value}\n" for key, value in options.items())
