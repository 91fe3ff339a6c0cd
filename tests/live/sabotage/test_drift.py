"""`ringfence drift` on a live cloud: nothing differs before; what is broken in every layer at the same time is told by layer and object."""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import subprocess
import sys
import uuid
from typing import TYPE_CHECKING, Any

import pytest

from ringfence.drift import journal
from ringfence.drift.report import Layer
from ringfence.verify.cloud import view
from ringfence.verify.dataplane import northbound
from ringfence.verify.storage import at_rest
from tests.live.sabotage import in_ovn
from tests.live.tools import changed, created

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from ringfence.verify.open import Opened

pytestmark = pytest.mark.live
NO_LOGINS = (Layer.STACK, Layer.API, Layer.DATA_PLANE, Layer.STORAGE)
SECONDS = 900.0
MIB = "8M"


def drift(*layers: Layer, options: Sequence[str] = (), environment: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Compare layers as a user does."""
    words = [word for layer in layers for word in ("--only", str(layer))]
    command = [sys.executable, "-m", "ringfence", "drift", "--json", *words, *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False, env=environment)
    assert done.returncode in {0, 1}, done.stdout + done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    assert report["exit_code"] == done.returncode
    return report


@contextlib.contextmanager
def orphan(name: str) -> Iterator[None]:
    """Leave an image in the pool as a failed deletion does."""
    through, place = shlex.split(os.environ[at_rest.VARIABLE]), f"{os.environ.get(at_rest.POOL_VARIABLE, at_rest.POOL)}/{name}"
    subprocess.run([*through, "rbd", "create", "--size", MIB, place], check=True, capture_output=True, timeout=SECONDS)
    try:
        yield
    finally:
        subprocess.run([*through, "rbd", "rm", "--no-progress", place], check=True, capture_output=True, timeout=SECONDS)


def test_nothing_differs_in_any_layer(record_property: Callable[[str, object], None]) -> None:
    """Servers included, and the run is in the journal."""
    report = drift()
    record_property("seconds", report["seconds"])
    assert report["differences"] == [], report["differences"]
    assert [each for each in report["untold"] if each["verdict"] == "error"] == []
    assert all(layer["compared"] for layer in report["layers"] if layer["layer"] in {"stack", "api", "guest"})
    assert journal.runs()[-1]["headline"] == report["headline"]


def test_what_is_broken_in_each_layer_is_told_with_its_object(opened: Opened) -> None:
    """A port's security in Neutron, a policy in OVN, an image in the pool: by layer, with who and since when where the cloud tells."""
    tenants, through = opened.inventory.tenants, northbound.prefix()
    if len(tenants) < 2 or not through or not os.environ.get(at_rest.VARIABLE):
        pytest.skip("it takes two tenants, and the prefixes that read OVN and the raw storage")
    found = view.collect(opened.cloud, view.Parties.of(opened.inventory, opened.identities))
    place = in_ovn.Place.of(found, northbound.listed(through), *(str(tenant.facts.project_id) for tenant in tenants[:2]))
    way, name = in_ovn.ways(place)["a policy"], f"volume-{uuid.uuid4()}"
    network, body = opened.cloud.network, {"name": "ringfence-test-group", "project_id": str(tenants[0].facts.project_id)}
    with contextlib.ExitStack() as stack:
        stack.enter_context(orphan(name))
        stack.callback(in_ovn.run, through, way.undo)
        in_ovn.run(through, way.do)
        quota = {"security_group": -1, "security_group_rule": -1}
        stack.enter_context(changed(network, f"/quotas/{tenants[0].facts.project_id}", "quota", quota))
        group = stack.enter_context(created(network, "/security-groups", "security_group", body))
        told = drift(*NO_LOGINS)["differences"]
    objects = {(each["layer"], each["id"]): each for each in told}
    stranger = objects["api", group["id"]]
    assert stranger["put_back"] == f"openstack security group delete {group['id']}"
    assert stranger["since"] == group["created_at"]
    assert stranger["first_seen"]
    policies = [each["key"] for each in told if each["layer"] == "dataplane" and each["kind"] == "policy in OVN"]
    images = [each["key"] for each in told if each["layer"] == "storage" and each["id"].endswith(name)]
    assert policies
    assert images
    left = {each["key"] for each in drift(*NO_LOGINS)["differences"]}
    assert left.isdisjoint([stranger["key"], *policies, *images])


def test_a_run_from_its_own_file_tells_the_same_without_a_cloud(opened: Opened, tmp_path: Path) -> None:
    """With something to tell; the second run has no credential, and the difference is gone from the cloud by then."""
    file, project = str(tmp_path / "records.jsonl"), str(opened.inventory.tenants[0].facts.project_id)
    network, body = opened.cloud.network, {"name": "ringfence-test-kept", "project_id": project}
    with contextlib.ExitStack() as stack:
        quota = {"security_group": -1, "security_group_rule": -1}
        stack.enter_context(changed(network, f"/quotas/{project}", "quota", quota))
        group = stack.enter_context(created(network, "/security-groups", "security_group", body))
        live = drift(Layer.STACK, Layer.API, options=("--keep", file))
    without = {key: value for key, value in os.environ.items() if not key.startswith("OS_")}
    kept = drift(Layer.STACK, Layer.API, options=("--from", file), environment=without)
    assert group["id"] in {each["id"] for each in live["differences"]}
    assert [each["key"] for each in kept["differences"]] == [each["key"] for each in live["differences"]]
    assert kept["untold"] == live["untold"]
    assert kept["records"]["sha256"] == live["records"]["sha256"]
    assert group["id"] not in {each["id"] for each in drift(Layer.API)["differences"]}
