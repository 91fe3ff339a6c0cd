"""``ringfence doctor`` on the running cloud: as its operator, as a tenant, and the shapes of answers that the fast tests rest on."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from ringfence.doctor import collect
from ringfence.doctor.model import Facts
from ringfence.doctor.reads import NAMED, OK
from ringfence.verify.open import Opened  # noqa: TC001 - pytest reads it
from tests.fast.ringfence.doctor import recorded

if TYPE_CHECKING:
    from collections.abc import Mapping

pytestmark = pytest.mark.live
RINGFENCE = Path(sys.executable).parent / "ringfence"
SECONDS = 180
HOLDS, LACKING = 0, 1


def examined(environment: Mapping[str, str] | None = None) -> tuple[int, dict[str, Any]]:
    """Run the verb and return how it ended and what it told."""
    command = [str(RINGFENCE), "doctor", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False, env={**os.environ, **(environment or {})})
    return done.returncode, json.loads(done.stdout)


def test_nothing_is_lacking_to_the_operator_of_a_cloud_with_tenants() -> None:
    """The lab has all that ringfence needs, and whatever is in it is in a stack."""
    code, told = examined()
    bad = {check["check"]: check["findings"] for check in told["checks"] if check["verdict"] in {"fail", "error"}}
    assert (code, bad) == (HOLDS, {})


def test_a_tenants_own_credential_is_told_what_it_may_not(opened: Opened, tmp_path: Path) -> None:
    """It is no admin's, which is lacking; what it may not read cannot be told and is no pass."""
    credential = next(iter(opened.identities.values())).deployer.values
    auth = {key: credential[key] for key in ("auth_url", "application_credential_id", "application_credential_secret")}
    entry = {
        "auth_type": "v3applicationcredential",
        "auth": auth,
        "region_name": credential["region"],
        "cacert": credential["cacert"] or None,
    }
    file = tmp_path / "clouds.yaml"
    file.write_text(yaml.safe_dump({"clouds": {"tenant": entry}}), encoding="utf-8")
    code, told = examined({"OS_CLIENT_CONFIG_FILE": str(file), "OS_CLOUD": "tenant"})
    verdicts = {check["check"]: check["verdict"] for check in told["checks"]}
    assert code == LACKING
    assert verdicts["role"] == verdicts["credential"] == "fail"
    assert {verdicts[name] for name in ("hosts", "hypervisors", "volume-hosts", "leftover-projects")} == {"error"}
    assert credential["application_credential_secret"] not in json.dumps(told)


def test_the_cloud_answers_in_the_recorded_shapes() -> None:
    """Whatever field a recorded row has, a row of the cloud has: else the fast tests would judge what no cloud says."""
    declared = recorded.declared()
    made, why = collect.made()
    facts = Facts(collect.seen(declared, lambda *_: None), declared, made, why)
    if os.environ.get("RINGFENCE_WRITE_GOLDEN"):
        recorded.FILE.write_text(recorded.written(facts), encoding="utf-8")
    kept = recorded.facts()
    assert facts.seen.answers.keys() >= {name for name in kept.seen.answers if name in NAMED}
    for name, answer in kept.seen.answers.items():
        if name in NAMED and answer.status == OK and isinstance(answer.body[NAMED[name].key], list) and facts.rows(name):
            assert {field for row in kept.rows(name) for field in row} <= {field for row in facts.rows(name) for field in row}, name
