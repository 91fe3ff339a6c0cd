"""What the live tests share. ``pytest tests/live --tenants acme,globex`` (or ``RINGFENCE_TENANTS``); without: all tenants that are up."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from ringfence.verify import open as opening
from tests.live.stage import Stage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ringfence.verify.open import Opened

VARIABLE = "RINGFENCE_TENANTS"


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


@pytest.fixture(scope="session")
def stage(opened: Opened) -> Iterator[Stage]:
    """Give everything that sends packets, logged in and listening, for all tests of the session."""
    with Stage.begin(opened) as begun:
        yield begun
