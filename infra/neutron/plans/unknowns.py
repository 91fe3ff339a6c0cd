"""What a plan holds and the model does not know: types, properties, and values that are not told though they decide."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from infra.neutron.plans.kinds import INNER, KNOWN, ResourceKind, reason_against
from infra.neutron.plans.preview import MOST, is_told

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from infra.neutron.plans.kinds import Properties
    from infra.neutron.plans.overlay import Overlay
    from infra.neutron.plans.preview import Resource


def add_doubts(overlay: Overlay) -> None:
    """Note everything of the plan over which nothing can be told. What the base shows as it is, is judged there."""
    for resource in overlay.plan.resources.values():
        reason = reason_against(resource.state.type, custom=resource.state.custom)
        if reason:
            overlay.doubt(resource, reason)
        elif resource.state.type in KNOWN and not overlay.shows(resource):
            for doubt in doubts_of(resource, ResourceKind(resource.state.type)):
                overlay.doubt(resource, doubt)
            if resource.kept and not (resource.state.inputs or resource.state.outputs):
                overlay.doubt(resource, "neither the plan nor the state that it is laid over shows it")


def doubts_of(resource: Resource, kind: ResourceKind) -> Iterator[str]:
    """Yield what of a resource is not understood: of its inputs; of its outputs where nobody asked for it in a program."""
    values = resource.state.inputs or resource.state.outputs
    yield from _unread(values, KNOWN[kind], "")
    for (owner, name), properties in INNER.items():
        parts = values.get(name)
        if owner is kind and parts and is_told(parts if not isinstance(parts, list | dict) else ""):
            for part in parts if isinstance(parts, list) else [parts]:
                yield from _unread(part, properties, f"{name}.") if isinstance(part, dict) else [f"{name} is not told"]


def _unread(values: Mapping[str, Any], properties: Properties, inside: str) -> Iterator[str]:
    for name, value in values.items():
        if name.startswith("__") or value in (None, False, "", [], {}) or name in properties.filled | properties.harmless:
            continue
        if name not in properties.read:
            yield f"the model does not know the property {inside}{name}: {_shown(value)}"
        elif not is_told(value):
            yield f"the plan does not tell {inside}{name}"


def _shown(value: object) -> str:
    text = str(value)
    return text if len(text) <= MOST else f"{text[:MOST]}..."
