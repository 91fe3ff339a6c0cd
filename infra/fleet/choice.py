"""Which tenants are meant: those that are named, those with a label, or all that are declared."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.errors import QuestionError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from infra.declaration.model import Labels, Tenant

WORDS = ("classification", "service")
"""The labels that a declaration has (:class:`infra.declaration.model.Labels`)."""


def labels(texts: Sequence[str]) -> Mapping[str, frozenset[str]]:
    """Read ``LABEL=VALUE`` texts; several values of one label are alternatives. Raises :class:`QuestionError`."""
    found: dict[str, set[str]] = {}
    for text in texts:
        label, equals, value = text.partition("=")
        if label not in WORDS or not equals or not value:
            expected = " or ".join(f"{word}=VALUE" for word in WORDS)
            raise QuestionError.of("not a label of a tenant", where="--label", expected=expected, got=text)
        found.setdefault(label, set()).add(value)
    return {label: frozenset(values) for label, values in found.items()}


def chosen(
    tenants: Sequence[Tenant], left: Collection[str], named: Collection[str], wanted: Mapping[str, frozenset[str]]
) -> tuple[str, ...]:
    """Return the names of the tenants that are meant, sorted. ``left`` are those whose declarations have mistakes.

    Raises:
        QuestionError: a name is not declared, nobody has the labels, or whether somebody has them cannot be told for a mistake.
    """
    declared = {tenant.name: tenant.labels for tenant in tenants}
    if unknown := sorted(set(named) - declared.keys() - set(left)):
        expected = ", ".join(sorted(declared)) or "a tenant that is declared"
        raise QuestionError.of("no such tenant", where=", ".join(unknown), expected=expected)
    asked = sorted(set(named) or declared.keys() | set(left))
    if unread := [name for name in asked if name in left]:
        hint = "ringfence validate; or name the tenants that are meant"
        raise QuestionError.of("the declaration has mistakes", where=", ".join(unread), expected="one without", hint=hint)
    found = tuple(name for name in asked if _has(declared[name], wanted))
    if not found:
        got = ", ".join(f"{label}={' or '.join(sorted(values))}" for label, values in wanted.items()) or "no declaration"
        raise QuestionError.of("no tenant is meant", where="--label" if wanted else "", expected="at least one", got=got)
    return found


def _has(own: Labels, wanted: Mapping[str, frozenset[str]]) -> bool:
    return all(str(getattr(own, label)) in values for label, values in wanted.items())
