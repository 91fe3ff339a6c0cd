"""The control of confined programs: AppArmor, with the profiles that refuse something and no other."""

from __future__ import annotations

from hardening.controls.model import Control, Effect, Link, Package, Text

VM, CONFIGURATION = "CLD.9.5.2", "8.9"
PROFILES = "etc/apparmor.d"
LOADER = "usr/lib/ringfence/load-profiles"
CHRONYD = "/usr/sbin/chronyd"

LOAD = """\
#!/bin/sh
# Load the profiles of AppArmor that refuse something. Debian's package brings a hundred others, for programs that no server has: they
# confine nothing, or only complain. Loading them all would take longer than everything else at a boot.
set -eu
cd /etc/apparmor.d
enforcing=$(grep -L -d skip --exclude='*.dpkg-*' -E 'flags *= *\\([^)]*(complain|unconfined)' -- *) || [ $? -eq 1 ] # no profile but such
# Names of profiles have no spaces (dh_apparmor(1)).
# shellcheck disable=SC2086
exec apparmor_parser --replace --write-cache -- $enforcing
"""

SERVICE = f"""\
# Before anything that a profile is for, and before SSH. A profile that does not load keeps nobody out: what it is for runs without it, and
# this unit has failed.
[Service]
ExecStart=
ExecStart=/{LOADER}
ExecReload=
ExecReload=/{LOADER}
UMask=0077
NoNewPrivileges=yes
ProtectClock=yes
ProtectHostname=yes
RestrictAddressFamilies=none
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
MemoryDenyWriteExecute=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
CapabilityBoundingSet=CAP_MAC_ADMIN
"""

ITS_FILES = """\
# Where servers have chrony's files: in force, staged, being checked. The authority and the server's own certificate are beside them; the
# private key of pki is not for chrony.
@{run}/ringfence/{files,no-files}/chrony/* r,
@{run}/ringfence/{files,no-files}/pki/{ca,certificate}.pem r,
@{run}/ringfence/staged/*/files/chrony/* r,
@{run}/ringfence/staged/*/files/pki/{ca,certificate}.pem r,
/etc/ringfence/generations/*/files/chrony/* r,
/etc/ringfence/generations/*/files/pki/{ca,certificate}.pem r,
# Authorities of public time servers, which the services server asks.
include <abstractions/ssl_certs>
"""

NOT_HERE = ("lsb_release", "nvidia_modprobe")
"""Profiles that enforce, of programs that no server has."""

STARTED = """\
cat /sys/module/apparmor/parameters/enabled; systemctl is-active apparmor; grep -o -w -e apparmor=1 -e security=apparmor /proc/cmdline"""
LOADED = f"cd /sys/kernel/security/apparmor && grep -c -v ' (enforce)$' profiles; grep -x '{CHRONYD} (enforce)' profiles"

CONTROLS = (
    Control(
        "programs-are-confined",
        "A program that has a profile gets what the profile names and nothing else; every profile that is loaded is enforced",
        (VM, CONFIGURATION),
        ("1.3.1.1", "1.3.1.2", "1.3.1.3"),
        ("R37", "R45"),
        (
            Package("apparmor"),
            Text(LOADER, LOAD, 0o755),
            Text("etc/systemd/system/apparmor.service.d/ringfence.conf", SERVICE),
            Text(f"{PROFILES}/local/usr.sbin.chronyd", ITS_FILES),
            *(Link(f"{PROFILES}/disable/{name}", f"/{PROFILES}/{name}") for name in NOT_HERE),
        ),
        (
            Effect(STARTED, "Y\nactive\napparmor=1\nsecurity=apparmor"),
            Effect(LOADED, f"0\n{CHRONYD} (enforce)"),
            Effect("aa-status | grep 'unconfined but have a profile'", "0 processes are unconfined but have a profile defined."),
            # Root's own chronyd, and a file that root may read.
            Effect("chronyd -p -f /etc/fstab 2>&1 | grep -o 'Permission denied'", "Permission denied"),
        ),
        "chrony with files in other places than a server's; packages that bring a profile which is too narrow",
    ),
)
