"""Reading one JSON object whose fields go by several names, strictly."""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import msgspec

from infra import structs
from infra.errors import Problem, SnapshotError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from infra.neutron.sources.fields import Fields

Json = dict[str, Any]
_Made = TypeVar("_Made")

_TRUE = {"external", "true", "up", "yes"}
_FALSE = {"internal", "false", "down", "no", "none", ""}
_ABSENT = object()


class CloudFacts(Protocol):
    """What a reader must know of the cloud that an object is in."""

    extensions: Collection[str] | None
    fields: Fields


class Reader:
    """One object, with its fields under any of the names that they go by."""

    def __init__(self, kind: str, data: Mapping[str, Any], where: str, cloud: CloudFacts | None = None) -> None:
        """``cloud`` is what the object is in: which extensions there are, and who collects unknown fields."""
        self.data = {str(name).lower().replace(" ", "_"): value for name, value in data.items()}
        self.where = f"{where}: {kind} {self.data.get('id', '?')}"
        if len(self.data) != len(data):
            raise SnapshotError(Problem("a field is there twice", where=self.where, expected="each field once", got=", ".join(data)))
        self.extensions = cloud.extensions if cloud else None
        self.fields = cloud.fields if cloud else None
        self.last = "id"

    def get(self, *names: str, default: Any = None) -> Any:  # noqa: ANN401 - JSON
        """Return the field that is there. Raises ``SnapshotError`` when it is there under two names that say different things."""
        self.last = names[0]
        found = [value for name in names if (value := self.data.get(name)) is not None]
        if len(found) > 1:
            self.agree(names[0], *found)
        return found[0] if found else default

    def agree(self, name: str, *values: object) -> None:
        """Raise ``SnapshotError`` unless all values of a field say the same; the client prints some of them as words."""
        if len({str(value).lower() for value in values}) > 1:
            got = " and ".join(str(value)[:80] for value in values)
            raise SnapshotError(Problem("the object contradicts itself", where=f"{self.where} {name}", expected="one value", got=got))

    def told(self, *names: str, of: str, default: Any) -> Any:  # noqa: ANN401 - JSON
        """Return a field that decides something, and that an extension adds.

        Only in a cloud that is known not to have the extension ``of`` it may be absent: then nothing can have been set, and ``default``
        is what the cloud does. Raises ``SnapshotError`` otherwise.
        """
        value = self.get(*names)
        if value is not None:
            return value
        if not self.may_have(of):
            return default
        hint = "print every object with `show -f json`, as one who may see every field, and the cloud's extensions: docs/proof.md"
        raise SnapshotError(
            Problem("a field that decides something is absent", where=self.where, expected=" or ".join(names), got=_names(self), hint=hint)
        )

    def may_have(self, extension: str) -> bool:
        """Tell whether the cloud has an extension, or nobody told."""
        return self.extensions is None or extension in self.extensions

    def need(self, *names: str) -> Any:  # noqa: ANN401 - JSON
        """Return the first field that is there. Raises ``SnapshotError`` when none is."""
        value = self.get(*names, default=_ABSENT)
        if value is not _ABSENT or any(name in self.data for name in names):
            return None if value is _ABSENT else value
        hint = "print every object with `show -f json`: lists leave fields out"
        raise SnapshotError(Problem("a field is missing", where=self.where, expected=" or ".join(names), got=_names(self), hint=hint))

    def flag(self, *names: str, default: bool) -> bool:
        """Return a boolean, which the client may print as a word."""
        return self.yes(self.get(*names, default=default), names[0])

    def yes(self, value: object, name: str) -> bool:
        """Return what a boolean says, which the client may print as a word."""
        if isinstance(value, bool):
            return value
        word = str(value).lower()
        if word in _TRUE | _FALSE:
            return word in _TRUE
        raise SnapshotError(Problem("this is neither yes nor no", where=f"{self.where} {name}", expected="true or false", got=str(value)))

    def items(self, *names: str) -> list[Any]:
        """Return a list, which the client may print as text."""
        return self.listed(self.get(*names, default=[]), names[0])

    def listed(self, value: object, name: str) -> list[Any]:
        """Return what a list says, which the client may print as text."""
        if isinstance(value, str):
            try:
                value = json.loads(value) if value else []
            except ValueError as error:
                raise SnapshotError(_no_list(f"{self.where} {name}", value)) from error
        if not isinstance(value, list):
            raise SnapshotError(_no_list(f"{self.where} {name}", value))
        return value

    def parts(self, name: str, value: object, *needed: str) -> list[Json]:
        """Return a list of objects that have some fields each. Raises ``SnapshotError`` with the name of the field when it is none."""
        found = self.listed(value, name)
        for number, item in enumerate(found):
            where = f"{self.where} {name}[{number}]"
            if not isinstance(item, dict):
                raise SnapshotError(_no_object(where, item))
            if absent := [field for field in needed if field not in item]:
                raise SnapshotError(Problem("a field is missing", where=where, expected=", ".join(absent), got=", ".join(item)))
        return found

    def mapping(self, value: object, name: str) -> Json:
        """Return an object inside this one, which the client may print as text; null is one without fields."""
        if isinstance(value, str) and value:
            with contextlib.suppress(ValueError):
                value = json.loads(value)
        if value is None or value == "":
            return {}
        if not isinstance(value, dict):
            raise SnapshotError(_no_object(f"{self.where} {name}", value))
        return value

    @property
    def owner(self) -> str:
        """The owner's project, where nothing depends on it."""
        return str(self.get("project_id", "tenant_id", "project", default=""))

    @property
    def project(self) -> str:
        """The owner's project; empty for what Neutron makes for itself. Raises ``SnapshotError`` when it is not told."""
        return str(self.need("project_id", "tenant_id", "project") or "")


def _names(reader: Reader) -> str:
    return ", ".join(sorted(reader.data))


def _no_list(where: str, value: object) -> Problem:
    return Problem("this is not a list", where=where, expected="a JSON list", got=str(value)[:80] or type(value).__name__)


def _no_object(where: str, value: object) -> Problem:
    return Problem("this is no object with fields", where=where, expected="a JSON object", got=str(value)[:80])


def convert(fields: Json, kind: type[_Made], where: str) -> _Made:
    """Build a record from its fields. Raises ``SnapshotError`` when a value does not fit."""
    try:
        return structs.convert(fields, kind)
    except msgspec.ValidationError as error:
        expected = "what Neutron's API reference says of the field"
        raise SnapshotError(Problem("a value does not fit", where=where, expected=expected, got=str(error))) from error
