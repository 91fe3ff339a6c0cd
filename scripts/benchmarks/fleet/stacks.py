"""A project of many tenants, and a back end of files with a stack for each, as the engine writes them. No cloud is behind it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from infra.declaration import names
from infra.declaration.envelope import PREFIX, SUFFIX
from ringfence.locks import PROJECT

if TYPE_CHECKING:
    from pathlib import Path

RESOURCES, BYTES = 93, 4600
"""Of a stack, and of one of its resources: what the sample tenant with two servers has, whose state is 425 KB."""
VERSION, TIME = 3, "2026-11-30T08:00:00Z"
SAMPLE = "acme"
WIDER = {"router: 1, bastion: 10": "router: 1, bastion: 10, routers: 20", "172.29.0.0/24": "172.28.0.0/21", "host: 200": "host: 1500"}
"""What the sample's platform needs for so many tenants: routers for their routes, and a backbone for the routers."""


def project(source: Path, target: Path, tenants: int) -> None:
    """Declare a platform and so many tenants in a folder, from the samples of a checkout."""
    target.mkdir()
    platform = (source / f"{PREFIX}{names.PLATFORM}{SUFFIX}").read_text(encoding="utf-8")
    for before, now in WIDER.items():
        if before not in platform:
            raise LookupError(before)
        platform = platform.replace(before, now)
    (target / f"{PREFIX}{names.PLATFORM}{SUFFIX}").write_text(platform, encoding="utf-8")
    (target / "Pulumi.yaml").write_bytes((source / "Pulumi.yaml").read_bytes())
    sample = (source / f"{PREFIX}{SAMPLE}{SUFFIX}").read_bytes()
    for tenant in tenant_names(tenants):
        (target / f"{PREFIX}{tenant}{SUFFIX}").write_bytes(sample)


def backend(target: Path, tenants: int) -> None:
    """Write a back end in which the platform and every tenant has a stack."""
    place = target / ".pulumi" / "stacks" / PROJECT
    place.mkdir(parents=True)
    (target / ".pulumi" / "meta.yaml").write_text("version: 1\n", encoding="utf-8")
    for stack in (names.PLATFORM, *tenant_names(tenants)):
        (place / f"{stack}.json").write_text(json.dumps(_stack(stack)), encoding="utf-8")


def tenant_names(count: int) -> tuple[str, ...]:
    """Return the names of so many tenants."""
    return tuple(f"t{number:04}" for number in range(1, count + 1))


def _stack(name: str) -> dict[str, object]:
    urn = f"urn:pulumi:{name}::{PROJECT}::"
    kinds = ("pulumi:pulumi:Stack", *["ringfence:index:Component"] * (RESOURCES - 1))
    resources = [
        {"urn": f"{urn}{kind}::{number}", "custom": False, "type": kind, "outputs": {"text": "x" * BYTES}}
        for number, kind in enumerate(kinds)
    ]
    latest = {"manifest": {"time": TIME, "magic": "", "version": ""}, "resources": resources}
    return {"version": VERSION, "checkpoint": {"stack": f"organization/{PROJECT}/{name}", "latest": latest}}
