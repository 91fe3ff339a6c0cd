"""OpenSCAP: how it is called, on this machine for a tree and inside a server for itself."""

from __future__ import annotations

import os
import subprocess
import time
from typing import TYPE_CHECKING, Final

import msgspec

from examiners.model import ExaminerError, Tier
from examiners.packages import CONTENT
from examiners.said import xccdf

if TYPE_CHECKING:
    from pathlib import Path

    from examiners.model import Examination
    from examiners.packages import Toolbox

CIS: Final = ("cis_level1_server", "cis_level2_server")
ANSSI: Final = ("anssi_bp28_minimal", "anssi_bp28_intermediary", "anssi_bp28_enhanced", "anssi_bp28_high")
PROFILES: Final = (*CIS, *ANSSI)
ANSWERED: Final = frozenset({0, 2})
"""Exit codes of an evaluation that came to its end: all rules hold, or some do not."""


def command(tools: Toolbox, profile: str, results: str, *options: str) -> tuple[str, ...]:
    """Return the words that evaluate a profile and write its results."""
    scap = tools.seen / "usr/share/openscap"
    settings = (f"OSCAP_CPE_PATH={scap}/cpe", f"OSCAP_SCHEMA_PATH={scap}/schemas", f"OSCAP_XSLT_PATH={scap}/xsl")
    asked = ("xccdf", "eval", "--profile", xccdf.PROFILE + profile, "--results", results, *options)
    return ("env", *settings, *tools.program("usr/bin/oscap"), *asked, str(tools.seen / "usr/share/xml/scap/ssg/content" / CONTENT))


def of_tree(tools: Toolbox, tree: Path, profile: str, raw: Path) -> Examination:
    """Evaluate a profile on a tree of files; the results stay in the folder of raw results.

    Raises:
        ExaminerError: the scanner did not come to its end, or its results cannot be read.
    """
    results = raw / f"{profile}.xml"
    results.unlink(missing_ok=True)
    began = time.monotonic()
    done = subprocess.run(
        command(tools, profile, str(results)),
        env={**os.environ, "OSCAP_PROBE_ROOT": str(tree), "LC_ALL": "C.UTF-8"},
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    (raw / f"{profile}.log").write_text(done.stdout + done.stderr, encoding="utf-8")
    if done.returncode not in ANSWERED or not results.exists():
        raise ExaminerError.of(
            "OpenSCAP did not come to its end",
            where=f"profile {profile}",
            expected=f"exit code {' or '.join(map(str, sorted(ANSWERED)))}, and results",
            got=f"exit code {done.returncode}: {done.stderr.strip()[-1000:]}",
            hint=f"read {raw / f'{profile}.log'}",
        )
    found = xccdf.read(results.read_bytes(), where=str(results), profile=profile, tier=Tier.OFFLINE)
    return msgspec.structs.replace(found, seconds=round(time.monotonic() - began, 1))
