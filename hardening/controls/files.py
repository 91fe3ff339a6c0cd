"""Controls of files: who may read what, where programs may lie, what is said at a login, and how packages come."""

from __future__ import annotations

from hardening.controls.model import Control, Effect, JournalSetting, Link, Mode, Package, Text
from hardening.controls.ssh import BANNER, WARNING

VM, CONFIGURATION, ACCESS, LOGGING, SOFTWARE, LOGIN = "CLD.9.5.2", "8.9", "5.15", "8.15", "8.19", "8.5"
TEMPORARY = "mode=1777,strictatime,nosuid,nodev,noexec,size=50%%,nr_inodes=1m"
SHARED_MEMORY = "/dev/shm"  # noqa: S108 - the place itself is meant


def _no_programs(place: str) -> Effect:
    """A program that lies there does not run, and no device or setuid file counts."""
    question = f"findmnt -n -o OPTIONS {place} | tr , '\\n' | grep -x -e nodev -e noexec -e nosuid | sort | tr '\\n' ' '"
    tried = f"cp /usr/bin/true {place}/rf-effect.$$; {place}/rf-effect.$$ 2>/dev/null; echo $?; rm {place}/rf-effect.$$"
    return Effect(f"{question}; {tried}", "nodev noexec nosuid 126")


MANAGER = "org.freedesktop.systemd1 /org/freedesktop/systemd1 org.freedesktop.systemd1.Manager Version"
REAPPLY = """\
[Unit]
Description=Set the kernel's parameters again for NICs that came meanwhile
After=ringfence-ready.service

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=sysctl --quiet --system

[Install]
WantedBy=multi-user.target
"""
"""The name of the unit is the one that examiners look for. After SSH answers: nobody waits for it."""

CONTROLS = (
    Control(
        "parameters-again",
        "Parameters of the kernel are set once more when the network is up",
        (VM, CONFIGURATION),
        ("3.3.1.1",),
        (),
        (
            Text("etc/systemd/system/sysctl-reapply-network.service", REAPPLY),
            Link(
                "etc/systemd/system/multi-user.target.wants/sysctl-reapply-network.service",
                "/etc/systemd/system/sysctl-reapply-network.service",
            ),
        ),
        (
            # Anything but the first boot's or systemd's own doing: the value is away before, and back after.
            Effect(
                "echo 0 >/proc/sys/net/ipv4/tcp_rfc1337; systemctl restart sysctl-reapply-network; cat /proc/sys/net/ipv4/tcp_rfc1337; "
                "systemctl is-enabled sysctl-reapply-network",
                "1\nenabled",
                changes=True,
            ),
            Effect(
                "systemctl is-enabled sysctl-reapply-network; systemctl show --property=Result sysctl-reapply-network",
                "enabled\nResult=success",
            ),
        ),
    ),
    Control(
        "units-can-be-asked",
        "Whoever examines a server can ask its service manager, by a message bus",
        ("8.16",),
        ("2.3.1.1", "6.1.1.1.1"),
        (),
        (Package("dbus"), Link("etc/systemd/system/multi-user.target.wants/dbus.service", "/dev/null")),
        (
            Effect(f"busctl --system get-property {MANAGER} | cut -c 1-2", "s", changes=True),  # it starts the bus where nobody has
            Effect("systemctl is-active dbus.socket", "active"),
        ),
    ),
    Control(
        "no-programs-in-temporary-files",
        "Folders that everybody may write hold no programs",
        (VM, CONFIGURATION),
        ("1.1.2.1.1", "1.1.2.1.2", "1.1.2.1.3", "1.1.2.1.4", "1.1.2.2.1", "1.1.2.2.2", "1.1.2.2.3", "1.1.2.2.4"),
        ("R28",),
        (
            Text("etc/systemd/system/tmp.mount.d/hardening.conf", f"[Mount]\nOptions={TEMPORARY}\n"),
            # systemd mounts shared memory before it reads any file, so what makes the temporary files seals it; SSH comes later.
            Text("etc/fstab", f"tmpfs {SHARED_MEMORY} tmpfs nosuid,nodev,noexec 0 0\n"),
            Text(
                "etc/systemd/system/systemd-tmpfiles-setup.service.d/hardening.conf",
                f"[Service]\nExecStartPost=mount -o remount {SHARED_MEMORY}\n",
            ),
        ),
        (_no_programs("/tmp"), _no_programs(SHARED_MEMORY)),  # noqa: S108 - the place itself is meant
        "installers that unpack programs into /tmp and start them there",
    ),
    Control(
        "private-lists",
        "Files of accounts, jobs and logins are for root",
        (ACCESS,),
        ("2.4.1.4", "2.4.1.8", "5.1.1", "7.1.6", "7.1.8"),
        ("R50",),
        (
            Mode("etc/cron.d", 0o700),
            Mode("etc/cron.daily", 0o700),
            Mode("etc/ssh/sshd_config", 0o600),
            # useradd and its like make the old lists anew, readable for a group.
            Text("etc/tmpfiles.d/hardening.conf", "z /etc/shadow- 0000 root root -\nz /etc/gshadow- 0000 root root -\n"),
        ),
        (Effect("stat -c %a-%U-%G /etc/shadow- /etc/gshadow- 2>/dev/null | grep -v -x 0-root-root | wc -l", "0"),),
    ),
    Control(
        "jobs-of-root",
        "Nobody but root gets jobs that run by the clock",
        (ACCESS,),
        ("2.4.1.9", "2.4.2.1"),
        ("R50",),
        (Text("etc/cron.allow", "", 0o640), Text("etc/at.allow", "", 0o640)),
        (Effect("cd /etc; stat -c %a-%U-%s cron.allow at.allow; ls cron.deny at.deny 2>/dev/null", "640-root-0\n640-root-0"),),
        "cron and at for other accounts, once they are installed",
    ),
    Control(
        "warning-at-login",
        "Who connects is warned, and is not told what runs here",
        (LOGIN,),
        ("1.6.1", "1.6.2", "1.6.3", "1.6.4", "1.6.5", "1.6.6"),
        (),
        (Text("etc/issue", WARNING), Text(BANNER.lstrip("/"), WARNING), Text("etc/motd", "")),
        (
            Effect(
                f"cat {BANNER} /etc/issue | sort -u | wc -l; grep -c -i debian /etc/issue {BANNER} /etc/motd",
                f"2\n/etc/issue:0\n{BANNER}:0\n/etc/motd:0",
            ),
        ),
    ),
    Control(
        "journal",
        "The journal is bounded, packed, in memory, and copied to no other program's socket",
        (LOGGING,),
        # 6.1.1.1.5 wants it on the disk: here it leaves the server instead. 6.1.2.3 is the alternative to 6.1.1.1.4.
        ("6.1.1.1.3", "6.1.1.1.4", "6.1.1.1.6"),
        ("R71",),
        tuple(
            JournalSetting(name, value)
            for name, value in (("Storage", "volatile"), ("RuntimeMaxUse", "16M"), ("Compress", "yes"), ("ForwardToSyslog", "no"))
        ),
        (
            Effect("ls -d /var/log/journal 2>/dev/null; ls /run/log/journal/*/system.journal | wc -l", "1"),
            # What it said at its start is gone when there was more to keep: then it has kept no more than that.
            Effect("journalctl -q -b -u systemd-journald -o cat | grep 'Runtime Journal ' | grep -v -c 'max 16'", "0"),
        ),
    ),
    Control(
        "no-packages-unasked",
        "A package brings only what it cannot do without",
        (SOFTWARE,),
        ("1.2.1.2",),
        ("R58",),
        (Text("etc/apt/apt.conf.d/60-no-weak-dependencies", 'APT::Install-Recommends "0";\nAPT::Install-Suggests "0";\n'),),
        (
            Effect(
                "apt-config dump APT::Install-Recommends; apt-config dump APT::Install-Suggests",
                'APT::Install-Recommends "0";\nAPT::Install-Suggests "0";',
            ),
        ),
        "packages whose useful part is only recommended",
    ),
)
