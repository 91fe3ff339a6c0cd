"""Read and judge a whole declaration: either every mistake in it, or a declaration that everything else can rely on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from infra.declaration import checks, envelope, shapes
from infra.declaration.draft import Draft, OnPlatform
from infra.declaration.envelope import PLATFORM, PREFIX, SUFFIX, TENANT
from infra.declaration.expiry import ended
from infra.declaration.held import Claims, PlatformDeclaration, TenantDeclaration
from infra.declaration.model import Backup, External, Flow, Offboarding, Platform, Server, Tenant, Zone
from infra.declaration.services import OFFERED
from infra.declaration.wording import keys_of, near, shown
from infra.declaration.yaml import reader
from infra.declaration.yaml.source import Mistake
from infra.errors import DeclarationError, Problem

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path

    from infra.declaration.yaml.source import Source

SECTIONS = ("zones", "externals", "servers", "flows")


class LeftOutError(DeclarationError):
    """A tenant's declaration is refused. ``claims`` are its names, where all of them could be read all the same."""

    def __init__(self, problems: tuple[Problem, ...], claims: Claims | None) -> None:
        """Keep the problems in the order of the file."""
        super().__init__(*problems)
        self.claims = claims


def stack_name(path: Path) -> str:
    """Return the stack that a file declares: ``acme`` for ``Pulumi.acme.yaml``. Raises ``DeclarationError`` for other names."""
    name = path.name.removeprefix(PREFIX).removesuffix(SUFFIX)
    if path.name != f"{PREFIX}{name}{SUFFIX}":
        raise DeclarationError(Problem("the file is no declaration", path.name, f"{PREFIX}<stack>{SUFFIX}"))
    return name


def _section(path: Path, key: str) -> Source:
    """Return the declaration in a stack's file. Raises ``DeclarationError`` when there is none."""
    try:
        whole = reader.read(path)
    except OSError as error:
        hint = "write the file; docs/declaration.md shows how"
        raise DeclarationError(Problem("no declaration", path.name, "a file", error.strerror or "", hint)) from error
    return envelope.opened(whole, key)


def load_platform(path: Path) -> PlatformDeclaration:
    """Read the platform's declaration. Raises ``DeclarationError`` with every mistake in it."""
    found = _section(path, PLATFORM)
    platform, mistakes = shapes.validate(Platform, found.tree, ())
    mistakes = [*found.mistakes, *found.unsaid(mistakes)]
    if platform is not None:
        mistakes += checks.platform(platform)
    if platform is None or mistakes or found.around:
        raise DeclarationError(*found.problems(mistakes))
    if platform.services:
        written = {service: found.lines.of("services", service) for service in OFFERED}
        platform.services.read_from({service: (place.file, place.line) for service, place in written.items()})
    return PlatformDeclaration(platform, found.lines)


def load_tenant(path: Path, platform: Platform, *, today: date) -> TenantDeclaration:
    """Read a tenant's declaration. Raises ``DeclarationError`` with every mistake in it.

    ``today`` decides which flows have ended: a flow is allowed up to and including its last day. That is no mistake of the file, which is
    as right as it was the day before.
    """
    return _load(path, platform, today)


def load_alone(path: Path, *, today: date) -> TenantDeclaration:
    """Read a tenant's declaration without any platform: nothing in ``checks.ON_PLATFORM`` is judged, so it is not to be built from.

    Raises ``DeclarationError`` with every mistake that the file shows by itself.
    """
    return _load(path, None, today)


def _load(path: Path, platform: Platform | None, today: date) -> TenantDeclaration:
    name = stack_name(path)
    found = _section(path, TENANT)
    if not isinstance(found.tree, Mapping):
        mistake = Mistake((), "not a mapping", f"the keys {', '.join(keys_of(Tenant))}", shown(found.tree))
        raise DeclarationError(*found.problems([*found.mistakes, *found.unsaid([mistake])]))
    tenant, mistakes, draft = _tenant(name, found, platform)
    if tenant is None or found.around:
        raise LeftOutError(found.problems(mistakes), Claims(draft, found.lines) if draft.is_named() else None)
    return TenantDeclaration(tenant, found.lines, ended(tenant, today))


def misread(path: Path, *, today: date) -> tuple[Problem, ...]:
    """Return what is wrong with a tenant's file whatever the platform's says: for the case that the platform's cannot be read."""
    try:
        load_alone(path, today=today)
    except DeclarationError as error:
        return error.problems
    return ()


class _Shapes(NamedTuple):
    """What could be read of a tenant, part by part, and every mistake of shape."""

    tenant: Tenant | None
    zones: dict[str, Zone]
    externals: dict[str, External]
    servers: dict[str, Server]
    flows: dict[str, Flow]
    mistakes: list[Mistake]


def _tenant(name: str, found: Source, platform: Platform | None) -> tuple[Tenant | None, list[Mistake], Draft]:
    """Judge the shapes, then what is between the parts that could be read. The draft has these, whatever came of it.

    Without a platform, what a tenant's file shows only beside one is not judged.
    """
    tree = found.tree
    read = shapes_of(name, found)
    written = {section: _names(tree.get(section)) for section in SECTIONS}
    region = tree.get("region") if isinstance(tree.get("region"), str) else None
    in_order = tuple(map(str, tree["servers"])) if written["servers"] else ()
    parts = (read.zones, read.externals, read.servers, read.flows, written, in_order)
    backup, _ = shapes.validate(Backup, tree.get("backup") or {}, ("backup",))  # its mistakes of shape are among the whole's
    end, _ = shapes.validate(Offboarding, tree.get("offboarding") or {}, ("offboarding",))  # as above
    draft = Draft(name, region, *parts, names_known=_names_known(tree, found), backup=backup, offboarding=end)
    if platform is not None:
        draft = OnPlatform(name, region, *parts, names_known=draft.names_known, backup=backup, offboarding=end, platform=platform)
    mistakes = [*found.mistakes, *read.mistakes, *checks.tenant(draft)]
    return (None if mistakes else read.tenant), mistakes, draft


def shapes_of(name: str, found: Source) -> _Shapes:
    """Read the whole first, for the frame around the entries, then entry by entry, so that every readable one is checked."""
    tree = {key: value for key, value in found.tree.items() if value is not None or key not in SECTIONS}
    tenant, whole = shapes.validate(Tenant, {**tree, "name": name}, ())
    zones, in_zones = shapes.entries(Zone, tree.get("zones"), ("zones",))
    externals, in_externals = shapes.entries(External, tree.get("externals"), ("externals",))
    servers, in_servers = shapes.entries(Server, tree.get("servers"), ("servers",))
    flows, in_flows = shapes.entries(Flow, tree.get("flows"), ("flows",))
    entries = [*in_zones, *in_externals, *in_servers, *in_flows]
    inside = {(mistake.path, mistake.what) for mistake in entries}
    shape = [mistake for mistake in whole if (mistake.path, mistake.what) not in inside] + entries
    if "name" in found.tree:
        expected = f"one of {', '.join(keys_of(Tenant))}"
        shape.append(Mistake(("name",), "unknown key", expected, "name", "the file's name is the tenant's name"))
    return _Shapes(tenant, zones, externals, servers, flows, found.unsaid(shape))


def _names(section: object) -> frozenset[str]:
    return frozenset(map(str, section)) if isinstance(section, Mapping) else frozenset()


def _names_known(tree: Mapping[str, object], found: Source) -> bool:
    """Whether all names of zones, externals and servers could be read: none of these sections is misspelt, absent or no mapping."""
    sections = {near(key, SECTIONS) for key in tree if key not in keys_of(Tenant)}
    readable = all(tree.get(section) is None or isinstance(tree[section], Mapping) for section in SECTIONS)
    torn = any(len(mistake.path) == 1 and mistake.path[0] in SECTIONS for mistake in found.mistakes)
    return readable and tree.get("zones") is not None and not torn and not any(sections)
