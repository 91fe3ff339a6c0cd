"""The closed set of checks: the program that will read a file says whether it can, while nothing has changed yet.

Configurations name each other by their final paths. So a check sees the staged files at the place of those in force, in a mount namespace
of its own. What a check says may quote a file; the lines of private ones are cut out.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from hardening.agent import store
from hardening.agent.generation import FILES
from hardening.agent.paths import EXIT_REFUSED, PolicyError
from hardening.agent.processes import find, run
from hardening.bundle import Check, without_secrets

if TYPE_CHECKING:
    import subprocess

    from hardening.agent.paths import Paths
    from hardening.bundle import Bundle

COMMANDS = {
    Check.APT: ("apt-get", "-o", "Dir::Etc::sourcelist=FILE", "-o", "Dir::Etc::sourceparts=/dev/null", "indextargets"),
    Check.CHRONYD: ("chronyd", "-p", "-f", "FILE"),
    Check.KRL: ("ssh-keygen", "-Q", "-l", "-f", "FILE"),
    Check.NFT: ("nft", "-c", "-f", "FILE"),
    Check.NGINX: ("nginx", "-t", "-q", "-e", "stderr", "-c", "FILE"),
    Check.RSYSLOGD: ("rsyslogd", "-N1", "-f", "FILE"),
    Check.SSHD: ("sshd", "-t", "-f", "FILE"),
    Check.SSHD_WHOLE: ("sshd", "-t"),
    Check.SUDOERS: ("visudo", "-c", "-f", "FILE"),
}
"""Check to the command that answers it; ``FILE`` is the file at its final place."""

CACHES = """\
store=${RINGFENCE_STORE:-/data}
mkdir -p "$store" && mount -t tmpfs check "$store" || exit 1
for folder in $(sed -n 's/^ *proxy_cache_path  *\\([^ ;]*\\).*/\\1/p' "$0"); do mkdir -p "${folder%/*}"; done
exec "$@"
"""
PREPARATIONS = {Check.NGINX: CACHES}
"""nginx makes its caches while it checks: on a store that is there in the view only, because the real one may not be mounted yet."""

VIEW = 'mount --bind "$1" "$2" && shift 2 && exec "$@"'


def refuse_bad_files(paths: Paths, folder: str, bundle: Bundle) -> None:
    """Ask every check of the bundle. Raises :class:`PolicyError` with the words of the first that says no, or whose program is missing."""
    for file in bundle.files:
        if file.check is Check.NONE:
            continue
        program, *arguments = COMMANDS[file.check]
        path = find(program)
        if not path:
            raise PolicyError(EXIT_REFUSED, f"{file.path}: {program}, which checks it, is not on this server")
        place = f"{paths.files}/{file.path}"
        command = (path, *(word.replace("FILE", place) for word in arguments))
        if file.check in PREPARATIONS:
            command = ("sh", "-c", PREPARATIONS[file.check], place, *command)
        result = in_view(paths, f"{folder}/{FILES}", *command)
        if result.returncode:
            said = without_secrets(result.stderr.strip() or result.stdout.strip() or f"exit code {result.returncode}", bundle.files)
            raise PolicyError(EXIT_REFUSED, f"{file.path}: {program} refuses it: {said}")


def in_view(paths: Paths, files: str, *command: str) -> subprocess.CompletedProcess[str]:
    """Run a command that sees ``files`` where those in force are."""
    if not os.path.isdir(paths.files):  # noqa: PTH112 - pathlib costs an emulated guest a quarter of a second
        # No files are in force; the view needs something to lie over, and an empty folder says the same.
        nothing = f"{paths.run}/no-files"
        store.make_folder(nothing)
        store.switch(paths.files, nothing)
    return run("unshare", "--mount", "--propagation", "private", "sh", "-c", VIEW, "view", files, paths.files, *command)
