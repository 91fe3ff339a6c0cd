"""All declarations of a folder: the platform and every tenant, with the mistakes of all files in one go."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import chain
from typing import TYPE_CHECKING

from infra.declaration import addresses, joined, names
from infra.declaration.envelope import PREFIX, SUFFIX
from infra.declaration.loader import LeftOutError, load_platform, load_tenant, misread, stack_name
from infra.declaration.yaml.source import Mistake, dotted
from infra.errors import DeclarationError, Problem

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date
    from pathlib import Path

    from infra.declaration.held import Claims, PlatformDeclaration, TenantDeclaration
    from infra.declaration.model import Platform

UNREAD = (".yml", ".json")
"""Endings of files that somebody may take for a declaration and that nobody reads."""


@dataclass(frozen=True, slots=True)
class Declarations:
    """A platform, its tenants in the order of their names, and what is wrong with the tenants that are left out.

    ``left`` are the stacks of the tenants that are left out, ``unnamed`` those among them whose names could not all be read.
    """

    platform: Platform
    tenants: tuple[TenantDeclaration, ...]
    problems: tuple[Problem, ...] = ()
    left: tuple[str, ...] = ()
    unnamed: tuple[str, ...] = ()

    def whole(self) -> Declarations:
        """Return the same, or raise ``DeclarationError`` with every mistake when a tenant had to be left out."""
        if self.problems:
            raise DeclarationError(*self.problems)
        return self

    def undecidable(self) -> tuple[Problem, ...]:
        """Return why the others cannot be judged without the tenants that are left out; empty when they can.

        Every name that a tenant claims is its own, or begins with its own and a hyphen. A tenant whose names cannot be read may so claim
        one of another tenant exactly when one of the two is called after the other: ``acme`` with a zone ``prod-app``, and ``acme-prod``.
        """
        others = [*(one.tenant.name for one in self.tenants), *self.left]
        return tuple(
            Problem(
                f"whether {left} and {other} are kept apart cannot be told",
                f"{PREFIX}{left}{SUFFIX}",
                f"a declaration without mistakes: names of {left} and of {other} may be the same",
                "mistakes, which are listed beside this",
                "mend this declaration first",
            )
            for left in self.unnamed
            for other in others
            if _may_meet(left, other)
        )


def _may_meet(one: str, other: str) -> bool:
    return one.startswith(f"{other}-") or other.startswith(f"{one}-")


def files(folder: Path) -> tuple[Path, ...]:
    """Return the declarations of a folder, sorted. Raises ``OSError`` for a folder that cannot be read: it is not an empty one."""
    return tuple(sorted(path for path in folder.iterdir() if fnmatchcase(path.name, f"{PREFIX}*{SUFFIX}")))


def stacks(folder: Path) -> tuple[str, ...]:
    """Return the names of the tenants that a folder declares, sorted."""
    return tuple(name for name in map(stack_name, files(folder)) if name != names.PLATFORM)


def load_folder(folder: Path, *, today: date) -> Declarations:
    """Read every declaration of a folder; a tenant with mistakes is left out and its mistakes are kept.

    Raises:
        DeclarationError: the platform's declaration is missing or has mistakes.
    """
    paths = {stack: folder / f"{PREFIX}{stack}{SUFFIX}" for stack in stacks(folder)}
    try:
        platform = load_platform(folder / f"{PREFIX}{names.PLATFORM}{SUFFIX}")
    except DeclarationError as error:
        raise DeclarationError(*error.problems, *chain.from_iterable(misread(path, today=today) for path in paths.values())) from error
    tenants: list[TenantDeclaration] = []
    problems: list[Problem] = list(_unread(folder))
    left: dict[str, Claims | None] = {}
    for stack, path in paths.items():
        try:
            tenants.append(load_tenant(path, platform.platform, today=today))
        except DeclarationError as error:
            problems.extend(error.problems)
            left[stack] = error.claims if isinstance(error, LeftOutError) else None
    unnamed = tuple(stack for stack, claims in left.items() if claims is None)
    found = Declarations(platform.platform, tuple(tenants), tuple(problems), tuple(left), unnamed)
    return _together(platform, found, [claims for claims in left.values() if claims is not None])


def _together(platform: PlatformDeclaration, found: Declarations, named: list[Claims]) -> Declarations:
    """Leave out the tenants whose names meet, and those that the platform has no room for: each by itself is right.

    ``named`` are the names of tenants that are left out already: they stand for what is in the cloud of theirs.
    """
    meetings = joined.meetings(found.platform, [*found.tenants, *named])
    met = {stack for stacks in meetings for stack in stacks if stack != names.PLATFORM}
    room, crowded = _room(platform, len(found.tenants) + len(found.left))
    kept = [one for one in found.tenants if one.tenant.name not in met]
    late = {one.tenant.name for one in kept[max(0, room - len({*found.left, *met})) :]} if crowded else set()
    return Declarations(
        found.platform,
        tuple(one for one in kept if one.tenant.name not in late),
        (*found.problems, *chain.from_iterable(meetings.values()), *crowded),
        tuple(sorted({*found.left, *met, *late})),
        found.unnamed,
    )


def _room(platform: PlatformDeclaration, tenants: int) -> tuple[int, tuple[Problem, ...]]:
    """Return for how many tenants the platform has room, and its mistakes when more are declared."""
    limits = {
        ("pool", "cidr"): (addresses.most_segments(platform.platform), "the pool has no management subnet for every tenant"),
        ("backbone", "cidr"): (addresses.most_on_backbone(platform.platform), "the backbone has no address for every tenant"),
        ("backbone", "routers"): (
            addresses.most_routed(platform.platform),
            "the platform's routers have no place for the routes to all tenants",
        ),
    }
    mistakes = [
        Mistake(path, what, f"at most {most} tenants, or a larger {dotted(path)}", f"{tenants} tenants")
        for path, (most, what) in limits.items()
        if tenants > most
    ]
    return min(most for most, _ in limits.values()), platform.lines.problems(mistakes)


def _unread(folder: Path) -> Iterator[Problem]:
    """Yield a mistake for every file that looks like a declaration and is none: what is in it would be dropped without a word."""
    for path in sorted(folder.glob(f"{PREFIX}?*")):
        if path.suffix in UNREAD and path.stem != PREFIX.rstrip("."):
            hint = f"rename it to {path.stem}{SUFFIX}, or take it away"
            yield Problem("nobody reads this file", path.name, f"{PREFIX}<stack>{SUFFIX}", path.name, hint)
