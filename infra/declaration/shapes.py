"""From plain values to the model, entry by entry, so that one mistake does not hide the others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel, ValidationError

from infra.declaration import wording
from infra.declaration.model import Flow, Server
from infra.declaration.wording import keys_of, shown
from infra.declaration.yaml import reader
from infra.declaration.yaml.source import Mistake
from infra.errors import Problem, QuestionError

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

    from infra.declaration.yaml.source import KeyPath

M = TypeVar("M", bound=BaseModel)

# Where one of these keys is missing or wrong, the rest of the entry is checked all the same, with this value in its place. Other
# keys have no stand-in: a made-up one would only give rise to mistakes that nobody made.
STAND_INS: dict[type[BaseModel], dict[str, object]] = {
    Flow: {"reason": "not given", "owner": "not given", "expires": None},
    Server: {"flavor": "not given", "root": 2, "data": {}, "backup": None},
}


def validate(model: type[M], raw: object, path: KeyPath) -> tuple[M | None, list[Mistake]]:
    """Read one entry. Returns all its mistakes, and the entry when enough of it is right for the checks to go on."""
    if not isinstance(raw, Mapping):
        return None, [Mistake(path, "not a mapping", f"the keys {', '.join(keys_of(model))}", shown(raw))]
    try:
        return model.model_validate(dict(raw)), []
    except ValidationError as error:
        details = error.errors(include_url=False)
        return _salvage(model, raw, details), wording.mistakes(model, details, path)


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


def of_file(model: type[M], raw: bytes, file: str, consequence: str, hint: str) -> M:
    """Read a file beside the declarations. Each section is optional, one without a value counts as absent, and so does a file of comments.

    Raises:
        QuestionError: with every mistake in it, and what has not happened because of them.
    """
    found = reader.of(raw, file)
    if found.tree is None and not found.mistakes:
        return model()
    sections = found.tree
    if isinstance(sections, Mapping):
        sections = {key: value for key, value in sections.items() if value is not None or key not in model.model_fields}
    content, mistakes = validate(model, sections, ())
    mistakes = [*found.mistakes, *found.unsaid(mistakes)]
    if content is None or mistakes:
        raise QuestionError(*found.problems(mistakes), Problem(consequence, file, hint=hint))
    return content


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
