"""What ``pulumi preview --json`` prints, as resources whose references are resolved.

A preview does not know the ids of what it will create: it prints one fixed text for every unknown value, and beside it which resources
the property depends on (``propertyDependencies``). A reference is therefore resolved by its property and the kind of resource that it must
mean; the URN stands for the id.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from infra.errors import Problem, SnapshotError
from infra.neutron.parts import Source

if TYPE_CHECKING:
    from collections.abc import Iterator

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""How the engine prints a value that is not known yet (``plugin.UnknownStringValue`` in github.com/pulumi/pulumi/sdk)."""

_GONE = frozenset({"delete", "delete-replaced", "discard", "discard-replaced", "remove-pending-replace", "read-discard"})
_SAME = "same"
_KEPT = frozenset({_SAME, "read", "refresh"})


class State(msgspec.Struct, frozen=True, rename="camel"):
    """A resource's state, before or after."""

    urn: str
    type: str
    id: str = ""
    inputs: dict[str, Any] = {}
    outputs: dict[str, Any] = {}
    provider: str = ""
    property_dependencies: dict[str, list[str] | None] = {}


class Step(msgspec.Struct, frozen=True, rename="camel"):
    """One step of the plan."""

    op: str
    urn: str
    old_state: State | None = None
    new_state: State | None = None


class _Preview(msgspec.Struct, frozen=True, rename="camel"):
    steps: list[Step]
    change_summary: dict[str, int] = {}


@dataclass(frozen=True, slots=True)
class Resource:
    """A resource as it will be; ``kept`` when the plan does not touch it."""

    state: State
    kept: bool

    @property
    def id(self) -> str:
        """The id, or the URN while there is none."""
        return self.state.id or self.state.urn

    @property
    def kind(self) -> str:
        """The type without its package and module: ``Network`` for ``openstack:networking/network:Network``."""
        return self.state.type.rsplit(":", 1)[-1]

    def get(self, name: str) -> Any:  # noqa: ANN401 - JSON
        """Return a property, ``None`` when it is absent or not known yet."""
        for values in (self.state.inputs, self.state.outputs):
            value = values.get(name)
            if value is not None and value != UNKNOWN:
                return value
        return None

    def dependencies(self, name: str) -> list[str]:
        """Return the URNs that a property depends on."""
        return self.state.property_dependencies.get(name) or []


class Plan:
    """A decoded preview. ``left_out`` is the number of resources that stay as they are and were not printed (no ``--show-sames``)."""

    def __init__(self, data: bytes, name: str) -> None:
        """Decode it. Raises ``SnapshotError`` when it is not what ``pulumi preview --json`` prints."""
        try:
            preview = msgspec.json.decode(data, type=_Preview)
        except msgspec.DecodeError as error:
            hint = "pulumi preview --json > plan.json, with nothing else on standard output"
            raise SnapshotError(Problem("this is no plan", where=name, got=str(error), hint=hint)) from error
        self.name = name
        steps = preview.steps
        self.left_out = preview.change_summary.get(_SAME, 0) - sum(step.op == _SAME for step in steps)
        self.removed = {step.old_state.id for step in steps if step.op in _GONE and step.old_state is not None and step.old_state.id}
        found = ((step.op, step.new_state) for step in steps if step.op not in _GONE and step.new_state is not None)
        self.resources = {state.urn: Resource(state, op in _KEPT) for op, state in found}

    def of(self, *kinds: str) -> Iterator[Resource]:
        """Yield the resources of some kinds, in the order of the plan."""
        for resource in self.resources.values():
            if resource.kind in kinds:
                yield resource

    def reference(self, resource: Resource, name: str, kind: str) -> str:
        """Return the id that a property refers to; empty when it is not set.

        Raises:
            SnapshotError: it is not known, and the plan does not say which resource it will be.
        """
        value = resource.get(name)
        if value is not None:
            return str(value)
        if name not in resource.state.inputs:
            return ""
        targets = self.targets(resource, name, kind)
        if len(targets) != 1:
            raise SnapshotError(
                Problem(
                    "the plan does not say what a property refers to",
                    where=f"{self.name}: {resource.state.urn} {name}",
                    expected=f"one {kind}",
                    got=", ".join(target.id for target in targets) or "none",
                )
            )
        return targets[0].id

    def references(self, resource: Resource, name: str, kind: str) -> list[str]:
        """Return the ids in a list: the known ones, and those that unknown members depend on."""
        values = resource.get(name) or []
        known = [str(value) for value in values if value != UNKNOWN]
        if len(known) == len(values) and name not in self._wholly_unknown(resource):
            return known
        return known + [target.id for target in self.targets(resource, name, kind) if target.id not in known]

    @staticmethod
    def _wholly_unknown(resource: Resource) -> set[str]:
        return {name for name, value in resource.state.inputs.items() if value == UNKNOWN}

    def targets(self, resource: Resource, name: str, kind: str) -> list[Resource]:
        """Return the resources of a kind that a property depends on."""
        found = (self.resources.get(urn) for urn in resource.dependencies(name))
        return [target for target in found if target is not None and target.kind == kind]

    def provider(self, resource: Resource) -> Resource | None:
        """Return the provider that a resource is created with."""
        return self.resources.get(resource.state.provider.rpartition("::")[0])


def source(resource: Resource) -> Source:
    """Return where a planned object comes from: its URN."""
    return Source(urn=resource.state.urn)
