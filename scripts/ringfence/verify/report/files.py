"""Write a result down: JSON, JUnit and the page, in a folder of its own below the state, with a link ``latest`` to it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from infra import paths
from infra.errors import QuestionError
from ringfence.verify.report import junit, page
from ringfence.verify.report.headline import headline, not_looked_at
from ringfence.verify.result import Kind

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from ringfence.verify.result import Result

LATEST = "latest"


def reports() -> Path:
    """Return the folder of all reports."""
    return paths.state() / "reports"


def plain(result: Result) -> dict[str, Any]:
    """Return the result as plain values."""
    return {
        "headline": headline(result).text,
        "not_looked_at": not_looked_at(result),
        "about": result.about.plain(),
        "tenants": list(result.tenants),
        "started": result.started,
        "finished": result.finished,
        "green": result.is_green,
        "counts": {str(verdict): count for verdict, count in sorted(result.counts().items())},
        "health": result.state.told,
        "health_untold": "" if result.state.told else result.state.untold,
        **({"examined": result.examined.plain()} if Kind.HARDENING in result.asked else {}),
        "seconds": result.seconds,
        "probes": result.probes,
        "probes_per_second": round(result.probes_per_second, 1),
        "checks": [
            {
                "kind": str(check.kind),
                "tenant": check.outcome.tenant,
                "check": check.outcome.check,
                "verdict": str(check.outcome.verdict),
                "reason": check.outcome.reason,
                **({"details": check.details} if check.details else {}),
            }
            for check in result.checks
        ],
    }


def write(result: Result) -> Path:
    """Write the three reports and return their folder."""
    folder = reports() / result.started.replace(":", "").replace("+0000", "Z")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "verify.json").write_text(json.dumps(plain(result), indent=1) + "\n", encoding="utf-8")
    (folder / "verify.xml").write_text(junit.render(result), encoding="utf-8")
    (folder / "index.html").write_text(page.render(result), encoding="utf-8")
    fresh = reports() / f".{LATEST}.{folder.name}"
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(folder.name)
    fresh.replace(reports() / LATEST)
    return folder


def latest() -> dict[str, Any] | None:
    """Return the last result that was written, as plain values."""
    file = reports() / LATEST / "verify.json"
    if not file.exists():
        return None
    values: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return values


def last_of(tenants: Collection[str]) -> dict[str, dict[str, Any]]:
    """Return for each tenant the newest result that is about it. Raises :class:`QuestionError` for one that cannot be read."""
    found: dict[str, dict[str, Any]] = {}
    for file in sorted(reports().glob("*/verify.json"), reverse=True):
        if file.parent.name == LATEST:
            continue
        if found.keys() >= set(tenants):
            break
        try:
            values = json.loads(file.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            hint = "take it away, or verify again"
            raise QuestionError.of("this report cannot be read", where=str(file), got=str(error), hint=hint) from error
        found = {name: values for name in values["tenants"] if name in tenants} | found
    return found
