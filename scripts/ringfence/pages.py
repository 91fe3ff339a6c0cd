"""Pages: every text that a template is given is escaped, whatever the template is called, and every character in it can be seen."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from infra.text import visible

if TYPE_CHECKING:
    from jinja2 import Template


def render(package: str, template: str, **values: object) -> str:
    """Return the page of a template in the folder ``templates`` of a package."""
    return _template(package, template).render(**values)


@cache
def _template(package: str, template: str) -> Template:
    """Return a template, read once in a process: that takes longer than most pages."""
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, finalize=_seen)
    return environment.from_string((files(package) / "templates" / template).read_text(encoding="utf-8"))


def _seen(value: object) -> object:
    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value
