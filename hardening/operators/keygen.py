"""What OpenSSH's ``ssh-keygen`` makes: it knows every field of a certificate and of a list that sshd reads."""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path

from infra.errors import GuestError, RingfenceError

SECONDS = 60
REVOKE = ("sudo", "-n", "/usr/lib/ringfence/revoke", "-")
"""The guest's command that takes a list of what is revoked, as base64 on its standard input."""


def keygen(*arguments: str) -> None:
    """Run it. Raises :class:`GuestError` when it refuses."""
    # It reads times without a zone as those of this machine.
    environment = {**os.environ, "TZ": "UTC0", "LC_ALL": "C"}
    try:
        command = ("ssh-keygen", "-q", *arguments)
        done = subprocess.run(
            command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=SECONDS, check=False
        )
    except OSError as error:
        raise RingfenceError.of("OpenSSH's ssh-keygen cannot be run", got=error.strerror or "", hint="install OpenSSH's client") from error
    if done.returncode:
        raise GuestError.of("ssh-keygen refused", expected="exit code 0", got=done.stderr.strip()[-500:] or str(done.returncode))


def listed(said: str, authority: str) -> bytes:
    """Return the list of what is revoked, as sshd reads it, of what :func:`infra.operators.changes.revocation_list` says.

    ``authority`` is the operators' public key, whose certificates the serials are.
    """
    with tempfile.TemporaryDirectory() as place:
        text, public, target = Path(place, "said"), Path(place, "authority.pub"), Path(place, "list")
        text.write_text(said, encoding="utf-8")
        public.write_text(f"{authority}\n", encoding="utf-8")
        keygen("-k", "-f", str(target), "-s", str(public), str(text))
        return target.read_bytes()
