"""Where in a server files decide what runs and who gets in: asked of the guest's program, and listed of the image. Data."""

from __future__ import annotations

from typing import Final

HASHED: Final = (
    "/etc",
    "/opt",
    "/root",
    "/run/systemd/generator",
    "/run/systemd/system",
    "/run/systemd/transient",
    "/usr/bin",
    "/usr/lib/openssh",
    "/usr/lib/ringfence",
    "/usr/lib/sysctl.d",
    "/usr/lib/systemd",
    "/usr/lib/tmpfiles.d",
    "/usr/lib/udev/rules.d",
    "/usr/lib/x86_64-linux-gnu/security",
    "/usr/local",
    "/usr/sbin",
    "/var/spool/cron",
)
"""Folders whose every file is told by its hash."""
HOMES: Final = ("/home",)
"""What is known of the image besides; a server's homes are full of what its people need, so only what a login runs is looked at."""
READ: Final = ("/etc/ssh/sshd_config.d", "/etc/systemd/network")
"""Folders whose files are told whole: the first boot writes them of addresses, and they hold no secret."""

GUARDED: Final = {
    "/etc/apt/": "setting of apt",
    "/etc/cron": "job of cron",
    "/var/spool/cron/": "job of cron",
    "/etc/acpi/": "handler of the power button",
    "/etc/fstab": "file systems that every boot mounts",
    "/etc/ld.so.": "libraries for every program",
    "/etc/modprobe.d/": "setting of kernel modules",
    "/etc/modules": "list of kernel modules",
    "/etc/pam": "rule of logging in",
    "/etc/security/": "rule of logging in",
    "/etc/profile": "script of every login",
    "/etc/ssh/": "setting of sshd",
    "/etc/sudo": "rule of sudo",
    "/etc/sysctl": "setting of the kernel",
    "/usr/lib/sysctl.d/": "setting of the kernel",
    "/etc/systemd/": "unit or setting of systemd",
    "/usr/local/lib/systemd/": "unit or setting of systemd",
    "/run/systemd/": "unit of systemd for this boot",
    "/usr/lib/systemd/": "unit or program of systemd",
    "/etc/tmpfiles.d/": "files that every boot makes",
    "/usr/lib/tmpfiles.d/": "files that every boot makes",
    "/etc/udev/": "rule of devices",
    "/usr/lib/udev/": "rule of devices",
    "/usr/bin/": "program that no package has",
    "/usr/sbin/": "program that no package has",
    "/usr/lib/openssh/": "program that no package has",
    "/usr/lib/ringfence/": "file among ringfence's own programs",
    "/usr/lib/x86_64-linux-gnu/security/": "module of logging in",
}
"""Where a file that is neither the image's nor a package's changes who gets in or what runs, and what such a file is."""

MADE_BY_ITSELF: Final = (
    "/etc/.pwd.lock",
    "/etc/.updated",
    "/etc/adjtime",
    "/etc/group",
    "/etc/gshadow",
    "/etc/hostname",
    "/etc/hosts",
    "/etc/ld.so.cache",
    "/etc/machine-id",
    "/etc/passwd",
    "/etc/resolv.conf",
    "/etc/shadow",
    "/etc/subgid",
    "/etc/subuid",
    "/etc/ringfence/",
    "/etc/ssh/ssh_host_ed25519_key",
    "/etc/ssl/certs/",
)
"""What a server writes by itself, or what is judged by another look: accounts, keys, the agent's generations."""
