"""Controls of accounts: what a session may do to others, how root is reached, and how long passwords and idle shells live."""

from __future__ import annotations

from hardening.controls.model import Control, Effect, Group, KernelParameter, Line, Text
from infra.operators.roles import AUTOMATION

AUTHENTICATION, PRIVILEGES, ACCESS, LOGGING, CONFIGURATION = "8.5", "8.2", "5.15", "8.15", "8.9"
SUDO = "/etc/sudoers.d/hardening"
SUDO_LOG = "/var/log/sudo.log"
NO_GROUP = "sugroup"
UMASK = "027"
IDLE_SECONDS = "900"
LIMITS = "etc/security/limits.d/10-coredump-debian.conf"
"""Debian's own file, which lets everybody raise the limit again."""

NEW_ACCOUNT = """\
d=$(mktemp -d); mkdir $d/etc; cp /etc/passwd /etc/group /etc/shadow /etc/gshadow /etc/login.defs $d/etc; \
useradd --prefix $d --no-create-home rf-effect; \
sed -n 's/^rf-effect:[^:]*:[^:]*://p' $d/etc/shadow | cut -d : -f {fields}; rm -r $d"""
"""Makes an account in a copy of the lists, and shows fields of its line of passwords: fewest and most days, warning."""

NEVER_LOCKED = f"""\
for account in root {AUTOMATION} rf-admin rf-observer rf-through rf-observing; do \
getent shadow $account | cut -d : -f 5,7,8; done | grep -v -x -e :: -e 99999:: | wc -l"""
"""How many of our own accounts would ever expire: a key opens no account whose password is over (pam_unix(8))."""

ASK_WITHOUT_ONE = """\
unshare --mount sh -c 'f=$(mktemp) && sed s/^nobody:[^:]*:/nobody::/ /etc/shadow >$f && mount --bind $f /etc/shadow && \
runuser -u nobody -- sudo -S -l </dev/null 2>&1; rm $f' | grep -o -e 'password is required' -e 'may not run sudo'"""
"""Gives nobody an empty password in a view of its own, and lets sudo ask for it: nobody else ever sees that list."""

CONTROLS = (
    Control(
        "no-empty-passwords",
        "An empty password opens nothing",
        (AUTHENTICATION,),
        ("5.3.3.4.1",),
        ("R67",),
        (
            Line(
                "etc/pam.d/common-auth",
                "auth [success=1 default=ignore] pam_unix.so",
                instead_of="auth\t[success=1 default=ignore]\tpam_unix.so",
            ),
        ),
        (Effect(ASK_WITHOUT_ONE, "password is required"),),
    ),
    Control(
        "password-lives",
        "Passwords of accounts that people make live a year; the automation's and the operators' accounts have none and never expire",
        (AUTHENTICATION,),
        ("5.4.1.1", "5.4.1.2"),
        ("R31",),
        (
            Line("etc/login.defs", "PASS_MAX_DAYS 365", instead_of="PASS_MAX_DAYS"),
            Line("etc/login.defs", "PASS_MIN_DAYS 1", instead_of="PASS_MIN_DAYS"),
        ),
        (Effect(NEW_ACCOUNT.format(fields="1-3"), "1:365:7"), Effect(NEVER_LOCKED, "0")),
        "accounts with passwords that nobody changes for a year",
    ),
    Control(
        "unused-accounts",
        "An account whose password has been over for 45 days is locked",
        (AUTHENTICATION,),
        ("5.4.1.5",),
        ("R30",),
        (Line("etc/default/useradd", "INACTIVE=45", instead_of="# INACTIVE="),),
        (Effect("useradd -D | grep INACTIVE", "INACTIVE=45"),),
    ),
    Control(
        "private-files",
        "What a session makes is read by its account and group only",
        (ACCESS,),
        ("5.4.3.3",),
        ("R36",),
        (
            Line("etc/login.defs", f"UMASK {UMASK}"),
            Line("etc/bash.bashrc", f"umask {UMASK}"),
            Text("etc/profile.d/umask.sh", f"umask {UMASK}\n"),
            # The automation installs programs that others run, with tools that say no mode (Ansible, apt): its root keeps the usual one.
            Text(f"{SUDO.lstrip('/')}-umask", f"Defaults:{AUTOMATION} umask=0022, umask_override\n", 0o440),
        ),
        (
            # Members of an account's own group are the account itself (pam_umask(8): usergroups).
            Effect("sudo -u rf-observing sh -c umask", "0007"),
            Effect("bash -l -c umask; bash -i -c umask 2>/dev/null", "0027\n0027"),
            Effect(f"runuser -u {AUTOMATION} -- sudo -n sh -c umask", "0022"),
        ),
        "services that read files which another account's session made",
    ),
    Control(
        "idle-shells",
        "A shell that is idle for a quarter of an hour ends",
        (AUTHENTICATION,),
        ("5.4.3.2",),
        ("R32",),
        (Text("etc/profile.d/tmout.sh", f'if [ -n "${{BASH_VERSION:-}}" ]; then\n    typeset -xr TMOUT={IDLE_SECONDS}\nfi\n'),),
        (Effect("bash -l -c 'echo $TMOUT; TMOUT=0; echo $TMOUT' 2>/dev/null", IDLE_SECONDS),),
        "bash sessions that wait for a person; dash has no such end",
    ),
    Control(
        "su-for-nobody",
        "Root is reached by sudo only: su is for members of a group that has none",
        (PRIVILEGES,),
        ("5.2.7",),
        ("R39",),
        (
            Group(NO_GROUP),
            Line("etc/pam.d/su", f"auth required pam_wheel.so use_uid group={NO_GROUP}", instead_of="# auth       required   pam_wheel.so"),
        ),
        (
            Effect(f"getent group {NO_GROUP} | cut -d : -f 1,4", f"{NO_GROUP}:"),
            # Without the rule it would be an authentication failure: a password could help.
            Effect(
                "su root -c 'echo root may'; runuser -u nobody -- su root -c true 2>&1 | grep -o 'Permission denied'",
                "root may\nPermission denied",
            ),
        ),
        "scripts that use su from an account that is not root",
    ),
    Control(
        "sudo-is-logged",
        "What is done with sudo is written down, needs a terminal of its own, and is asked for again after a quarter of an hour",
        (PRIVILEGES, LOGGING),
        ("5.2.2", "5.2.3", "5.2.6"),
        ("R33", "R39"),
        (Text(SUDO.lstrip("/"), f'Defaults logfile="{SUDO_LOG}"\nDefaults timestamp_timeout=15\nDefaults use_pty\n', 0o440),),
        (
            Effect(f"a=$(wc -l <{SUDO_LOG}); sudo -u nobody true; [ $(wc -l <{SUDO_LOG}) -gt $a ] && echo written", "written"),
            Effect("sudo -V | grep -o 'Authentication timestamp timeout: [0-9]*'", "Authentication timestamp timeout: 15"),
        ),
    ),
    Control(
        "no-memory-on-disk",
        "A program that crashes leaves no copy of its memory",
        (CONFIGURATION,),
        ("1.5.4", "1.5.11", "1.5.12", "1.5.13"),
        ("R14",),
        (
            Line(LIMITS, "* hard core 0", instead_of="*               hard    core"),
            Line(LIMITS, "root hard core 0", instead_of="root            hard    core"),
            Text("etc/systemd/coredump.conf.d/hardening.conf", "[Coredump]\nStorage=none\nProcessSizeMax=0\n"),
            KernelParameter("fs.suid_dumpable", "0"),
            Text("etc/systemd/system.conf.d/hardening.conf", "[Manager]\nDefaultLimitCORE=0\n"),
        ),
        (
            Effect(
                "d=$(mktemp -d); chmod 777 $d; cd $d; sudo -u nobody sh -c 'ulimit -c unlimited; kill -SEGV $$'; ls $d | wc -l; rm -r $d",
                "0",
            ),
            Effect("systemctl show --property=DefaultLimitCORE", "DefaultLimitCORE=0"),
        ),
        "post-mortem debugging",
    ),
)
