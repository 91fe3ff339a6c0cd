"""The declaration's shape for other readers: a JSON Schema for editors, and the tables of the manual."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pydantic.json_schema import GenerateJsonSchema

from infra.declaration.envelope import ALLOW_REPLACE, CONFIG, ENGINES, NAMESPACE, PLATFORM, TENANT
from infra.declaration.model import Platform, Tenant
from infra.declaration.values import TEXT, WORD
from infra.declaration.wording import meanings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic import BaseModel
    from pydantic.json_schema import JsonSchemaValue
    from pydantic_core.core_schema import ModelSchema

DIALECT = "https://json-schema.org/draft/2020-12/schema"
DEFINITIONS = "$defs"
MAY_BE_EMPTY = ("externals", "servers", "flows")
"""Sections of a tenant whose key may stand alone, with nothing below it."""


class _Meant(GenerateJsonSchema):
    """Writes what a key means beside what its value may be."""

    def model_schema(self, schema: ModelSchema) -> JsonSchemaValue:
        """Return the schema of a model, by the keys that people write."""
        found = super().model_schema(schema)
        model: type[BaseModel] = schema["cls"]
        for name, meaning in meanings(model).items():
            found["properties"][model.model_fields[name].alias or name]["description"] = meaning
        return found


def stack_schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of a ``Pulumi.<stack>.yaml``; other programs' keys of the configuration are left to them."""
    definitions: dict[str, Any] = {}
    kinds = {TENANT: _as_written(Tenant, definitions), PLATFORM: _as_written(Platform, definitions)}
    del kinds[TENANT]["properties"]["name"]
    kinds[TENANT]["required"].remove("name")
    for section in MAY_BE_EMPTY:
        kinds[TENANT]["properties"][section]["type"] = ["object", "null"]
    allowed = {"type": "array", "items": {"type": "string"}, "description": "servers that the engine may replace"}
    config = {
        "type": "object",
        "properties": {**kinds, ALLOW_REPLACE: allowed},
        "patternProperties": {f"^(?!{NAMESPACE})": True},
        "additionalProperties": False,
        "oneOf": [{"required": [key]} for key in kinds],
        "description": "a stack is either a tenant or the platform",
    }
    return {
        "$schema": DIALECT,
        "title": "A stack of ringfence",
        "type": "object",
        "properties": {CONFIG: config} | {key: {"description": "the engine's own"} for key in ENGINES},
        "additionalProperties": False,
        "required": [CONFIG],
        DEFINITIONS: definitions,
    }


def schema_text() -> str:
    """Return the schema as it is kept in the repository."""
    return json.dumps(stack_schema(), indent=2, ensure_ascii=False) + "\n"


def reference() -> str:
    """Return the manual's tables: every key of a declaration, whether it is needed, and what it means."""
    schema = stack_schema()
    kinds = schema["properties"][CONFIG]["properties"]
    definitions = schema[DEFINITIONS]
    tables = {key: kinds[key] for key in (TENANT, PLATFORM)}
    tables |= {name: definitions[name] for name in sorted(definitions) if "properties" in definitions[name]}
    lines = [line for name, table in tables.items() for line in _table(name, table, definitions)]
    return "\n".join(lines).rstrip() + "\n"


def _as_written(model: type[Platform | Tenant], definitions: dict[str, Any]) -> dict[str, Any]:
    """Return a model's schema by the keys that people write, and put what it refers to into ``definitions``."""
    schema = model.model_json_schema(by_alias=True, schema_generator=_Meant)
    closed: dict[str, Any] = _closed(schema)
    definitions |= closed.pop(DEFINITIONS)
    return closed


def _closed(schema: Any) -> Any:  # noqa: ANN401 - JSON
    """Close every mapping of names to other keys, and leave the length of a text to its pattern, which does not count spaces around it."""
    if isinstance(schema, list):
        return [_closed(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    entries = {key: _closed(value) for key, value in schema.items()}
    if "patternProperties" in entries:
        entries.setdefault("additionalProperties", False)
    if entries.get("pattern") in {WORD, TEXT}:
        entries = {key: value for key, value in entries.items() if key not in {"minLength", "maxLength"}}
    return entries


def _table(title: str, schema: dict[str, Any], definitions: dict[str, Any]) -> Iterator[str]:
    yield from (f"### `{title}`", "", schema["description"].split("\n")[0].replace("``", "`"), "", "| key | | meaning |", "|---|---|---|")
    for key, entry in schema["properties"].items():
        default = entry.get("default")
        needed = "needed" if key in schema.get("required", ()) else f"default `{default}`" if default else ""
        yield f"| `{key}` | {needed} | {entry.get('description', '')}{_values(entry, definitions)} |"
    yield ""


def _values(entry: dict[str, Any], definitions: dict[str, Any]) -> str:
    """Say what a key's value may be: one of a few words, or what a table of its own tells."""
    named = list(entry.get("patternProperties", {}).values())
    inner = next(iter([*named, *(entry[key] for key in ("additionalProperties", "items") if isinstance(entry.get(key), dict))]), entry)
    choices = [inner, *inner.get("anyOf", [])]
    name = next((choice["$ref"].rpartition("/")[2] for choice in choices if "$ref" in choice), "")
    words = definitions[name].get("enum", ()) if name else inner.get("enum", ())
    if words:
        return f": {', '.join(f'`{word}`' for word in words)}"
    return f" (see [`{name}`](#{name.lower()}))" if name else ""
