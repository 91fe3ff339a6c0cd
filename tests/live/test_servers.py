from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from infra.operators.roles import ACCOUNTS, AUTOMATION

if TYPE_CHECKING:
    from testinfra.host import Host

    from ringfence.verify.inventory import TenantInventory
    from ringfence.verify.open import Opened

pytestmark = pytest.mark.live

HOOKS = {"input", "forward", "output"}
SSHD = {
    "passwordauthentication": "no",
    "kbdinteractiveauthentication": "no",
    "permitrootlogin": "no",
    "permitemptypasswords": "no",
    "x11forwarding": "no",
    "allowagentforwarding": "no",
}


def servers(opened: Opened) -> dict[str, tuple[TenantInventory, str]]:
    """Return the tenants' servers by name."""
    return {f"{t.name}/{server}": (t, server) for t in opened.inventory.tenants for server in t.declaration.servers}


def test_names(opened: Opened, hosts: dict[str, Host]) -> None:
    """Every server knows its own name, which is the one in the cloud."""
    for name, (tenant, server) in servers(opened).items():
        assert hosts[name].check_output("hostname") == f"{tenant.name}-{server}"


def test_sshd_as_it_runs(opened: Opened, hosts: dict[str, Host]) -> None:
    """The daemon's effective configuration, not its file, refuses passwords, root and forwarding, and knows nobody else's account."""
    services = opened.inventory.platform.services
    operators = [account.login for account in ACCOUNTS.values()] if services and services.sessions else []
    for name, host in hosts.items():
        lines = host.check_output("/usr/sbin/sshd -T").splitlines()
        allowed = [line.partition(" ")[2] for line in lines if line.startswith("allowusers ")]
        assert set(" ".join(allowed).split()) == {AUTOMATION, *operators}, name
        effective = dict(line.split(" ", 1) for line in lines if " " in line)
        assert {key: effective[key] for key in SSHD} == SSHD, name


def test_everything_is_dropped_by_default(hosts: dict[str, Host]) -> None:
    """The kernel's own chains drop by default in all three directions."""
    for name, host in hosts.items():
        chains = host.check_output("/usr/sbin/nft list chains inet")
        dropped = {hook for hook in HOOKS if f"hook {hook} priority filter; policy drop" in chains}
        assert dropped == HOOKS, name


def test_no_advertised_routers(hosts: dict[str, Host]) -> None:
    """No NIC believes a router advertisement or a redirect."""
    for name, host in hosts.items():
        settings = host.check_output("/usr/sbin/sysctl -a -r '^net.ipv[46].conf.*.(accept_ra|accept_redirects)$'").splitlines()
        on = [line for line in settings if not line.endswith("= 0") and ".lo." not in line]
        assert on == [], name
        assert settings


def test_data_disks_are_mounted(opened: Opened, hosts: dict[str, Host]) -> None:
    """A server with a data disk has it at /data, on a device of its own."""
    for name, (tenant, server) in servers(opened).items():
        if tenant.declaration.servers[server].data:
            assert hosts[name].mount_point("/data").exists, name
            assert hosts[name].mount_point("/data").device != hosts[name].mount_point("/").device
