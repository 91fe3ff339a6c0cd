"""Other programs of the guest, run for their words."""

from __future__ import annotations

import os
import subprocess

from hardening.agent.paths import EXIT_NOT_LOADED, PolicyError

SECONDS = 90.0
"""The longest that a program may take; an emulated guest that is busy needs seconds for what takes a moment elsewhere."""
FOLDERS = ("/usr/sbin", "/usr/bin", "/sbin", "/bin")


def run(*command: str, text: str = "") -> subprocess.CompletedProcess[str]:
    """Run a command with ``text`` on its standard input; messages in English, because they are read by programs.

    One that takes too long is ended, and counts as one that has failed.
    """
    try:
        return subprocess.run(
            command,
            input=text,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            env={**os.environ, "LC_ALL": "C"},
            timeout=SECONDS,
        )
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess(command, 124, "", f"no end within {SECONDS:.0f} s")


def checked(result: subprocess.CompletedProcess[str]) -> str:
    """Standard output of a command that must not fail."""
    if result.returncode:
        raise PolicyError(EXIT_NOT_LOADED, result.stderr.strip())
    return result.stdout


def find(program: str) -> str:
    """Path of a program, empty when it is not installed; the folders of daemons count, whoever calls."""
    for folder in (*os.environ.get("PATH", "").split(":"), *FOLDERS):
        path = f"{folder}/{program}"
        if folder and os.access(path, os.X_OK):
            return path
    return ""


def start_later(seconds: int, *command: str) -> None:
    """Start a command later, in a session of its own that outlives the login."""
    script = 'sleep "$1"; shift; exec "$@"'
    subprocess.Popen(  # the process is meant to outlive this one
        ("sh", "-c", script, "later", str(seconds), *command),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
