"""Ways to change what runs on a server, and what must be named."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ringfence.verify.inside import drift
from tests.fast.ringfence.verify.drift_changes import HERE, account, address, card, key, listener, listens, member, module, switch
from tests.fast.ringfence.verify.recorded_guest import EXPECTED, KEY, SSHD, STRANGE_KEY, SUPERUSER, SYSTEMD

if TYPE_CHECKING:
    from collections.abc import Callable

Json = dict[str, Any]
FLOW = next(match for match in sorted(EXPECTED.admitted) if match.protocol == "tcp" and match.first)
SOCKETS, ACCOUNTS, KEYS, CARDS, KERNEL = drift.LOOKS[:5]
BROKEN: dict[str, tuple[Callable[[Json], object], str, str]] = {
    "TCP listener on a port of no flow": (
        listens(listener("/usr/bin/nc", 9999)),
        SOCKETS,
        f"/usr/bin/nc (process 77, x.service) listens on tcp {HERE}:9999",
    ),
    "UDP listener on a port of no flow": (listens(listener("/usr/bin/nc", 4444, "udp")), SOCKETS, f"listens on udp {HERE}:4444"),
    "UDP where a flow lets TCP in": (
        listens(listener("/usr/bin/nc", FLOW.first or 0, "udp")),
        SOCKETS,
        f"listens on udp {HERE}:{FLOW.first}",
    ),
    "listener of the kernel itself": (listens(listener("", 51820, "udp")), SOCKETS, "the kernel itself listens on udp"),
    "renamed sshd on a flow's port": (
        listens(listener("/var/lib/x/httpd", FLOW.first or 0, content="sshd")),
        SOCKETS,
        f"/var/lib/x/httpd (process 77, x.service) serves SSH on tcp {HERE}:{FLOW.first}",
    ),
    "another SSH server on a flow's port": (
        listens(listener("/opt/web", FLOW.first or 0) | {"greeting": "SSH-2.0-dropbear"}),
        SOCKETS,
        "/opt/web (process 77, x.service) serves SSH",
    ),
    "SSH server on the loopback device": (
        listens(listener("/opt/web", 2222, address="127.0.0.1") | {"greeting": "SSH-2.0-x"}),
        SOCKETS,
        "serves SSH on tcp 127.0.0.1:2222",
    ),
    "foreign program on SSH's port": (
        listens(listener("/var/lib/x/x", EXPECTED.ssh_port)),
        SOCKETS,
        "/var/lib/x/x (process 77, x.service) listens on tcp",
    ),
    "sshd with another configuration": (
        lambda told: told["sockets"]["rows"][0].update(
            programs=[SYSTEMD, SSHD | {"command": ["sshd: /usr/sbin/sshd -D -f /var/lib/x/c [listener]"]}]
        ),
        SOCKETS,
        "sshd was not started as the image does: sshd: /usr/sbin/sshd -D -f /var/lib/x/c",
    ),
    "sshd of a file that is gone": (
        lambda told: told["sockets"]["rows"][0].update(programs=[SYSTEMD, SSHD | {"program": "/usr/sbin/sshd (deleted)", "content": "x"}]),
        SOCKETS,
        "/usr/sbin/sshd (deleted) (process 226, ssh.service) listens on tcp [::]:22, the port of SSH",
    ),
    "sniffer": (
        listens(listener("/usr/bin/python3.13", 0, "packet", "")),
        SOCKETS,
        "/usr/bin/python3.13 (process 77, x.service) takes copies",
    ),
    "second account with number 0": (account("toor", {"uid": 0}), ACCOUNTS, "account toor has number 0"),
    "new account with a shell": (
        account("mallory", {"shell": "/bin/bash"}),
        ACCOUNTS,
        "account mallory is not the image's and has shell /bin/bash",
    ),
    "new account without a shell in its entry": (
        account("mallory", {"shell": ""}),
        ACCOUNTS,
        "account mallory is not the image's and has shell /bin/sh",
    ),
    "password of an operators' account": (account("rf-admin", {"password": "set"}), ACCOUNTS, "account rf-admin has a password"),
    "empty password": (account("www-data", {"password": "none"}), ACCOUNTS, "account www-data has an empty password"),
    "shell of an account that has none": (
        account("www-data", {"shell": "/bin/sh"}),
        ACCOUNTS,
        "account www-data is not the image's and has shell",
    ),
    "shell of an account that only passes through": (
        account("rf-through", {"shell": "/bin/sh"}),
        ACCOUNTS,
        "account rf-through has shell /bin/sh",
    ),
    "home of the automation": (account("ringfence", {"home": "/srv/h"}), ACCOUNTS, "account ringfence has home /srv/h"),
    "member of the group sudo": (member("www-data", "sudo"), ACCOUNTS, "account www-data is in group sudo"),
    "key of somebody else for the automation": (
        key("/home/ringfence/.ssh/authorized_keys", STRANGE_KEY, "ringfence"),
        KEYS,
        "authorized_keys line 2: key ssh-ed25519 SHA256:FsUERZD4wAizWi4glj+5mGHYOVSfweG5N0fEDMNfIJ0 (mallory) opens ringfence",
    ),
    "key with options for root": (
        key(f"{SUPERUSER}/.ssh/authorized_keys2", f'from="*",command="a b" {STRANGE_KEY}', "root"),
        KEYS,
        f"{SUPERUSER}/.ssh/authorized_keys2 line 2: key ssh-ed25519",
    ),
    "the automation's key for root": (key(f"{SUPERUSER}/.ssh/authorized_keys", KEY, "root"), KEYS, "opens root"),
    "script that sshd runs at login": (
        lambda told: told["keys"]["started"].append(["/home/ringfence/.ssh/rc", "x"]),
        KEYS,
        "/home/ringfence/.ssh/rc is run",
    ),
    "changed profile": (lambda told: told["keys"]["started"][0].__setitem__(1, "x"), KEYS, f"{SUPERUSER}/.profile, which each login runs"),
    "extra address": (address("zone0", "10.0.0.66/32"), CARDS, "zone0 has the undeclared address 10.0.0.66"),
    "address of another server on the loopback device": (address("lo", "10.0.0.66/32"), CARDS, "lo has the undeclared address 10.0.0.66"),
    "lost address": (card("zone0", addresses=[]), CARDS, f"zone0 lacks its address {HERE}"),
    "promiscuous card": (card("zone0", promiscuous=True), CARDS, "zone0 is promiscuous"),
    "bridged card": (card("zone0", bridged=True), CARDS, "zone0 is part of a bridge"),
    "XDP": (card("zone0", xdp=True), CARDS, "zone0 runs a program on each packet (XDP)"),
    "tc filter": (
        card("zone0", queues=["clsact", "fq_codel"], filters=["matchall"]),
        CARDS,
        "zone0 has the undeclared filter matchall (tc)",
    ),
    "tc queue": (card("mgmt0", queues=["netem"]), CARDS, "mgmt0 has the undeclared queue netem (tc)"),
    "forwarding of one card": (switch("zone0", "4", "forwarding", "1"), CARDS, "net.ipv4.conf.zone0.forwarding is 1"),
    "forwarding of IPv6 on one card": (switch("zone0", "6", "forwarding", "1"), CARDS, "net.ipv6.conf.zone0.forwarding is 1"),
    "answers in others' name": (switch("zone0", "4", "proxy_arp", "1"), CARDS, "net.ipv4.conf.zone0.proxy_arp is 1"),
    "no look at where packets come from": (
        switch("all", "4", "rp_filter", "0"),
        CARDS,
        "net.ipv4.conf.all.rp_filter is 0, the image has 1",
    ),
    "module of nobody": (module("rootkit", "OE"), KERNEL, "kernel module rootkit is not Debian's (the kernel marks it OE)"),
    "module that is not the image's": (module("nosuch"), KERNEL, "kernel module nosuch is not of the image's kernel"),
    "module for tunnels": (module("tun"), KERNEL, "kernel module tun is loaded"),
    "setting of the kernel": (
        lambda told: told["kernel"]["settings"].update({"kernel/sysrq": "1"}),
        KERNEL,
        "kernel.sysrq is 1, the image sets 0",
    ),
    "foreign module that is gone": (lambda told: told["kernel"].update(tainted=4096), KERNEL, "tainted 4096"),
    "foreign module that is gone, on a starved host": (lambda told: told["kernel"].update(tainted=4096 | 1 << 14), KERNEL, "tainted 4096"),
    "mark of the kernel that is not known": (lambda told: told["kernel"].update(tainted=1 << 25), KERNEL, "tainted 33554432"),
}
