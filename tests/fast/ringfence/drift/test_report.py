"""The other view of what a verification finds: nothing that failed is lost in it, and it claims no more than was compared."""

from __future__ import annotations

import pytest

from infra.outcome import CheckVerdict, Deviation, DeviationKind
from ringfence.drift.report import LAYERS, Layer, of_result
from ringfence.verify.result import Check, Kind, Result
from tests.fast.drift import test_comparison
from tests.fast.ringfence.drift.made import EVERYTHING, EXTRA, failed, open_, passed, report

pytestmark = pytest.mark.fast


def test_without_a_difference_it_says_in_which_layers() -> None:
    """Exit code 0, and the layers by name."""
    found = report(*EVERYTHING)
    assert found.exit_code == 0
    assert found.headline.startswith(
        "no difference in stack, api, dataplane, guest, storage; not compared: files and keys that a stack keeps sealed; roles in"
    )


def test_a_difference_has_layer_control_object_and_what_puts_it_back() -> None:
    """And who made it and since when, where the cloud tells."""
    found = report(*EVERYTHING, failed(EXTRA))
    (one,) = found.plain()["differences"]
    assert found.exit_code == 1
    assert (one["layer"], one["control"], one["kind"], one["id"]) == ("api", "acme ports", "port", "p-1")
    assert (one["since"], one["by"], one["put_back"]) == ("2026-01-01T00:00:00Z", "u-1", "openstack port delete p-1")


def test_a_failure_that_names_no_object_is_a_difference_all_the_same() -> None:
    """Nothing that a verification calls a failure is lost in the other view."""
    found = report(*EVERYTHING, failed(reason="something is off"))
    assert [each.deviation.text for each in found.differences] == ["something is off"]
    assert found.exit_code == 1


@pytest.mark.parametrize(
    ("checks", "code", "says"),
    [
        ((passed(), open_(CheckVerdict.ERROR)), 2, "CANNOT TELL: 1 control could not be compared"),
        ((open_(CheckVerdict.SKIPPED),), 2, "CANNOT TELL: nothing was compared"),
        ((), 2, "CANNOT TELL: nothing was compared"),
        ((*EVERYTHING, open_(CheckVerdict.SKIPPED, Kind.STORAGE, "nobody may read it")), 0, "storage: acme/web files (nobody may read it)"),
        ((failed(EXTRA), open_(CheckVerdict.ERROR)), 1, "DRIFT: 1 difference, 1 control could not be compared"),
        ((passed(),), 0, "guest (there was nothing to compare)"),
    ],
)
def test_what_was_not_compared_is_said_and_never_a_clean_headline(checks: tuple[Check, ...], code: int, says: str) -> None:
    """An error is "cannot tell", a skip is named with its reason."""
    found = report(*checks)
    assert (found.exit_code, says in found.headline) == (code, True), found.headline


def test_a_layer_that_is_left_out_is_named() -> None:
    """Who asks for one layer is told about the others."""
    found = report(passed(), layers=(Layer.API,))
    assert "guest (left out)" in found.headline
    assert "storage (left out)" in found.headline


def test_an_object_that_two_parties_share_is_one_difference() -> None:
    """The same port is named once, whoever finds it."""
    found = report(*EVERYTHING, failed(EXTRA), failed(EXTRA, control="the edge router joins the zones"))
    assert len(found.differences) == 1


def test_every_part_that_compares_something_is_a_layer() -> None:
    """The others send packets, try what the API refuses, or try on the servers what a control forbids: they are no comparison."""
    assert set(Kind) - set(LAYERS) == {Kind.HARDENING, Kind.MATRIX, Kind.SPOOF, Kind.DENIAL}
    assert set(LAYERS.values()) == set(Layer)


@pytest.mark.parametrize("name", test_comparison.WAYS)
def test_every_way_to_break_the_cloud_is_in_both_views(name: str) -> None:
    """What fails a check of a verification is a difference here, with its object and a command; an undeclared object's names its id."""
    outcomes = [requirement.outcome() for requirement in test_comparison.broken_by(name)[0]]
    found = of_result(Result(("acme", "globex"), "now", [Check(Kind.CLOUD, outcome) for outcome in outcomes]), tuple(Layer)).differences
    texts = {text for outcome in outcomes if outcome.verdict is CheckVerdict.FAIL for text in outcome.reason.split("; ")}
    assert bool(found) is bool(texts)
    assert texts <= {text for each in found for text in each.deviation.text.split("; ")}
    for each in found:
        one: Deviation = each.deviation
        assert each.remedy
        if one.kind is DeviationKind.UNDECLARED and not one.part:
            assert (one.id if one.object_kind != "role assignment" else "") in each.remedy
