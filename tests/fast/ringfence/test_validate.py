"""``ringfence validate``: all mistakes of all declarations, and never "right" for what nobody could judge."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

from infra.declaration.checks import ON_PLATFORM
from tests.fast.key_paths import hold, key_paths

if TYPE_CHECKING:
    from tests.fast.ringfence.command import Run

pytestmark = pytest.mark.fast

GOOD = """\
config:
  ringfence:tenant:
    region: RegionOne
    labels: {classification: internal, service: reports}
    zones:
      app: {cidr: 10.0.0.0/24}
    servers:
      api: {zones: {app: 11}, flavor: small, root: 2, public: app}
    flows:
      https: {from: internet, to: api, protocol: tcp, ports: [443], reason: customers read, owner: reports team}
"""


def written(folder: Path, text: str = GOOD, name: str = "Pulumi.initech.yaml") -> Path:
    """Write a declaration."""
    file = folder / name
    file.write_text(text)
    return file


def offer(tree: Path, suite: str) -> None:
    """Let the platform offer packages of one suite."""
    file = tree / "Pulumi.platform.yaml"
    declared = yaml.safe_load(file.read_text())
    packages = {"mirrors": {"debian": {"url": "http://198.51.100.6/debian", "suites": [suite]}}, "updates": {"hour": 3}}
    declared["config"]["ringfence:platform"]["services"] = {"host": 200, "flavor": "small", "store": 8, "packages": packages}
    file.write_text(yaml.safe_dump(declared, sort_keys=False))


def test_the_shipped_declarations_are_right(tree: Path, run: Run) -> None:
    """Without a file, all declarations of the folder are judged, and 0 says that each is right."""
    ended = run("validate", "--json")
    assert (ended.code, ended.json["valid"], ended.json["errors"], ended.json["not_judged"]) == (0, True, [], [])
    assert ended.json["files"] == sorted(file.name for file in tree.glob("Pulumi.*.yaml"))
    assert "3 declarations: 0 mistakes" in run("validate").out


def test_every_mistake_of_every_file_is_told_at_once(tree: Path, run: Run) -> None:
    """Two files with two mistakes each make four errors, each with file, line and key, for people and programs."""
    for stack in ("acme", "globex"):
        file = tree / f"Pulumi.{stack}.yaml"
        file.write_text(file.read_text().replace("region: RegionOne", "region: Nowhere").replace("zones: {app: 11}", "zones: {app: 1}"))
    people, programs = run("validate"), run("validate", "--json")
    assert people.code == programs.code == 2
    assert [one["where"] for one in programs.json["errors"]] == [
        f"Pulumi.{stack}.yaml:{place}"
        for stack, places in (
            ("acme", ("4: region", "12: servers.web.zones.app")),
            ("globex", ("4: region", "9: servers.app1.zones.app")),
        )
        for place in places
    ]
    assert all(one["where"] in people.out for one in programs.json["errors"])
    assert "3 declarations: 4 mistakes" in people.out


def test_a_file_is_judged_beside_its_platform_and_the_others_mistakes_stay_theirs(tree: Path, run: Run) -> None:
    """Naming a file leaves out what is wrong with other tenants, and nothing of its own."""
    acme = tree / "Pulumi.acme.yaml"
    acme.write_text(acme.read_text().replace("RegionOne", "Nowhere"))
    assert run("validate", tree / "Pulumi.globex.yaml").code == 0
    assert run("validate", acme).code == 2


def test_names_that_meet_are_a_mistake_of_both_files(tree: Path, run: Run) -> None:
    """A zone of one tenant and a zone of another that come out with one name are told whichever of the two is named."""
    first = written(tree, GOOD.replace("app", "prod-app"), "Pulumi.initech.yaml")
    second = written(tree, GOOD, "Pulumi.initech-prod.yaml")
    for file in (first, second):
        ended = run("validate", file, "--json")
        assert ended.code == 2
        assert {one["hint"] for one in ended.json["errors"]} == {"give one of the two another name"}
    assert run("validate", tree / "Pulumi.acme.yaml").code == 0


def test_without_a_platform_syntax_is_judged_and_the_rest_is_named(tmp_path: Path, run: Run) -> None:
    """A tenant's file alone shows its own mistakes; what it cannot show is named with the missing file, and is not called right."""
    file = written(tmp_path)
    ended = run("validate", file, "--json")
    assert (ended.code, ended.json["errors"]) == (2, [])
    (open_,) = ended.json["not_judged"]
    assert open_["where"] == str(tmp_path / "Pulumi.platform.yaml")
    assert all(words in open_["what"] for words in ON_PLATFORM.values())
    file.write_text(GOOD.replace("to: api", "to: apu").replace("app: 11", "app: 300"))
    assert [one["where"].rpartition(": ")[2] for one in run("validate", file, "--json").json["errors"]] == [
        "servers.api.zones.app",
        "flows.https.to",
    ]


def test_syntax_alone_can_be_asked_for(tmp_path: Path, run: Run) -> None:
    """With --syntax a right file is right, and the answer says what it is not about."""
    file = written(tmp_path)
    people, programs = run("validate", "--syntax", file), run("validate", "--syntax", file, "--json")
    assert (people.code, programs.code, programs.json["valid"]) == (0, 0, True)
    assert all(words in people.out and {"what": words} in programs.json["not_judged"] for words in ON_PLATFORM.values())
    assert run("validate", "--syntax", written(tmp_path, GOOD.replace("tcp", "tpc"))).code == 2


def test_a_platform_with_mistakes_leaves_its_tenants_open(tree: Path, run: Run) -> None:
    """Whoever names a tenant alone hears that its platform's file cannot be read; whoever names nothing hears its mistakes."""
    platform = tree / "Pulumi.platform.yaml"
    platform.write_text(platform.read_text().replace("prefix: 28", "prefix: 99"))
    named = run("validate", tree / "Pulumi.acme.yaml", "--json")
    assert (named.code, named.json["errors"]) == (2, [])
    assert "mistakes in it" in named.json["not_judged"][0]["got"]
    assert [one["where"] for one in run("validate", "--json").json["errors"]] == ["Pulumi.platform.yaml:8: pool.prefix"]


def test_a_flow_that_has_ended_is_named_and_is_no_mistake(tree: Path, run: Run) -> None:
    """A day after its last one, a flow is told with file and line, and the exit code is 0."""
    ended = run("validate", "--today", "2028-01-01")
    assert ended.code == 0
    assert "Pulumi.acme.yaml:17: flow stock of acme expired on 2027-12-31" in ended.out
    assert run("validate", tree / "Pulumi.globex.yaml", "--today", "2028-01-01", "--json").json["ended"] == []


def test_standard_input_is_judged_as_the_stack_that_it_is_to_be(tree: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is piped in takes the place of the stack's own file, and leaves that file as it is."""
    before = (tree / "Pulumi.acme.yaml").read_bytes()
    for text, code in ((GOOD, 0), (GOOD.replace("RegionOne", "Nowhere"), 2)):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
        ended = run("validate", "-", "--stack", "acme")
        assert ended.code == code
        assert ("Pulumi.acme.yaml:3: region" in ended.out) is bool(code)
    assert (tree / "Pulumi.acme.yaml").read_bytes() == before


NOT_ASKED = {
    "a stack without standard input": (["--stack", "acme"], "nothing is read from standard input"),
    "standard input without a name": (["-"], "standard input has no name"),
    "a name that is a path": (["-", "--stack", "../acme"], "this is no name of a stack"),
    "a folder that is not there": (["nowhere/Pulumi.acme.yaml"], "there is no such folder"),
}


@pytest.mark.parametrize(("arguments", "said"), NOT_ASKED.values(), ids=NOT_ASKED)
@pytest.mark.usefixtures("tree")
def test_a_question_that_means_nothing_is_refused(arguments: list[str], said: str, run: Run) -> None:
    """It ends with 2 and says what is wrong with the question."""
    ended = run("validate", *arguments)
    assert (ended.code, ended.out) == (2, "")
    assert said in ended.err


def test_what_is_no_declaration_is_a_mistake(tree: Path, run: Run) -> None:
    """A file of another name, a file that is not there, and a folder without any declaration are never right."""
    assert run("validate", written(tree, name="tenant.yaml")).code == 2
    assert run("validate", tree / "Pulumi.nobody.yaml").code == 2
    for file in tree.glob("Pulumi.*.yaml"):
        file.unlink()
    assert run("validate").code == 2


def test_no_key_of_the_answer_gets_another_name(tree: Path, tmp_path: Path, run: Run) -> None:
    """With a remark, with mistakes, with flows that have ended, and with what could not be judged."""
    offer(tree, "trixie")
    asked: tuple[list[object], ...] = ([], ["--today", "2028-01-01"], [written(tmp_path, GOOD.replace("to: api", "to: apu"))])
    hold(
        Path(__file__).parent / "json_keys" / "validate.txt",
        (key for one in asked for key in key_paths(run("validate", *one, "--json").json)),
    )


def test_mirrors_without_security_updates_are_named_and_are_no_mistake(tree: Path, run: Run) -> None:
    """Nothing would ever be updated: it is said with file and line, and exit code 0 stays; with such a suite nothing is said."""
    for suite, said in (("trixie", True), ("trixie-security", False)):
        offer(tree, suite)
        ended = run("validate", "--json")
        assert (ended.code, ended.json["valid"], len(ended.json["remarks"])) == (0, True, said)
        assert all(one["where"].startswith("Pulumi.platform.yaml:") for one in ended.json["remarks"])
        assert ("so no server ever installs any" in run("validate").out) is said
        assert not run("validate", "Pulumi.acme.yaml", "--json").json["remarks"]
