"""What the program that boots a server leaves behind becomes runs; whatever is missing or broken has given no answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from examiners import booted
from examiners.model import Examiner, ExaminerError, Tier
from examiners.plan import BOOT, Plan, Told
from examiners.said import nmap
from tests.fast.examiners.said import test_lynis, test_nmap, test_ssh_audit, test_systemd
from tests.fast.examiners.samples import results
from tests.truth.image import examination

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PROFILE = "cis_level2_server"
NAMES = {
    "machine cost booted",
    "ssh-audit management booted",
    "systemd units booted",
    "lynis system booted",
    f"openscap {PROFILE} booted",
    *(f"nmap {vantage} booted" for vantage in nmap.VANTAGES),
}


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    """A folder with what every examiner left."""
    raw = tmp_path / "booted"
    raw.mkdir()
    (raw / f"{PROFILE}.xml").write_bytes(results(("one", "fail")))
    texts = {
        "lynis.dat": test_lynis.REPORT,
        "lynis.log": test_lynis.LOG,
        "systemd.json": test_systemd.OVERVIEW,
        "systemd.txt": test_systemd.OWN,
    }
    for name, text in {**texts, "ssh-audit.json": test_ssh_audit.content(), "ssh-audit.code": "0\n"}.items():
        (raw / name).write_text(text, encoding="utf-8")
    for vantage in nmap.VANTAGES:
        (raw / f"nmap-{vantage}-tcp.xml").write_bytes(test_nmap.scan())
        (raw / f"nmap-{vantage}-udp.xml").write_bytes(test_nmap.UDP)
    return Plan("image", str(tmp_path), (Tier.BOOTED,), tuple(Examiner), (PROFILE,))


def told(broken: dict[str, str] | None = None) -> Told:
    """What the program says of it."""
    return Told({Tier.BOOTED: {BOOT: 20.0}}, dict.fromkeys(nmap.VANTAGES, ()), {"lynis system booted": 7.0}, broken or {})


def test_every_examiner_becomes_a_run(plan: Plan) -> None:
    """With its time."""
    found, broken = booted.parsed(plan, told())
    assert (broken, {run.name for run in found}) == ({}, NAMES)
    assert {run.seconds for run in found if run.examiner is Examiner.LYNIS} == {7.0}


def test_what_broke_is_not_read(plan: Plan) -> None:
    """Not even where results of an earlier run lie there."""
    found, broken = booted.parsed(plan, told({"lynis system booted": "why"}))
    assert (broken, {run.name for run in found}) == ({"lynis system booted": "why"}, NAMES - {"lynis system booted"})


@pytest.mark.parametrize(
    ("file", "name"),
    [
        (f"{PROFILE}.xml", f"openscap {PROFILE} booted"),
        ("lynis.dat", "lynis system booted"),
        ("systemd.txt", "systemd units booted"),
        ("ssh-audit.code", "ssh-audit management booted"),
        ("nmap-zone-tcp.xml", "nmap zone booted"),
    ],
)
@pytest.mark.parametrize("damage", [lambda path: path.unlink(), lambda path: path.write_bytes(b"")], ids=["missing", "empty"])
def test_what_cannot_be_read_has_given_no_answer(
    plan: Plan, file: str, name: str, damage: Callable[[Path], object], tmp_path: Path
) -> None:
    """The others have."""
    damage(tmp_path / "booted" / file)
    found, broken = booted.parsed(plan, told())
    assert (set(broken), {run.name for run in found}) == ({name}, NAMES - {name})


def test_nmap_stands_where_its_results_are_read() -> None:
    """A place that nobody reads, or that nobody stands at, would be told by nobody."""
    assert tuple(examination.STANDS) == nmap.VANTAGES


@pytest.mark.parametrize("tiers", [(Tier.BOOTED,), (Tier.REBOOTED,), (Tier.BOOTED, Tier.REBOOTED)], ids="-".join)
def test_a_server_that_is_examined_after_a_reboot_has_been_off(tmp_path: Path, tiers: tuple[Tier, ...]) -> None:
    """Whoever asks for the second boot alone gets it, and not the first under its name."""
    (tmp_path / "image").touch()
    server = _Server()
    plan = Plan(str(tmp_path / "image"), str(tmp_path), tiers, ())
    told = examination.Examination(plan, server).go()  # type: ignore[arg-type]  # what it needs of a server
    assert {tier: figures[BOOT] for tier, figures in told.figures.items()} == {
        tier: {Tier.BOOTED: 1, Tier.REBOOTED: 2}[tier] for tier in tiers
    }
    assert server.log == ["on", "off"] * (2 if Tier.REBOOTED in tiers else 1)


def test_an_examiner_that_breaks_keeps_no_other_from_its_work(tmp_path: Path) -> None:
    """It is told, with its last words."""
    done = []

    def breaks() -> None:
        raise ValueError("why")

    examined = examination.Examination(Plan("image", str(tmp_path), (), ()), _Server())  # type: ignore[arg-type]  # as above
    examined.attempt("one", breaks)
    examined.attempt("two", lambda: done.append("two"))
    assert (examined.broken, done, list(examined.seconds)) == ({"one": "ValueError: why"}, ["two"], ["one", "two"])


class _Server:
    """Boots, tells how often it has, and has memory."""

    def __init__(self) -> None:
        self.log: list[str] = []

    @property
    def machine(self) -> _Server:
        return self

    @property
    def boot_cpu_seconds(self) -> float:
        return self.log.count("on")

    def start(self) -> None:
        self.log.append("on")

    def off(self, *, gently: bool) -> None:
        assert gently
        self.log.append("off")

    def done(self, _command: str) -> str:
        return "MemTotal: 2048 kB\nMemAvailable: 1024 kB\n"


def test_a_program_that_breaks_has_examined_nothing(plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its exit code decides, whatever it said before."""
    monkeypatch.setattr(booted, "PROGRAM", "tests.fast.examiners.nowhere")
    with pytest.raises(ExaminerError, match="could not be examined"):
        booted.boot(plan, tmp_path)
