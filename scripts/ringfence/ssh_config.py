"""OpenSSH's configuration for a tenant's servers: through the bastion, with every host key pinned. For ``ringfence ssh`` and testinfra."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from hardening.access import USER, Entrance, Target, state_directory

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

BASTION = "bastion"
PRIVATE = 0o700
PERSIST = "60s"


def write(name: str, entrance: Entrance, targets: Mapping[str, Target]) -> Path:
    """Write configuration and pinned keys below the state, and return the configuration's path (for ``ssh -F``)."""
    folder = state_directory() / "ssh" / name
    folder.mkdir(parents=True, exist_ok=True, mode=PRIVATE)
    (folder / "known_hosts").write_text(known_hosts(entrance, targets), encoding="utf-8")
    config = folder / "config"
    config.write_text(render(entrance, targets, folder), encoding="utf-8")
    return config


def known_hosts(entrance: Entrance, targets: Mapping[str, Target]) -> str:
    """Return the pinned keys by alias (``HostKeyAlias``): addresses repeat between clouds, names do not."""
    keys = {BASTION: entrance.bastion_host_key, **{name: target.host_key for name, target in targets.items()}}
    return "".join(f"{name} {key}\n" for name, key in keys.items())


def render(entrance: Entrance, targets: Mapping[str, Target], folder: Path) -> str:
    """Return the text of the configuration (ssh_config(5))."""
    common = {
        "User": USER,
        "IdentityFile": entrance.key_file,
        "IdentitiesOnly": "yes",
        "UserKnownHostsFile": folder / "known_hosts",
        "GlobalKnownHostsFile": "none",
        "StrictHostKeyChecking": "yes",
        "HostKeyAlgorithms": "ssh-ed25519",
        "ControlMaster": "auto",
        "ControlPath": folder / "%C",
        "ControlPersist": PERSIST,
        "LogLevel": "ERROR",
    }
    first = {"HostName": entrance.bastion_address, "Port": entrance.port, "HostKeyAlias": BASTION}
    if entrance.proxy_command:
        first["ProxyCommand"] = entrance.proxy_command
    jump = f"ssh -F {shlex.quote(str(folder / 'config'))} -W %h:%p {BASTION}"
    blocks = [_block(BASTION, first)]
    for name, target in targets.items():
        blocks.append(_block(name, {"HostName": target.address, "Port": target.port, "HostKeyAlias": name, "ProxyCommand": jump}))
    return "\n".join([*blocks, _block("*", common)])


def _block(name: str, options: Mapping[str, object]) -> str:
    return f"Host {name}\n" + "".join(f"    {key} {value}\n" for key, value in options.items())
