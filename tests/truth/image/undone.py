"""Every control undone on a running server, as somebody with root would: what the effects must then name."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from hardening.controls.catalogue import CATALOGUE
from hardening.controls.confinement import CHRONYD
from hardening.controls.model import Group, JournalSetting, KernelModule, KernelParameter, Line, Link, Mode, Package, SshSetting, Text
from hardening.controls.rendering import MODPROBE, SSHD, SSHD_CONFIG

if TYPE_CHECKING:
    from hardening.controls.model import Rendering

BESIDES = {
    "programs-are-confined": f"printf {CHRONYD} >/sys/kernel/security/apparmor/.remove",
    "no-programs-in-temporary-files": "mount -o remount,exec /tmp; mount -o remount,exec /dev/shm",
    "private-lists": "echo >/etc/shadow-; chmod 640 /etc/shadow-",
}
"""What a file that is gone does not undo before the next boot."""

INSTEAD = {"no-empty-passwords": "sed -i 's/pam_unix.so$/& nullok/' /etc/pam.d/common-auth"}
"""Where a line that is gone would close more instead of opening anything."""


def undo() -> str:
    """Return a script that undoes all of them."""
    lines: list[str] = []
    for control in CATALOGUE:
        usual = (*map(_undone, control.renders), BESIDES.get(control.identifier, ":"))
        lines += [INSTEAD[control.identifier]] if control.identifier in INSTEAD else usual
    return "\n".join(lines) + "\n"


def _undone(part: Rendering) -> str:
    undone = ":"
    match part:
        case KernelParameter(name=name, value=value):
            # In a shell of its own: a parameter that the kernel never gives back must not end the others.
            undone = f"for f in /proc/sys/{name.replace('.', '/')}; do ( echo {0 if value != '0' else 1} >$f ) 2>/dev/null; done"
        case KernelModule(name=name):
            undone = f"sed -i /{name}/d /{MODPROBE}"
        case SshSetting():
            undone = f"echo {shlex.quote(SSHD)} >/{SSHD_CONFIG}"
        case JournalSetting():
            undone = "mkdir -p /var/log/journal"
        case Line(path=path, text=text):
            command = shlex.quote(rf"\|^{text}$|d")
            undone = f"sed -i {command} /{path}"
        case Text(path=path) | Link(path=path):
            undone = f"rm -f /{path}"
        case Mode(path=path):
            undone = f"chmod 777 /{path}"
        case Group(name=name):
            undone = f"groupdel {name}"
        case Package(name=name):
            undone = f"systemctl mask --now {name}.socket {name}.service"
    return undone
