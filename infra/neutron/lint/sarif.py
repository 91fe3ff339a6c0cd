"""Findings as SARIF 2.1.0 (OASIS Standard, Static Analysis Results Interchange Format): what code hosts show beside the line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from infra import text
from infra.neutron.lint.findings import CATALOGUE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from infra.neutron.lint.findings import Finding

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


def sarif(findings: Iterable[Finding], version: str) -> dict[str, Any]:
    """Return a SARIF log with one run; findings without a line point to the group by its name."""
    rules = [
        {"id": kind.value, "shortDescription": {"text": text}, "defaultConfiguration": {"level": level.value}}
        for kind, (level, text) in CATALOGUE.items()
    ]
    driver = {"name": "ringfence", "version": version, "rules": rules}
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [{"tool": {"driver": driver}, "results": [_result(f) for f in findings]}]}


def _result(finding: Finding) -> dict[str, Any]:
    logical = {"fullyQualifiedName": text.visible("/".join(filter(None, (finding.project, finding.group, finding.rule)))) or "cloud"}
    location: dict[str, Any] = {"logicalLocations": [logical]}
    if finding.file:
        location["physicalLocation"] = {"artifactLocation": {"uri": quote(finding.file)}, "region": {"startLine": max(finding.line, 1)}}
    return {
        "ruleId": finding.kind.value,
        "level": finding.level.value,
        "message": {"text": text.sarif(finding.text)},
        "locations": [location],
        "properties": {"flow": text.visible(finding.flow), "owner": text.visible(finding.owner)},
    }
