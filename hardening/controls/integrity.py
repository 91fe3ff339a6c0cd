"""The control of changed files: a list of what the image holds, and a program that compares the server with it by the clock."""

from __future__ import annotations

from hardening.controls.model import Control, Effect, Link, Package, Text

CONFIGURATION, MONITORING = "8.9", "8.16"
SETTINGS = "etc/aide/aide.conf"
UNITS = "etc/systemd/system"

WRITTEN_BY_FIRST_BOOT = (
    "/etc/hostname",
    "/etc/hosts",
    "/etc/machine-id",
    "/etc/resolv.conf",
    "/etc/ringfence",
    "/etc/ssh/ssh_host_ed25519_key",
    r"/etc/ssh/ssh_host_ed25519_key\.pub",
    r"/etc/ssh/sshd_config\.d/10-ringfence\.conf",
    r"/etc/systemd/network/10-\w+\.(link|network)",
    r"/etc/systemd/system/ssh\.socket\.d/port\.conf",
)
"""What a server has of its own, as regular expressions: `ringfence verify` compares it with the declaration."""

LISTS_OF_ACCOUNTS = r"/etc/(passwd|shadow|group|gshadow|subuid|subgid)-"
"""What the lists were before the last change; the lists themselves are watched."""

AIDE = f"""\
# What aidecheck.service compares, and with which list. Of a file it sees owner, mode, lists of rights, capabilities and content; not its
# times, size or place on the disk, which differ between the machine that built the image and every server.
@@define DBDIR /var/lib/aide
database_in=file:@@{{DBDIR}}/aide.db
database_out=file:@@{{DBDIR}}/aide.db.new
database_add_metadata=no
database_attrs=sha512
report_quiet=yes
report_url=stdout
num_workers=1
OwnerMode = ftype+p+u+g+acl+xattrs+caps
Watched = OwnerMode+l+sha512
/(boot|etc|root|usr)(/|$) Watched
/(bin|lib|lib64|sbin)$ Watched
{"".join(f"!{path}$" + chr(10) for path in (*WRITTEN_BY_FIRST_BOOT, LISTS_OF_ACCOUNTS))}\
!/etc/ringfence/
!/etc/\\.pwd\\.lock$
!/etc/\\.updated$
!/etc/adjtime$
"""

CHECK = """\
[Unit]
Description=Compare the server's files with the list that the image brought
After=ringfence-ready.service

[Service]
Type=oneshot
ExecStart=/usr/bin/aide --config /etc/aide/aide.conf --check
# It says nothing but what differs, and the platform's store gets warnings.
SyslogLevel=warning
Nice=19
CPUSchedulingPolicy=idle
IOSchedulingClass=idle
UMask=0077
NoNewPrivileges=yes
PrivateDevices=yes
PrivateNetwork=yes
PrivateTmp=yes
ProtectSystem=strict
ProtectHome=read-only
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
# Not ProtectKernelModules: it hides the modules, which are compared. CAP_SYS_MODULE is not there.
ProtectKernelTunables=yes
RestrictAddressFamilies=none
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
# Root reads every file, and nothing more.
CapabilityBoundingSet=CAP_DAC_READ_SEARCH

[Install]
WantedBy=aidecheck.target
"""
TARGET = """\
[Unit]
Description=The hour at which a server's files are compared
StopWhenUnneeded=yes
"""
"""What the timer starts. Examiners ask whether the service is enabled; wanted by a target of the boot it would run at every boot."""

TIMER = """\
[Unit]
Description=Compare the server's files once a day

[Timer]
# By the time since the start, so that servers that started together, or live for an hour only, do not all compute at once.
OnBootSec=8h
OnUnitActiveSec=1d
RandomizedDelaySec=4h
Unit=aidecheck.target

[Install]
WantedBy=timers.target
"""

ASK = "aide --config /etc/aide/aide.conf --check --limit"
LOOKED_AT = f"""\
{ASK} '^/usr/sbin/(sshd|visudo)$' -A report_quiet=no -A report_level=summary -A report_url=stderr 2>&1 | \
grep -o -e 'NO differences' -e 'Number of entries.*' | tr -s '\\t' ' '"""
PLANTED = f"""\
f=/usr/local/sbin/rf-effect.$$; echo >$f; {ASK} '^/usr/local/' | grep -c -x "f+*: $f"; rm $f; {ASK} '^/usr/local/'; echo $?"""

CONTROLS = (
    Control(
        "files-are-compared",
        "Once a day a server's files are compared with a list that the image brought, and the log says what differs",
        (CONFIGURATION, MONITORING),
        ("6.3.1", "6.3.2"),
        ("R76", "R77"),
        (
            Package("aide"),
            Text(SETTINGS, AIDE),
            Text(f"{UNITS}/aidecheck.service", CHECK),
            Text(f"{UNITS}/aidecheck.target", TARGET),
            Text(f"{UNITS}/aidecheck.timer", TIMER),
            Link(f"{UNITS}/aidecheck.target.wants/aidecheck.service", f"/{UNITS}/aidecheck.service"),
            Link(f"{UNITS}/timers.target.wants/aidecheck.timer", f"/{UNITS}/aidecheck.timer"),
        ),
        (
            Effect("systemctl is-enabled aidecheck.service; systemctl is-active aidecheck.timer", "enabled\nactive"),
            # Two files that every server has: it looks, and it agrees with the list.
            Effect(LOOKED_AT, "NO differences\nNumber of entries: 2"),
            # And it does not agree with what is not on the list.
            Effect(PLANTED, "1\n0", changes=True),
        ),
        "quiet logs: software that was installed since is named every day until sudo /usr/lib/ringfence/know-files",
    ),
)
