"""The file of exceptions: traffic and unknown things that somebody accepted, read for every verb in one way."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import yaml
from pydantic import ValidationError

from infra.errors import Problem, QuestionError
from infra.neutron.lint.exceptions import ExceptionFile

if TYPE_CHECKING:
    from datetime import date

    from infra.policy.isolation.acceptance import Acceptance

EXCEPTIONS = Path("ringfence-exceptions.yaml")
EXAMPLE = "exceptions: [{id: E1, project: acme, packets: tcp/22 from 10.0.0.0/8, owner: WHO, ticket: T-1, reason: WHY, expires: DAY}]"
ACCEPTED = "accepted: [{name: field:port.acme, owner: WHO, reason: WHY, expires: DAY}]"


def place(named: Path | None) -> Path | None:
    """Return the file that was named, or the one that lies here."""
    return named or (EXCEPTIONS if EXCEPTIONS.exists() else None)


def read(file: Path) -> ExceptionFile:
    """Read the exceptions. Raises :class:`QuestionError` with every mistake in the file."""
    hint = f"{EXAMPLE}; {ACCEPTED}"
    try:
        return ExceptionFile.model_validate(yaml.safe_load(file.read_bytes()) or {})
    except OSError as error:
        raise QuestionError.of("the exceptions cannot be read", where=str(file), got=error.strerror or "", hint=hint) from error
    except ValidationError as error:
        problems = [
            Problem(entry["msg"], f"{file}: {'.'.join(map(str, entry['loc']))}", got=str(entry["input"])[:80], hint=hint)
            for entry in error.errors()
        ]
        raise QuestionError(*problems) from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # a day that no calendar has is a ValueError, endless nesting the last
        raise QuestionError.of("the exceptions are no YAML", where=str(file), got=" ".join(str(error).split()), hint=hint) from error


def accepted(named: Path | None, today: date) -> tuple[Acceptance, ...]:
    """Return what somebody answers for on a day though it is not understood."""
    file = place(named)
    return read(file).live(today) if file else ()
