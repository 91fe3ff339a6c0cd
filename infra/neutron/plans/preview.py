"""What ``pulumi preview --json`` prints, as resources whose references are resolved.

A preview does not know the ids of what it will create: it prints one fixed text for every unknown value, and beside it which resources
the property depends on (``propertyDependencies``). A reference is therefore resolved by its property and the kind of resource that it must
mean; the URN stands for the id.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec

from infra import structs
from infra.errors import Problem, SnapshotError
from infra.neutron.snapshot.parts import Source

if TYPE_CHECKING:
    from collections.abc import Iterator

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""How the engine prints a value that is not known yet (``plugin.UnknownStringValue`` in github.com/pulumi/pulumi/sdk)."""

_NOT_TOLD = frozenset(
    {
        UNKNOWN,
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
        "030794c1-ac77-496b-92df-f27374a8bd58",
        "e48ece36-62e2-4504-bad9-02848725956a",
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
        "[secret]",
    }
)
"""The same for texts, booleans, numbers, lists, assets, archives and objects; and what stands for a secret."""

OTHER_STATE = "name the state that the plan was made for: plan:FILE+STATE"
"""What to do when a plan speaks of something that is neither in it nor in the state under it."""

MOST = 200
"""Characters of a value that an error quotes."""
_GONE = frozenset({"delete", "delete-replaced", "discard", "discard-replaced", "remove-pending-replace", "read-discard"})
_SAME = "same"
_KEPT = frozenset({_SAME, "read", "refresh"})
_STAYS = _KEPT | {"update"}
"""Steps after which it is the same object: the engine prints its id, and what the cloud has filled in, in the old state only."""


def is_told(value: object) -> bool:
    """Tell whether a value is known as a whole."""
    if isinstance(value, dict):
        return all(map(is_told, value.values()))
    if isinstance(value, list):
        return all(map(is_told, value))
    return not (isinstance(value, str) and value in _NOT_TOLD)


class ResourceState(msgspec.Struct, frozen=True, rename="camel"):
    """A resource's state, before or after."""

    urn: str
    type: str
    id: str = ""
    custom: bool = True
    inputs: dict[str, Any] = {}
    outputs: dict[str, Any] = {}
    provider: str = ""
    property_dependencies: dict[str, list[str] | None] = {}


class Step(msgspec.Struct, frozen=True, rename="camel"):
    """One step of the plan."""

    op: str
    urn: str
    old_state: ResourceState | None = None
    new_state: ResourceState | None = None


class _Preview(msgspec.Struct, frozen=True, rename="camel"):
    steps: list[Step]
    change_summary: dict[str, int] = {}


@dataclass(frozen=True, slots=True)
class Resource:
    """A resource as it will be, with its inputs as they were; ``kept`` when the plan does not touch it."""

    state: ResourceState
    kept: bool
    before: dict[str, Any] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """The id, or the URN while there is none."""
        return self.state.id or self.state.urn

    def get(self, name: str) -> Any:  # noqa: ANN401 - JSON
        """Return a property, ``None`` when it is absent or not known yet. A list or object may hold values that are not known yet."""
        asked = self.state.inputs.get(name)
        value = self.state.outputs.get(name) if asked is None else asked
        return None if isinstance(value, str) and not is_told(value) else value

    def text(self, name: str) -> str:
        """Return a property as a text, empty when it is absent or not known yet."""
        value = self.get(name)
        return "" if value is None else str(value)

    def items(self, name: str) -> list[Any]:
        """Return a list, empty when it is absent or not known yet. Raises ``SnapshotError`` when it is something else."""
        value = self.get(name)
        if value is None or isinstance(value, list):
            return value or []
        raise self._wrong(name, "a list", value)

    def flag(self, name: str, *, default: bool) -> bool:
        """Return a boolean, which some languages write as a word. Raises ``SnapshotError`` when it is something else."""
        value = self.get(name)
        if value is None or isinstance(value, bool):
            return default if value is None else value
        words = {"true": True, "false": False}
        if str(value).lower() not in words:
            raise self._wrong(name, "true or false", value)
        return words[str(value).lower()]

    def number(self, name: str) -> int | None:
        """Return a number, ``None`` when it is absent or not known yet. Raises ``SnapshotError`` when it is something else."""
        value = self.get(name)
        if value is None:
            return None
        try:
            return int(value)
        except (TypeError, ValueError) as error:
            raise self._wrong(name, "a number", value) from error

    def _wrong(self, name: str, expected: str, value: object) -> SnapshotError:
        where = f"{self.state.urn} {name}"
        return SnapshotError(Problem("a value in the plan does not fit", where=where, expected=expected, got=repr(value)[:MOST]))

    def dependencies(self, name: str) -> list[str]:
        """Return the URNs that a property depends on."""
        return self.state.property_dependencies.get(name) or []


class Plan:
    """A decoded preview. ``left_out`` is the number of resources that stay as they are and were not printed (no ``--show-sames``)."""

    def __init__(self, data: bytes, name: str) -> None:
        """Decode it. Raises ``SnapshotError`` when it is not what ``pulumi preview --json`` prints."""
        try:
            preview = structs.decode(data, _Preview)
        except msgspec.DecodeError as error:
            hint = "pulumi preview --json > plan.json, with nothing else on standard output"
            raise SnapshotError(Problem("this is no plan", where=name, got=str(error), hint=hint)) from error
        self.name = name
        steps = preview.steps
        self.left_out = preview.change_summary.get(_SAME, 0) - sum(step.op == _SAME for step in steps)
        self.removed = [Resource(step.old_state, kept=False) for step in steps if step.op in _GONE and step.old_state is not None]
        self.resources: dict[str, Resource] = {}
        for step in steps:
            if step.op not in _GONE and step.new_state is not None:
                self.resources[step.new_state.urn] = _resource(step, step.new_state)

    def of(self, *kinds: str) -> Iterator[Resource]:
        """Yield the resources of some types, in the order of the plan."""
        for resource in self.resources.values():
            if resource.state.type in kinds:
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
        """Return the ids in a list: the known ones, and those that unknown members depend on.

        Raises:
            SnapshotError: a member is not known, and the plan does not say which resource it will be.
        """
        values = resource.items(name)
        known = [str(value) for value in values if is_told(value)]
        if len(known) == len(values) and is_told(resource.state.inputs.get(name)):
            return known
        found = [target.id for target in self.targets(resource, name, kind) if target.id not in known]
        if not found:
            where = f"{self.name}: {resource.state.urn} {name}"
            raise SnapshotError(Problem("the plan does not say what a property refers to", where=where, expected=f"one {kind} or more"))
        return known + found

    def targets(self, resource: Resource, name: str, kind: str) -> list[Resource]:
        """Return the resources of a kind that a property depends on."""
        found = (self.resources.get(urn) for urn in resource.dependencies(name))
        return [target for target in found if target is not None and target.state.type == kind]

    def provider(self, resource: Resource) -> Resource | None:
        """Return the provider that a resource is created with."""
        return self.resources.get(resource.state.provider.rpartition("::")[0])


def _resource(step: Step, state: ResourceState) -> Resource:
    old, kept = step.old_state, step.op in _KEPT
    if old is not None and step.op in _STAYS:
        outputs = state.outputs or (old.outputs if kept else {})
        state = msgspec.structs.replace(state, id=state.id or old.id, outputs=outputs)
    return Resource(state, kept, old.inputs if old is not None else {})


def source(resource: Resource) -> Source:
    """Return where a planned object comes from: its URN."""
    return Source(urn=resource.state.urn)
