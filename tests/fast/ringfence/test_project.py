"""A stack in a copy of the project: what lies there, what is heard of the engine, and how an interrupted engine ends."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from infra.declaration.folder import load_folder
from infra.declaration.yaml.scalars import plain
from ringfence import project as projects
from ringfence.project import CREATE, Project
from tests.fast.components.recording import TODAY

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.fast
TENANT = {"region": "RegionOne", "labels": {"classification": "internal", "service": "x"}, "zones": {"app": {"cidr": "10.0.0.0/24"}}}


def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """Put a program called ``pulumi`` in front of all others."""
    file = tmp_path / "bin" / "pulumi"
    file.parent.mkdir()
    file.write_text(f"#!/bin/bash\n{script}\n")
    file.chmod(0o755)
    monkeypatch.setenv("PATH", f"{file.parent}{os.pathsep}{os.environ['PATH']}")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A tenant of its own beside the two that are shipped."""
    (tmp_path / "copy").mkdir()
    made = Project(tmp_path / "copy", "third", beside=("acme", "globex", "third"))
    made.declare(TENANT)
    return made


def test_the_other_tenants_are_declared_beside_it(project: Project) -> None:
    """The program there reads, and proves apart, all of them."""
    assert [tenant.tenant.name for tenant in load_folder(project.folder, today=TODAY).tenants] == ["acme", "globex", "third"]


@pytest.mark.parametrize("there", ["there", ""])
def test_servers_believe_the_same_operators_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, there: str) -> None:
    """What sessions are declared for needs an authority; without the file there is none to believe."""
    root, copy = tmp_path / "root", tmp_path / "copy"
    root.mkdir()
    copy.mkdir()
    if there:
        (root / "ringfence-operators.yaml").write_text("authority: {}\n")
    monkeypatch.setattr(projects, "ROOT", root)
    Project(copy, "acme")
    assert (copy / "ringfence-operators.yaml").exists() is bool(there)
    assert (copy / "ringfence-operators.yaml").is_symlink() is bool(there)


@pytest.mark.parametrize("tenant", ["acme", "globex"])
def test_a_declaration_that_is_written_out_reads_as_before(tmp_path: Path, tenant: str) -> None:
    """The shipped ones have texts that only quotes keep from being numbers: the hour of a backup."""
    made = Project(tmp_path, tenant)
    made.copy_declaration()
    before = [one.tenant for one in load_folder(tmp_path, today=TODAY).tenants]
    made.declare(made.declared())
    assert [one.tenant for one in load_folder(tmp_path, today=TODAY).tenants] == before != []


@given(
    word=st.one_of(
        st.sampled_from(["02:30", "0443", "no", "1_000", ".5", "0x1f", "~", "", "2026-12-01"]), st.text(st.characters(codec="ascii"))
    )
)
def test_a_text_stays_a_text_for_the_reader(word: str) -> None:
    """Whatever word has no quotes in the file is a text to every reader of YAML."""
    line = projects.declaration_text({"word": word}).removeprefix("word: ").rstrip("\n")
    assert line[:1] in {'"', "'"} or plain(line) == word
    assert yaml.safe_load(f"word: {line}") == {"word": word}


def test_a_value_that_stands_twice_is_written_twice(project: Project) -> None:
    """A declaration with anchors is refused."""
    zone = {"cidr": "10.0.0.0/24"}
    project.declare({"zones": {"app": zone}, "other": zone})
    assert project.file.read_text().count("10.0.0.0/24") == 2


def test_declaring_anew_keeps_what_the_engine_keeps(project: Project) -> None:
    """The salt of the stack's secrets lies in the same file."""
    project.file.write_text(f"encryptionsalt: v1\n{project.file.read_text()}")
    project.declare({**TENANT, "region": "RegionTwo"})
    assert project.file.read_text().startswith("encryptionsalt: v1\n")
    assert project.declared()["region"] == "RegionTwo"


def test_every_line_is_heard_when_it_comes(project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both outputs are one stream, and the exit code is told, not raised."""
    engine(tmp_path, monkeypatch, 'echo "$1"; echo wrong >&2; exit 3')
    heard: list[str] = []
    ended = project.run("destroy", hear=heard.append)
    assert (ended.status, ended.output, heard) == (3, "destroy\nwrong\n", ["destroy", "wrong"])


def test_steps_are_those_that_change_something(project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An update reads its event log; what stays the same is no step."""
    event = '{"resourcePreEvent": {"metadata": {"op": "%s", "urn": "urn:pulumi:third::ringfence::a$openstack:networking/port:Port::p"}}}'
    lines = "\n".join(event % operation for operation in ("same", "create"))
    engine(
        tmp_path,
        monkeypatch,
        f"[[ $PULUMI_DEBUG_COMMANDS ]] || exit 1; while [[ $1 != --event-log ]]; do shift; done; cat > \"$2\" <<'END'\n{lines}\nEND",
    )
    (step,) = project.up().steps
    assert (step.operation, step.kind, step.name) == (CREATE, "Port", "p")


def test_an_interrupted_engine_ends_by_itself(project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is asked once and waited for: what it had begun is done before the interruption goes on."""
    done = tmp_path / "done"
    engine(tmp_path, monkeypatch, f'trap "sleep 0.2; touch {done}; exit 1" INT; echo begun; while :; do sleep 0.05; done')

    def interrupt(_line: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        project.run("up", hear=interrupt)
    assert done.exists()


def test_an_engine_that_hangs_is_ended(project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The time limit is no exception: the run ended, and badly."""
    monkeypatch.setattr(projects, "SECONDS", 0.2)
    engine(tmp_path, monkeypatch, "exec sleep 60")
    assert project.run("up").status == -signal.SIGTERM
