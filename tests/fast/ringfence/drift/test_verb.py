"""`ringfence drift` as a user runs it: for people and programs, with exit codes, the journal, and a watch that can be interrupted."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from infra.errors import CloudError
from infra.outcome import CheckVerdict
from ringfence.drift import journal, look
from ringfence.drift.report import Layer, Records
from tests.fast.key_paths import hold, key_paths
from tests.fast.ringfence.drift.made import EVERYTHING, EXTRA, failed, open_, report
from tests.fast.ringfence.test_json_keys import KEYS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ringfence.drift.report import Report
    from tests.fast.ringfence.command import Run

    Answer = Report | BaseException
    Found = Callable[..., None]

pytestmark = pytest.mark.fast
RECORDS = Records("records.jsonl", "0" * 64, "https://keystone.test/v3", "RegionOne", "2026-01-02T00:00:00+00:00")
CLEAN = report(*EVERYTHING)
DRIFTED = replace(report(*EVERYTHING, failed(EXTRA), open_(CheckVerdict.ERROR)), records=RECORDS)


@pytest.fixture
def found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Found:
    """Let comparisons come to these reports or errors, one after the other; after the last one somebody interrupts."""
    monkeypatch.setenv("RINGFENCE_STATE", str(tmp_path))

    def give(*answers: Answer) -> None:
        left = iter(answers)

        def once(*_: object) -> Report:
            answer = next(left, KeyboardInterrupt())
            if isinstance(answer, BaseException):
                raise answer
            return answer

        monkeypatch.setattr(look, "once", once)

    return give


def test_a_clean_run_is_a_table_and_a_sentence(run: Run, found: Found) -> None:
    """Exit code 0."""
    found(CLEAN)
    ended = run("drift")
    assert ended.code == 0
    assert "no difference in stack, api, dataplane, guest, storage" in ended.out


def test_a_difference_is_told_with_all_that_is_known(run: Run, found: Found) -> None:
    """Exit code 1; control, object, since when, who, and the command; and what could not be told."""
    found(DRIFTED)
    ended = run("drift")
    assert ended.code == 1
    for words in (
        "api: undeclared port intruder",
        "control: acme ports",
        "object: port intruder (p-1)",
        "since: made 2026-01-01T00:00:00Z",
        "made by: user u-1",
        "put back: openstack port delete p-1",
        "cannot tell: guest: acme/web files: the server is dead",
        "DRIFT: 1 difference",
    ):
        assert words in ended.out, ended.out


def test_no_key_of_a_comparison_gets_another_name(run: Run, found: Found) -> None:
    """`drift --json`."""
    found(DRIFTED)
    ended = run("drift", "--json")
    assert ended.code == 1
    hold(KEYS / "drift.txt", key_paths(ended.json))


def test_an_error_is_two_and_in_the_journal(run: Run, found: Found) -> None:
    """Nothing was compared, and that is kept as well."""
    found(CloudError.of("the cloud cannot be reached", where="/v3"))
    ended = run("drift", "acme")
    assert ended.code == 2
    assert [(each["exit_code"], each["headline"]) for each in journal.runs()] == [(2, "CANNOT TELL: /v3: the cloud cannot be reached")]


def test_an_interrupt_is_130_and_in_the_journal(run: Run, found: Found) -> None:
    """No answer."""
    found()
    ended = run("drift")
    assert ended.code == 130
    assert [each["exit_code"] for each in journal.runs()] == [130]


def test_a_watch_says_what_is_new_and_what_is_gone_until_it_is_interrupted(run: Run, found: Found, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first time all of it; a run that could not be done is told, and the next one is done."""
    monkeypatch.setattr(time, "sleep", lambda _: None)
    found(CLEAN, CloudError.of("the cloud cannot be reached"), report(*EVERYTHING, failed(EXTRA)), CLEAN)
    ended = run("drift", "--watch", "1s")
    assert ended.code == 130
    assert "new: api: undeclared port intruder" in ended.out
    assert "gone: api: undeclared port intruder" in ended.out
    assert "the cloud cannot be reached" in ended.err
    assert "interrupted" in ended.err


def test_a_watch_for_programs_is_a_line_for_each_run(run: Run, found: Found, monkeypatch: pytest.MonkeyPatch) -> None:
    """Errors as well."""
    monkeypatch.setattr(time, "sleep", lambda _: None)
    found(CLEAN, CloudError.of("gone"))
    lines = [json.loads(line) for line in run("drift", "--watch", "1s", "--json").out.splitlines()[:2]]
    assert [min(lines[0]), list(lines[1])] == ["about", ["errors"]]


def test_a_time_that_is_none_compares_nothing(run: Run, found: Found) -> None:
    """It is an error before anything is asked."""
    found()
    assert run("drift", "--watch", "soon").code == 2


@pytest.mark.parametrize("layer", Layer)
def test_each_layer_can_be_compared_alone(layer: Layer, run: Run, found: Found) -> None:
    """By its word."""
    found(CLEAN)
    assert run("drift", "--only", str(layer)).code == 0
