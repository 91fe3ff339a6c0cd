"""The test of a whole offboarding asks about every claim, and counts what a killed run took."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from ringfence.offboarding import keystore, listing
from tests.offboarding import looks, plain
from tests.offboarding.course import kill, session, took
from tests.offboarding.test_removal import SIGNERS, checked

pytestmark = pytest.mark.fast
NAMESPACE = "ringfence-removal"


def line(what: str, step: str, second: int, **more: float) -> dict[str, Any]:
    """Return a line of a journal."""
    return {"at": f"2026-11-30T10:00:{second:02}+00:00", "what": what, "step": step, **more}


def test_there_is_a_look_of_another_kind_for_every_kind_that_the_product_asks_about() -> None:
    """A new claim is found to have none before a quarter of an hour is spent on it."""
    assert looks.ROWS.keys() == {*listing.QUESTIONS, listing.SECRETS, *keystore.TABLES}
    assert plain.PATHS.keys() <= looks.ROWS.keys()


def test_an_attempt_that_was_killed_counts_to_the_beginning_of_the_next() -> None:
    """One that failed counts by its times, and the ones that were done by what they say."""
    lines = [
        line("began", "inventory", 0),
        line("done", "inventory", 5, seconds=4.5),
        line("began", "cordon", 5),
        line("began", "cordon", 12),
        line("done", "cordon", 14, seconds=2.0),
        line("began", "return", 20),
        line("failed", "return", 23),
        line("began", "return", 40),
        line("done", "return", 41, seconds=1.0),
    ]
    assert took(lines) == {"inventory": 4.5, "cordon": 9.0, "return": 4.0}


def test_a_session_is_seen_with_all_that_it_started() -> None:
    """And as nothing once it is over."""
    with subprocess.Popen(["sh", "-c", "sleep 60 & wait"], start_new_session=True) as process:
        while len(session(process.pid)) < 2:
            assert process.poll() is None
        assert session(process.pid)[0] == process.pid
        kill(process.pid)
    assert session(process.pid) == []


@pytest.mark.parametrize("bad", ["", *SIGNERS])
def test_the_command_of_the_page_ends_well_only_with_both_signatures(bad: str, tmp_path: Path) -> None:
    """By the page's own words: a bad one fails it, whether it is the first or the last."""
    certificate, signers = tmp_path / "certificate-of-removal.json", []
    for role, name in SIGNERS.items():
        certificate.write_text("what somebody else signed" if role == bad else "{}", encoding="utf-8")
        key = str(tmp_path / name)
        for words in (
            ["-q", "-t", "ed25519", "-N", "", "-C", name, "-f", key],
            ["-q", "-Y", "sign", "-f", key, "-n", NAMESPACE, str(certificate)],
        ):
            subprocess.run(["ssh-keygen", *words], check=True, stdin=subprocess.DEVNULL, capture_output=True)
        certificate.with_name(f"{certificate.name}.sig").rename(certificate.with_name(f"{certificate.name}.{role}.sig"))
        signers.append(f"{name} {Path(f'{key}.pub').read_text(encoding='utf-8')}")
    certificate.write_text("{}", encoding="utf-8")
    (tmp_path / "allowed_signers").write_text("".join(signers), encoding="utf-8")
    assert checked(tmp_path)[0] == (not bad)
