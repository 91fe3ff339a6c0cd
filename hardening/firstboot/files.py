"""All files of a first boot, as data: path, text, mode."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from hardening.firstboot import networkd, nftables, sshd

if TYPE_CHECKING:
    from hardening.firstboot.plan import Plan

IMAGE_SSH_PORT = 22
"""The port that the image's ``ssh.socket`` listens on; another one needs a drop-in and a reload of the units."""

CONFIRMED = ("etc/ringfence/confirmed", "etc/ringfence/generations")
"""What was confirmed on a server, with the private keys in it; a new instance starts without."""


class File(NamedTuple):
    """A file to write, relative to the root of the file system; ``account`` files belong to the automation account."""

    path: str
    text: str
    mode: int = 0o644
    account: bool = False


def render(plan: Plan) -> list[File]:
    """All files of this server; equal plans give equal files."""
    files = [
        File("etc/hostname", plan.hostname + "\n"),
        File("etc/hosts", f"127.0.0.1 localhost\n127.0.1.1 {plan.hostname}\n::1 localhost\n"),
        File("etc/resolv.conf", "".join(f"nameserver {address}\n" for address in plan.resolvers)),
        File("etc/ringfence/base.nft", nftables.base_policy(plan), 0o600),
        File("etc/ssh/sshd_config.d/10-ringfence.conf", sshd.config(plan), 0o600),
        File("home/ringfence/.ssh/authorized_keys", "".join(key + "\n" for key in plan.keys), 0o600, account=True),
    ]
    for card in plan.cards:
        files.append(File(f"etc/systemd/network/10-{card.name}.link", networkd.link_file(card)))
        files.append(File(f"etc/systemd/network/10-{card.name}.network", networkd.network_file(card)))
    if plan.ssh_port != IMAGE_SSH_PORT:
        files.append(File("etc/systemd/system/ssh.socket.d/port.conf", sshd.socket_dropin(plan)))
    return files
