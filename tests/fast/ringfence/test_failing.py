"""Whatever keeps a verb from answering: 2 or 130, shortly, and with --json as an object. 1 is an answer and nothing else."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Never

import pytest
from rich.console import Console

from ringfence.analysis import options, output
from tests.fast.neutron.clouds import two_tenants
from tests.fast.ringfence.command import kept

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.fast.ringfence.command import Run

pytestmark = pytest.mark.fast

ROOT = Path(__file__).resolve().parents[3]
COMMAND = [sys.executable, "-c", "from ringfence.cli import main; main()"]
CHECKER = [sys.executable, str(ROOT / "scripts" / "ringfence" / "checker")]

USAGES = {
    "an unknown verb": ["proof"],
    "an unknown option": ["prove", "--stat", "cloud"],
    "an argument too few": ["who-can-reach", "acme"],
    "an argument too many": ["prove", "cloud"],
    "a value that is none": ["prove", "--driver", "nft"],
}


@pytest.mark.parametrize("arguments", USAGES.values(), ids=USAGES)
def test_a_usage_error_is_short_and_an_object_for_programs(arguments: list[str], run: Run) -> None:
    """Two lines: what is wrong, and where help is."""
    people, programs = run(*arguments), run(*arguments, "--json")
    assert (people.code, people.out) == (2, "")
    assert len(people.err.splitlines()) <= 4
    assert "--help" in people.err
    assert programs.code == 2
    assert programs.json["errors"][0]["hint"].endswith("--help")


def test_help_is_help_and_no_arguments_are_no_answer(run: Run) -> None:
    """Both print how ringfence is used; only one was asked for it."""
    asked, bare = run("--help"), run()
    assert (asked.code, bare.code) == (0, 2)
    assert asked.out == bare.out


def _raise(error: BaseException) -> Callable[..., Never]:
    def broken(*_: object, **__: object) -> Never:
        raise error

    return broken


FAILURES: dict[str, tuple[BaseException, int, str]] = {
    "an interrupt": (KeyboardInterrupt(), 130, "interrupted"),
    "a pipe that nobody reads": (BrokenPipeError(32, "Broken pipe"), 2, "the answer could not be written"),
    "a full disk": (OSError(28, "No space left on device"), 2, "the answer could not be written"),
    "a file that may not be read": (PermissionError(13, "Permission denied", "secret"), 2, "secret: this file or folder cannot be used"),
    "a name that is too long": (OSError(36, "File name too long", "a" * 9), 2, "aaaaaaaaa: this file or folder cannot be used"),
    "no memory": (MemoryError(), 2, "not enough memory"),
    "nesting without end": (RecursionError("deep"), 2, "RecursionError: deep"),
    "another library's exit": (SystemExit(1), 2, "the answer could not be written"),
    "another library's exit that looks like an answer": (SystemExit(0), 2, "the answer could not be written"),
    "an end of the input": (EOFError(), 2, "EOFError"),
}


@pytest.mark.parametrize("debug", [False, True], ids=["shortly", "with --debug"])
@pytest.mark.parametrize(("error", "code", "said"), FAILURES.values(), ids=FAILURES)
def test_no_failure_ends_like_an_answer(
    error: BaseException,
    code: int,
    said: str,
    debug: bool,  # noqa: FBT001 - a case
    run: Run,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The code is 2, or 130 for an interrupt; --debug adds where it came from and changes no code."""
    monkeypatch.setattr(options, "read", _raise(error))
    asked = ["--debug"] if debug else []
    handler = signal.getsignal(signal.SIGINT)
    try:
        people, programs = run(*asked, "prove"), run(*asked, "prove", "--json")
    finally:
        signal.signal(signal.SIGINT, handler)
    assert (people.code, people.out, said in people.err) == (code, "", True), people
    assert (programs.code, said in f"{programs.json['errors'][0]}" or "where" in programs.json["errors"][0]) == (code, True)
    assert ("Traceback" in people.err) is (debug and isinstance(error, Exception))


def test_what_cannot_be_written_is_no_answer() -> None:
    """A disk is full: the verdict was never told, so there is none."""
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run([*COMMAND, "schema"], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert (done.returncode, done.stderr.count("\n") <= 4, "Traceback" in done.stderr) == (2, True, False), done
    assert "could not be written" in done.stderr


def test_a_reader_that_leaves_early_is_no_answer() -> None:
    """As `ringfence prove | head` does."""
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run([*COMMAND, "schema"], stdout=writing, stderr=subprocess.PIPE, text=True, check=False)
    os.close(writing)
    assert (done.returncode, "could not be written" in done.stderr, "Traceback" in done.stderr) == (2, True, False), done


def test_rich_itself_does_not_turn_a_closed_pipe_into_an_answer(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Its consoles end the process with 1 on their own."""
    monkeypatch.setattr(Console, "_write_buffer", _raise(SystemExit(1)))
    assert run("prove", "--state", kept(tmp_path, two_tenants())).code == 2


def test_an_interrupt_during_the_imports_is_an_interrupt() -> None:
    """From the first import on, without a trace-back."""
    script = (
        "import os, signal, sys, importlib.abc\n"
        "class Finder(importlib.abc.MetaPathFinder):\n"
        "    def find_spec(self, name, path, target=None):\n"
        "        if name == 'typer': os.kill(os.getpid(), signal.SIGINT)\n"
        "sys.meta_path.insert(0, Finder())\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "from ringfence.cli import main\n"
        "sys.argv = ['ringfence', 'prove', '--json']\n"
        "main()\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (130, "interrupted\n")
    assert json.loads(done.stdout)["errors"][0]["what"] == "interrupted"


def test_an_interrupted_write_leaves_the_earlier_file(tmp_path: Path) -> None:
    """And nothing half-written beside it."""
    file = tmp_path / "cloud.jsonl"
    file.write_bytes(b"whole")
    with pytest.raises(KeyboardInterrupt):
        output.write(file, (chunk for chunk in [b"half", *map(_raise(KeyboardInterrupt()), [0])]))
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("cloud.jsonl", b"whole")]


def test_a_device_is_written_to_and_stays_and_a_link_leads_on(tmp_path: Path) -> None:
    """A file takes the place of a file only."""
    real, link = tmp_path / "real", tmp_path / "link"
    real.write_bytes(b"old")
    link.symlink_to(real)
    output.write(link, [b"new"])
    assert (link.is_symlink(), real.read_bytes()) == (True, b"new")
    output.write(Path(os.devnull), [b"gone"])
    assert not Path(os.devnull).is_file()


ODD_STATES: dict[str, Callable[[Path], object]] = {
    "a binary file": lambda file: file.write_bytes(bytes(range(256)) * 9),
    "an empty file": lambda file: file.touch(),
    "an empty folder": lambda file: file.mkdir(),
    "a name beyond UTF-8": lambda _: b"\xff\xfe".decode(errors="surrogateescape"),
    "a name that is too long": lambda _: "a" * 5000,
    "no name": lambda _: "",
    "an unfinished plan": lambda _: "plan:",
    "an unknown kind": lambda _: "cluod:x",
}


@pytest.mark.parametrize("make", ODD_STATES.values(), ids=ODD_STATES)
def test_an_odd_state_is_an_error_that_names_it(make: Callable[[Path], object], run: Run, tmp_path: Path) -> None:
    """No defect of ringfence, and no answer."""
    named = make(tmp_path / "odd")
    state = named if isinstance(named, str) else tmp_path / "odd"
    people, programs = run("prove", "--state", state), run("prove", "--state", state, "--json")
    assert (people.code, people.out, "defect" in people.err, bool(people.err)) == (2, "", False, True), people
    assert programs.json["errors"]


ODD_CERTIFICATES: dict[str, bytes | None] = {"no JSON": b"{", "binary": b"\x80\xff", "a number": b"5", "nothing": b"", "a folder": None}


@pytest.mark.parametrize("content", ODD_CERTIFICATES.values(), ids=ODD_CERTIFICATES)
def test_what_is_no_certificate_proves_and_refutes_nothing(content: bytes | None, run: Run, tmp_path: Path) -> None:
    """The verb and the checker by itself end with 2."""
    cloud, odd = kept(tmp_path, two_tenants()), tmp_path / "proof.json"
    odd.mkdir() if content is None else odd.write_bytes(content)
    people, programs = run("check", odd, cloud), run("check", odd, cloud, "--json")
    assert (people.code, people.out, "cannot be checked" in people.err) == (2, "", True), people
    assert programs.json["errors"]


def test_the_checker_by_itself_has_the_same_codes(run: Run, tmp_path: Path) -> None:
    """0 proven, 1 refused, 2 for what it cannot read, for how it is called and for where it cannot write."""
    cloud, proof, other = kept(tmp_path, two_tenants()), tmp_path / "proof.json", tmp_path / "other.jsonl"
    run("prove", "--state", cloud, "--certificate", proof)
    other.write_bytes(cloud.read_bytes() + b"\n")
    binary = tmp_path / "binary"
    binary.write_bytes(b"\x80")

    def code(*arguments: Path, out: int = subprocess.PIPE) -> int:
        done = subprocess.run([*CHECKER, *map(str, arguments)], stdout=out, stderr=subprocess.PIPE, text=True, check=False)
        assert "Traceback" not in done.stderr
        return done.returncode

    assert [code(proof, cloud), code(proof, other), code(binary, cloud), code(proof), code(proof, tmp_path / "gone")] == [0, 1, 2, 2, 2]
    with Path("/dev/full").open("wb") as full:
        assert code(proof, cloud, out=full.fileno()) == 2
