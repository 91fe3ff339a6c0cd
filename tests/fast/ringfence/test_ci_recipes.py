"""docs/ci.md as a CI system runs it: each block in a shell, in a repository with a change, the command line in this very process."""

from __future__ import annotations

import contextlib
import gc
import io
import json
import marshal
import os
import re
import selectors
import socket
import subprocess
import sys
from shutil import copy, copytree
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
import pytest
import yaml

from infra.neutron.snapshot import Unknown
from infra.neutron.snapshot.store import dumps
from ringfence import cli
from ringfence.analysis import states
from ringfence.verify.report import files
from tests.fast.architecture.sources import ROOT
from tests.fast.ringfence.verify.test_report import result

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.fast

PAGE = (ROOT / "docs" / "ci.md").read_text(encoding="utf-8")
PULL_REQUEST, NIGHTLY = PAGE.split("\n## ")[1:3]
CLIENT = """\
import _socket, marshal, sys
way = _socket.socket(_socket.AF_UNIX)
way.connect(SOCKET)
way.sendall(marshal.dumps(sys.argv[1:]))
way.shutdown(_socket.SHUT_WR)
out, err, code = marshal.loads(b"".join(iter(lambda: way.recv(1 << 16), b"")))
sys.stdout.write(out)
sys.stderr.write(err)
sys.exit(code)
"""
SECONDS = 300


def blocks(part: str) -> list[str]:
    """Return the blocks of a part of the page that a shell runs."""
    return re.findall(r"^```sh\n(.*?)^```", part, flags=re.MULTILINE | re.DOTALL)


class Ended(NamedTuple):
    """How a job ended: its exit code, and how many of its blocks were run."""

    code: int
    blocks: int


class Job:
    """Runs blocks as steps of a job, in a repository; ``ringfence`` in them is answered by this process."""

    def __init__(self, repository: Path, programs: Path) -> None:
        self.repository = repository
        self._programs = programs
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(programs / "socket"))
        self._listener.listen()
        client = programs / "ringfence"
        client.write_text(f"#!{sys.executable} -IS\nSOCKET = {str(programs / 'socket')!r}\n{CLIENT}")
        client.chmod(0o755)

    def close(self) -> None:
        """Answer nobody any more."""
        self._listener.close()

    def run(self, part: str, **variables: str) -> Ended:
        """Run the blocks of a part until one fails."""
        environment = {**os.environ, "PATH": f"{self._programs}:{os.environ['PATH']}", **variables}
        for number, block in enumerate(blocks(part), 1):
            if code := self._step(block, environment):
                return Ended(code, number)
        return Ended(0, len(blocks(part)))

    def _step(self, block: str, environment: dict[str, str]) -> int:
        shell = ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c", block]
        with subprocess.Popen(shell, cwd=self.repository, env=environment, stdin=subprocess.DEVNULL) as process:
            ended = os.pidfd_open(process.pid)
            with selectors.DefaultSelector() as events:
                events.register(self._listener, selectors.EVENT_READ)
                events.register(ended, selectors.EVENT_READ)
                while all(key.fileobj is self._listener for key, _ in events.select(SECONDS)):
                    self._answer()
            os.close(ended)
        return process.returncode

    def _answer(self) -> None:
        way, _ = self._listener.accept()
        with way:
            arguments = marshal.loads(b"".join(iter(lambda: way.recv(1 << 16), b"")))  # noqa: S302 - of our own child
            way.sendall(marshal.dumps(self.answer(arguments)))

    @staticmethod
    def answer(arguments: list[str]) -> tuple[str, str, int]:
        """Run one command line."""
        out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8") for _ in range(2))
        before, sys.argv = sys.argv, ["ringfence", *arguments]
        try:
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), pytest.raises(SystemExit) as ended:
                cli.main()
        finally:
            sys.argv = before
        texts = []
        for stream in (out, err):
            stream.seek(0)
            texts.append(stream.read())
        return texts[0], texts[1], int(ended.value.code or 0)


@pytest.fixture(scope="module")
def committed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make the repository that each job gets a copy of."""
    repository = tmp_path_factory.mktemp("committed")
    for file in ROOT.glob("Pulumi.*.yaml"):
        copy(file, repository)
    who = {f"GIT_{role}_{what}": "ci@example.org" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    environment = {**os.environ, **who, "GIT_CONFIG_GLOBAL": os.devnull}
    for arguments in (["init", "--quiet", "--template="], ["add", "."], ["commit", "--quiet", "--message", "tenants"]):
        subprocess.run(["git", *arguments], cwd=repository, env=environment, check=True, timeout=SECONDS)
    return repository


@pytest.fixture
def job(committed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Job]:
    """Give a repository with the shipped declarations in its only commit, and what runs jobs in it."""
    repository, programs = tmp_path / "repository", tmp_path / "bin"
    programs.mkdir()
    for key in ("GIT_AUTHOR_NAME", "GIT_COMMITTER_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_EMAIL"):
        monkeypatch.setenv(key, "ci@example.org")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    copytree(committed, repository)
    monkeypatch.chdir(repository)
    made = Job(repository, programs)
    yield made
    made.close()
    gc.enable()  # which an answer turns off


def change(job: Job, before: str, after: str) -> None:
    """Change acme's declaration as a pull request does, not yet committed."""
    file = job.repository / "Pulumi.acme.yaml"
    text = file.read_text(encoding="utf-8")
    assert before in text
    file.write_text(text.replace(before, after), encoding="utf-8")


def test_a_pull_request_without_a_change_of_meaning_is_green(job: Job) -> None:
    """All four steps end with 0; the comment says so, and every artefact of the table is there."""
    assert job.run(PULL_REQUEST, BASE="HEAD") == (0, 4)
    report = job.repository / "report"
    assert "mean the same" in (report / "comment.md").read_text()
    named = set(re.findall(r"`(report/[\w.-]+)`", PULL_REQUEST))
    assert len(named) == 7
    assert not [name for name in named if not (job.repository / name).exists()]


def test_a_pull_request_that_opens_a_port_is_green_and_says_so(job: Job) -> None:
    """More traffic is for the reviewer: the job ends with 0, and the comment has the traffic that is gained."""
    change(job, "ports: [443]", "ports: [443, 8444]")
    assert job.run(PULL_REQUEST, BASE="HEAD").code == 0
    comment = (job.repository / "report" / "comment.md").read_text()
    assert "with traffic gained" in comment
    assert "tcp/8444" in comment


def test_findings_are_handed_over_with_their_line(job: Job) -> None:
    """A flow that has run out is a finding with file and line in SARIF; the job ends with 0."""
    change(job, 'expires: "2027-12-31"', 'expires: "2025-12-31"')
    assert job.run(PULL_REQUEST, BASE="HEAD").code == 0
    (run,) = json.loads((job.repository / "report" / "lint.sarif").read_bytes())["runs"]
    places = [one["physicalLocation"] for result in run["results"] for one in result["locations"] if "physicalLocation" in one]
    assert ("Pulumi.acme.yaml", 17) in [(place["artifactLocation"]["uri"], place["region"]["startLine"]) for place in places]


STOPS: dict[str, tuple[tuple[str, str], str, Ended]] = {
    "a mistake stops it at once": (("region: RegionOne", "region: Nowhere"), "HEAD", Ended(2, 1)),
    "a base that git does not have stops it": (("443", "443"), "gone", Ended(2, 3)),
}


@pytest.mark.parametrize(("edit", "base", "ended"), STOPS.values(), ids=STOPS)
def test_what_cannot_be_judged_is_never_green(edit: tuple[str, str], base: str, ended: Ended, job: Job) -> None:
    """It ends with 2 at the step that could not be judged."""
    change(job, *edit)
    assert job.run(PULL_REQUEST, BASE=base) == ended


@pytest.fixture
def cloud(job: Job, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, Any]:
    """Stand for a cloud that is as declared and for its verification, the two steps that need a real one; both may be changed."""
    declared = states.read_declarations().snapshot()
    stand: dict[str, Any] = {"snapshot": declared, "verify": 0}
    monkeypatch.setenv("RINGFENCE_STATE", str(tmp_path / "state"))
    real = job.answer

    def answer(arguments: list[str]) -> tuple[str, str, int]:
        if arguments[0] == "snapshot":
            (job.repository / arguments[1]).write_bytes(dumps(stand["snapshot"]))
            return "", "", 0
        if arguments[0] != "verify":
            return real(arguments)
        found = result()
        return json.dumps({**files.plain(found), "report": str(files.write(found))}), "", stand["verify"]

    monkeypatch.setattr(job, "answer", answer)
    return stand


def test_a_night_in_which_all_is_as_declared(job: Job, cloud: dict[str, Any]) -> None:
    """All four steps end with 0, and every artefact of the table is there, the certificate holding for the snapshot beside it."""
    assert cloud["verify"] == 0
    assert job.run(NIGHTLY) == (0, 4)
    named = set(re.findall(r"`(report/[\w./-]+)`", NIGHTLY))
    assert len(named) == 6
    assert not [name for name in named if not (job.repository / name).exists()]


@pytest.mark.parametrize("code", [1, 2])
def test_a_night_ends_as_its_verification_does(code: int, job: Job, cloud: dict[str, Any]) -> None:
    """1 and 2 are handed on, and the report is kept all the same."""
    cloud["verify"] = code
    assert job.run(NIGHTLY) == (code, 4)
    assert (job.repository / "report" / "verification" / "index.html").exists()


def test_a_cloud_that_is_not_understood_ends_the_night_with_2(job: Job, cloud: dict[str, Any]) -> None:
    """Something unknown in the cloud stops the job at the proof."""
    cloud["snapshot"] = msgspec.structs.replace(cloud["snapshot"], unknowns=(Unknown(type="firewall_group", id="f"),))
    assert job.run(NIGHTLY) == (2, 1)


Jobs = dict[str, Any]


def recipes(part: str) -> tuple[Jobs, Jobs]:
    """Return what a part of the page shows for GitHub and for GitLab, as their parsers read it."""
    github, gitlab = (yaml.safe_load(text) for text in re.findall(r"^```yaml\n(.*?)^```", part, flags=re.MULTILINE | re.DOTALL))
    return github, gitlab


@pytest.mark.parametrize("part", [PULL_REQUEST, NIGHTLY], ids=["pull request", "nightly"])
def test_jobs_of_code_hosts_run_the_blocks_of_the_page(part: str) -> None:
    """Each block is a step of both, word for word and in the page's order, and nothing of ringfence runs besides."""
    github, gitlab = recipes(part)
    (job,) = github["jobs"].values()
    steps = [step["run"] for step in job["steps"] if "run" in step]
    assert [step for step in steps if re.search(r"^\s*ringfence ", step, re.MULTILINE)] == blocks(part)
    (job,) = gitlab.values()
    assert job["script"] == blocks(part)


@pytest.mark.parametrize("part", [PULL_REQUEST, NIGHTLY], ids=["pull request", "nightly"])
def test_jobs_of_code_hosts_keep_the_report_whatever_it_says(part: str) -> None:
    """The artefacts are what a person looks at when a step has failed."""
    github, gitlab = recipes(part)
    (job,) = github["jobs"].values()
    (kept,) = [step for step in job["steps"] if step.get("uses", "").startswith("actions/upload-artifact@")]
    assert (kept["if"], kept["with"]["path"]) == ("always()", "report")
    (job,) = gitlab.values()
    assert (job["artifacts"]["when"], job["artifacts"]["paths"]) == ("always", ["report"])


def test_jobs_know_the_base_of_the_change() -> None:
    """The variable that the blocks use, from the code host's own; the whole history is there."""
    github, gitlab = recipes(PULL_REQUEST)
    (job,) = github["jobs"].values()
    assert job["env"]["BASE"] == "${{ github.event.pull_request.base.sha }}"
    assert {"fetch-depth": 0} in [step.get("with") for step in job["steps"]]
    (job,) = gitlab.values()
    assert job["variables"] == {"GIT_DEPTH": "0", "BASE": "$CI_MERGE_REQUEST_DIFF_BASE_SHA"}


def test_a_night_waits_for_the_one_before_it() -> None:
    """Two verifications at once would see each other's listeners."""
    github, gitlab = recipes(NIGHTLY)
    assert github["concurrency"] == {"group": "ringfence"}
    (job,) = gitlab.values()
    assert job["resource_group"] == "ringfence"
