"""From plain values to the model, entry by entry, so that one mistake does not hide the others."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel, ValidationError

from infra.declaration.model import Flow, Server
from infra.declaration.source import Mistake, dotted

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

    from infra.declaration.source import Key, KeyPath

M = TypeVar("M", bound=BaseModel)

# Where one of these keys is missing or wrong, the rest of the entry is checked all the same, with this value in its place. Other
# keys have no stand-in: a made-up one would only give rise to mistakes that nobody made.
STAND_INS: dict[type[BaseModel], dict[str, object]] = {
    Flow: {"reason": "not given", "owner": "not given", "expires": None},
    Server: {"flavor": "not given", "root": 2, "data": {}},
}
FRAGMENT = 60


def shown(value: object) -> str:
    """Render a value for a message: short, and on one line."""
    if value is None:
        return "nothing"
    text = " ".join(str(value).split()) if isinstance(value, str) else repr(value)
    return text if len(text) <= FRAGMENT else f"{text[:FRAGMENT]}..."


def keys_of(model: type[BaseModel]) -> tuple[str, ...]:
    """Return the keys of a model as a person writes them."""
    return tuple(info.alias or name for name, info in model.model_fields.items())


def validate(model: type[M], raw: object, path: KeyPath) -> tuple[M | None, list[Mistake]]:
    """Read one entry. Returns all its mistakes, and the entry when enough of it is right for the checks to go on."""
    if not isinstance(raw, Mapping):
        return None, [Mistake(path, "not a mapping", f"the keys {', '.join(keys_of(model))}", shown(raw))]
    try:
        return model.model_validate(dict(raw)), []
    except ValidationError as error:
        details = error.errors(include_url=False)
        return _salvage(model, raw, details), [_mistake(model, detail, path) for detail in details]


def entries(model: type[M], section: object, path: KeyPath) -> tuple[dict[str, M], list[Mistake]]:
    """Read a section of named entries; a section that is no mapping has none."""
    if not isinstance(section, Mapping):
        return {}, []
    good: dict[str, M] = {}
    mistakes: list[Mistake] = []
    for name, raw in section.items():
        entry, found = validate(model, raw, (*path, str(name)))
        mistakes += found
        if entry is not None:
            good[str(name)] = entry
    return good, mistakes


def _salvage(model: type[M], raw: Mapping[Any, Any], details: list[ErrorDetails]) -> M | None:
    """Read the entry once more without what is wrong in it; ``None`` when a needed part is wrong."""
    stand_ins = STAND_INS.get(model, {})
    wrong = {str(detail["loc"][0]) for detail in details if detail["loc"]}
    unknown = {str(detail["loc"][0]) for detail in details if detail["type"] == "extra_forbidden" and len(detail["loc"]) == 1}
    kept = {key: value for key, value in raw.items() if key not in wrong}
    if not wrong <= unknown | set(stand_ins):
        return None
    try:
        return model.model_validate(kept | {key: stand_ins[key] for key in wrong - unknown})
    except ValidationError:
        return None


def _mistake(model: type[BaseModel], detail: ErrorDetails, path: KeyPath) -> Mistake:
    """Say what pydantic found in the words of the declaration."""
    where = (*path, *_keys(detail["loc"]))
    got = shown(detail["input"])
    context = detail.get("ctx", {})
    match detail["type"]:
        case "refused":
            found = (context["what"], context["expected"], got, context["hint"])
        case "missing":
            found = (f"{dotted(where[-1:])} is missing", _described(model, where[-1]), "", "")
        case "extra_forbidden":
            found = ("unknown key", *_known_keys(model, detail["loc"]))
        case "string_pattern_mismatch":
            found = ("not a name", "up to 31 lower-case letters, digits and hyphens; a letter first, no hyphen last", got, "")
        case "enum" | "literal_error":
            found = ("not one of the known values", context["expected"], got, "")
        case "dict_type" | "model_type" | "model_attributes_type":
            found = ("not a mapping", "names or keys with a value each", got, "")
        case _:
            found = ("wrong value", detail["msg"].removeprefix("Input should be "), got, "")
    return Mistake(where, *found)


def _keys(location: tuple[Key, ...]) -> KeyPath:
    """Drop pydantic's marks from a location: the name of a union's branch, and that a key was meant and not its value."""
    return tuple(key for key in location if key != "[key]")


def _described(model: type[BaseModel], key: Key) -> str:
    info = next((info for name, info in model.model_fields.items() if key in {name, info.alias}), None)
    return info.description or "" if info else ""


def _known_keys(model: type[BaseModel], location: tuple[Key, ...]) -> tuple[str, str, str]:
    known, key = keys_of(model), str(location[-1])
    if len(location) > 1:
        return "", key, ""
    close = get_close_matches(key, known, n=1)
    return f"one of {', '.join(known)}", key, f"did you mean {close[0]}?" if close else ""
