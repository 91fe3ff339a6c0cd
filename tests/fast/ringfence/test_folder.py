"""Which declarations are judged: those of the project that one is in, and the answer says which these were."""

from __future__ import annotations

import hashlib
import subprocess
from typing import TYPE_CHECKING

import pytest

from ringfence import fingerprint, folder
from tests.fast.neutron.clouds import two_tenants
from tests.fast.ringfence.command import kept
from tests.fast.ringfence.test_beside_declarations import LAST_DAY, VERBS, changed, committed

if TYPE_CHECKING:
    from pathlib import Path

    from tests.fast.ringfence.command import Run

pytestmark = pytest.mark.fast


@pytest.mark.parametrize("mark", ["Pulumi.yaml", "Pulumi.acme.yaml", "Pulumi.platform.yml"])
def test_the_nearest_folder_upwards_is_the_project(mark: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As git and pulumi find theirs; one project may lie in another."""
    inner = tmp_path / "outer" / "inner"
    below = inner / "a" / "b"
    below.mkdir(parents=True)
    (tmp_path / "outer" / "Pulumi.yaml").touch()
    monkeypatch.chdir(below)
    assert folder.found() == tmp_path / "outer"
    (inner / mark).touch()
    assert folder.found() == inner


def test_a_file_that_only_looks_like_a_declaration_makes_no_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor does a name that only begins as one."""
    for name in ("Pulumi.txt", "Pulumi.acme.yaml.bak", "xPulumi.yaml"):
        (tmp_path / name).touch()
    monkeypatch.chdir(tmp_path)
    assert folder.found() != tmp_path


def test_declarations_are_asked_for_where_there_are_none(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Never those of ringfence itself; a cloud and a plan are not judged without any, unless that is wished."""
    (tmp_path / "plan.json").write_text('{"steps": []}')
    state = kept(tmp_path, two_tenants())
    monkeypatch.chdir(tmp_path)
    planned = ["prove", "--state", "plan:plan.json+cloud.jsonl"]
    for arguments in (["prove"], ["lint"], ["diff", "git:HEAD"], planned):
        ended = run(*arguments)
        assert (ended.code, ended.out, "-C FOLDER" in ended.err) == (2, "", True), ended
    assert "no project is in" in run(*planned).err
    assert run(*planned, "--without-declarations").code == 0
    judged = run("prove", "--state", state)
    assert (judged.code, "not judged  declared   there are no declarations: no project is in" in judged.out) == (0, True)


@pytest.mark.parametrize("arguments", [["-C", "{tree}", "prove"], ["prove", "-C", "{tree}"]], ids=["before the verb", "behind it"])
def test_another_folder_can_be_named(arguments: list[str], tree: Path, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before the verb as with git, behind it as with pulumi; other paths are then below it, as with both."""
    monkeypatch.chdir(tmp_path)
    ended = run(*(each.format(tree=tree) for each in arguments))
    assert (ended.code, f"declarations: {tree}" in ended.out) == (0, True), ended
    monkeypatch.chdir(tmp_path)
    gone = run("-C", "nowhere", "prove", "--json")
    assert (gone.code, gone.json["errors"][0]["where"]) == (2, "-C nowhere")


@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb[0])
def test_every_answer_names_the_declarations_that_it_is_about(verb: list[str], tree: Path, run: Run) -> None:
    """Folder, revision and digest; and whether they are those of the revision."""
    committed(tree, LAST_DAY)
    commit = subprocess.run(["git", "rev-parse", "HEAD"], cwd=tree, capture_output=True, text=True, check=True).stdout.strip()
    named = run(*verb, "--json").json["declarations"]
    assert named == {"folder": str(tree), "digest": fingerprint.digest(tree), "revision": commit, "changed": False}
    changed(tree, "globex", "config:", "# ours\nconfig:")
    people, programs = run(*verb), run(*verb, "--json").json["declarations"]
    assert (programs["revision"], programs["changed"], programs["digest"] != named["digest"]) == (commit, True, True)
    assert f"declarations: {tree} at {commit[:12]} (changed), sha256 {programs['digest'][:12]}" in people.out


def test_a_file_that_is_added_or_gone_is_a_change_and_another_one_is_none(tree: Path) -> None:
    """What git does not keep counts as well; what is no declaration does not."""
    (tree / ".gitignore").write_text("Pulumi.initech.yaml\n")
    committed(tree, LAST_DAY)
    (tree / "notes.txt").touch()
    (tree / "below").mkdir()
    (tree / "below" / "Pulumi.more.yaml").touch()
    assert not fingerprint.of_folder(tree).changed
    (tree / "Pulumi.initech.yaml").touch()
    assert fingerprint.of_folder(tree).changed
    (tree / "Pulumi.initech.yaml").unlink()
    (tree / "Pulumi.globex.yaml").unlink()
    assert fingerprint.of_folder(tree).changed


def test_a_difference_names_the_declarations_of_both_sides(tree: Path, run: Run) -> None:
    """In the order in which the states were named."""
    committed(tree, LAST_DAY)
    changed(tree, "globex", "config:", "# ours\nconfig:")
    before, after = run("diff", "git:HEAD", "declarations", "--json").json["declarations"]
    assert (before["folder"], before["revision"]) == (after["folder"], after["revision"])
    assert (before["changed"], after["changed"], before["digest"] == after["digest"]) == (False, True, False)
    assert run("diff", "git:HEAD").out.count("sha256 ") == 2
    assert run("diff", "git:HEAD", "--format", "markdown").out.count("<sub>") == 2


def test_a_state_by_itself_names_no_declarations(tree: Path, run: Run, tmp_path: Path) -> None:
    """None were judged."""
    del tree
    assert run("prove", "--state", kept(tmp_path, two_tenants()), "--without-declarations", "--json").json["declarations"] is None


def test_the_digest_is_one_that_anybody_can_work_out(tree: Path) -> None:
    """As its description says, with the tools of every machine."""
    command = "LC_ALL=C sha256sum Pulumi.*.yaml | sha256sum"
    done = subprocess.run(["bash", "-c", command], cwd=tree, capture_output=True, text=True, check=True)
    assert fingerprint.digest(tree) == done.stdout.split()[0]
    assert fingerprint.digest(tree) != hashlib.sha256().hexdigest()


def test_declarations_that_change_while_they_are_read_are_not_judged(tree: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """The digest would be of others than those that were judged."""
    digests = iter(["a", "b"])
    monkeypatch.setattr(fingerprint, "digest", lambda _: next(digests))
    ended = run("prove")
    assert (ended.code, f"{tree}: the declarations changed while they were read" in ended.err) == (2, True)


def test_without_git_there_is_a_digest_and_no_revision(tree: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder that nobody keeps in git, and a machine without git."""
    assert run("prove", "--json").json["declarations"]["revision"] == ""
    monkeypatch.setenv("PATH", str(tree))
    named = run("prove", "--json").json["declarations"]
    assert (named["revision"], named["changed"], len(named["digest"])) == ("", False, 64)
