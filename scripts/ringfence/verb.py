"""A verb whose options come as one value: typer sees each of its fields as an option, the function sees the whole."""

from __future__ import annotations

import dataclasses
import inspect
from functools import wraps
from typing import TYPE_CHECKING, Any, get_type_hints

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def verb(function: Callable[..., None]) -> Callable[..., None]:
    """Return a function for ``app.command`` that has the fields of dataclasses among the parameters as options of its own.

    They come behind the function's other parameters, in the order of the fields, those of a base behind the class's own.
    """
    signature = inspect.signature(function, eval_str=True)
    kinds: dict[str, Any] = {name: each.annotation for name, each in signature.parameters.items()}
    sets: dict[str, type[Any]] = {name: kind for name, kind in kinds.items() if hasattr(kind, "__dataclass_fields__")}
    own = [each for name, each in signature.parameters.items() if name not in sets]
    options = {name: list(_options(kind)) for name, kind in sets.items()}
    parameters = [*own, *(option for each in options.values() for option in each)]

    @wraps(function)
    def called(**values: Any) -> None:  # noqa: ANN401 - what typer has read
        for name, kind in sets.items():
            values[name] = kind(**{option.name: values.pop(option.name) for option in options[name]})
        function(**values)

    # Both are what typer reads; with ``__wrapped__`` it would read the function's own again.
    del called.__wrapped__
    called.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined] # every function may have one
    called.__annotations__ = {each.name: each.annotation for each in parameters}
    return called


def _options(kind: type[Any]) -> Iterator[inspect.Parameter]:
    hints, own = get_type_hints(kind, include_extras=True), vars(kind)["__annotations__"]
    for field in sorted(dataclasses.fields(kind), key=lambda field: field.name not in own):
        yield inspect.Parameter(field.name, inspect.Parameter.KEYWORD_ONLY, default=field.default, annotation=hints[field.name])
