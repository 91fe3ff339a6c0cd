"""What hypervisors hold of servers: their folders, and libvirt's secrets.

``RINGFENCE_HYPERVISOR_EXEC`` is a command prefix that runs a command on every hypervisor and prints what all of them say;
``RINGFENCE_HYPERVISOR_INSTANCES`` is the folder of Nova's setting ``instances_path``.
"""

from __future__ import annotations

import shlex
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

VARIABLE, FOLDER = "RINGFENCE_HYPERVISOR_EXEC", "RINGFENCE_HYPERVISOR_INSTANCES"
INSTANCES = "/var/lib/nova/instances"
SKIP = f"nobody may look at the hypervisors: {VARIABLE} is not set"
LOOK = 'set -e; ls -A "$1"; virsh -q -c qemu:///system secret-list'
SECONDS = 120


def lines(environment: Mapping[str, str]) -> tuple[list[str] | None, str]:
    """Return the names of all folders and the secrets with what they are for; ``None`` where nobody may look; and what went wrong."""
    prefix = environment.get(VARIABLE, "")
    if not prefix:
        return None, SKIP
    words = [*shlex.split(prefix), "sh", "-c", LOOK, "sh", environment.get(FOLDER) or INSTANCES]
    try:
        done = subprocess.run(words, capture_output=True, timeout=SECONDS, check=False)
    except (OSError, subprocess.SubprocessError) as error:
        return [], f"{type(error).__name__}: {error}"
    found = [line.strip() for line in done.stdout.decode(errors="replace").splitlines() if line.strip()]
    why = f"exit code {done.returncode}: {done.stderr.decode(errors='replace').strip()[-300:]}"
    return found, why if done.returncode else ""
