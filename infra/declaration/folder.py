"""All declarations of a folder: the platform and every tenant, with the mistakes of all files in one go."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from infra.declaration import names
from infra.declaration.loader import PREFIX, SUFFIX, load_platform, load_tenant, stack_name
from infra.errors import DeclarationError

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path

    from infra.declaration.loader import TenantDeclaration
    from infra.declaration.model import Platform
    from infra.errors import Problem


@dataclass(frozen=True, slots=True)
class Declarations:
    """A platform, its tenants in the order of their names, and what is wrong with the tenants that are left out."""

    platform: Platform
    tenants: tuple[TenantDeclaration, ...]
    problems: tuple[Problem, ...] = ()

    def whole(self) -> Declarations:
        """Return the same, or raise ``DeclarationError`` with every mistake when a tenant had to be left out."""
        if self.problems:
            raise DeclarationError(*self.problems)
        return self


def stacks(folder: Path) -> tuple[str, ...]:
    """Return the names of the tenants that a folder declares, sorted."""
    found = sorted(stack_name(path) for path in folder.glob(f"{PREFIX}*{SUFFIX}"))
    return tuple(name for name in found if name != names.PLATFORM)


def load_folder(folder: Path, *, today: date) -> Declarations:
    """Read every declaration of a folder; a tenant with mistakes is left out and its mistakes are kept.

    Raises:
        DeclarationError: the platform's declaration is missing or has mistakes.
    """
    platform = load_platform(folder / f"{PREFIX}{names.PLATFORM}{SUFFIX}").platform
    tenants: list[TenantDeclaration] = []
    problems: list[Problem] = []
    for stack in stacks(folder):
        try:
            tenants.append(load_tenant(folder / f"{PREFIX}{stack}{SUFFIX}", platform, today=today))
        except DeclarationError as error:
            problems.extend(error.problems)
    return Declarations(platform, tuple(tenants), tuple(problems))
