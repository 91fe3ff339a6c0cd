"""Ways to change a server's files, and what must be named."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ringfence.verify.inside import drift
from tests.fast.ringfence.verify.drift_changes import both, file, installed, says, updated, without
from tests.fast.ringfence.verify.recorded_guest import OWN, UNITS, link, row

if TYPE_CHECKING:
    from collections.abc import Callable

Json = dict[str, Any]
UNIT, FILES, NEXT = drift.LOOKS[5:]
PART = "/etc/ssh/sshd_config.d/10-ringfence.conf"
BROKEN: dict[str, tuple[Callable[[Json], object], str, str]] = {
    "masked firewall": (
        file(link(f"{OWN}/ringfence-firewall.service", "/dev/null")),
        UNIT,
        f"unit ringfence-firewall.service is masked: {OWN}/ringfence-firewall.service",
    ),
    "unit masked until the next boot": (
        file(link("/run/systemd/system/ringfence-logs.service", "/dev/null")),
        UNIT,
        "unit ringfence-logs.service is masked: /run",
    ),
    "disabled unit": (
        without(f"{OWN}/multi-user.target.wants/ringfence-logs.service"),
        UNIT,
        "unit ringfence-logs.service is no longer enabled",
    ),
    "enabled console": (
        file(link(f"{OWN}/multi-user.target.wants/serial-getty@ttyS0.service", f"{UNITS}/serial-getty@.service")),
        UNIT,
        "unit serial-getty@ttyS0.service, which the image has and does not enable, is enabled",
    ),
    "unmasked unit": (without(f"{OWN}/systemd-logind.service"), UNIT, "systemd-logind.service is no longer masked"),
    "unit of nobody": (file(row(f"{OWN}/back.service")), UNIT, f"{OWN}/back.service is not the image's"),
    "unit from a home": (
        file(link(f"{OWN}/multi-user.target.wants/back.service", "/home/x/back.service")),
        UNIT,
        "unit back.service is enabled from /home/x/back.service",
    ),
    "changed unit by a drop-in": (file(row(f"{OWN}/ssh.service.d/x.conf")), UNIT, f"{OWN}/ssh.service.d/x.conf is not the image's"),
    "timer of this boot": (file(row("/run/systemd/transient/run-p1.timer")), UNIT, "/run/systemd/transient/run-p1.timer"),
    "changed unit of a package": (
        file(row(f"{UNITS}/ssh.service", "x", package="openssh-server")),
        FILES,
        f"{UNITS}/ssh.service has another content",
    ),
    "job of cron": (file(row("/etc/cron.d/x")), FILES, "/etc/cron.d/x is not the image's (job of cron)"),
    "library for every program": (
        file(row("/etc/ld.so.preload")),
        FILES,
        "/etc/ld.so.preload is not the image's (libraries for every program)",
    ),
    "rule of sudo": (file(row("/etc/sudoers.d/x", mode=0o440)), FILES, "/etc/sudoers.d/x is not the image's (rule of sudo)"),
    "changed rule of sudo": (file(row("/etc/sudoers.d/ringfence", "x", mode=0o440)), FILES, "/etc/sudoers.d/ringfence has another content"),
    "rule of logging in": (file(row("/etc/pam.d/sudo", "x", package="sudo")), FILES, "/etc/pam.d/sudo has another content"),
    "sshd's configuration": (file(row("/etc/ssh/sshd_config", "x")), FILES, "/etc/ssh/sshd_config has another content"),
    "one more part of sshd's configuration": (
        file(row("/etc/ssh/sshd_config.d/00.conf")),
        FILES,
        "/etc/ssh/sshd_config.d/00.conf is not the image's",
    ),
    "changed line of sshd's configuration": (says(PART, "GatewayPorts yes"), NEXT, f"{PART}: undeclared line 'GatewayPorts yes'"),
    "address at the next boot": (
        says("/etc/systemd/network/10-zone0.network", "Address=10.0.0.77/24"),
        NEXT,
        "10-zone0.network gives the undeclared address 10.0.0.77",
    ),
    "one more network at the next boot": (
        lambda told: told["texts"]["rows"].append(["/etc/systemd/network/00-x.network", ""]),
        NEXT,
        "/etc/systemd/network/00-x.network is no file of the server's NICs",
    ),
    "changed agent": (
        file(row("/usr/lib/ringfence/apply-policy", "x", mode=0o755)),
        FILES,
        "/usr/lib/ringfence/apply-policy has another content",
    ),
    "one more module for the agent": (
        file(row("/usr/lib/ringfence/python/json.py")),
        FILES,
        "/usr/lib/ringfence/python/json.py is not the image's",
    ),
    "lost module of the agent": (
        without("/usr/lib/ringfence/python/hardening/agent/show.py"),
        FILES,
        "/usr/lib/ringfence/python/hardening/agent/show.py of the image is missing",
    ),
    "changed program": (
        file(row("/usr/sbin/sshd", "x", mode=0o755, package="openssh-server")),
        FILES,
        "/usr/sbin/sshd has another content",
    ),
    "changed program of an updated package": (
        both(updated("openssh-server"), file(row("/usr/sbin/sshd", "x", mode=0o755, package="openssh-server", intact=False))),
        FILES,
        "/usr/sbin/sshd has another content",
    ),
    "program that anybody runs as root": (
        file(row("/usr/bin/dash", mode=0o4755, package="dash")),
        FILES,
        "/usr/bin/dash has mode 4755, the image's has 0755 (is setuid)",
    ),
    "copy that anybody runs as root": (file(row("/var/lib/x/d", "", mode=0o4755)), FILES, "/var/lib/x/d is setuid, and no package has it"),
    "capabilities of a program": (
        file([*row("/usr/bin/dash", mode=0o755, package="dash")[:6], "01ff", "dash", None]),
        FILES,
        "/usr/bin/dash has capabilities 01ff",
    ),
    "writable program": (file(row("/usr/bin/dash", mode=0o777, package="dash")), FILES, "/usr/bin/dash has mode 0777"),
    "program that comes first": (
        file(row("/usr/local/bin/sudo", mode=0o755)),
        FILES,
        "/usr/local/bin/sudo comes before the image's own program sudo",
    ),
    "program that claims to be of a package of the image": (
        file(row("/usr/bin/evil", mode=0o755, package="dash")),
        FILES,
        "/usr/bin/evil is not the image's",
    ),
    "changed file of an application's package": (
        both(installed("greeter"), file(row("/usr/bin/greeter", mode=0o755, package="greeter", intact=False))),
        FILES,
        "/usr/bin/greeter is not what its package greeter says",
    ),
    "program of nobody": (file(row("/usr/bin/evil", mode=0o755)), FILES, "/usr/bin/evil is not the image's (program that no package has)"),
    "mount over a folder": (
        lambda told: told["files"]["mounts"].append(["/usr/lib/ringfence", "tmpfs"]),
        FILES,
        "tmpfs is mounted over /usr/lib/ringfence",
    ),
    "file system at the next boot": (file(row("/etc/fstab")), FILES, "/etc/fstab is not the image's"),
}
