"""Which tenants are meant."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from infra.errors import QuestionError
from infra.fleet.choice import chosen, labels
from tests.fast.declaration import declared as samples

if TYPE_CHECKING:
    from infra.declaration.model import Tenant

pytestmark = pytest.mark.fast


@pytest.fixture(scope="module")
def declared(tmp_path_factory: pytest.TempPathFactory) -> list[Tenant]:
    """Two tenants with services of their own."""
    one = samples.tenant(tmp_path_factory.mktemp("declared")).tenant
    return [one.model_copy(update={"name": "zeta", "labels": one.labels.model_copy(update={"service": "another"})}), one]


def test_all_are_meant_when_nobody_is_named(declared: list[Tenant]) -> None:
    """In the order of their names."""
    assert chosen(declared, (), (), {}) == tuple(sorted(one.name for one in declared))


def test_labels_choose_and_several_values_are_alternatives(declared: list[Tenant]) -> None:
    """Several labels have to hold together."""
    one, *others = declared
    assert chosen([one, *others], (), (), labels([f"service={one.labels.service}"])) == (one.name,)
    every = [f"service={each.labels.service}" for each in (one, *others)]
    assert set(chosen([one, *others], (), (), labels(every))) == {each.name for each in (one, *others)}
    both = labels([f"service={one.labels.service}", "classification=nothing"])
    with pytest.raises(QuestionError, match="no tenant is meant"):
        chosen([one, *others], (), (), both)


def test_a_mistake_of_somebody_who_is_meant_ends_it_and_nobody_elses_does(declared: list[Tenant]) -> None:
    """Whether somebody has a label cannot be told from a declaration with mistakes."""
    with pytest.raises(QuestionError, match="has mistakes"):
        chosen(declared, ("broken",), (), labels(["service=shop"]))
    assert chosen(declared, ("broken",), (declared[0].name,), {}) == (declared[0].name,)


def test_a_name_that_nobody_declares_is_an_error(declared: list[Tenant]) -> None:
    """It names who is declared."""
    with pytest.raises(QuestionError, match="no such tenant"):
        chosen(declared, (), ("nobody",), {})
    with pytest.raises(QuestionError, match="no tenant is meant"):
        chosen([], (), (), {})


@pytest.mark.parametrize("text", ["service", "service=", "colour=red", "=shop", ""])
def test_a_text_that_is_no_label_is_an_error(text: str) -> None:
    """It says which labels there are."""
    with pytest.raises(QuestionError, match="not a label"):
        labels([text])
