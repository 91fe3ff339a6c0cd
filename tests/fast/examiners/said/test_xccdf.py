"""OpenSCAP's results are read whole and word by word, or not at all."""

from __future__ import annotations

import pytest

from examiners.model import Examination, ExaminerError, Result, Tier
from examiners.said import xccdf
from tests.fast.examiners.samples import results


def read(content: bytes, profile: str = "cis_level2_server") -> Examination:
    """Read results of a profile."""
    return xccdf.read(content, where="a file", profile=profile, tier=Tier.BOOTED)


def test_every_selected_rule_is_found_with_the_examiners_word() -> None:
    """Rules that the profile leaves out are nobody's; all others are there."""
    found = read(results(("one", "fail"), ("two", "notapplicable"), ("three", "notselected"), ("four", "unknown")))
    said = {finding.rule: finding.result for finding in found.findings if not finding.rule.startswith("filler")}
    assert said == {"one": Result.FAIL, "two": Result.NOT_APPLICABLE, "four": Result.UNKNOWN}
    assert (found.scope, found.version) == ("cis_level2_server", "content 0.1.82, openscap 1.4.2")


def test_the_message_of_a_rule_is_kept() -> None:
    """It says why nobody looked."""
    content = results(("one", "notchecked")).replace(b"<result>notchecked", b'<message severity="info">no feed</message><result>notchecked')
    assert read(content).findings[0].detail == "no feed"


@pytest.mark.parametrize(
    ("content", "word"),
    [
        pytest.param(results(("one", "pass"))[:-30], "XML to its end", id="cut-off"),
        pytest.param(results(("one", "pass"), ended=""), "was ended", id="not-ended"),
        pytest.param(results(("one", "pass"), profile="standard"), "profile cis_level2_server", id="another-profile"),
        pytest.param(results(("one", "passed")), "a result of XCCDF", id="unknown-word"),
        pytest.param(results(("one", "")), "a result of XCCDF", id="no-word"),
        pytest.param(results(("one", "fail"), ("one", "pass")), "every rule once", id="twice"),
        pytest.param(results(("", "fail")), "every rule once", id="no-id"),
        pytest.param(results(("one", "fail"), filler=5), "at least 20 rules", id="too-few"),
        pytest.param(b"", "XML to its end", id="empty"),
        pytest.param(results(("one", "fail")).replace(b"\n<", b'\n<!DOCTYPE x [<!ENTITY e "y">]>\n<', 1), "document type", id="doctype"),
    ],
)
def test_what_is_not_the_whole_result_of_the_profile_is_refused(content: bytes, word: str) -> None:
    """Nothing of it is taken for an answer."""
    with pytest.raises(ExaminerError, match=word):
        read(content)
