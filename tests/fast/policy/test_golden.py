"""What is rendered from a policy, held as text in ``tests/golden``."""

from __future__ import annotations

import os
from pathlib import Path
from pprint import pformat

import pytest

from infra.declaration import load_tenant
from infra.declaration.model import Platform
from infra.policy.flows import expand
from infra.policy.sentences import describe
from infra.render import nftables, security_groups
from tests.fast.declaration.declared import PLATFORM, TODAY

GOLDEN = Path(__file__).resolve().parents[2] / "golden" / "policy"
CASES = sorted(path.name for path in GOLDEN.iterdir())


def rendered(case: str) -> dict[str, str]:
    """Return every text that comes out of a case's declaration, by file name."""
    platform = Platform.model_validate(PLATFORM)
    policy = expand(load_tenant(next((GOLDEN / case).glob("Pulumi.*.yaml")), platform, today=TODAY), platform)
    texts = {f"{server}.nft": nftables.render(policy, server) for server in sorted({n.server for n in policy.nics})}
    texts["sentences.txt"] = describe(policy)
    texts["groups.txt"] = (
        "\n".join(pformat(item, width=140) for item in (*security_groups.address_groups(policy), *security_groups.security_groups(policy)))
        + "\n"
    )
    return texts


@pytest.mark.parametrize("case", CASES)
def test_a_policy_is_rendered_as_agreed(case: str) -> None:
    """Every renderer gives the agreed text, and there is no golden file that nothing gives."""
    texts = rendered(case)
    if os.environ.get("RINGFENCE_GOLDEN") == "write":
        for name, text in texts.items():
            (GOLDEN / case / name).write_text(text, encoding="utf-8")
    agreed = {path.name: path.read_text(encoding="utf-8") for path in (GOLDEN / case).iterdir() if path.suffix != ".yaml"}
    assert agreed == texts


@pytest.mark.parametrize("case", CASES)
def test_a_policy_is_rendered_the_same_every_time(case: str) -> None:
    """Rendering depends on nothing but the declaration: a plan without a change shows none."""
    assert rendered(case) == rendered(case)
