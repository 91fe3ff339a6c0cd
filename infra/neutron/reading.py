"""Reading one JSON object whose fields go by several names, strictly."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from infra.errors import Problem, SnapshotError

if TYPE_CHECKING:
    from collections.abc import Mapping

Json = dict[str, Any]
_Made = TypeVar("_Made")

_TRUE = {"external", "true", "up", "yes"}
_FALSE = {"internal", "false", "down", "no", "none", ""}
_ABSENT = object()


class Reader:
    """One object, with its fields under any of the names that they go by."""

    def __init__(self, kind: str, data: Mapping[str, Any], where: str) -> None:
        self.data = {str(name).lower().replace(" ", "_"): value for name, value in data.items()}
        self.where = f"{where}: {kind} {self.data.get('id', '?')}"

    def get(self, *names: str, default: Any = None) -> Any:  # noqa: ANN401 - JSON
        """Return the first field that is there."""
        for name in names:
            value = self.data.get(name, _ABSENT)
            if value is not _ABSENT:
                return default if value is None else value
        return default

    def need(self, *names: str) -> Any:  # noqa: ANN401 - JSON
        """Return the first field that is there. Raises ``SnapshotError`` when none is."""
        value = self.get(*names, default=_ABSENT)
        if value is not _ABSENT or any(name in self.data for name in names):
            return None if value is _ABSENT else value
        hint = "print every object with `show -f json`: lists leave fields out"
        raise SnapshotError(
            Problem("a field is missing", where=self.where, expected=" or ".join(names), got=", ".join(self.data), hint=hint)
        )

    def flag(self, *names: str, default: bool) -> bool:
        """Return a boolean, which the client may print as a word."""
        value = self.get(*names, default=default)
        if isinstance(value, bool):
            return value
        word = str(value).lower()
        if word in _TRUE | _FALSE:
            return word in _TRUE
        raise SnapshotError(Problem("this is neither yes nor no", where=f"{self.where} {names[0]}", got=str(value)))

    def items(self, *names: str) -> list[Any]:
        """Return a list, which the client may print as text."""
        value = self.get(*names, default=[])
        if isinstance(value, str):
            try:
                value = json.loads(value) if value else []
            except ValueError as error:
                raise SnapshotError(Problem("this is not a list", where=f"{self.where} {names[0]}", got=value)) from error
        if not isinstance(value, list):
            raise SnapshotError(Problem("this is not a list", where=f"{self.where} {names[0]}", got=type(value).__name__))
        return value

    @property
    def project(self) -> str:
        """The owner's project; empty for what Neutron makes for itself."""
        return str(self.get("project_id", "tenant_id", "project", default=""))


def convert(fields: Json, kind: type[_Made], where: str) -> _Made:
    """Build a record from its fields. Raises ``SnapshotError`` when a value does not fit."""
    try:
        return msgspec.convert(fields, kind)
    except msgspec.ValidationError as error:
        raise SnapshotError(Problem("a value does not fit", where=where, got=str(error))) from error
