"""The order of versions is dpkg's."""

from __future__ import annotations

import random
import subprocess

import pytest

from infra.vulnerabilities.versions import key

pytestmark = pytest.mark.truth
PIECES = (
    "0",
    "1",
    "9",
    "10",
    "01",
    "a",
    "b",
    "A",
    "Z",
    "~",
    "~~",
    "+",
    ".",
    "-",
    ":",
    "deb13u1",
    "+b1",
    "~rc",
    "1:",
    "0:",
    "bpo",
    " ",
    "_",
    "é",
)
ENGLISH = {"LC_ALL": "C.UTF-8"}
ODD = "does not start with digit"
PAIRS = 2000


def version(chance: random.Random) -> str:
    """A text that is often a version and often nearly one."""
    return chance.choice(("", "1", "1.", "0:", "2:1")) + "".join(chance.choices(PIECES, k=chance.randint(0, 5)))


def near(chance: random.Random, one: str) -> str:
    """A text that differs in a place."""
    place = chance.randint(0, len(one))
    return one[:place] + chance.choice(PIECES) + one[place + chance.randint(0, 1) :]


def ours(one: str, other: str) -> str | None:
    """Return how they are ordered; nothing when one is no version."""
    try:
        first, second = key(one), key(other)
    except ValueError:
        return None
    return "lt" if first < second else "gt" if first > second else "eq"


def test_the_order_of_versions_is_dpkgs(dpkg: str) -> None:
    """For random pairs that are close to each other; what dpkg finds no version is refused, and nothing else is.

    Of one that begins with no digit dpkg says only that, and takes it.
    """
    chance, counts = random.Random(16), {"lt": 0, "eq": 0, "gt": 0, "refused": 0}  # noqa: S311 - no secret
    for _ in range(PAIRS):
        one = version(chance).strip(" +-")  # dpkg takes blanks around it for nothing, a hyphen for an option, a sign for one of the epoch
        other = near(chance, one).strip(" +-") if chance.random() < 0.7 else version(chance).strip(" -")
        mine = ours(one, other)
        counts[mine or "refused"] += 1
        done = subprocess.run(
            [dpkg, "--compare-versions", one, mine or "eq", other], env=ENGLISH, capture_output=True, text=True, check=False
        )
        if ODD not in done.stderr:
            assert (mine is None) is ("bad syntax" in done.stderr or "" in {one, other}), (one, mine, other, done.stderr)
        assert mine is None or done.returncode == 0, (one, mine, other)
    assert min(counts.values()) > PAIRS // 60, counts


@pytest.mark.parametrize("text", ["1.0~", "1.0+", "1:2:3", "0~", "1.0-1~", "1.2.3+dfsg-4+deb13u1", "a1", "2:1-2-3"])
def test_a_version_that_dpkg_takes_is_taken(dpkg: str, text: str) -> None:
    """Also with endings that others refuse."""
    assert key(text) == key(text)
    done = subprocess.run([dpkg, "--compare-versions", text, "eq", text], capture_output=True, text=True, check=False)
    assert done.returncode == 0
