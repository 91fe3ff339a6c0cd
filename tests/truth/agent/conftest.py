from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import pytest

from ringfence.verify.model import NodeRole
from ringfence.verify.probes.fleets import Fleet
from ringfence.verify.probes.plan import MatrixPlan
from tests.truth.agent.lan import Lan

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def lan() -> Iterator[Lan]:
    """Give the namespaces, built once."""
    built = Lan.build()
    yield built
    built.close()


@pytest.fixture(scope="session")
def plan(lan: Lan) -> MatrixPlan:
    """Give the expected matrix of the declarations in the tree."""
    return MatrixPlan(lan.inventory)


@pytest.fixture
def field(lan: Lan, plan: MatrixPlan) -> Iterator[Fleet]:
    """Give a field with a program running in every namespace."""
    with contextlib.ExitStack() as stack:
        links = {
            name: stack.enter_context(contextlib.closing(lan.link(name)))
            for name in plan.nodes
            if plan.nodes[name].role is not NodeRole.OUTSIDE
        }
        field = Fleet(plan.nodes, links, plan.ports)
        field.listen()
        yield field
