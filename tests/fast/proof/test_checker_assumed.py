"""What a certificate takes for granted is known, the same in three places, shown, and nothing is added to it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from infra.neutron.semantics.compile import ASSUMPTIONS
from infra.neutron.semantics.drivers import PROFILES
from infra.proof import Claim
from ringfence.checker import assumed
from ringfence.checker.conditions import check, main
from ringfence.checker.rules import RefusedError
from tests.fast.neutron.clouds import two_tenants
from tests.fast.proof.certificates import certified, sealed

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.fast

PROOF = Path(__file__).parents[3] / "docs" / "proof.md"


def test_the_assumptions_are_those_of_the_documentation_and_of_the_checker() -> None:
    """Each item of the section begins with the sentence that is printed; the checker has a copy of its own."""
    section = PROOF.read_text().split("## What is taken for granted")[1].split("\n## ")[0]
    items = [" ".join(item.split()) for item in re.split(r"\n\d+\. ", section)[1:]]
    assert [item[: len(sentence)] for item, sentence in zip(items, ASSUMPTIONS, strict=True)] == list(ASSUMPTIONS)
    assert assumed.ASSUMPTIONS == ASSUMPTIONS


def test_the_checker_knows_every_profile_and_claim() -> None:
    """What the prover may write, the checker may read."""
    assert set(assumed.PROFILES) == {driver.value for driver in PROFILES}
    assert set(assumed.CHECKED + assumed.OTHERS) == {claim.value for claim in Claim}


FORGED: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "an assumption more": lambda c: {"assumptions": [*c["assumptions"], "Tenants send nothing to each other."]},
    "an assumption less": lambda c: {"assumptions": c["assumptions"][1:]},
    "no assumption": lambda _: {"assumptions": []},
    "an assumption reworded": lambda c: {"assumptions": [*c["assumptions"][:-1], c["assumptions"][-1] + " Ever."]},
    "another profile": lambda _: {"profile": "nsx"},
    "another claim": lambda c: {"claims": {**c["claims"], "everything": "is well"}},
}


@pytest.mark.parametrize("forge", FORGED.values(), ids=FORGED)
def test_what_is_not_known_is_refused(forge: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    """A sealed certificate whose assumptions, profile or claims are others proves nothing."""
    certificate, snapshot = certified(two_tenants())
    with pytest.raises(RefusedError, match="the certificate"):
        check(sealed({**certificate, **forge(certificate)}), snapshot)


def test_what_is_assumed_is_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Whoever checks a certificate reads on what it rests, and which claims were not checked."""
    certificate, snapshot = certified(two_tenants())
    (tmp_path / "certificate.json").write_text(json.dumps(certificate))
    (tmp_path / "snapshot.jsonl").write_bytes(snapshot)
    assert main([str(tmp_path / "certificate.json"), str(tmp_path / "snapshot.jsonl")]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[:3] == ["proven: structure, packets", "under: ovn", "not checked: public"]
    assert [line.removeprefix("assumed: ") for line in lines if line.startswith("assumed: ")] == list(ASSUMPTIONS)
