"""Read and judge a whole declaration: either every mistake in it, or a declaration that everything else can rely on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from infra.declaration import checks, shapes, source
from infra.declaration.draft import Draft
from infra.declaration.model import External, Flow, Platform, Server, Tenant, Zone
from infra.declaration.source import Lines, Mistake
from infra.errors import DeclarationError, Problem

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path

    from infra.declaration.source import Source

PREFIX, SUFFIX = "Pulumi.", ".yaml"
SECTIONS = ("zones", "externals", "servers", "flows")
CONFIG, TENANT, PLATFORM = "config", "ringfence:tenant", "ringfence:platform"


@dataclass(frozen=True, slots=True)
class TenantDeclaration:
    """A tenant that holds together, and where each part of it was written."""

    tenant: Tenant
    lines: Lines


@dataclass(frozen=True, slots=True)
class PlatformDeclaration:
    """A platform that holds together, and where each part of it was written."""

    platform: Platform
    lines: Lines


def stack_name(path: Path) -> str:
    """Return the stack that a file declares: ``acme`` for ``Pulumi.acme.yaml``. Raises ``DeclarationError`` for other names."""
    name = path.name.removeprefix(PREFIX).removesuffix(SUFFIX)
    if path.name != f"{PREFIX}{name}{SUFFIX}":
        raise DeclarationError(Problem("the file is no declaration", path.name, f"{PREFIX}<stack>{SUFFIX}"))
    return name


def _section(path: Path, key: str, *, other: str) -> Source:
    """Return the declaration in a stack's file. Raises ``DeclarationError`` when there is none."""
    try:
        whole = source.read(path)
    except OSError as error:
        hint = "write the file; docs/declaration.md shows how"
        raise DeclarationError(Problem("no declaration", path.name, "a file", error.strerror or "", hint)) from error
    try:
        return whole.at(CONFIG, key)
    except KeyError as error:
        if whole.mistakes:
            raise DeclarationError(*whole.lines.problems(whole.mistakes)) from error
        written = whole.tree.get(CONFIG) if isinstance(whole.tree, Mapping) else None
        got = other if isinstance(written, Mapping) and other in written else "nothing under this key"
        hint = "a stack is either the platform or a tenant; docs/declaration.md shows both"
        problem = Problem("no declaration", f"{path.name}: {CONFIG}.{key}", "a mapping", got, hint)
        raise DeclarationError(problem) from error


def load_platform(path: Path) -> PlatformDeclaration:
    """Read the platform's declaration. Raises ``DeclarationError`` with every mistake in it."""
    found = _section(path, PLATFORM, other=TENANT)
    platform, mistakes = shapes.validate(Platform, found.tree, ())
    mistakes += found.mistakes
    if platform is not None:
        mistakes += checks.platform(platform)
    if platform is None or mistakes:
        raise DeclarationError(*found.lines.problems(mistakes))
    return PlatformDeclaration(platform, found.lines)


def load_tenant(path: Path, platform: Platform, *, today: date) -> TenantDeclaration:
    """Read a tenant's declaration. Raises ``DeclarationError`` with every mistake in it.

    ``today`` decides which flows have expired: a flow is allowed up to and including its last day.
    """
    name = stack_name(path)
    found = _section(path, TENANT, other=PLATFORM)
    if not isinstance(found.tree, Mapping):
        keys = ", ".join(key for key in shapes.keys_of(Tenant) if key != "name")
        mistake = Mistake((), "not a mapping", f"the keys {keys}", shapes.shown(found.tree))
        raise DeclarationError(*found.lines.problems([*found.mistakes, mistake]))
    tenant, mistakes = _tenant(name, found, platform, today)
    if tenant is None:
        raise DeclarationError(*found.lines.problems(mistakes))
    return TenantDeclaration(tenant, found.lines)


def _tenant(name: str, found: Source, platform: Platform, today: date) -> tuple[Tenant | None, list[Mistake]]:
    """Judge the whole first, for the frame around the entries, then entry by entry, so that every readable one is checked."""
    tree = {key: value for key, value in found.tree.items() if value is not None or key not in SECTIONS}
    tenant, whole = shapes.validate(Tenant, {**tree, "name": name}, ())
    zones, in_zones = shapes.entries(Zone, tree.get("zones"), ("zones",))
    externals, in_externals = shapes.entries(External, tree.get("externals"), ("externals",))
    servers, in_servers = shapes.entries(Server, tree.get("servers"), ("servers",))
    flows, in_flows = shapes.entries(Flow, tree.get("flows"), ("flows",))
    written = {
        section: frozenset(map(str, tree[section])) if isinstance(tree.get(section), Mapping) else frozenset[str]() for section in SECTIONS
    }
    region = tree.get("region") if isinstance(tree.get("region"), str) else None
    draft = Draft(name, platform, today, region, zones, externals, servers, flows, written)
    entries = [*in_zones, *in_externals, *in_servers, *in_flows]
    inside = {mistake.path for mistake in entries}
    frame = [mistake for mistake in whole if mistake.path not in inside]
    if "name" in found.tree:
        frame.append(Mistake(("name",), "unknown key", "no name: the file's name is the tenant's", shapes.shown(found.tree["name"])))
    mistakes = [*found.mistakes, *frame, *entries, *checks.tenant(draft)]
    return (None if mistakes else tenant), mistakes
