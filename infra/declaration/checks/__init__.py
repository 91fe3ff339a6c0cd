"""What must hold between the parts of a declaration; every check yields all the mistakes it finds and knows no other check."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.declaration.draft import Draft
    from infra.declaration.model import Platform
    from infra.declaration.source import Mistake


def tenant(draft: Draft) -> Iterator[Mistake]:
    """Yield every mistake between the parts of a tenant's declaration."""
    yield from ()


def platform(declared: Platform) -> Iterator[Mistake]:
    """Yield every mistake between the parts of the platform's declaration."""
    yield from ()
