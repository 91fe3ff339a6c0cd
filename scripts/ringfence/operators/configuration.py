"""The configuration of one operator for one tenant, in a folder of this machine's state."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from infra import paths
from infra.errors import QuestionError
from ringfence import ssh_config
from ringfence.operators import book, client

if TYPE_CHECKING:
    from pathlib import Path

    from infra.operators.registry import Certificate, Registry
    from ringfence.logins import Logins


def write(found: Logins, tenant: str, operator: str, key: Path) -> Path:
    """Write configuration and known hosts, and return the configuration's path (for ``ssh -F``).

    Raises:
        QuestionError: the operator has no certificate in force for the tenant, or it is not beside the key.
    """
    registry = book.read()
    certificate = in_force(registry, tenant, operator)
    own = key.expanduser().absolute()
    beside = certificate_file(own, tenant)
    if not beside.exists():
        hint = f"ringfence operator add {operator} --key {own}.pub --tenant {tenant} writes one"
        raise QuestionError.of("the certificate is not beside the key", where=str(beside), expected="the file", hint=hint)
    folder = paths.state() / "ssh" / f"{tenant}@{operator}"
    folder.mkdir(parents=True, exist_ok=True, mode=ssh_config.PRIVATE)
    jump_host, targets = found.jump_host, found.targets()
    hosts = client.Hosts(
        ssh_config.BASTION,
        jump_host.bastion_address,
        {name: target.address for name, target in targets.items()},
        jump_host.proxy_command or "",
        {ssh_config.BASTION: jump_host.bastion_host_key, **{name: target.host_key for name, target in targets.items()}},
    )
    authority = registry.authority.hosts if registry.authority else ""
    how = client.Client(str(own), str(beside), certificate.role, jump_host.port, str(folder))
    texts = {"known_hosts": client.known_hosts(hosts, authority), "config": client.render(hosts, how)}
    for name, text in texts.items():
        fresh = folder / f"{name}.{os.getpid()}.new"
        fresh.write_text(text, encoding="utf-8")
        fresh.replace(folder / name)
    return folder / "config"


def certificate_file(key: Path, tenant: str) -> Path:
    """Return where the certificate of a key for a tenant is written; ``key`` is the private or the public half's file."""
    return key.with_name(f"{key.name.removesuffix('.pub')}-{tenant}-cert.pub")


def in_force(registry: Registry, tenant: str, operator: str) -> Certificate:
    """Return the operator's certificate for a tenant that lives longest. Raises :class:`QuestionError`."""
    theirs = [one for one in registry.in_force(datetime.now(UTC)) if (one.operator, one.tenant) == (operator, tenant)]
    if not theirs:
        what, hint = "no certificate in force", f"ringfence operator add {operator} --tenant {tenant} --key FILE.pub"
        raise QuestionError.of(what, where=f"{operator} at {tenant}", expected="one that is neither ended nor revoked", hint=hint)
    return max(theirs, key=lambda one: one.until)
