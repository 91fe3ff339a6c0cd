"""Pages: every text that a template is given is escaped, whatever the template is called, and every character in it can be seen."""

from __future__ import annotations

from importlib.resources import files

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from infra.text import visible


def render(package: str, template: str, **values: object) -> str:
    """Return the page of a template in the folder ``templates`` of a package."""
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, finalize=_seen)
    text = (files(package) / "templates" / template).read_text(encoding="utf-8")
    return environment.from_string(text).render(**values)


def _seen(value: object) -> object:
    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value
