"""``/usr/lib/ringfence/apply-policy``: put a packet filter policy into force so that a mistake cannot lock anybody out.

``stage`` checks the text in a network namespace of its own, arms a rollback and loads it (``replace-ruleset``); the caller then opens a
*new* login and calls ``confirm``, which keeps it over a restart. Without that the rollback loads what the next boot would have loaded: the
policy that was confirmed last, else the base policy. So there are only ever two states, and a restart in between ends in the same one.

Answers are one JSON object on standard output; a refusal is one JSON object on standard error and the exit code says which kind it is.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

ROLLBACK_SECONDS = 120
DIRECTIONS = {"input", "forward", "output"}
USAGE = "usage: apply-policy stage FILE|- [--seconds N] | confirm [SHA256] | rollback | show"

EXIT_USAGE, EXIT_REFUSED, EXIT_NOTHING_STAGED, EXIT_NOT_LOADED = 2, 3, 4, 5


class PolicyError(Exception):
    """The command was refused; what was in force is in force. Carries the exit code."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


class Paths(NamedTuple):
    """Where things are; the environment moves them for tests."""

    etc: str
    lib: str
    run: str

    @classmethod
    def from_environment(cls) -> Paths:
        """The guest's paths, or those of a test."""
        get = os.environ.get
        return cls(
            etc=get("RINGFENCE_ETC", "/etc/ringfence"),
            lib=get("RINGFENCE_LIB", "/usr/lib/ringfence"),
            run=get("RINGFENCE_RUN", "/run/ringfence/policy"),
        )

    @property
    def confirmed(self) -> str:
        """The policy that was confirmed last; survives a restart."""
        return f"{self.etc}/policy.nft"

    @property
    def staged(self) -> str:
        """The policy that waits for its confirmation; does not survive a restart."""
        return f"{self.run}/staged.nft"

    @property
    def pending(self) -> str:
        """Who may roll back: one random token for each stage."""
        return f"{self.run}/pending"


def digest(text: str) -> str:
    """SHA-256 of a policy's text, as ``show`` and ``confirm`` speak of it."""
    return hashlib.sha256(text.encode()).hexdigest()


def open_directions(chains: str) -> set[str]:
    """Directions that are not dropped by default, told from ``nft list chains inet``."""
    return DIRECTIONS - set(re.findall(r"hook (input|forward|output) [^;]*; policy drop", chains))


def comparable(ruleset: dict[str, Any]) -> list[Any]:
    """A ruleset of ``nft -j -s list ruleset`` without what differs between two loads of one text: handles and the tool's version."""
    return [_without_handles(item) for item in ruleset.get("nftables", []) if "metainfo" not in item]


def _without_handles(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    if isinstance(value, dict):
        return {key: _without_handles(item) for key, item in value.items() if key != "handle"}
    if isinstance(value, list):
        return [_without_handles(item) for item in value]
    return value


def stage(paths: Paths, text: str, seconds: int) -> dict[str, Any]:
    """Check the text, arm the rollback, put the text in the place of what is loaded.

    A second ``stage`` before a ``confirm`` takes the first one's place, and starts the time anew.

    Raises:
        PolicyError: the text does not load, leaves a direction open, or was refused by the kernel; nothing has changed.
    """
    refuse_open_policy(text)
    token = os.urandom(8).hex()
    write(paths.staged, text)
    write(paths.pending, token)
    arm(paths, token, seconds)
    result = run(f"{paths.lib}/replace-ruleset", text=text)
    if result.returncode:
        forget(paths)
        reload(paths)
        raise PolicyError(EXIT_NOT_LOADED, f"the kernel refused the policy, the confirmed one is in force: {result.stderr.strip()}")
    return {"staged": digest(text), "rolls_back_in": seconds}


def confirm(paths: Paths, expected: str) -> dict[str, Any]:
    """Keep the staged policy for good.

    Raises:
        PolicyError: nothing is staged (the time was over and it was rolled back), or something else than ``expected`` is staged.
    """
    if not os.path.exists(paths.pending):  # noqa: PTH110 - pathlib costs an emulated guest a quarter of a second
        raise PolicyError(EXIT_NOTHING_STAGED, "nothing is staged: it was rolled back or never loaded")
    text = read(paths.staged)
    if expected not in {"", digest(text)}:
        raise PolicyError(EXIT_NOTHING_STAGED, f"{digest(text)} is staged, not {expected}")
    write(paths.confirmed, text)
    forget(paths)
    return {"confirmed": digest(text)}


def rollback(paths: Paths, token: str) -> dict[str, Any]:
    """Load what the next boot would load; with a token only if that stage still waits for its confirmation."""
    if token and (not os.path.exists(paths.pending) or read(paths.pending) != token):  # noqa: PTH110
        return {"rolled_back": False}
    forget(paths)
    return {"rolled_back": True, "source": reload(paths)}


def show(paths: Paths) -> dict[str, Any]:
    """What is confirmed, what waits, and what is really in force; ``drift`` is true when the kernel holds anything else."""
    pending = read(paths.staged) if os.path.exists(paths.pending) else None  # noqa: PTH110
    candidates = ((paths.confirmed, "policy"), (f"{paths.etc}/base.nft", "base"), (f"{paths.lib}/deny-all.nft", "deny"))
    path, source = next((path, source) for path, source in candidates if os.path.exists(path))  # noqa: PTH110
    text = read(path)
    ruleset = json.loads(checked(run("nft", "-j", "-s", "list", "ruleset", text="")))
    wanted = json.loads(checked(in_scratch_namespace("nft -f - && nft -j -s list ruleset", pending or text)))
    return {
        "sha256": digest(text) if source == "policy" else None,
        "source": source,
        "pending_sha256": digest(pending) if pending is not None else None,
        "drift": comparable(ruleset) != comparable(wanted),
        "ruleset": ruleset,
    }


def refuse_open_policy(text: str) -> None:
    """Load the text where it does no harm and look at it: it must load, and drop by default in all directions."""
    result = in_scratch_namespace("nft -f - && nft list chains inet", text)
    if result.returncode:
        raise PolicyError(EXIT_REFUSED, f"the policy does not load: {result.stderr.strip()}")
    if missing := open_directions(result.stdout):
        raise PolicyError(EXIT_REFUSED, f"the policy does not drop by default: {', '.join(sorted(missing))}")


def in_scratch_namespace(script: str, text: str) -> subprocess.CompletedProcess[str]:
    """Run a shell script that reads the policy, in a network namespace that has nothing but ``lo``."""
    return run("unshare", "--net", "sh", "-c", script, text=text)


def run(*command: str, text: str) -> subprocess.CompletedProcess[str]:
    """Run a command with ``text`` on its standard input; messages in English, because they are read by programs."""
    return subprocess.run(command, input=text, capture_output=True, text=True, check=False, env={**os.environ, "LC_ALL": "C"})


def checked(result: subprocess.CompletedProcess[str]) -> str:
    """Standard output of a command that must not fail."""
    if result.returncode:
        raise PolicyError(EXIT_NOT_LOADED, result.stderr.strip())
    return result.stdout


def arm(paths: Paths, token: str, seconds: int) -> None:
    """Start a process of its own session that rolls back later; it outlives the login, and does nothing after a ``confirm``."""
    script = 'sleep "$1"; exec "$2" rollback --token "$3"'
    subprocess.Popen(  # the process is meant to outlive this one
        ("sh", "-c", script, "rollback", str(seconds), f"{paths.lib}/apply-policy", token),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def reload(paths: Paths) -> str:
    """Load what the next boot would load; the name of the source that is in force."""
    return checked(run(f"{paths.lib}/load-firewall", text="")).strip()


def forget(paths: Paths) -> None:
    """Nothing waits for a confirmation any more."""
    for path in (paths.pending, paths.staged):
        if os.path.exists(path):  # noqa: PTH110
            os.unlink(path)  # noqa: PTH108


def read(path: str) -> str:
    """Text of a file; ``-`` is standard input."""
    if path == "-":
        return sys.stdin.read()
    with open(path, encoding="utf-8") as stream:  # noqa: PTH123
        return stream.read()


def write(path: str, text: str) -> None:
    """Write a file for root only, so that after a crash it is the old or the new one and never a part."""
    directory = os.path.dirname(path)  # noqa: PTH120
    temporary = f"{path}.new"
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with open(descriptor, "w", encoding="utf-8") as stream:  # noqa: PTH123 - a descriptor
        stream.write(text)
        stream.flush()
        os.fsync(descriptor)
    os.replace(temporary, path)  # noqa: PTH105
    folder = os.open(directory, os.O_RDONLY)
    os.fsync(folder)
    os.close(folder)


@contextlib.contextmanager
def locked(paths: Paths) -> Iterator[None]:
    """Hold the lock of the state: one command at a time."""
    os.makedirs(paths.run, mode=0o700, exist_ok=True)  # noqa: PTH103
    with open(f"{paths.run}/lock", "w", encoding="utf-8") as lock:  # noqa: PTH123
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def option(arguments: list[str], name: str, default: str) -> str:
    """Take ``name VALUE`` out of the arguments."""
    if name not in arguments:
        return default
    index = arguments.index(name)
    if index + 1 >= len(arguments):
        raise PolicyError(EXIT_USAGE, USAGE)
    value = arguments[index + 1]
    del arguments[index : index + 2]
    return value


def dispatch(paths: Paths, arguments: list[str]) -> dict[str, Any]:
    """Run one verb."""
    seconds = option(arguments, "--seconds", str(ROLLBACK_SECONDS))
    token = option(arguments, "--token", "")
    match arguments:
        case ["stage", file] if seconds.isdigit() and int(seconds) > 0:
            return stage(paths, read(file), int(seconds))
        case ["confirm"]:
            return confirm(paths, "")
        case ["confirm", sha256]:
            return confirm(paths, sha256)
        case ["rollback"]:
            return rollback(paths, token)
        case ["show"]:
            return show(paths)
    raise PolicyError(EXIT_USAGE, USAGE)


def main(arguments: list[str]) -> int:
    """Entry point: one JSON object and an exit code."""
    paths = Paths.from_environment()
    try:
        with locked(paths):
            sys.stdout.write(json.dumps(dispatch(paths, list(arguments))) + "\n")
    except PolicyError as error:
        sys.stderr.write(json.dumps({"error": str(error)}) + "\n")
        return error.code
    except OSError as error:
        sys.stderr.write(json.dumps({"error": str(error)}) + "\n")
        return EXIT_USAGE
    return 0
