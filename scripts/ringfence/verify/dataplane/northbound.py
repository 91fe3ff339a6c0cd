"""Read OVN's northbound database, where somebody may: ``RINGFENCE_OVN_EXEC`` is a command prefix that runs ``ovn-nbctl`` there."""

from __future__ import annotations

import os
import shlex
import subprocess

from infra.drift.ovn.northbound import TABLES, Northbound, read
from infra.errors import CloudError

VARIABLE = "RINGFENCE_OVN_EXEC"
SKIP = f"nobody may read OVN's northbound database: {VARIABLE} is not set"
SECONDS = 60.0


def prefix() -> list[str]:
    """Return the command prefix, empty where there is none."""
    return shlex.split(os.environ.get(VARIABLE, ""))


def listed(through: list[str]) -> Northbound:
    """List every table that is compared, by one command: all of it is of the same moment. Raises :class:`CloudError`."""
    command = [*through, "ovn-nbctl", "--format=json", *(word for table in TABLES for word in ("--", "list", table))]
    hint = f"see that {VARIABLE} leads to where ovn-nbctl reads the northbound database"
    try:
        done = subprocess.run(command, capture_output=True, timeout=SECONDS, check=False)
    except (OSError, subprocess.SubprocessError) as error:
        raise CloudError.of("OVN cannot be read", where="ovn-nbctl", got=f"{type(error).__name__}: {error}", hint=hint) from error
    if done.returncode:
        got = done.stderr.decode(errors="replace").strip()[-500:]
        raise CloudError.of("OVN cannot be read", where="ovn-nbctl", expected="exit code 0", got=f"{done.returncode}: {got}", hint=hint)
    return read(done.stdout.decode(errors="replace"))
