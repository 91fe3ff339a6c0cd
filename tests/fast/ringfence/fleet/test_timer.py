"""``ringfence fleet install-timer`` as people and programs see it; what systemd says of its units, tests.truth asks."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from infra import paths
from ringfence import locks
from tests.fast.key_paths import hold, key_paths
from tests.fast.ringfence.test_json_keys import KEYS

if TYPE_CHECKING:
    from pathlib import Path

    from tests.fast.ringfence.command import Run

pytestmark = pytest.mark.fast


@pytest.fixture
def engine(tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An engine on the PATH, beside the shipped declarations."""
    del tree
    program = tmp_path / "bin" / locks.ENGINE
    program.parent.mkdir()
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent))
    monkeypatch.setenv(paths.STATE, str(tmp_path / "state"))
    return program


def test_the_units_are_printed_told_or_written(run: Run, engine: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With this machine's engine and the settings that are no secrets; what switches them on is said, and not done."""
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "hush")
    monkeypatch.setenv("RINGFENCE_NO_CLOUD", "")
    told = run("fleet", "install-timer")
    assert (told.code, "hush" in told.out, "OnCalendar=Sun *-*-* 04:00:00 UTC" in told.out) == (0, False, True)
    assert f'ExecStart="{engine}" up --stack platform --yes --skip-preview --non-interactive' in told.out
    assert 'Environment="RINGFENCE_NO_CLOUD="' in told.out
    json = run("fleet", "install-timer", "--at", "02:30", "--json").json
    hold(KEYS / "fleet-timer.txt", key_paths(json, {"units"}))
    assert "OnCalendar=*-*-* 02:30:00 UTC" in json["units"]["ringfence-renew.timer"]
    written = run("fleet", "install-timer", "--out", tmp_path)
    assert (written.code, "enable --now ringfence-renew.timer" in written.out, "renew.env" in written.out) == (0, True, True)
    assert {file.name for file in tmp_path.glob("ringfence-*")} == {"ringfence-renew.service", "ringfence-renew.timer"}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("acme",), "one timer brings all tenants up"),
        (("--label", "service=shop"), "one timer brings all tenants up"),
        (("--at", "monthly"), "no moment of a week or a day"),
    ],
)
@pytest.mark.usefixtures("engine")
def test_what_would_not_be_run_is_refused(words: tuple[str, ...], said: str, run: Run, tmp_path: Path) -> None:
    """With 2, and nothing is written."""
    told = run("fleet", "install-timer", *words, "--out", tmp_path)
    assert (told.code, said in told.err) == (2, True), told.err
    assert not list(tmp_path.glob("ringfence-*"))


def test_without_an_engine_there_is_no_unit(run: Run, engine: Path) -> None:
    """It would fail every week."""
    engine.unlink()
    told = run("fleet", "install-timer")
    assert (told.code, "the Pulumi engine is not on the PATH" in told.err) == (2, True), told.err


@pytest.mark.usefixtures("engine")
def test_a_timer_for_nothing_is_refused(run: Run, tree: Path) -> None:
    """A platform without services has no certificates."""
    file = tree / "Pulumi.platform.yaml"
    text = file.read_text(encoding="utf-8")
    without = re.sub(r"    services:\n(      .*\n)+", "", text)
    assert without != text
    file.write_text(without, encoding="utf-8")
    told = run("fleet", "install-timer")
    assert (told.code, "no certificate is to be renewed" in told.err) == (2, True), told.err
