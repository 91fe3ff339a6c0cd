"""The tiers that make the claim: a server boots from the image, is examined, boots again and is examined again.

The server that boots is the one of the image's tests, with their NICs, config drive and namespace, so its code stays with them and
is run as a program of its own. It gets one interrupt when a person interrupts, and is awaited: it takes its server and namespace away.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from examiners import disk, packages
from examiners.bars import COST
from examiners.model import Examination, Examiner, ExaminerError, Tier
from examiners.plan import Plan, Told
from examiners.said import lynis, nmap, ssh_audit, systemd, xccdf

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from hardening.image.progress import Progress

PROGRAM = "tests.truth.image.examination"
SSH_AUDIT = "RINGFENCE_SSH_AUDIT"
"""The Python of the environment that ``scripts/examine`` makes for ssh-audit."""


@dataclass(frozen=True, slots=True)
class Server:
    """What is asked about a booted server."""

    image: Path
    tiers: tuple[Tier, ...]
    examiners: tuple[Examiner, ...]
    profiles: tuple[str, ...]


def examine(server: Server, folder: Path, progress: Progress) -> tuple[list[Examination], dict[str, str]]:
    """Boot and examine; also return why an examiner gave no answer. Raises :class:`ExaminerError` when nothing could be examined."""
    tools = packages.toolbox(progress)
    plan = Plan(
        image=str(server.image),
        folder=str(folder / "raw"),
        tiers=server.tiers,
        examiners=server.examiners,
        profiles=server.profiles,
        tools=str(tools.folder),
        disk=str(disk.made(tools, progress)),
        ssh_audit=os.environ.get(SSH_AUDIT, sys.executable),
    )
    told = boot(plan, folder)
    (folder / "told.json").write_bytes(msgspec.json.encode(told))
    return parsed(plan, told)


def cost(image: Path, folder: Path) -> dict[str, float]:
    """Boot an image twice and return what its first boot costs, to compare with."""
    told = boot(Plan(str(image), str(folder / "raw"), (Tier.BOOTED,), ()), folder)
    return told.figures[Tier.BOOTED]


def boot(plan: Plan, folder: Path) -> Told:
    """Run the program that boots. Raises :class:`ExaminerError` with its last words when it breaks."""
    path = folder / "plan.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(msgspec.json.encode(plan))
    with subprocess.Popen((sys.executable, "-m", PROGRAM, str(path)), stdout=subprocess.PIPE, start_new_session=True) as process:
        try:
            said, _ = process.communicate()
        except KeyboardInterrupt:
            process.send_signal(signal.SIGINT)
            with contextlib.suppress(KeyboardInterrupt):
                process.wait()
            raise
    if process.returncode:
        raise ExaminerError.of(
            "the server could not be examined",
            where=PROGRAM,
            expected="exit code 0",
            got=f"exit code {process.returncode}; its last words are above",
            hint="it needs root and the packages of hardening/image/host-packages.txt",
        )
    return msgspec.json.decode(said, type=Told)


def parsed(plan: Plan, told: Told) -> tuple[list[Examination], dict[str, str]]:
    """Read the raw results of every examiner that came to its end; one that cannot be read has given no answer."""
    found: list[Examination] = []
    broken = dict(told.broken)
    for tier in plan.tiers:
        found.append(Examination(Examiner.MACHINE, COST, tier, "measured here", (), told.figures[tier]))
        for name, read in _readings(plan, told, tier):
            key = f"{name} {tier}"
            if key in broken:
                continue
            try:
                found.append(msgspec.structs.replace(read(), seconds=told.seconds.get(key, 0.0)))
            except (ExaminerError, OSError, ValueError) as error:
                broken[key] = str(error)
    return found, broken


def _readings(plan: Plan, told: Told, tier: Tier) -> Iterator[tuple[str, Callable[[], Examination]]]:
    raw = Path(plan.folder, tier)
    if Examiner.SSH_AUDIT in plan.examiners:
        yield "ssh-audit management", lambda: _ssh_audit(raw, tier)
    if Examiner.SYSTEMD in plan.examiners:
        yield "systemd units", lambda: systemd.read(_text(raw / "systemd.json"), _text(raw / "systemd.txt"), where=str(raw), tier=tier)
    if Examiner.NMAP in plan.examiners:
        for vantage in nmap.VANTAGES:
            yield f"nmap {vantage}", partial(_nmap, raw, tier, vantage, told.declared[vantage])
    if Examiner.OPENSCAP in plan.examiners:
        for profile in plan.profiles:
            yield f"openscap {profile}", partial(_openscap, raw, tier, profile)
    if Examiner.LYNIS in plan.examiners:
        yield (
            "lynis system",
            lambda: lynis.read(_text(raw / "lynis.dat"), _text(raw / "lynis.log"), where=str(raw / "lynis.dat"), tier=tier),
        )


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace")


def _ssh_audit(raw: Path, tier: Tier) -> Examination:
    code = int(_text(raw / "ssh-audit.code"))
    return ssh_audit.read(_text(raw / "ssh-audit.json"), code, version="3.9.0", where=str(raw / "ssh-audit.json"), tier=tier)


def _nmap(raw: Path, tier: Tier, vantage: str, declared: Sequence[str]) -> Examination:
    tcp, udp = ((raw / f"nmap-{vantage}-{protocol}.xml").read_bytes() for protocol in ("tcp", "udp"))
    return nmap.read(tcp, udp, declared, vantage=vantage, tier=tier)


def _openscap(raw: Path, tier: Tier, profile: str) -> Examination:
    path = raw / f"{profile}.xml"
    return xccdf.read(path.read_bytes(), where=str(path), profile=profile, tier=tier)
