"""What the live tests share. ``pytest tests/live --tenants acme,globex`` (or ``RINGFENCE_TENANTS``); without: all tenants that are up."""

from __future__ import annotations

import contextlib
import os
import select
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import testinfra

from infra.declaration import names
from infra.ssh.access import JumpHost, Target
from ringfence import ssh_config
from ringfence.verify import open as opening
from tests.live.stage import Stage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from testinfra.host import Host

    from ringfence.verify.open import Opened

VARIABLE = "RINGFENCE_TENANTS"
TAIL = 4000
"""Characters of a failure that are shown at once."""


ASKING = (
    "test_verbs.py",
    "test_printed.py",
    "test_doctor.py",
    "provision/test_plans.py",
    "provision/test_headroom.py",
    "provision/test_identities.py",
)
"""What asks the API and changes nothing that anybody else looks at."""
LOOKING = (
    "test_reboot.py",
    "test_verify.py",
    "test_servers.py",
    "test_clock.py",
    "test_services.py",
    "test_updates.py",
    "test_logs.py",
    "test_following.py",
    "test_operators.py",
    "test_dead_server.py",
)
"""What logs in to servers, starts all of them anew, and stops one: no question to the API has another answer meanwhile.

The reboot comes first, so that all that follows is about servers that have been through one.
"""
CHANGING = ("provision", "layers", "sabotage", "lifecycle")
"""What changes the cloud under everybody; what breaks the whole cloud comes last."""
ORDER = (*LOOKING, *ASKING, *CHANGING)
BESIDE = "RINGFENCE_TESTS_BESIDE"
"""A process that runs the asking tests beside the others: nothing changes before it has ended."""


def place(item: pytest.Item) -> int:
    """Return where in the order a test is; what is not named there changes something, until somebody says that it does not."""
    here = Path(__file__).parent
    path = str(item.path.relative_to(here)) if item.path.is_relative_to(here) else LOOKING[0]
    return next((number for number, part in enumerate(ORDER) if path == part or path.startswith(f"{part}/")), ORDER.index(CHANGING[0]))


def is_asking(item: pytest.Item) -> bool:
    """Tell whether a test can run beside those that log in to servers."""
    return ORDER[place(item)] in ASKING


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Bring the tests of this folder into their order, and leave out those of the other lane."""
    items.sort(key=place)
    lane = config.getoption("--lane", default="")
    if lane:
        out = [item for item in items if is_asking(item) is not (lane == "asking")]
        config.hook.pytest_deselected(items=out)
        items[:] = [item for item in items if is_asking(item) is (lane == "asking")]


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Before the first change, wait for those who ask."""
    if ORDER[place(item)] in CHANGING and (process := os.environ.pop(BESIDE, "")):
        wait_for(int(process))


def wait_for(process: int) -> None:
    """Wait until a process has ended."""
    with contextlib.suppress(ProcessLookupError):
        ended = os.pidfd_open(process)
        try:
            select.select([ended], [], [])
        finally:
            os.close(ended)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Say at once what went wrong: a run takes half an hour, and nobody wants to wait for its end."""
    if report.failed:
        print(f"\n{report.nodeid} ({report.when}):\n{report.longreprtext[-TAIL:]}", file=sys.__stderr__, flush=True)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options that name the tenants and the lane."""
    parser.addoption("--lane", choices=["asking", "others"], default="", help="only the tests that ask the API, or only the others")
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


@pytest.fixture(scope="session")
def hosts(opened: Opened) -> dict[str, Host]:
    """Give testinfra's hosts. Its paramiko backend verifies no host key, so OpenSSH is used, with a configuration that pins them.

    Hosts are called as `ringfence ssh` calls them: both write the same file, and either may do so while the other's is in use.
    """
    bastion = opened.inventory.platform_facts.bastion
    jump_host = JumpHost.from_environment(bastion.address, bastion.host_key)
    found: dict[str, Host] = {}
    for tenant in opened.inventory.tenants:
        called = {name: names.server(tenant.name, name) for name in tenant.facts.servers}
        targets = {called[name]: Target(facts.management, facts.host_key) for name, facts in tenant.facts.servers.items()}
        config = ssh_config.write(tenant.name, jump_host, targets)
        found |= {
            f"{tenant.name}/{name}": testinfra.get_host(f"ssh://{host}", ssh_config=str(config), sudo=True) for name, host in called.items()
        }
    return found
