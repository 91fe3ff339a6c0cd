"""A state beside the declarations: no mistake and no expiry makes an answer say less without a word."""

from __future__ import annotations

import json
import subprocess
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from infra.declaration.folder import load_folder
from infra.neutron.snapshot import store
from ringfence.analysis import declarations, states
from tests.fast.neutron.clouds import two_tenants
from tests.fast.ringfence.command import kept

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.fast.ringfence.command import Run

pytestmark = pytest.mark.fast

SHIPPED = "2027-12-31"
LAST_DAY, AFTER = "2026-11-22", "2026-11-23"
DECLARED: dict[tuple[bytes, ...], bytes] = {}
"""The snapshot of each set of declarations, taken once."""
EVERYTHING = {"direction": "ingress", "protocol": "tcp", "port_range_min": 1, "port_range_max": 65535, "remote_ip_prefix": "0.0.0.0/0"}


def changed(folder: Path, tenant: str, old: str, new: str) -> None:
    """Change a declaration."""
    file = folder / f"Pulumi.{tenant}.yaml"
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))


def running(folder: Path, run: Run, *, drifted: bool) -> Path:
    """Keep the cloud that is declared here as a running one shows it: without sources, and drifted if asked for."""
    file = folder / "cloud.jsonl"
    key = tuple(sorted(declared.read_bytes() for declared in Path.cwd().glob("Pulumi.*.yaml")))
    if key not in DECLARED:
        run("snapshot", file, "--state", "declarations", "--today", LAST_DAY)
        DECLARED[key] = file.read_bytes()
    records = [json.loads(line) for line in DECLARED[key].splitlines()]
    records[0]["origin"] = "cloud"
    for record in records:
        record.pop("source", None)
        for rule in record.get("rules", ()):
            rule.pop("source", None)
        if drifted and record.get("name") == "acme-server-db":
            record["rules"].append(EVERYTHING)
    file.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="ascii")
    return file


MISTAKES: dict[str, Callable[[Path], object]] = {
    "an unknown key in another tenant": lambda tree: changed(tree, "globex", "region:", "regoin:"),
    "no YAML": lambda tree: (tree / "Pulumi.globex.yaml").write_text("a: [b"),
    "no text": lambda tree: (tree / "Pulumi.globex.yaml").write_bytes(b"\xff\xfe\x00"),
    "an empty file": lambda tree: (tree / "Pulumi.more.yaml").touch(),
    "a folder": lambda tree: (tree / "Pulumi.more.yaml").mkdir(),
    "a link to nothing": lambda tree: (tree / "Pulumi.more.yaml").symlink_to("gone"),
    "a mistake in the platform": lambda tree: changed(tree, "platform", "ssh_port", "ssh_prot"),
    "no platform": lambda tree: (tree / "Pulumi.platform.yaml").unlink(),
    "a file that nobody reads": lambda tree: (tree / "Pulumi.globex.yaml").rename(tree / "Pulumi.globex.yml"),
}
VERBS = (
    ["prove"],
    ["lint"],
    ["can", "acme/web", "acme/db"],
    ["who-can-reach", "acme/db", "tcp/22"],
    ["why", "acme/web", "acme/db", "tcp/5432"],
    ["why-not", "acme/web", "acme/db", "tcp/22"],
    ["matrix"],
)


@pytest.mark.parametrize("mistake", MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_in_any_declaration_is_no_smaller_judgement(
    mistake: Callable[[Path], object], tree: Path, tmp_path: Path, run: Run
) -> None:
    """Every verb ends with 2 and the mistake, and says how the state is judged by itself; then it says what was not judged."""
    state = running(tmp_path, run, drifted=True)
    assert run("prove", "--state", state).code == 1
    mistake(tree)
    for verb in VERBS if mistake is MISTAKES["no YAML"] else VERBS[:1]:
        ended = run(*verb, "--state", state)
        assert (ended.code, ended.out) == (2, ""), verb
        assert "Pulumi." in ended.err
        assert "--without-declarations" in ended.err
        assert run(*verb, "--state", state, "--without-declarations").code in {0, 1}
    assert run("prove", "--state", state, "--json").json["errors"]

    alone = ("prove", "--state", state, "--without-declarations")
    people, programs = run(*alone), run(*alone, "--json")
    assert (people.code, programs.code) == (0, 0)
    for claim in ("management", "declared"):
        assert f"not judged  {claim:<10} --without-declarations was given" in people.out
    assert [one["claim"] for one in programs.json["not_judged"]] == ["management", "declared"]


FORMS = ("cloud", "cloud:lab", "plan:plan.json", "plan:plan.json+{file}", "plan:plan.json+cloud", "{folder}", "{file}")


@pytest.mark.parametrize("form", FORMS)
def test_whatever_form_a_state_has_a_mistake_beside_it_is_told(
    form: str, tree: Path, tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A running cloud, a plan, a folder and a file are all compared in one place."""
    file = running(tmp_path, run, drifted=True)
    snapshot = store.load(file)
    (tree / "plan.json").write_text("{}")
    monkeypatch.setattr(states, "running", lambda *_: snapshot)
    monkeypatch.setattr("infra.neutron.sources.cli_json.load_folder", lambda *_, **__: snapshot)
    monkeypatch.setattr("infra.neutron.plans.planned.planned_snapshot", lambda *_, **__: snapshot)
    state = form.format(file=file, folder=tmp_path)
    assert run("prove", "--state", state).code == 1
    changed(tree, "globex", "region:", "regoin:")
    ended = run("prove", "--state", state)
    assert (ended.code, ended.out, "Pulumi.globex.yaml" in ended.err) == (2, "", True)
    assert run("prove", "--state", state, "--without-declarations").code == 0


def test_all_mistakes_of_all_files_are_told(tree: Path, tmp_path: Path, run: Run) -> None:
    """Not the first one only."""
    state = running(tmp_path, run, drifted=False)
    changed(tree, "globex", "region:", "regoin:")
    changed(tree, "acme", "protocol: tcp", "protocol: tpc")
    ended = run("prove", "--state", state)
    assert ("Pulumi.acme.yaml" in ended.err, "Pulumi.globex.yaml" in ended.err) == (True, True)


@pytest.mark.parametrize("tenants", [True, False], ids=["none of the declared tenants is there", "nothing is declared"])
def test_what_has_nothing_to_be_compared_with_says_so(tenants: bool, tree: Path, tmp_path: Path, run: Run) -> None:  # noqa: FBT001 - a case
    """The claims that were not judged are named with the reason, for people and for programs."""
    state = kept(tmp_path, two_tenants())
    for tenant in ("acme", "globex"):
        (tree / f"Pulumi.{tenant}.yaml").rename(tree / f"Pulumi.{tenant}x.yaml")
    for file in tree.iterdir() if not tenants else ():
        file.unlink()
    said = "none of the declared tenants is in this state: acmex, globexx" if tenants else "there are no declarations"
    people, programs = run("prove", "--state", state), run("prove", "--state", state, "--json")
    assert f"not judged  declared   {said}" in people.out
    assert [one["claim"] for one in programs.json["not_judged"]] == ["management", "declared"]
    assert all(said in one["reason"] for one in programs.json["not_judged"])
    assert f"not compared with the declarations: {said}" in run("lint", "--state", state).out
    assert said in run("lint", "--state", state, "--json").json["not_compared"]


def test_a_tenant_that_nobody_declared_is_not_compared_and_named(tree: Path, tmp_path: Path, run: Run) -> None:
    """What is declared of one tenant says nothing about another one's filters."""
    state = running(tmp_path, run, drifted=False)
    (tree / "Pulumi.globex.yaml").unlink()
    assert "globex: in this state, but nobody declared them, so not compared" in run("prove", "--state", state).out


@pytest.fixture
def expiring(tree: Path) -> Path:
    """Return the declarations with a flow that has a last day."""
    changed(tree, "acme", SHIPPED, LAST_DAY)
    return tree


def test_an_expired_flow_allows_nothing_and_is_a_finding_of_its_tenant(expiring: Path, run: Run) -> None:
    """No verb ends because of it; prove and lint name it, and the day before it was as good as any."""
    del expiring
    on, after = ("--today", LAST_DAY), ("--today", AFTER)
    question = ("can", "198.51.100.7", "acme/web", "tcp/8443")
    assert [run(*question, *day).code for day in (on, after)] == [0, 1]
    assert [run("lint", *day).code for day in (on, after)] == [0, 1]
    found = run("lint", *after, "--json").json["findings"]
    assert [(one["kind"], one["project"], one["flow"], one["file"], one["line"] > 1) for one in found if one["kind"] == "expired"] == [
        ("expired", "acme", "stock", "Pulumi.acme.yaml", True)
    ]
    proof = run("prove", *after)
    assert (proof.code, f"flow stock of acme expired on {LAST_DAY}" in proof.out) == (0, True)
    assert run("prove", *after, "--json").json["ended"][0]["flow"] == "stock"
    assert run("prove", *on, "--json").json["ended"] == []


def test_a_rule_of_an_expired_flow_is_not_declared_and_leads_to_the_flow(expiring: Path, tmp_path: Path, run: Run) -> None:
    """A cloud that still has it fails `declared`, on the day after and not before; the flow is named, and not "nobody"."""
    del expiring
    state = running(tmp_path, run, drifted=False)
    assert run("prove", "--state", state, "--today", LAST_DAY).code == 0
    ended = run("prove", "--state", state, "--today", AFTER)
    assert (ended.code, f"flow stock, expired on {LAST_DAY}, Pulumi.acme.yaml:" in ended.out) == (1, True)
    reason = run("why", "198.51.100.7", "acme/web", "tcp/8443", "--state", state, "--today", AFTER)
    assert (reason.code, f"flow stock, expired on {LAST_DAY}, Pulumi.acme.yaml:" in reason.out) == (0, True)
    assert "nobody declared" not in reason.out
    kinds = [(one["kind"], one["group"]) for one in run("lint", "--state", state, "--today", AFTER, "--json").json["findings"]]
    assert [one for one in kinds if one[0] == "expired"] == [("expired", "acme-server-web"), ("expired", "")]


def test_drift_is_found_whatever_else_has_expired(expiring: Path, tmp_path: Path, run: Run) -> None:
    """The day after a flow's last day is as strict as the day before."""
    del expiring
    state = running(tmp_path, run, drifted=True)
    for day in (LAST_DAY, AFTER):
        ended = run("prove", "--state", state, "--today", day)
        assert (ended.code, "acme-db-data ingress" in ended.out) == (1, True)


def committed(folder: Path, day: str) -> None:
    """Commit everything in a folder on a day."""
    who = {"GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@b", "GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@b"}
    dates = {"GIT_AUTHOR_DATE": f"{day}T12:00:00Z", "GIT_COMMITTER_DATE": f"{day}T12:00:00Z"}
    for command in (["init", "-q"], ["add", "."], ["-c", "commit.gpgsign=false", "commit", "-qm", "x", "--no-verify"]):
        subprocess.run(["git", *command], cwd=folder, env={"PATH": "/usr/bin:/bin:/usr/local/bin", **who, **dates}, check=True)


def test_a_revision_is_judged_on_the_day_of_its_commit_or_as_told(expiring: Path, run: Run) -> None:
    """So the pull request that mends an expired flow gets its difference."""
    committed(expiring, LAST_DAY)
    assert run("diff", "git:HEAD", "git:HEAD").code == 0
    assert run("can", "198.51.100.7", "acme/web", "tcp/8443", "--state", "git:HEAD").code == 0
    assert run("can", "198.51.100.7", "acme/web", "tcp/8443", "--state", "git:HEAD", "--today", AFTER).code == 1
    changed(expiring, "acme", LAST_DAY, "2999-12-31")
    mended = run("diff", "git:HEAD", "--today", AFTER)
    assert (mended.code, "+ tcp/8443 from 198.51.100.0/24" in mended.out) == (1, True), mended


def test_a_revision_that_git_does_not_know_or_with_mistakes_is_named(tree: Path, run: Run) -> None:
    """Of two states in one question, the error says which."""
    committed(tree, LAST_DAY)
    for revision in ("gone", "--help", "HEAD:Pulumi.acme.yaml"):
        ended = run("prove", "--state", f"git:{revision}")
        assert (ended.code, f"git:{revision}: git does not know this revision" in ended.err) == (2, True), ended
    changed(tree, "acme", "region:", "regoin:")
    committed(tree, AFTER)
    ended = run("diff", "git:HEAD~1", "git:HEAD")
    assert (ended.code, "git:HEAD: Pulumi.acme.yaml:" in ended.err) == (2, True)


@pytest.mark.parametrize("text", ["tomorrow", "2026-02-30", "2026-1-1", "20261122", "2026-11-22T00:00:00", ""])
def test_a_day_is_written_in_one_way(text: str, tree: Path, run: Run) -> None:
    """Anything else is refused with an example."""
    del tree
    ended = run("prove", "--today", text)
    assert (ended.code, ended.out, "such as 2027-12-31" in ended.err) == (2, "", True)


def test_a_group_outlives_the_last_flow_that_named_its_server(expiring: Path) -> None:
    """What a server carries does not change on the day that a flow ends: only the rules go."""
    from infra.policy.flows import expand  # noqa: PLC0415 - for this test only

    policies = []
    for day in (LAST_DAY, AFTER):
        found = load_folder(expiring, today=date.fromisoformat(day))
        policies.append(expand(found.tenants[0], found.platform))
    before, after = policies
    assert (before.nics, before.groups.keys()) == (after.nics, after.groups.keys())
    assert len(before.groups["server-web"].rules) == len(after.groups["server-web"].rules) + 1


def test_days_are_counted_where_the_declarations_are_read() -> None:
    """Nobody's time zone decides what has expired."""
    assert isinstance(declarations.now(), date)
