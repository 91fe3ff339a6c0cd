"""The file of exceptions is read as strictly as a declaration, from one place, for every verb."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from infra.errors import QuestionError
from infra.neutron.snapshot import Unknown
from ringfence import folder
from ringfence.analysis.exceptions import EXCEPTIONS, listed
from tests.fast.neutron.clouds import two_tenants
from tests.fast.ringfence.command import kept
from tests.fast.ringfence.test_beside_declarations import LAST_DAY, committed

if TYPE_CHECKING:
    from pathlib import Path

    from tests.fast.ringfence.command import Run

pytestmark = pytest.mark.fast

GOOD = """exceptions:
  - id: E1
    project: acme
    packets: tcp/22 from 10.0.0.0/8
    owner: anna
    ticket: T-1
    reason: we wait
    expires: 2030-01-31
accepted:
  - {name: firewall_group, owner: anna, reason: it only counts, expires: 2030-01-31}
"""
EXPIRES = "expires: 2030-01-31\na"

HOSTILE: dict[str, tuple[str, str, str]] = {
    "an octal number": ("T-1", "0443", ":6: exceptions[0].ticket: a number that readers of YAML understand differently"),
    "a number of sixties": ("T-1", "7:23", ":6: exceptions[0].ticket: a number that readers of YAML understand differently"),
    "a number": ("T-1", "443", ":6: exceptions[0].ticket: not a text"),
    "a truth": ("anna\n", "no\n", ":5: exceptions[0].owner: true or false to some readers of YAML"),
    "a key twice": ("    owner: anna\n", "    owner: anna\n    owner: bob\n", ":6: exceptions[0].owner: the key is written twice"),
    "a section twice": ("accepted:", "exceptions: []\naccepted:", ":9: exceptions: the key is written twice"),
    "a merge key": ("    owner: anna\n", "    <<: {owner: anna}\n", ":5: exceptions[0].<<: a merge key"),
    "a tag": (EXPIRES, EXPIRES.replace("2030", "!!timestamp 2030"), ":8: exceptions[0].expires: tags are not allowed"),
    "a tag of Python's": ("owner: anna\n", "owner: !!python/object/apply:os.getcwd []\n", ":5: exceptions[0].owner: tags are not allowed"),
    "an alias": ("anna\n    ticket: T-1", "&a anna\n    ticket: *a", ":6: exceptions[0].ticket: an alias"),
    "a day that no calendar has": (EXPIRES, EXPIRES.replace("01-31", "02-30"), ":8: exceptions[0].expires: there is no such day"),
    "a day in year 0": (EXPIRES, EXPIRES.replace("2030", "0000"), ":8: exceptions[0].expires: there is no such day"),
    "a day with a time": (EXPIRES, EXPIRES.replace("31", "31 12:00:00"), ":8: exceptions[0].expires: not a day"),
    "a number in place of a day": (EXPIRES, "expires: 20300131\na", ":8: exceptions[0].expires: not a day"),
    "an unknown key": ("ticket: T-1", "tiket: T-1", ":6: exceptions[0].tiket: unknown key"),
    "an unknown section": ("accepted:", "acepted:", ":9: acepted: unknown key"),
    "a key that is missing": ("    reason: we wait\n", "", ":2: exceptions[0].reason: reason is missing"),
    "a blank text": ("we wait", '"  "', ":7: exceptions[0].reason: the text is blank"),
    "no packets": ("tcp/22", "tcp/99999999", ":4: exceptions[0].packets: not a set of packets"),
    "a kind that nobody knows": ("    owner: anna\n", "    owner: anna\n    kinds: [odd]\n", ":6: exceptions[0].kinds[0]: not one of"),
    "a section that is no list": ("accepted:\n  - {", "accepted:\n  {", ":9: accepted: not a list"),
    "an entry that is no mapping": ("accepted:\n", "accepted:\n  - all\n", ":10: accepted[0]: not a mapping"),
    "a hidden character": ("we wait", '"we \\x1b wait"', ":7: exceptions[0].reason: a text with a character that cannot be seen"),
    "a hidden character, bare": ("we wait", "we \u202e wait", ":7: the file has a character that cannot be seen"),
    "several documents": ("accepted:", "---\naccepted:", ":9: the file has several documents"),
    "tabs": ("    owner", "\towner", ":5: tabs are not allowed"),
    "no YAML": ("accepted:", "accepted: [", ":10: the file is not YAML"),
    "nested without end": (GOOD, "[" * 60_000, ":1: lists and mappings are nested too deep"),
    "mappings nested without end": (GOOD, "{a: " * 60_000, ":1: lists and mappings are nested too deep"),
    "nested without end in an entry": ("we wait", "[" * 60_000, ":7: lists and mappings are nested too deep"),
    "too large": (GOOD, "#" * (1 << 18) + "\n", ":1: the file is too large"),
    "no mapping": (GOOD, "- a\n", ":1: not a mapping"),
    "a plain word": (GOOD, "nothing\n", ":1: not a mapping"),
}


@pytest.mark.parametrize(("old", "new", "said"), HOSTILE.values(), ids=HOSTILE)
def test_what_could_be_read_in_two_ways_or_not_at_all_is_a_mistake_with_file_and_line(
    old: str, new: str, said: str, tmp_path: Path
) -> None:
    """An acceptance that is not read as it looks would weaken a judgement without a word."""
    file = tmp_path / "odd.yaml"
    assert old in GOOD
    file.write_text(GOOD.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(QuestionError) as caught:
        listed(file, "declarations")
    assert any(f"odd.yaml{said}" in str(problem) for problem in caught.value.problems), caught.value
    assert "accepted: [{name" in caught.value.problems[-1].hint


def test_every_mistake_is_told_at_once(tmp_path: Path) -> None:
    """In the order of the file."""
    file = tmp_path / "odd.yaml"
    file.write_text(GOOD.replace("T-1", "0443").replace("tcp/22", "tpc/22").replace("2030-01-31", "2030-02-30"), encoding="utf-8")
    with pytest.raises(QuestionError) as caught:
        listed(file, "declarations")
    assert [problem.where.split("odd.yaml:")[-1] for problem in caught.value.problems[:-1]] == [
        "4: exceptions[0].packets",
        "6: exceptions[0].ticket",
        "8: exceptions[0].expires",
        "10: accepted[0].expires",
    ]


@pytest.mark.parametrize("text", ["", "# none yet\n", "exceptions:\naccepted:\n", "exceptions: []\n"])
def test_a_file_without_entries_accepts_nothing(text: str, tmp_path: Path) -> None:
    """It is no mistake to have none."""
    file = tmp_path / "none.yaml"
    file.write_text(text, encoding="utf-8")
    found = listed(file, "declarations")
    assert found is not None
    assert (found.content.exceptions, found.content.accepted) == ((), ())


def test_the_file_lies_beside_the_declarations_and_not_where_a_verb_runs(tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """For `prove` and `lint` alike: what is accepted does not hang on a folder that happens to be the working directory."""
    cloud = two_tenants()
    cloud.add(Unknown(type="firewall_group", id="f"))
    state = ("--state", kept(tmp_path, cloud), "--today", "2030-01-31")
    beside, below = folder.root() / EXCEPTIONS, folder.root() / "below"
    below.mkdir()
    monkeypatch.chdir(below)
    (below / EXCEPTIONS).write_text(GOOD, encoding="utf-8")
    assert (run("prove", *state).code, '"firewall_group' in run("lint", *state, "--json").out) == (2, True)
    beside.write_text(GOOD, encoding="utf-8")
    (below / EXCEPTIONS).write_text("- odd", encoding="utf-8")
    assert (run("prove", *state).code, run("lint", *state, "--json").json["unknowns"]) == (0, [])
    beside.write_text(GOOD.replace("anna", "0443"), encoding="utf-8")
    for verb in ("prove", "lint"):
        ended = run(verb, *state)
        assert (ended.code, ended.out, f"{EXCEPTIONS}:5: exceptions[0].owner: a number" in ended.err) == (2, "", True), ended
    beside.unlink()
    beside.mkdir()
    assert [run(verb, *state).code for verb in ("prove", "lint")] == [2, 2]


def test_a_revision_is_judged_with_its_own_exceptions(tree: Path, run: Run) -> None:
    """They lie beside the declarations that are judged: those of the work tree say nothing about another revision."""
    committed(tree, LAST_DAY)
    (tree / EXCEPTIONS).write_text("- odd", encoding="utf-8")
    assert run("lint").code == 2
    assert "odd" not in run("lint", "--state", "git:HEAD").err
    committed(tree, LAST_DAY)
    ended = run("lint", "--state", "git:HEAD")
    assert (ended.code, f"git:HEAD: {EXCEPTIONS}:1: not a mapping" in ended.err) == (2, True), ended.err
