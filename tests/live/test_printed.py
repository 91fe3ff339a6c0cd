"""A folder of what ``openstack ... -f json`` prints of the live cloud says the same as the cloud itself."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from infra.diff.changes import changes
from infra.proof import prove
from infra.proof.report import Verdict
from labcloud.machine import venv
from labcloud.settings import Settings
from ringfence.analysis.states import open_state

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

pytestmark = pytest.mark.live

SECONDS = 300
SHOWN = {
    "networks": "network",
    "subnets": "subnet",
    "routers": "router",
    "ports": "port",
    "security_groups": "security group",
    "floating_ips": "floating ip",
    "projects": "project",
    "servers": "server",
    "address_groups": "address group",
    "rbac_policies": "network rbac",
    "subnet_pools": "subnet pool",
    "address_scopes": "address scope",
    "trunks": "network trunk",
}
"""The files of docs/proof.md, and what the client calls their objects."""
ALL = {"servers": " --all-projects"}
RULES = "security group rule list -f json"
EXTENSIONS = "extension list --network -f json"


def printed(commands: Sequence[str]) -> Iterator[Any]:
    """Yield what one client prints for several commands: it takes them from its input, and seconds to start.

    It ends with 1 at the end of its input, whatever happened; what went wrong is on its standard error.
    """
    client = shutil.which("openstack") or str(venv.location(Settings.of(os.environ).cache) / "bin" / "openstack")
    done = subprocess.run([client], input="\n".join(commands), capture_output=True, text=True, timeout=SECONDS, check=False)
    assert done.stderr == ""
    decoder, text = json.JSONDecoder(), done.stdout.strip()
    while text:
        value, end = decoder.raw_decode(text)
        yield value
        text = text[end:].strip()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Print every object of the cloud, one file per kind."""
    path = tmp_path_factory.mktemp("printed")
    lists = dict(zip(SHOWN, printed([f"{words} list{ALL.get(file, '')} -f json -c ID" for file, words in SHOWN.items()]), strict=True))
    ids = [(file, entry["ID"]) for file, entries in lists.items() for entry in entries]
    objects = printed([f"{SHOWN[file]} show {identifier} -f json" for file, identifier in ids])
    shown: dict[str, list[Any]] = {file: [] for file in SHOWN}
    for (file, _), value in zip(ids, objects, strict=True):
        shown[file].append(value)
    lists = dict(zip(("security_group_rules", "extensions"), printed([RULES, EXTENSIONS]), strict=True))
    for file, values in {**shown, **lists}.items():
        (path / f"{file}.json").write_text(json.dumps(values))
    return path


def test_the_folder_is_proven(folder: Path) -> None:
    """Every claim holds, and nothing that the client prints is not understood."""
    state = open_state(str(folder))
    assert state.declared is not None
    proof = prove(state.fabric, state.intent)
    assert (proof.verdict, proof.unknowns) == (Verdict.HOLDS, ())


def test_the_folder_means_what_the_cloud_means(folder: Path) -> None:
    """No traffic gained or lost between the two, with the rules as they are listed and as their groups show them."""
    cloud = open_state("cloud").reachable
    assert list(changes(open_state(str(folder)).reachable, cloud)) == []
    (folder / "security_group_rules.json").unlink()
    assert list(changes(open_state(str(folder)).reachable, cloud)) == []
