"""The second lab: a cloud with other names, TLS by an authority of its own, and projects of others, beside whatever lab there is."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import openstack

if TYPE_CHECKING:
    from openstack.connection import Connection

ROOT = Path(__file__).resolve().parents[2]
LAB = ROOT / "scripts" / "lab"
CLOUD = "mycloud"
OPERATORS = "172.24.4.0/24"
"""The lab's gateway into its external network is where the operators of this cloud come from."""
OFFSET = "20000"
SECONDS = 3600
PAUSE_SECONDS, SETTLED_SECONDS = 15.0, 600.0
STORAGE = ("RINGFENCE_STORAGE_EXEC", "RINGFENCE_STORAGE_POOL", "RINGFENCE_BACKUP_STORE")
NEEDED = ("RINGFENCE_BASTION_PROXY", "RINGFENCE_INTERNET_EXEC", "RINGFENCE_INTERNET_ADDRESS", *STORAGE)
"""What of the lab's settings an operator of any cloud may have; the rest the page itself sets."""
OURS = ("OS_", "PULUMI_", "RINGFENCE_")
KEPT = ("RINGFENCE_CACHE", "RINGFENCE_EXAMPLES")


def caches() -> Path:
    """Return the folder of the caches, which are shared: nothing in them is a cloud's."""
    return Path(os.environ.get("RINGFENCE_CACHE") or Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "ringfence")


@dataclass(frozen=True, slots=True)
class SecondLab:
    """A lab below a folder of its own."""

    folder: Path

    def run(self, *arguments: str, capture: bool = False) -> str:
        """Run the lab's command. Raises ``CalledProcessError``."""
        done = subprocess.run([str(LAB), *arguments], env=self.settings(), check=True, text=True, timeout=SECONDS, capture_output=capture)
        return done.stdout or ""

    def settings(self) -> dict[str, str]:
        """Return the environment in which the lab's command works on this lab."""
        chosen = {"RINGFENCE_LAB_PROFILE": "other", "RINGFENCE_LAB_PORT_OFFSET": OFFSET, "RINGFENCE_STATE": str(self.folder)}
        return {**bare(), "HOME": str(Path.home()), "RINGFENCE_CACHE": str(caches()), **chosen}

    def way_in(self) -> dict[str, str]:
        """Return the settings by which this machine reaches the bastion and a host outside."""
        _export, *assignments = shlex.split(self.run("env", capture=True))
        known = dict(assignment.split("=", 1) for assignment in assignments)
        return {name: known[name] for name in NEEDED}

    def give_credential(self, home: Path) -> None:
        """Put into a home what an operator starts with: an entry of clouds.yaml without the authority, and the authority's certificate."""
        operator = self.folder / "lab" / "operator"
        place = home / ".config" / "openstack"
        place.mkdir(parents=True)
        lines = (operator / "clouds.yaml").read_text().splitlines(keepends=True)
        (place / "clouds.yaml").write_text("".join(line for line in lines if "cacert:" not in line))
        shutil.copy(operator / "ca.pem", home / "ca.pem")

    def connect(self) -> Connection:
        """Connect as the operator."""
        file = self.folder / "lab" / "operator" / "clouds.yaml"
        return openstack.connection.Connection(config=openstack.config.OpenStackConfig(config_files=[str(file)]).get_one(CLOUD))


def bare() -> dict[str, str]:
    """Return this process's environment without anything that chooses a cloud, an engine or a folder."""
    return {name: value for name, value in os.environ.items() if not name.startswith(OURS) or name in KEPT}


LISTINGS: dict[str, tuple[str, str]] = {
    "projects": ("identity", "/projects"),
    "users": ("identity", "/users"),
    "role_assignments": ("identity", "/role_assignments"),
    "networks": ("network", "/networks"),
    "subnets": ("network", "/subnets"),
    "ports": ("network", "/ports"),
    "routers": ("network", "/routers"),
    "floatingips": ("network", "/floatingips"),
    "subnetpools": ("network", "/subnetpools"),
    "address_groups": ("network", "/address-groups"),
    "rbac_policies": ("network", "/rbac-policies"),
    "servers": ("compute", "/servers/detail?all_tenants=1"),
    "keypairs": ("compute", "/os-keypairs"),
    "volumes": ("block_storage", "/volumes/detail?all_tenants=1"),
    "snapshots": ("block_storage", "/snapshots/detail?all_tenants=1"),
    "backups": ("block_storage", "/backups/detail?all_tenants=1"),
    "volume_types": ("block_storage", "/types"),
    "images": ("image", "/images"),
}
"""What can be left behind, and who lists it."""
PASSING = {"updated_at", "revision_number", "links", "updated", "created_at", "size"}
"""Fields that change by themselves."""


def inventory(cloud: Connection) -> dict[str, list[str]]:
    """List everything of everybody, each object as one text without what changes by itself."""
    found = {}
    for name, (service, path) in LISTINGS.items():
        answer = getattr(cloud, service).get(path)
        answer.raise_for_status()
        found[name] = sorted(str(_still(row)) for row in answer.json()[name])
    own = cloud.current_project_id
    for service in ("compute", "block_storage"):
        found[f"{service} quota"] = [str(sorted(getattr(cloud, service).get(f"/os-quota-sets/{own}").json()["quota_set"].items()))]
    found["network quota"] = [str(sorted(cloud.network.get(f"/quotas/{own}").json()["quota"].items()))]
    return found


def settled(cloud: Connection) -> dict[str, list[str]]:
    """List everything once it stays as it is: a port of a router that has just been made becomes active some seconds later.

    Raises ``AssertionError`` when the cloud is still changing after ``SETTLED_SECONDS``.
    """
    end, found = time.monotonic() + SETTLED_SECONDS, inventory(cloud)
    while True:
        time.sleep(PAUSE_SECONDS)
        before, found = found, inventory(cloud)
        if found == before:
            return found
        assert time.monotonic() < end, "the cloud changes by itself"


def _still(row: dict[str, Any]) -> list[tuple[str, Any]]:
    return sorted((key, value) for key, value in row.items() if key not in PASSING)
