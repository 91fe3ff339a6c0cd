"""Pages whose every name is hostile, opened in a real browser: nothing in them runs, and nothing but our own elements is there.

Scripts of a page have run when the browser prints the document that it has come to; a page of the test's own shows that it would be seen.
"""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from infra.neutron.semantics.compile import compile_fabric
from infra.queries.matrix import Level, matrix
from infra.queries.traffic import ReachableTraffic
from ringfence.analysis import tables
from ringfence.verify.report import page
from tests.fast.ringfence.hostile import SCRIPT, hostile
from tests.fast.ringfence.test_hostile_text import OURS, Elements, checks

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.truth

SECONDS = 300
"""For one page on a machine that does other things as well; alone it takes two."""
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--virtual-time-budget=5000"),
)


def opened(document: str, folder: Path) -> str:
    """Return what a browser has made of a page, its scripts included."""
    browser = shutil.which("chromium")
    assert browser, "chromium is missing: ./scripts/setup packages installs it"
    file = folder / "page.html"
    file.write_text(document, encoding="utf-8")
    command = [browser, *FLAGS, f"--user-data-dir={folder / 'profile'}", "--dump-dom", file.as_uri()]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
    assert ended.returncode == 0, ended.stderr[-2000:]
    return ended.stdout


def matrix_page() -> str:
    """Return the matrix of a cloud in which everything has a hostile name, each cell with servers, packets and paths."""
    found = matrix(ReachableTraffic(compile_fabric(hostile().snapshot())), Level.ZONES, (), detail=True)
    assert len(found.cells) > 20

    def detail(reachable: object) -> list[dict[str, object]]:
        del reachable
        return [{"source": name, "target": name, "packets": [name], "path": [name]} for name in found.rows]

    return tables.html(found, detail)


@pytest.mark.parametrize(
    ("document", "title"),
    [(matrix_page, "ringfence: who can send what to whom"), (lambda: page.render(checks()), "ringfence verify: ")],
    ids=["matrix", "verification"],
)
def test_nothing_in_a_page_runs(document: object, title: str, tmp_path: Path) -> None:
    """The document is what we wrote: its title, its elements and their attributes."""
    assert callable(document)
    shown = opened(document(), tmp_path)
    assert f"<title>{title}" in shown
    found = Elements(shown).found
    assert {entry.split(" ")[0] for entry in found} <= OURS
    assert {name for entry in found for name in entry.split(" ")[1:]} <= {
        "lang",
        "charset",
        "name",
        "content",
        "class",
        "id",
        "href",
        "open",
    }


def test_a_script_that_runs_would_be_seen(tmp_path: Path) -> None:
    """The browser does run scripts, and prints what they have made."""
    shown = opened(f"<!doctype html><title>before</title><p>x</p>{SCRIPT}<img src=x onerror=\"document.body.append('ran too')\">", tmp_path)
    assert "<title>ran</title>" in shown
    assert "ran too" in shown
