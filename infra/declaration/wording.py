"""What pydantic finds wrong, in the words of the declaration: one mistake for each thing that a person has to change."""

from __future__ import annotations

import ast
import inspect
import sys
from difflib import get_close_matches
from functools import cache
from itertools import pairwise
from types import UnionType
from typing import TYPE_CHECKING, Annotated, Union, get_args, get_origin

from pydantic import BaseModel

from infra.declaration.values import A_NAME
from infra.declaration.yaml.source import Mistake, dotted, one_of
from infra.declaration.yaml.text import SHOWN

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

    from infra.declaration.yaml.source import Key, KeyPath

PORTS, PREFIXES = "a list of ports, such as [443, 8000-8010]", "a list of prefixes, such as [198.51.100.0/24]"
COMMANDS = "a list of commands, such as [fsfreeze -f /data]"
LISTS = {
    "ports": PORTS,
    "management_ports": PORTS,
    "cidrs": PREFIXES,
    "allowed_from": PREFIXES,
    "allowed_regions": "a list of regions",
    "projects": "a list of ids",
    "upstream": "a list of servers, such as [{address: 198.51.100.4}]",
    "suites": "a list of suites, such as [trixie, trixie-updates]",
    "components": "a list of components, such as [main]",
    "quiesce": COMMANDS,
    "thaw": COMMANDS,
}
OF_THE_FILE = frozenset({"name"})
"""Fields of the model that are no keys of the file."""
PLAIN = {
    "string_pattern_mismatch": ("not a name", A_NAME),
    "enum": ("not one of the known values", "{expected}"),
    "literal_error": ("not one of the known values", "{expected}"),
    "string_type": ("not a text", "a text; what looks like something else goes in quotes"),
    "string_too_short": ("the text is too short", "at least {min_length} characters"),
    "string_too_long": ("the text is too long", "at most {max_length} characters"),
    "int_type": ("not a whole number", "a number in decimal digits, without quotes"),
    "greater_than_equal": ("the number is too small", "{ge} or more"),
    "less_than_equal": ("the number is too large", "{le} or less"),
}
"""What is wrong with a plain value and what is expected, by pydantic's word for it."""
Said = tuple[str, str, str, str]


def shown(value: object) -> str:
    """Render a value for a message: short, on one line, and as a person writes it."""
    text = " ".join(_written(value).split())
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}..."


def _written(value: object) -> str:
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key}: {_written(entry)}' for key, entry in value.items())}}}" if value else "nothing"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_written, value))}]" if value else "an empty list"
    return "nothing" if value is None else str(value)


def keys_of(model: type[BaseModel]) -> tuple[str, ...]:
    """Return the keys of a model as a person writes them."""
    return tuple(info.alias or name for name, info in model.model_fields.items() if name not in OF_THE_FILE)


def mistakes(model: type[BaseModel], details: list[ErrorDetails], path: KeyPath) -> list[Mistake]:
    """Say everything that pydantic found. A key that is missing because it is misspelt is said once."""
    misspelt = {(_keys(one["loc"])[:-1], _close(model, one)) for one in details if one["type"] == "extra_forbidden"}
    return [
        Mistake((*path, *_keys(one["loc"])), *_said(model, one))
        for one in details
        if not (one["type"] == "missing" and (_keys(one["loc"])[:-1], str(one["loc"][-1])) in misspelt)
        and not (one["type"] == "too_short" and one["input"])  # pydantic counts right entries only, and the wrong ones are told
    ]


def near(word: str, known: tuple[str, ...] | list[str]) -> str:
    """Return the known word that a person may have meant; empty when none is near."""
    return next(iter(get_close_matches(word.lower(), known, n=1)), "")


def _close(model: type[BaseModel], detail: ErrorDetails) -> str:
    inside = _model_at(model, detail["loc"][:-1])
    return near(str(detail["loc"][-1]), keys_of(inside)) if inside else ""


def _said(model: type[BaseModel], detail: ErrorDetails) -> Said:
    """Return what is wrong, what is expected, what was got, and what to do."""
    where, got, context = _keys(detail["loc"]), shown(detail["input"]), detail.get("ctx", {})
    match detail["type"]:
        case "refused":
            found = (context["what"], context["expected"], got, context["hint"])
        case "missing":
            found = (f"{dotted(where[-1:])} is missing", _described(model, where), "", "")
        case "extra_forbidden":
            found = _unknown(model, detail)
        case "dict_type" | "model_type" | "model_attributes_type":
            found = ("not a mapping", _mapping(model, where), got, "")
        case "tuple_type":
            found = ("not a list", _list(where), got, "")
        case "too_short":
            several = isinstance(detail["input"], list | tuple)
            found = ("nothing is listed", _list(where) if several else "at least one name with what belongs to it", got, "")
        case "string_type" if isinstance(detail["input"], list | dict):
            found = ("not a text", "one name or text", got, "write an entry for each" if isinstance(detail["input"], list) else "")
        case kind if kind in PLAIN:
            what, expected = PLAIN[kind]
            blank = isinstance(detail["input"], str) and not detail["input"].strip()
            found = ("the text is blank" if blank else what, expected.format(**context), got, "")
        case _:
            found = ("wrong value", detail["msg"].removeprefix("Input should be "), got, "")
    return found


def _keys(location: tuple[Key, ...]) -> KeyPath:
    """Drop pydantic's marks from a location: that a key was meant and not its value."""
    return tuple(key for key in location if key != "[key]")


def _list(where: KeyPath) -> str:
    return LISTS.get(str(where[-1]) if where else "", "a list")


def _mapping(model: type[BaseModel], where: KeyPath) -> str:
    inside = _model_at(model, where)
    return f"the keys {', '.join(keys_of(inside))}" if inside else "names with a value each"


def _described(model: type[BaseModel], where: KeyPath) -> str:
    inside = _model_at(model, where[:-1])
    fields = inside.model_fields if inside else {}
    name = next((name for name, info in fields.items() if where[-1] in {name, info.alias}), None)
    return meanings(inside).get(name, "") if inside and name else ""


def _unknown(model: type[BaseModel], detail: ErrorDetails) -> Said:
    inside, close = _model_at(model, detail["loc"][:-1]), _close(model, detail)
    expected = one_of(keys_of(inside) if inside else (), otherwise="no key here")
    return "unknown key", expected, str(detail["loc"][-1]), f"did you mean {close}?" if close else ""


def _model_at(model: type[BaseModel], location: tuple[Key, ...]) -> type[BaseModel] | None:
    """Return the model of a mapping inside another; ``None`` when names, and not keys, belong there."""
    kind: object = model
    for key in location:
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            info = next((info for name, info in kind.model_fields.items() if key in {name, info.alias}), None)
            kind = _bare(info.annotation) if info else None
        else:
            kind = _bare(next((one for one in reversed(get_args(kind)) if one is not Ellipsis), None))
    return kind if isinstance(kind, type) and issubclass(kind, BaseModel) else None


def _bare(annotation: object) -> object:
    """Take a type out of what is wrapped around it: ``Annotated[X | None, ...]`` is X."""
    while get_origin(annotation) in {Annotated, Union, UnionType}:
        annotation = next((one for one in get_args(annotation) if one is not type(None)), None)
    return annotation


@cache
def meanings(model: type) -> dict[str, str]:
    """Return what the keys of a model mean: the text below each attribute of the class, those of its bases included.

    They are read from the source when somebody asks: that takes as long as to make the models, and most questions need none.
    """
    found: dict[str, str] = {}
    for base in reversed(model.__mro__[:-1]):
        if base.__module__.startswith("infra."):
            found |= _written_in(base.__module__).get(base.__name__, {})
    return found


@cache
def _written_in(module: str) -> dict[str, dict[str, str]]:
    """Return the texts below the attributes of each class of a module."""
    try:
        tree = ast.parse(inspect.getsource(sys.modules[module]))
    except OSError:  # installed without its source: a message then says less, and nothing is judged by it
        return {}
    return {node.name: _below_attributes(node) for node in tree.body if isinstance(node, ast.ClassDef)}


def _below_attributes(definition: ast.ClassDef) -> dict[str, str]:
    return {
        attribute.target.id: inspect.cleandoc(text.value.value)
        for attribute, text in pairwise(definition.body)
        if isinstance(attribute, ast.AnnAssign)
        and isinstance(attribute.target, ast.Name)
        and isinstance(text, ast.Expr)
        and isinstance(text.value, ast.Constant)
        and isinstance(text.value.value, str)
    }
