"""What a server does by itself, and what tenants may do on their servers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.fast.ringfence.verify.drift_changes import (
    account,
    address,
    both,
    card,
    file,
    installed,
    listener,
    listens,
    module,
    switch,
    updated,
    without,
)
from tests.fast.ringfence.verify.recorded_guest import EXPECTED, OWN, SSHD, SYSTEMD, UNITS, link, row

if TYPE_CHECKING:
    from collections.abc import Callable

Json = dict[str, Any]
FLOW = next(match for match in sorted(EXPECTED.admitted) if match.protocol == "tcp" and match.first)
HARMLESS: dict[str, Callable[[Json], object]] = {
    "modules of the image's kernel that a unit or a disk asks for": module("dm_crypt"),
    "listener where a flow lets somebody in": listens(listener("/usr/bin/python3.13", FLOW.first or 0)),
    "sshd of before an update of its package": lambda told: told["sockets"]["rows"][0].update(
        programs=[SYSTEMD, SSHD | {"program": "/usr/sbin/sshd (deleted)"}]
    ),
    "listener on the loopback device, as that of the relay of sessions": listens(
        listener("/usr/sbin/sudo_logsrvd", 30344, address="127.0.0.1")
    ),
    "clock on the loopback device": listens(listener("/usr/sbin/chronyd", 323, "udp", "::1")),
    "link-local address of a card": address("zone0", "fe80::f816:3eff:fe00:11/64"),
    "account of a package, without password and shell": account("postgres-exporter"),
    "update of a package by the image's own timer": both(
        updated("openssh-server"), file(row("/usr/sbin/sshd", "new", mode=0o755, package="openssh-server", intact=True))
    ),
    "file that an update took away": both(updated("dash"), without("/usr/bin/dash")),
    "package of an application with its service": both(
        installed("greeter"),
        file(row(f"{UNITS}/greeter.service", package="greeter")),
        file(link(f"{OWN}/multi-user.target.wants/greeter.service", f"{UNITS}/greeter.service")),
        file(row("/usr/bin/greeter", mode=0o755, package="greeter", intact=True)),
        file(row("/etc/greeter/greeter.conf")),
    ),
    "application beside the packages": both(file(row("/opt/app/run", mode=0o755)), file(row("/usr/local/bin/app", mode=0o755))),
    "confirmed generation of the agent": file(row("/etc/ringfence/generations/1/policy.nft", mode=0o600)),
    "rebuilt list of accounts and libraries": both(file(row("/etc/passwd", "x")), file(row("/etc/ld.so.cache", "x"))),
    "masked unit of an application": both(
        installed("greeter"), file(row(f"{UNITS}/greeter.timer", package="greeter")), file(link(f"{OWN}/greeter.timer", "/dev/null"))
    ),
    "several queues of a card with several processors": card("zone0", queues=["mq", "fq_codel", "fq_codel"]),
    "milder look at where packets come from, which systemd asks for": switch("zone0", "4", "rp_filter", "2"),
    "soft lockup and warning on a starved host": lambda told: told["kernel"].update(tainted=(1 << 14) | (1 << 9)),
    "data disk with files of others": lambda told: told["files"]["mounts"].append(["/data/media", "ext4"]),
}
