"""The first declarations as texts, with comments that say what each key is for, and written only where nothing is."""

from __future__ import annotations

import json
import re
import sys
import tempfile
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING

from infra.declaration.envelope import PREFIX, SUFFIX
from infra.declaration.folder import files as declarations_of
from infra.declaration.validation import PLATFORM_FILE, validate_folder
from infra.declaration.yaml.scalars import plain
from infra.errors import DeclarationError, Problem, QuestionError
from infra.text import visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date

    from ringfence.initial.choice import Chosen
    from ringfence.initial.seen import Seen

PROJECT_FILE = "Pulumi.yaml"
PROGRAM_FILE = "__main__.py"
PROGRAM = Path("infra") / PROGRAM_FILE
"""The program of the stacks in a checkout of ringfence."""
DEFAULTS = re.compile(r"^#default (?P<name>\w+)=(?P<value>.*)\n", re.MULTILINE)
"""What a template takes where nothing was chosen, in its first lines."""
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_.-]*|[0-9]+\.[0-9.]+/[0-9]+")


def tenant_file(tenant: str) -> str:
    """Return the name of a tenant's file."""
    return f"{PREFIX}{tenant}{SUFFIX}"


def project(folder: Path) -> dict[str, str]:
    """Return the engine's files: in a checkout its program, elsewhere a program that runs the installed one."""
    if (folder / PROGRAM).exists():
        return {PROJECT_FILE: _filled("checkout.yaml", {})}
    return {PROJECT_FILE: _filled("project.yaml", {"environment": json.dumps(sys.prefix)}), PROGRAM_FILE: _filled("program.txt", {})}


def platform(chosen: Chosen, seen: Seen) -> str:
    """Return the platform's declaration."""
    given = {
        "region": scalar(chosen.region),
        "external_network": scalar(chosen.external_network),
        "flavor": scalar(chosen.flavor),
        "operators": ", ".join(map(scalar, chosen.operators)),
        "volume_type": chosen.volume_type,
        "domain": f"domain: {scalar(chosen.domain)}" if chosen.domain else "# domain: default",
        "projects": f"projects: [{scalar(chosen.project)}]" if chosen.project else "# projects: [ID]",
        **{name: scalar(value) for name in ("image", "backbone", "pool") if (value := getattr(chosen, name))},
    }
    return _filled("platform.yaml", given | _seen(seen))


def tenant(name: str, region: str, flavor: str, zone: str = "") -> str:
    """Return the declaration of a first tenant."""
    given = {"tenant": name, "service": scalar(name), "region": scalar(region), "flavor": scalar(flavor)}
    return _filled("tenant.yaml", given | ({"zone": scalar(zone)} if zone else {}))


def management_prefixes(chosen: Chosen) -> dict[str, str]:
    """Return the prefixes of the management network by the flags that choose them."""
    usual = _defaults(_template("platform.yaml"))
    return {f"--{name}": getattr(chosen, name) or usual[name] for name in ("backbone", "pool")}


def scalar(text: str) -> str:
    """Return a text as a value of YAML that every reader takes for this text."""
    return text if _PLAIN.fullmatch(text) and plain(text) == text else json.dumps(text, ensure_ascii=False)


def judged(folder: Path, texts: Mapping[str, str], today: date) -> None:
    """Raise :class:`DeclarationError` with the mistakes that the texts would have in their folder."""
    with tempfile.TemporaryDirectory(prefix="ringfence-") as made:
        for path in declarations_of(folder):
            (Path(made) / path.name).symlink_to(path.resolve())
        ours = {name for name in texts if name.startswith(PREFIX) and name != PROJECT_FILE}
        for name in ours:
            (Path(made) / name).write_text(texts[name], encoding="utf-8")
        found = validate_folder(Path(made), today=today, only=frozenset(ours)) if ours else None
    if found and not found.right:
        raise DeclarationError(*found.problems, *found.unjudged, Problem("so nothing was written", hint="choose other values"))


def write(folder: Path, texts: Mapping[str, str]) -> list[Path]:
    """Write files that are not there, and never over one that is. Raises :class:`QuestionError`."""
    written: list[Path] = []
    for name, text in texts.items():
        file = folder / name
        try:
            with file.open("x", encoding="utf-8") as out:
                out.write(text)
        except OSError as error:
            hint = f"written before it: {', '.join(map(str, written))}" if written else "nothing was written"
            raise QuestionError.of("the file cannot be written", where=str(file), got=error.strerror or str(error), hint=hint) from error
        written.append(file)
    return written


def _seen(seen: Seen) -> dict[str, str]:
    """Return the comments about what the cloud offers."""
    if not seen.cloud:
        return {"seen_outside": "", "seen_sizes": "", "seen_images": ""}
    return {
        "seen_outside": _comment(f"seen in the cloud {seen.cloud}", map(str, seen.outside)),
        "seen_sizes": _comment(f"seen in the cloud {seen.cloud}", map(str, seen.sizes)),
        "seen_images": _comment("images that are there already", seen.images),
    }


def _comment(head: str, lines: Iterable[str]) -> str:
    return "".join(f"\n    #   {visible(line)}" for line in [f"{head}:", *(f"  {one}" for one in lines)])


def _template(name: str) -> str:
    return (files("ringfence.initial") / "templates" / name).read_text(encoding="utf-8")


def _defaults(template: str) -> dict[str, str]:
    return {found["name"]: found["value"] for found in DEFAULTS.finditer(template)}


def _filled(name: str, given: Mapping[str, str]) -> str:
    template = _template(name)
    return Template(DEFAULTS.sub("", template)).substitute(_defaults(template) | dict(given))


__all__ = ["PLATFORM_FILE", "judged", "management_prefixes", "platform", "project", "scalar", "tenant", "tenant_file", "write"]
