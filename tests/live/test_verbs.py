"""Every verb of the analysis as its users run it: on the live cloud, on a snapshot of it and on the declarations."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from ringfence import checker
from ringfence.analysis.options import BROKEN, HOLDS, UNKNOWN
from ringfence.project import Project

pytestmark = pytest.mark.live

RINGFENCE = Path(sys.executable).parent / "ringfence"
SECONDS = 180


class Ended(NamedTuple):
    """How a command ended, and what it said."""

    code: int
    out: str
    err: str


def run(*command: object) -> Ended:
    """Run a program with the environment of the tests, which names the cloud."""
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=SECONDS, check=False)
    return Ended(done.returncode, done.stdout, done.stderr)


def findings(state: str) -> list[dict[str, object]]:
    """Return what `lint` finds, as programs are told."""
    found: list[dict[str, object]] = json.loads(run(RINGFENCE, "lint", "--state", state, "--json").out)["findings"]
    return found


@pytest.fixture(scope="module")
def states(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Give the three states by what they are; the snapshot is taken once."""
    file = tmp_path_factory.mktemp("cloud") / "cloud.jsonl"
    taken = run(RINGFENCE, "snapshot", file)
    assert (taken.code, f"{file}: sha256 " in taken.out) == (HOLDS, True), taken.err
    return {"cloud": "cloud", "snapshot": str(file), "declarations": "declarations"}


STATES = pytest.mark.parametrize("state", ["cloud", "snapshot", "declarations"])
QUESTIONS: dict[str, tuple[list[str], int, str]] = {
    "isolation holds": (["prove"], HOLDS, ": holds (2 tenants"),
    "a declared flow passes": (["can", "acme/web", "acme/db", "tcp/5432"], HOLDS, "tcp/5432 from 10.0.0.11 to 10.0.1.12"),
    "another tenant's server does not get there": (["can", "globex/app1", "acme/db", "tcp/5432"], BROKEN, "nothing passes"),
    "one server reaches the database": (["who-can-reach", "acme/db", "tcp/5432"], HOLDS, "acme/acme-web-app -> acme/acme-db-data"),
    "nobody reaches what nobody declared": (["who-can-reach", "acme/db", "tcp/5433"], BROKEN, "nothing passes"),
    "the line that asked for it": (["why", "acme/web", "acme/db", "tcp/5432"], HOLDS, "flow sql, Pulumi.acme.yaml:"),
    "what stops a stranger": (["why-not", "globex/app1", "acme/db", "tcp/5432"], HOLDS, "stopped by the path"),
    "the matrix of both tenants": (["matrix", "--format", "csv"], HOLDS, "tcp/5432-5433, udp/4789, icmpv6/128"),
}


PROVEN = (HOLDS, "proven: structure, packets", "")


@STATES
@pytest.mark.parametrize(("question", "code", "words"), QUESTIONS.values(), ids=QUESTIONS)
def test_a_question_has_its_answer(state: str, states: dict[str, str], question: list[str], code: int, words: str) -> None:
    """Exit code and words are the same for the running cloud, a snapshot of it, and what was declared."""
    done = run(RINGFENCE, *question, "--state", states[state])
    assert (done.code, words in done.out) == (code, True), done


def told(checked: Ended) -> tuple[int, str, str]:
    """Return exit code, first line and errors of a check; below the first line is what it rests on."""
    return checked.code, checked.out.splitlines()[0], checked.err


@STATES
def test_a_certificate_is_checked_by_a_copy_of_the_checker(state: str, states: dict[str, str], tmp_path: Path) -> None:
    """As an auditor would: with the checker's folder alone. A snapshot with one word changed is refused."""
    proof, snapshot, folder = tmp_path / "proof.json", tmp_path / "snapshot.jsonl", tmp_path / "copied"
    proven = run(RINGFENCE, "prove", "--state", states[state], "--certificate", proof, "--snapshot", snapshot)
    shutil.copytree(Path(checker.__file__).parent, folder)
    assert proven.code == HOLDS
    assert told(run(sys.executable, folder, proof, snapshot)) == PROVEN

    snapshot.write_bytes(snapshot.read_bytes().replace(b'"tcp"', b'"udp"', 1))
    assert run(sys.executable, folder, proof, snapshot) == (BROKEN, "", "refused: the certificate is about another snapshot\n")


def test_a_certificate_is_about_the_snapshot_that_was_judged(states: dict[str, str], tmp_path: Path) -> None:
    """Whoever has the file and the certificate needs nothing else."""
    proof = tmp_path / "proof.json"
    assert run(RINGFENCE, "prove", "--state", states["snapshot"], "--certificate", proof).code == HOLDS
    assert told(run(RINGFENCE, "check", proof, states["snapshot"])) == PROVEN


def test_cloud_and_snapshot_are_the_same(states: dict[str, str]) -> None:
    """No difference between the running cloud and the snapshot of it."""
    assert run(RINGFENCE, "diff", states["snapshot"], "cloud").code == HOLDS


def test_lint_finds_no_error(states: dict[str, str]) -> None:
    """Findings on a cloud as declared are warnings at most, the same for the cloud and its snapshot."""
    live, kept = findings("cloud"), findings(states["snapshot"])
    assert live == kept
    assert {finding["level"] for finding in live} <= {"warning", "note"}


def test_a_plan_is_judged_on_top_of_the_cloud(tmp_path: Path) -> None:
    """What `pulumi up` would open is open in the plan and not yet in the cloud; alone the plan leaves out what stays, and is refused."""
    project = Project(tmp_path, "acme")
    project.copy_declaration()
    tenant = project.declared()
    metrics = {"from": "web", "to": "db", "protocol": "tcp", "ports": [9200], "reason": "test", "owner": "the tests"}
    project.declare({**tenant, "flows": {**tenant["flows"], "metrics": metrics}})
    printed = run(*project.command("preview", "--json", "--cwd", str(tmp_path)))
    plan = tmp_path / "plan.json"
    plan.write_text(printed.out)

    question = ("can", "acme/web", "acme/db", "tcp/9200", "--state")
    assert run(RINGFENCE, *question, f"plan:{plan}+cloud").code == HOLDS, printed.err
    assert run(RINGFENCE, *question, "cloud").code == BROKEN
    alone = run(RINGFENCE, "prove", "--state", f"plan:{plan}")
    assert (alone.code, "lay it over the cloud" in alone.err) == (UNKNOWN, True)
