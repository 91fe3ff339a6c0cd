"""What was found before, between, and after the offboarding of a tenant that was made, filled and backed up."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.offboarding import course as running
from tests.offboarding import looks, plain, tenant
from tests.offboarding.looks import Storage
from tests.offboarding.tenant import NAME

if TYPE_CHECKING:
    from tests.offboarding.course import Course
    from tests.offboarding.plain import Caller
    from tests.offboarding.tenant import Had


@dataclass(frozen=True, slots=True)
class Stage:
    """What was found, and when."""

    course: Course
    operator: Caller
    had: Had
    marker: str
    others: frozenset[str]
    storage_before: Storage
    files_before: list[str]
    between: dict[str, Any]
    rows_between: dict[str, tuple[int, int]]
    stop: tuple[int, dict[str, Any]]
    end: tuple[int, dict[str, Any]]
    storage: Storage
    certificate: dict[str, Any]


def gone(course: Course, others: frozenset[str]) -> Stage:
    """Fill the tenant, and let it go."""
    operator, found = plain.operator(), tenant.facts()
    marker = tenant.marked()
    caller = tenant.caller_of(found)
    tenant.filled(operator, caller, found.facts.deployer.user_id, found.facts.project_id)
    code, told = course.ended("backup", "run", NAME, run="backup run")
    assert code == 0, told
    had = tenant.looked(found, caller, operator)
    before, files = Storage.read(), looks.files()
    receipt = course.folder / "receipt"
    receipt.write_text("received: Erika Muster\n")
    erase = ("offboard", NAME, "--erase", "--receipt", str(receipt))
    course.killed("killed while the servers stop", *erase, when=lambda: running.has_begun("cordon"))
    between = dict(zip(("code", "told"), course.ended("offboard", NAME, "--prove", run="--prove of a tenant that is there"), strict=True))
    rows = looks.rows(had.project)
    course.killed("killed while the engine destroys", *erase, when=running.engine_deleted)
    stop = course.ended("offboard", NAME, "--stop")
    with looks.trimming_held(until=lambda: running.has_begun("storage")):
        end = course.ended(*erase, run="to the end")
    assert end[0] == 0, end[1]
    sys.stderr.write(f"\n{running.told(course, running.journal())}\n")
    certificate = json.loads((running.place() / "certificate-of-removal.json").read_bytes())
    return Stage(course, operator, had, marker, others, before, files, between, rows, stop, end, Storage.read(), certificate)
