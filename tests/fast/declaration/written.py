"""A tenant's file as a person writes it, with one part written otherwise."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.declaration import load_tenant
from infra.declaration.model import Platform
from infra.errors import DeclarationError
from tests.fast.declaration.declared import PLATFORM, TODAY

if TYPE_CHECKING:
    from pathlib import Path

PARTS = {
    "region": "north",
    "zone": "app",
    "cidr": "10.9.0.0/24",
    "more": "",
    "number": "11",
    "flavor": "small",
    "root": "2",
    "ports": "[443]",
    "reason": "customers read",
    "expires": "2027-12-31",
}
FILE = """\
config:
  ringfence:tenant:
    region: {region}
    labels: {{classification: internal, service: reports}}
    zones:
      {zone}: {{cidr: {cidr}{more}}}
    servers:
      api: {{zones: {{{zone}: {number}}}, flavor: {flavor}, root: {root}, public: {zone}}}
    flows:
      https: {{from: internet, to: api, protocol: tcp, ports: {ports}, reason: {reason}, owner: reports team, expires: {expires}}}
"""


def file(**parts: str) -> str:
    """Return the file's text with some parts written otherwise."""
    return FILE.format(**PARTS | parts)


def said(folder: Path, text: str | bytes, stack: str = "acme") -> list[str]:
    """Return what is said about a tenant's file, one text per mistake and without the file's name; nothing when it is accepted."""
    path = folder / f"Pulumi.{stack}.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    try:
        load_tenant(path, Platform.model_validate(PLATFORM), today=TODAY)
    except DeclarationError as error:
        return [str(problem).removeprefix(f"{path.name}:") for problem in error.problems]
    return []
