"""A third tenant comes while the cloud is killed under it, and goes without a trace. Only for the lab: no other cloud may be killed."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from infra.dynamic import clouds
from infra.dynamic.base import REPAIR_VARIABLE
from infra.outcome import CheckVerdict
from labcloud.layout import REPAIR_EVERY, REPAIR_OLDER_THAN, REPAIR_TAKES
from labcloud.processes import enter
from labcloud.settings import Settings
from ringfence.project import ROOT, Project
from ringfence.verify import open as opening
from ringfence.verify import stacks
from ringfence.verify.dataplane import northbound
from ringfence.verify.result import USUAL, Kind
from ringfence.verify.run import Request, Verification
from tests.live.lifecycle import inventory, lost

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ringfence.verify.open import Opened

LAB = "lab"
NAME = "initech"
DECLARATION: dict[str, Any] = {
    "region": "RegionOne",
    "labels": {"classification": "internal", "service": "reports"},
    "zones": {"app": {"cidr": "10.0.0.0/24"}},
    "servers": {"api": {"zones": {"app": 11}, "flavor": "tiny", "root": 2, "data": {"files": {"size": 1}}, "public": "app"}},
    "flows": {
        "https": {
            "from": "internet",
            "to": "api",
            "protocol": "tcp",
            "ports": [443],
            "reason": "customers read their reports",
            "owner": "reports team",
        }
    },
}
LEAVES = frozenset(
    {
        "openstack:compute/volumeAttach:VolumeAttach",
        "openstack:networking/secGroupRule:SecGroupRule",
        "openstack:networking/subnetRoute:SubnetRoute",
        "pulumi-python:dynamic/ringfence:ManagementRoute",
    }
)
SERVER = frozenset(
    {
        "openstack:compute/instance:Instance",
        "openstack:compute/volumeAttach:VolumeAttach",
        "pulumi-python:dynamic/ringfence:GuestPolicy",
        "pulumi-python:dynamic/ringfence:HostKey",
    }
)
"""A server whose answer was lost, and what would have been made after it."""
CREDENTIAL = frozenset({"openstack:identity/applicationCredential:ApplicationCredential"})
"""With which all else in the project is made: what was made with the one before it stays."""
pytestmark = [pytest.mark.live, pytest.mark.skipif(os.environ.get("OS_CLOUD") != LAB, reason="only the lab may be killed")]
REPAIRED_SECONDS = 400.0
BEGUN_SECONDS = 300.0


@dataclass
class Life:
    """The third tenant's stack, and what there was before it."""

    project: Project
    before: frozenset[str]


@pytest.fixture(scope="module")
def life(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Life]:
    """Give a tenant that is declared and does not exist yet; it is destroyed at the end if it still does."""
    project = Project(tmp_path_factory.mktemp("lifecycle"), NAME)
    project.declare(DECLARATION)
    project.ensure()
    away(project)
    begun = Life(project, inventory.everything(clouds.admin()))
    yield begun
    away(project)
    assert project.run("stack", "rm", "--yes").status == 0


def away(project: Project) -> None:
    """Destroy the tenant; a state that still knows of something is not thrown away."""
    ended = project.run("destroy", "--yes")
    assert ended.status == 0, ended.output


def lab(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a verb of the lab."""
    return subprocess.run([str(ROOT / "scripts/lab"), *arguments], capture_output=True, text=True, check=False, timeout=1200)


def kill() -> None:
    """Kill the lab at once: its supervisor, and with it every service and every server."""
    pid = enter.supervisor(Settings.of(os.environ).root)
    assert pid
    os.kill(pid, signal.SIGKILL)


def wait_until_half_made(update: subprocess.Popen[str]) -> None:
    """Return when the tenant's volumes are being made: some of the stack exists, the rest does not."""
    cloud = clouds.admin()
    deadline = time.monotonic() + BEGUN_SECONDS
    while time.monotonic() < deadline and update.poll() is None:
        if any((volume.name or "").startswith(f"{NAME}-") for volume in cloud.block_storage.volumes(all_projects=True)):
            return
        time.sleep(1.0)
    update.terminate()
    pytest.fail(f"the update ended or made no volume: {update.communicate(timeout=600)[0]}")


def failures(opened: Opened, kinds: frozenset[Kind]) -> list[str]:
    """Verify tenants and return what is wrong; something must have passed."""
    result = Verification(opened.inventory, opened.cloud, opened.identities).run(Request(kinds))
    assert any(check.outcome.verdict is CheckVerdict.PASS for check in result.checks)
    return [f"{c.outcome.check}: {c.outcome.reason}" for c in result.checks if c.outcome.verdict in {CheckVerdict.FAIL, CheckVerdict.ERROR}]


def repaired_after(seconds: float) -> str:
    """Return how long Neutron needs to repair what a kill left so many seconds ago: it leaves alone what is younger than a minute."""
    return f"{max(REPAIR_OLDER_THAN - seconds, 0) + REPAIR_EVERY + REPAIR_TAKES:.0f}"


def test_the_same_command_goes_on_after_the_cloud_was_killed(life: Life, monkeypatch: pytest.MonkeyPatch) -> None:
    """The cloud dies in the middle of an update; when it is back the same update ends well, and a further one has nothing to do."""
    command = life.project.command("up", "--yes", "--skip-preview")
    with subprocess.Popen(command, cwd=life.project.folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as update:
        wait_until_half_made(update)
        kill()
        killed = time.monotonic()
        output, _ = update.communicate(timeout=1200)
    assert update.returncode != 0, output
    up = lab("up")
    assert up.returncode == 0, up.stderr
    monkeypatch.setenv(REPAIR_VARIABLE, repaired_after(time.monotonic() - killed))
    ended = life.project.up()
    assert ended.status == 0, ended.output
    assert life.project.preview().steps == ()


@pytest.mark.parametrize("kinds", [LEAVES, SERVER, CREDENTIAL], ids=["leaves", "server", "credential"])
def test_the_same_command_goes_on_after_answers_were_lost(life: Life, kinds: frozenset[str], tmp_path: Path) -> None:
    """The cloud has what the stack does not know, as when it dies between the act and the answer; most of it, it would not make twice."""
    names = lost.forget(life.project, kinds, tmp_path)
    assert all(name.startswith(NAME) for name in names), names
    ended = life.project.up()
    assert ended.status == 0, ended.output
    made = {step.type for step in ended.steps if step.operation == "create"}
    assert made == kinds
    assert life.project.preview().steps == ()


def test_what_came_of_it_is_as_declared(life: Life) -> None:
    """The tenant that was made in two halves is verified like any other: cloud, guest, packets."""
    opened = opening.read((NAME,), life.project.folder)
    assert failures(opened, frozenset({Kind.CLOUD, Kind.GUEST, Kind.MATRIX})) == []


def test_nothing_stays_of_a_destroyed_tenant(life: Life) -> None:
    """After `pulumi destroy` every service lists exactly what it listed before the tenant came, and its keys are gone from Barbican."""
    credential = clouds.Credential.of(stacks.tenant(NAME).deployer.values)
    with closing(clouds.deployer(credential)) as deployer:
        keys = inventory.keys(deployer)
        assert set(inventory.key_answers(deployer, keys).values()) == {200}
    admin = clouds.admin()
    assert 404 not in inventory.key_answers(admin, keys).values()
    assert inventory.everything(admin) - life.before
    away(life.project)
    assert inventory.everything(admin) == life.before
    assert set(inventory.key_answers(admin, keys).values()) == {404}


def test_the_other_tenants_are_untouched() -> None:
    """What was killed and what was destroyed beside them changed nothing: they are as declared, and their servers are back."""
    assert failures(opening.read(), USUAL - {Kind.DATA_PLANE}) == []


def test_ovn_holds_what_neutron_says_once_neutron_has_repaired_it() -> None:
    """What a kill kept from OVN, Neutron's maintenance brings there: after it nothing is lost and nothing is left."""
    if not northbound.prefix():
        pytest.skip(northbound.SKIP)
    opened, deadline = opening.read(), time.monotonic() + REPAIRED_SECONDS
    while (found := failures(opened, frozenset({Kind.DATA_PLANE}))) and time.monotonic() < deadline:
        time.sleep(REPAIR_EVERY)
    assert found == []
