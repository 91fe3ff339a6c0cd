"""What a system has of Debian's data is what debsecan says, which Debian makes the data for."""

from __future__ import annotations

import random
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest

from infra.vulnerabilities import tracker
from infra.vulnerabilities.findings import hits
from infra.vulnerabilities.installed import Package, Source, installed
from tests.fast.vulnerabilities.publishing import Row, listed, packed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.truth.vulnerabilities.conftest import Debsecan

pytestmark = pytest.mark.truth
VERSIONS = (
    "1.0",
    "1.0-1",
    "1.0-1+deb12u2",
    "1.0-1+deb13u1",
    "1.0-1+deb13u2",
    "1.0-1+b2",
    "1.1~rc1-1",
    "1.1-1",
    "1:0.9-1",
    "2.0-1",
    "2.0~~",
)
WORLDS = 12


@dataclass(frozen=True)
class World:
    """Data of a release, and a system."""

    rows: tuple[Row, ...]
    packages: tuple[Package, ...]

    @property
    def status(self) -> str:
        """The system as dpkg keeps it."""
        return "\n".join(
            f"Package: {each.name}\nStatus: install ok installed\nArchitecture: amd64\nVersion: {each.version}\n"
            f"Source: {each.sources[0].name} ({each.sources[0].version})\n"
            for each in (*self.packages, Package("dpkg", "1.22", (Source("dpkg", "1.22"),)))
        )

    @property
    def told(self) -> str:
        """The system as dpkg-query tells it."""
        return listed(*(f"{each.name} {each.version} {each.sources[0].name} {each.sources[0].version}" for each in self.packages))


def world(chance: random.Random) -> World:
    """Sources with packages of other names, some of the source's; vulnerabilities of sources and some of packages.

    A package of a name that is also another source's is left out where the data has entries of both: debsecan then looks at one only.
    """
    sources = [f"source{number}" for number in range(8)]
    packages, rows = [], []
    for source in sources:
        for name in (source, f"lib{source}", f"{source}-doc")[: chance.randint(1, 3)]:
            version = chance.choice(VERSIONS)
            own = chance.choice((version, chance.choice(VERSIONS)))
            packages.append(Package(name, version, (Source(source, own),)))
    for number in range(60):
        kind = chance.choice("SSSSS ")
        package = chance.choice(sources)
        if kind != "S" and chance.random() < 0.5:  # pragma: no branch - both ways are drawn
            kind, package = "B", f"only{number}"
            packages.append(Package(package, chance.choice(VERSIONS), (Source(f"of{number}", chance.choice(VERSIONS)),)))
        flags = kind + chance.choice("HML ") + chance.choice("R ?") + chance.choice("F ")
        others = "" if kind == "B" else " ".join(chance.sample(VERSIONS, chance.randint(0, 3)))
        rows.append(Row(f"CVE-2026-{1000 + number}", package, flags, chance.choice(("", *VERSIONS)), others, f"number, {number}"))
    return World(tuple(rows), tuple(packages))


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The folder over HTTP."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def notes(entry: tracker.Entry) -> str:
    """Return what debsecan says of an entry's flags."""
    told = [
        "fixed" if entry.fixed else "",
        "remotely exploitable" if entry.remote else "",
        "" if entry.severity is tracker.Severity.UNASSIGNED else f"{entry.severity} urgency",
    ]
    said = ", ".join(filter(None, told))
    return f" ({said})" if said else ""


@pytest.mark.parametrize("seed", range(WORLDS))
def test_a_system_has_what_debsecan_says_it_has(seed: int, debsecan: Debsecan, tmp_path: Path) -> None:
    """Every vulnerability of every package, with severity, reach and fix; none more and none less."""
    made = world(random.Random(seed))  # noqa: S311 - no secret
    (tmp_path / "trixie").write_bytes(packed(made.rows, ""))
    status = tmp_path / "status"
    status.write_text(made.status, encoding="utf-8")
    with served(tmp_path) as url:
        theirs = debsecan(url, "trixie", status)
    data = tracker.read((tmp_path / "trixie").read_bytes(), "trixie")
    ours = [f"{hit.entry.bug} {package.name}{notes(hit.entry)}" for hit in hits(installed(made.told), data) for package in hit.packages]
    assert sorted(ours) == sorted(theirs)
    assert 20 < len(ours) < len(made.rows) * len(made.packages)
