"""As much of JSON Schema (2020-12) as the declaration's schema uses; a keyword that this does not know is an error."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

NOTES: Final = {"$schema", "$defs", "title", "description", "default", "examples"}
TYPES: Final[dict[str, tuple[type, ...]]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "integer": (int,),
    "null": (type(None),),
}


def refusals(schema: Mapping[str, Any], value: object) -> list[str]:
    """Return why a schema refuses a value, one text per place; nothing when it accepts it."""
    return list(_Check(schema).judge(schema, value, ""))


class _Check:
    def __init__(self, root: Mapping[str, Any]) -> None:
        self._root = root
        self._known: dict[str, Callable[[Any, Any, str, Mapping[str, Any]], Iterator[str]]] = {
            "type": self._type,
            "$ref": lambda name, value, at, _: self.judge(self._root["$defs"][name.rpartition("/")[2]], value, at),
            "anyOf": lambda options, value, at, _: self._some(options, value, at, exactly=False),
            "oneOf": lambda options, value, at, _: self._some(options, value, at, exactly=True),
            "enum": lambda known, value, at, _: self._unless(value in known, at, "enum"),
            "const": lambda known, value, at, _: self._unless(value == known, at, "const"),
            "minimum": lambda least, value, at, _: self._unless(not isinstance(value, int) or value >= least, at, "minimum"),
            "maximum": lambda most, value, at, _: self._unless(not isinstance(value, int) or value <= most, at, "maximum"),
            "minItems": lambda least, value, at, _: self._unless(not isinstance(value, list) or len(value) >= least, at, "minItems"),
            "minProperties": lambda least, value, at, _: self._unless(
                not isinstance(value, dict) or len(value) >= least, at, "minProperties"
            ),
            "pattern": lambda form, value, at, _: self._unless(not isinstance(value, str) or _matches(form, value), at, "pattern"),
            "required": self._required,
            "items": self._items,
            "properties": self._properties,
            "patternProperties": lambda _, value, at, schema: (
                self._properties(_, value, at, schema) if "properties" not in schema else iter(())
            ),
            "additionalProperties": self._rest,
        }

    def judge(self, schema: Any, value: object, at: str) -> Iterator[str]:  # noqa: ANN401 - JSON
        if isinstance(schema, bool):
            yield from self._unless(schema, at, "false")
            return
        for keyword, wanted in schema.items():
            if keyword not in NOTES:
                yield from self._known[keyword](wanted, value, at, schema)

    @staticmethod
    def _unless(holds: object, at: str, keyword: str) -> Iterator[str]:
        if not holds:
            yield f"{at}: {keyword}"

    def _type(self, wanted: Any, value: object, at: str, _: Mapping[str, Any]) -> Iterator[str]:  # noqa: ANN401 - JSON
        kinds = [wanted] if isinstance(wanted, str) else wanted
        yield from self._unless(any(isinstance(value, TYPES[kind]) for kind in kinds) and not isinstance(value, bool), at, "type")

    def _some(self, options: Any, value: object, at: str, *, exactly: bool) -> Iterator[str]:  # noqa: ANN401 - JSON
        held = sum(not list(self.judge(option, value, at)) for option in options)
        yield from self._unless(held == 1 if exactly else held, at, "options")

    def _required(self, names: Any, value: Any, at: str, _: Mapping[str, Any]) -> Iterator[str]:  # noqa: ANN401 - JSON
        for name in names if isinstance(value, dict) else ():
            yield from self._unless(name in value, f"{at}.{name}", "required")

    def _items(self, schema: Any, value: object, at: str, _: Mapping[str, Any]) -> Iterator[str]:  # noqa: ANN401 - JSON
        for number, item in enumerate(value if isinstance(value, list) else ()):
            yield from self.judge(schema, item, f"{at}[{number}]")

    def _properties(self, _: Any, value: object, at: str, schema: Mapping[str, Any]) -> Iterator[str]:  # noqa: ANN401 - JSON
        for name, inner in value.items() if isinstance(value, dict) else ():
            for one in _of(schema, name):
                yield from self.judge(one, inner, f"{at}.{name}")

    def _rest(self, rest: Any, value: object, at: str, schema: Mapping[str, Any]) -> Iterator[str]:  # noqa: ANN401 - JSON
        for name, inner in value.items() if isinstance(value, dict) else ():
            if not _of(schema, name):
                yield from self.judge(rest, inner, f"{at}.{name}")


def _of(schema: Mapping[str, Any], name: str) -> list[Any]:
    """Return the schemas that a key's value is held to."""
    by_pattern = [inner for form, inner in schema.get("patternProperties", {}).items() if _matches(form, name)]
    return by_pattern + ([schema["properties"][name]] if name in schema.get("properties", {}) else [])


def _matches(form: str, text: str) -> bool:
    return re.search(re.sub(r"\$$", r"\\Z", form), text) is not None
