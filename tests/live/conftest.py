"""What the live tests share. ``pytest tests/live --tenants acme,globex`` (or ``RINGFENCE_TENANTS``); without: all tenants that are up."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ringfence.verify import open as opening
from tests.live.stage import Stage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ringfence.verify.open import Opened

VARIABLE = "RINGFENCE_TENANTS"
TAIL = 4000
"""Characters of a failure that are shown at once."""


ORDER = (
    "test_verify.py",
    "test_verbs.py",
    "test_printed.py",
    "test_servers.py",
    "test_dead_server.py",
    "provision",
    "layers",
    "sabotage",
    "lifecycle",
)
"""What only looks comes first, what breaks the whole cloud comes last."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Bring the tests of this folder into their order; what is not named there comes before the last."""
    here = Path(__file__).parent

    def place(item: pytest.Item) -> float:
        part = item.path.relative_to(here).parts[0] if item.path.is_relative_to(here) else ORDER[0]
        return ORDER.index(part) if part in ORDER else len(ORDER) - 1.5

    items.sort(key=place)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Say at once what went wrong: a run takes half an hour, and nobody wants to wait for its end."""
    if report.failed:
        print(f"\n{report.nodeid} ({report.when}):\n{report.longreprtext[-TAIL:]}", file=sys.__stderr__, flush=True)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that names the tenants."""
    parser.addoption(
        "--tenants", default=os.environ.get(VARIABLE, ""), help="tenants to verify, separated by commas; all that are up when empty"
    )


@pytest.fixture(scope="session")
def tenants(request: pytest.FixtureRequest) -> tuple[str, ...]:
    """Give the names of the tenants that are asked for."""
    names = str(request.config.getoption("--tenants", default=os.environ.get(VARIABLE, "")) or "")
    return tuple(filter(None, names.split(",")))


@pytest.fixture(scope="session")
def opened(tenants: tuple[str, ...]) -> Opened:
    """Give declarations, stacks and the cloud."""
    return opening.read(tenants)


@pytest.fixture(scope="module")
def stage(opened: Opened) -> Iterator[Stage]:
    """Give everything that sends packets, logged in and listening, for all tests of a module: a later one may kill the whole cloud."""
    with Stage.begin(opened) as begun:
        yield begun
