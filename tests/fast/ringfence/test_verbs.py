"""The analysis verbs as a user runs them: answers for people and programs, exit codes, and errors that say what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import typer.main

from infra.neutron.sources.cli_json import NEEDED
from ringfence import application
from ringfence.analysis import output
from tests.fast.neutron.clouds import allow, two_tenants
from tests.fast.queries.test_answers import two_zones
from tests.fast.ringfence.command import doubtful, kept

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.fast.neutron.clouds import Cloud
    from tests.fast.ringfence.command import Run

pytestmark = pytest.mark.fast

NO_JSON = {"lab": "hands over to scripts/lab", "ssh": "is a shell", "schema": "prints JSON and nothing else"}


def test_every_verb_explains_itself_by_example() -> None:
    """Help has examples for every verb, and what cannot print JSON has a reason."""
    commands = typer.main.get_command(application.application()).commands  # type: ignore[attr-defined]
    assert commands.keys() >= {"prove", "can", "who-can-reach", "why", "why-not", "matrix", "diff", "lint", "snapshot", "check"}
    for name, command in commands.items():
        assert name == "lab" or "Example" in command.help, name
        options = {text for parameter in command.params for text in parameter.opts}
        assert ("--json" in options) is (name not in NO_JSON), name


ANSWERS: dict[str, tuple[list[str], Callable[[], Cloud], int]] = {
    "everything passes that is asked for": (["can", "acme/web", "acme/db", "tcp/5432"], two_zones, 0),
    "a part passes only": (["can", "acme/web", "acme/db", "tcp/5432-5434"], two_zones, 1),
    "nothing passes": (["can", "acme/db", "acme/web"], two_zones, 1),
    "nothing is seen to pass": (["can", "acme/db", "acme/web"], doubtful, 2),
    "it passes whatever else is there": (["can", "acme/web", "acme/db", "tcp/5432"], doubtful, 0),
    "somebody can reach": (["who-can-reach", "acme/db", "tcp/5432"], two_zones, 0),
    "nobody can reach": (["who-can-reach", "acme/db", "tcp/22"], two_zones, 1),
    "nobody is seen to reach": (["who-can-reach", "acme/db", "tcp/22"], doubtful, 2),
    "there is a reason": (["why", "acme/web", "acme/db", "tcp/5432"], two_zones, 0),
    "there is no reason": (["why", "acme/web", "acme/db", "tcp/22"], two_zones, 1),
    "no reason is seen": (["why", "acme/web", "acme/db", "tcp/22"], doubtful, 2),
    "something stops it": (["why-not", "internet", "acme/db", "tcp/5432"], two_zones, 0),
    "nothing stops it": (["why-not", "acme/web", "acme/db", "tcp/5432"], two_zones, 1),
    "what stops it may not be all": (["why-not", "internet", "acme/db", "tcp/5432"], doubtful, 2),
    "the matrix is whole": (["matrix"], two_zones, 0),
    "the matrix may not be whole": (["matrix"], doubtful, 2),
    "isolation holds": (["prove"], two_tenants, 0),
    "isolation cannot be told": (["prove"], doubtful, 2),
    "rules that nobody asked for": (["lint"], two_zones, 1),
}


@pytest.mark.parametrize(("question", "cloud", "code"), ANSWERS.values(), ids=ANSWERS)
def test_exit_codes_are_holds_not_and_cannot_tell(
    question: list[str], cloud: Callable[[], Cloud], code: int, tmp_path: Path, run: Run
) -> None:
    """0 holds, 1 does not, 2 cannot tell: the same for people and programs, and programs get an object either way."""
    state = ["--state", kept(tmp_path, cloud())]
    people, programs = run(*question, *state), run(*question, *state, "--json")

    assert (people.code, programs.code) == (code, code)
    assert people.out
    assert isinstance(programs.json, dict)
    if cloud is doubtful and code == 2:
        assert "firewall_group" in people.out
        assert "firewall_group" in str(programs.json["unknowns"])


def test_a_difference_is_told_by_its_exit_code(tmp_path: Path, run: Run) -> None:
    """Equal meaning is 0, a change is 1, and no difference over something unknown is 2."""
    before, doubt = kept(tmp_path, two_zones()), kept(tmp_path, doubtful(), "doubt.jsonl")
    wider = two_zones()
    wider.group("db", "acme", allow("ingress", "10.0.0.0/8", "tcp", (5430, 5433)))
    after = kept(tmp_path, wider, "after.jsonl")

    assert [run("diff", before, other).code for other in (before, after, doubt)] == [0, 1, 2]
    assert run("diff", before, after, "--json").json["changes"][0]["subject"] == "ingress"


DAMAGES: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "cut off": (lambda data: data[: len(data) // 2], "cloud.jsonl:"),
    "a field of the wrong type": (lambda data: data.replace(b'"name":"db-port"', b'"name":7'), "$.name"),
    "a reference to nothing": (
        lambda data: data.replace(b'"network_id":"data"', b'"network_id":"gone"'),
        "cloud.jsonl: port db-port, network_id: it refers to a network",
    ),
    "no snapshot at all": (lambda _: b"root:x:0:0\n", "cloud.jsonl:1: this is not a snapshot"),
}
QUESTIONS = (
    ["prove"],
    ["can", "acme/web", "acme/db"],
    ["who-can-reach", "acme/db", "tcp/22"],
    ["why", "acme/web", "acme/db", "tcp/22"],
    ["why-not", "acme/web", "acme/db", "tcp/22"],
    ["matrix"],
    ["lint"],
)


@pytest.mark.parametrize(("damage", "said"), DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_snapshot_is_no_answer(damage: Callable[[bytes], bytes], said: str, tmp_path: Path, run: Run) -> None:
    """Every verb ends with 2 and names file and record, without a trace-back; programs get the same as an object."""
    file = kept(tmp_path, two_zones())
    file.write_bytes(damage(file.read_bytes()))
    for question in QUESTIONS:
        people = run(*question, "--state", file)
        assert (people.code, people.out) == (2, "")
        assert said in people.err
        assert "Traceback" not in people.err
    programs = run("prove", "--state", file, "--json")
    assert programs.code == 2
    assert any(said in f"{error['where']}: {error['what']}{error['got']}" for error in programs.json["errors"])


ODD_FILES = {
    "a folder with an endless list": ("--state", "folder", "ports.json", b"[" * 100_000, "the file is not JSON"),
    "a folder that is partial": ("--state", "folder", "subnets.json", None, "the folder is partial"),
    "exceptions that are no text": ("--exceptions", "odd.yaml", "odd.yaml", b"\x80", "odd.yaml:1: the file is not text"),
    "exceptions nested without end": ("--exceptions", "odd.yaml", "odd.yaml", b"[" * 60_000, "nested too deep"),
    "exceptions of another kind": (
        "--exceptions",
        "odd.yaml",
        "odd.yaml",
        b"exceptions: [{id: a}]",
        "exceptions[0].owner: owner is missing",
    ),
    "a plan that is none": ("--state", "plan:odd.json", "odd.json", b"[]", "this is no plan"),
}


@pytest.mark.parametrize(("option", "value", "name", "content", "said"), ODD_FILES.values(), ids=ODD_FILES)
def test_an_odd_file_is_named_with_the_next_step(
    option: str, value: str, name: str, content: bytes | None, said: str, tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever is in a file that a verb reads, the answer is an error with the file's name and what to do."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "folder"
    folder.mkdir()
    for kind in NEEDED:
        (folder / f"{kind}.json").write_text("[]")
    odd = folder / name if value == "folder" else tmp_path / name
    odd.unlink(missing_ok=True)
    if content is not None:
        odd.write_bytes(content)
    state = [] if option == "--state" else ["--state", kept(tmp_path, two_zones())]
    ended = run("lint", option, value, *state)
    assert (ended.code, said in ended.err, name in ended.err, "next: " in ended.err) == (2, True, True, True), ended.err
    assert "did not expect" not in ended.err


MISTAKES = {
    "an unknown name": (["can", "acme/wep", "acme/db"], "nearest: acme/web"),
    "an unknown service": (["why", "acme/web", "acme/db", "tpc/22"], "expected: tcp/443"),
    "a file that cannot be written": (["prove", "--snapshot", "absent/cloud.jsonl"], "next: name a file in a folder that is there"),
    "a page of too many rows": (["matrix", "--format", "html"], "next: name tenants"),
}


@pytest.mark.parametrize(("question", "said"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_answered_with_what_to_do(
    question: list[str], said: str, tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wrong name, service, file or format says what was expected, or what to do next, and judges nothing."""
    monkeypatch.setattr("ringfence.analysis.tables.SQUARE", 1)
    ended = run(*question, "--state", kept(tmp_path, two_zones()))
    assert (ended.code, ended.out) == (2, "")
    assert said in ended.err


def test_a_state_that_is_not_there_is_named(run: Run) -> None:
    """The error lists what a state can be."""
    ended = run("prove", "--state", "nowhere")
    assert (ended.code, "nowhere: there is no such state" in ended.err, "git:REVISION" in ended.err) == (2, True, True)


def test_a_defect_is_told_without_a_trace_back(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """What ringfence did not expect is one sentence and how to see more, exit code 2; --debug shows all of it."""

    def broken(*_: object, **__: object) -> None:
        raise KeyError("boom")

    monkeypatch.setattr("ringfence.analysis.options.read", broken)
    ended = run("prove")
    assert ended.code == 2
    assert "KeyError: 'boom'" in ended.err
    assert "--debug" in ended.err
    assert "Traceback" not in ended.err
    shown = run("--debug", "prove")
    assert (shown.code, "Traceback" in shown.err, "KeyError: 'boom'" in shown.err) == (2, True, True)


def test_people_are_shown_a_part_of_long_lists_and_programs_all(tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond what people read, the rest is counted and said to be in --json."""
    monkeypatch.setattr(output, "SHOWN", 1)
    state = ("--state", kept(tmp_path, two_tenants()))
    people, programs = run("can", "platform", "acme", *state), run("can", "platform", "acme", *state, "--json")
    count = len(programs.json["passes"])
    assert count > 1
    assert f"... and {count - 1} more pairs; --json has all" in people.out


def test_rules_that_nobody_declared_are_one_finding_per_group(tmp_path: Path, run: Run) -> None:
    """A cloud without declarations has one finding of a kind in a group, with the number of rules; --each has them all."""
    state = ("--state", kept(tmp_path, two_zones()))
    joined, each = run("lint", *state, "--json").json["findings"], run("lint", *state, "--each", "--json").json["findings"]
    ownerless = [finding for finding in joined if finding["kind"] == "ownerless"]
    assert [finding["group"] for finding in ownerless] == ["db", "web"]
    assert ownerless[1]["text"].startswith("2 rules, among them egress IPv4 tcp 5432-5440 to 10.0.1.12/32: ")
    assert len([finding for finding in each if finding["kind"] == "ownerless"]) == 3


def test_a_failed_write_leaves_the_earlier_file(tmp_path: Path) -> None:
    """A stream that breaks off half-way leaves what was there, and nothing beside it."""

    def stream() -> Any:  # noqa: ANN401 - a generator
        yield b"half"
        raise RuntimeError("cut off")

    file = tmp_path / "cloud.jsonl"
    file.write_bytes(b"whole")
    with pytest.raises(RuntimeError, match="cut off"):
        output.write(file, stream())
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("cloud.jsonl", b"whole")]
