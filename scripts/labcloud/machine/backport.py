"""Open vSwitch of the next Debian, unpacked in the cache and run by its own loader: nothing of it is installed on the machine.

Debian 12's Open vSwitch 3.1 ends itself on an assertion of its user-space connection tracker (``conntrack.c``:
``conn->conn_type == CT_CONN_TYPE_DEFAULT``) when a packet meets the reverse entry of a connection whose translation changed nothing, for
example one from a forged source. Open vSwitch 3.3 removed those entries ("conntrack: Remove nat_conn introducing key directionality").
"""

from __future__ import annotations

import fcntl
import shutil
import subprocess
from typing import TYPE_CHECKING, Final

from hardening.image import archive
from labcloud.machine import cached
from labcloud.settings import LabError

if TYPE_CHECKING:
    from pathlib import Path

SUITE: Final = "trixie"
PACKAGE: Final = "openvswitch-switch"
COMMAND: Final = ("mmdebstrap", "--quiet", "--mode=root", "--variant=extract", f"--include={PACKAGE}", SUITE)
LIBRARIES: Final = "usr/lib/x86_64-linux-gnu"
LOADER: Final = f"{LIBRARIES}/ld-linux-x86-64.so.2"
PROGRAM: Final = "usr/lib/openvswitch-switch/ovs-vswitchd"


def location(cache: Path) -> Path:
    """Where the unpacked packages for this command live."""
    return cached.place(cache, "lab-switch", "\0".join(COMMAND).encode())


def is_ready(cache: Path) -> bool:
    """Tell whether they were unpacked to the end."""
    return location(cache).is_dir()


def make(cache: Path, log: Path) -> Path:
    """Unpack them unless they are there; one maker at a time, and whole or not at all. :class:`LabError` when that fails."""
    target = location(cache)
    target.parent.mkdir(parents=True, exist_ok=True)
    with (target.parent / ".lock").open("a") as lock, log.open("ab") as output:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if is_ready(cache):
            return target
        draft = target.with_suffix(".draft")
        shutil.rmtree(draft, ignore_errors=True)
        options = [f"--aptopt={option}" for option in archive.host_options()]
        sources = "\n".join(archive.host_sources(SUITE)) + "\n"
        command = [*COMMAND, *options, str(draft), "-"]
        code = subprocess.run(command, input=sources.encode(), stdout=output, stderr=subprocess.STDOUT, check=False).returncode
        if code or not (draft / PROGRAM).exists():
            raise LabError.of(
                f"{PACKAGE} of Debian {SUITE} could not be unpacked",
                where=str(log),
                expected=f"mmdebstrap ends with 0 and leaves {PROGRAM}",
                got=str(code),
                hint="read the log, then ./scripts/lab up again",
            )
        draft.rename(target)
    return target


def program(tree: Path) -> tuple[str, ...]:
    """The beginning of the command that runs the switch from an unpacked tree."""
    return (str(tree / LOADER), "--argv0", "ovs-vswitchd", "--library-path", str(tree / LIBRARIES), str(tree / PROGRAM))
