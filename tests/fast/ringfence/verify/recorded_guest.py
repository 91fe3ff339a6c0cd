"""What the guest's program told of a booted server of the image that nobody had touched, shortened; addresses are those of ``acme/web``."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from hardening.controls.rendering import sysctl
from ringfence.verify.inside import expected
from ringfence.verify.inside.expected import Known
from ringfence.verify.inside.image_files import FileRow, ImageFiles
from tests.fast.ringfence.verify.inventories import inventory

if TYPE_CHECKING:
    from ringfence.verify.model import Node

Json = dict[str, Any]
INVENTORY = inventory()
ACME = INVENTORY.tenants[0]
WEB: Node = next(node for node in ACME.nodes() if node.name == "acme/web")
EXPECTED = expected.of_tenant(INVENTORY, ACME, WEB)
SUPERUSER = "/root"
"""Home of the account with number 0 in the guest."""
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINC/QIrzF7gZVbDEc4cghpi2ez5TMUUCKpnFkhH3jBla"
STRANGE_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHVuaW1wb3J0YW50a2V5dGhhdG5vYm9keWhhcyEhISEh mallory"
SYSTEMD = {"pid": 1, "program": "/usr/lib/systemd/systemd", "content": "systemd", "command": ["/sbin/init"], "unit": "init.scope"}
SSHD = {
    "pid": 226,
    "program": "/usr/sbin/sshd",
    "content": "sshd",
    "command": ["sshd: /usr/sbin/sshd -D [listener] 0 of 30-100 startups"],
    "unit": "ssh.service",
}
UNITS = "/usr/lib/systemd/system"
OWN = "/etc/systemd/system"
PACKAGES = {"openssh-server": "1:10.0p1-7", "dash": "0.5.12-12", "systemd": "257.8-1", "sudo": "1.9.16p2-3"}


def row(path: str, content: str = "same", *, mode: int = 0o644, package: str = "", intact: bool | None = None) -> list[Any]:
    """One file as the guest's program tells it."""
    return [path, "file", mode, 0, 0, content, "", package, intact]


def link(path: str, target: str, package: str = "") -> list[Any]:
    """One link as the guest's program tells it."""
    return [path, "link", 0o777, 0, 0, target, "", package, None]


IMAGE_ROWS = [
    row("/etc/pam.d/sudo", package="sudo"),
    row("/etc/passwd"),
    row("/etc/ssh/sshd_config"),
    row("/etc/sudoers", mode=0o440, package="sudo"),
    row("/etc/sudoers.d/ringfence", mode=0o440),
    row("/usr/bin/dash", mode=0o755, package="dash"),
    row("/usr/bin/sudo", mode=0o4755, package="sudo"),
    row("/usr/lib/ringfence/apply-policy", mode=0o755),
    row("/usr/lib/ringfence/python/hardening/agent/show.py"),
    row("/usr/sbin/sshd", "sshd", mode=0o755, package="openssh-server"),
    row(f"{UNITS}/ssh.service", package="openssh-server"),
    row(f"{UNITS}/serial-getty@.service", package="systemd"),
    row(f"{UNITS}/systemd-remount-fs.service", package="systemd"),
    row(f"{UNITS}/ringfence-firewall.service"),
    row(f"{UNITS}/ringfence-logs.service"),
    link(f"{OWN}/multi-user.target.wants/ringfence-logs.service", f"{UNITS}/ringfence-logs.service"),
    link(f"{OWN}/sysinit.target.wants/ringfence-firewall.service", f"{UNITS}/ringfence-firewall.service"),
    link(f"{OWN}/systemd-logind.service", "/dev/null"),
    row("/home/ringfence/.profile"),
    row(f"{SUPERUSER}/.profile"),
]
IMAGE = ImageFiles(
    {one[0]: FileRow(*one) for one in IMAGE_ROWS},
    PACKAGES,
    frozenset({"virtio_net", "nf_tables", "nft_ct", "isofs", "tun", "bridge", "dm_crypt"}),
)
KNOWN = Known(IMAGE, f"{KEY} automation", expected.settings(sysctl()))


def _account(name: str, uid: int, home: str, shell: str) -> Json:
    return {"name": name, "uid": uid, "gid": uid, "home": home, "shell": shell, "password": "locked"}


def _switches(value: str) -> Json:
    off = ("forwarding", "proxy_arp", "accept_redirects", "accept_source_route")
    on = {"rp_filter": value, "arp_ignore": "1", "arp_announce": "2"}
    return {"4": {**dict.fromkeys((*off, "send_redirects", "route_localnet"), "0"), **on}, "6": dict.fromkeys((*off[:1], "accept_ra"), "0")}


def _card(name: str, addresses: list[str]) -> Json:
    still = {"kind": "", "bridged": False, "promiscuous": False, "xdp": False, "queues": ["fq_codel"], "filters": []}
    return {"name": name, "addresses": addresses, "switches": _switches("2"), **still}


def _network_file(device: str, addresses: list[str]) -> str:
    return "\n".join([f"[Match]\nName={device}\n\n[Network]\nDHCP=no", *(f"Address={address}" for address in addresses), ""])


ADDRESSES = {nic.device: [f"{address}/24" for address in nic.addresses] for nic in WEB.nics}
_ANSWER: Json = {
    "sockets": {
        "rows": [
            {"protocol": "tcp", "address": "::", "port": 22, "programs": [SYSTEMD, SSHD], "greeting": ""},
        ]
    },
    "accounts": {
        "rows": [
            _account("root", 0, "/root", "/bin/bash"),
            _account("sync", 4, "/bin", "/bin/sync") | {"gid": 65534},
            _account("www-data", 33, "/var/www", "/usr/sbin/nologin"),
            _account("ringfence", 991, "/home/ringfence", "/bin/sh"),
            _account("rf-admin", 990, "/", "/bin/sh"),
            _account("rf-observer", 989, "/", "/bin/sh"),
            _account("rf-through", 988, "/", "/usr/sbin/nologin"),
            _account("rf-observing", 987, "/home/rf-observing", "/bin/sh"),
        ],
        "groups": [{"name": "root", "gid": 0, "members": []}, {"name": "sudo", "gid": 27, "members": []}],
    },
    "keys": {
        "rows": [{"accounts": ["ringfence"], "path": "/home/ringfence/.ssh/authorized_keys", "line": 1, "text": f"{KEY} root@deployer"}],
        "started": [[f"{SUPERUSER}/.profile", "same"], ["/home/ringfence/.profile", "same"]],
    },
    "cards": {
        "rows": [
            _card("lo", ["127.0.0.1/8", "::1/128"]) | {"queues": ["noqueue"]},
            *(_card(device, addresses) for device, addresses in ADDRESSES.items()),
        ],
        "everywhere": [{"name": "all", "switches": _switches("1")}, {"name": "default", "switches": _switches("1")}],
    },
    "kernel": {
        "rows": [["virtio_net", ""], ["nf_tables", ""], ["nft_ct", ""], ["isofs", ""]],
        "settings": {path: value for path, value in KNOWN.settings.items() if "/conf/" not in path},
        "tainted": 0,
        "release": "6.12.118+deb13-cloud-amd64",
    },
    "files": {
        "rows": [
            *(one for one in IMAGE_ROWS if not one[0].startswith("/home/")),
            row("/etc/resolv.conf"),
            row("/etc/ringfence/base.nft", mode=0o600),
            row("/etc/ssh/ssh_host_ed25519_key", mode=0o600),
            row("/etc/ssh/sshd_config.d/10-ringfence.conf", mode=0o600),
            *(row(f"/etc/systemd/network/10-{device}.{end}") for device in ADDRESSES for end in ("link", "network")),
            link("/run/systemd/generator/local-fs.target.wants/systemd-remount-fs.service", f"{UNITS}/systemd-remount-fs.service"),
        ],
        "mounts": [["/", "ext4"], ["/proc", "proc"], ["/run", "tmpfs"], ["/data", "ext4"]],
    },
    "packages": {"rows": [list(pair) for pair in PACKAGES.items()]},
    "texts": {
        "rows": [
            ["/etc/ssh/sshd_config.d/10-ringfence.conf", EXPECTED.sshd_config],
            *([f"/etc/systemd/network/10-{nic.device}.link", f"[Match]\nPermanentMACAddress={nic.mac}\n"] for nic in WEB.nics),
            *([f"/etc/systemd/network/10-{device}.network", _network_file(device, own)] for device, own in ADDRESSES.items()),
        ]
    },
}


def answer() -> Json:
    """Return a copy of the answer, to be changed by a test."""
    return copy.deepcopy(_ANSWER)
