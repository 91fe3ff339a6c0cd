from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest

from infra.outcome import CheckVerdict
from ringfence.verify.denial.attempts import BY_QUOTA, REFUSED, Answer, Attempt, Call, Who, across, judge
from ringfence.verify.denial.insiders import within
from tests.fast.ringfence.verify.inventories import inventory

pytestmark = pytest.mark.fast

ACME, GLOBEX = inventory().tenants
SHOW = Attempt("shows", "acme", Who.DEPLOYER, Call("compute", "GET", "/servers/1"), "globex", Call("compute", "GET", "/servers/1"))
LIST = replace(SHOW, call=Call("compute", "GET", "/servers"), twin=Call("compute", "GET", "/servers"), hidden="server-1")
DELETE = replace(SHOW, call=Call("network", "DELETE", "/networks/1"), granted=frozenset({400, 409}))
SHARE = replace(SHOW, call=Call("network", "POST", "/rbac-policies"), refused=REFUSED | {BY_QUOTA})
FULL_QUOTA = '{"NeutronError": {"type": "OverQuota"}}'
GOOD, FULL = Answer(200), Answer(200, '"server-1"')
TABLE = {
    "refused as not found": (SHOW, Answer(404), GOOD, CheckVerdict.PASS),
    "refused as forbidden": (SHOW, Answer(403), GOOD, CheckVerdict.PASS),
    "granted": (SHOW, Answer(200), GOOD, CheckVerdict.FAIL),
    "accepted for later": (SHOW, Answer(202), GOOD, CheckVerdict.FAIL),
    "the thing is not there at all": (SHOW, Answer(404), Answer(404), CheckVerdict.ERROR),
    "the API is down": (SHOW, Answer(0, "down"), GOOD, CheckVerdict.ERROR),
    "the API breaks": (SHOW, Answer(500), GOOD, CheckVerdict.ERROR),
    "the login is bad": (SHOW, Answer(401), GOOD, CheckVerdict.ERROR),
    "not in the list": (LIST, Answer(200, "[]"), FULL, CheckVerdict.PASS),
    "in the list": (LIST, FULL, FULL, CheckVerdict.FAIL),
    "not in the owner's list either": (LIST, Answer(200, "[]"), Answer(200, "[]"), CheckVerdict.ERROR),
    "no room for any": (SHARE, Answer(409, FULL_QUOTA), GOOD, CheckVerdict.PASS),
    "no room, where that is no answer": (SHOW, Answer(409, FULL_QUOTA), GOOD, CheckVerdict.ERROR),
    "it is shared already": (SHARE, Answer(409, '{"NeutronError": {"type": "RbacPolicyAlreadyExists"}}'), GOOD, CheckVerdict.ERROR),
    "shared": (SHARE, Answer(201), GOOD, CheckVerdict.FAIL),
    "delete refused": (DELETE, Answer(404), Answer(409), CheckVerdict.PASS),
    "delete got as far as the owner's": (DELETE, Answer(409), Answer(409), CheckVerdict.FAIL),
    "delete granted": (DELETE, Answer(204), Answer(409), CheckVerdict.FAIL),
}


@pytest.mark.parametrize("name", TABLE)
def test_table(name: str) -> None:
    """Every pair of answers comes to its verdict."""
    attempt, answer, twin, verdict = TABLE[name]
    assert judge(attempt, answer, twin).verdict is verdict


def test_there_are_enough_attempts() -> None:
    """Show, list, change, attach and delete are all tried, 25 ways and more, in both directions."""
    names = [attempt.name for attempt in across(ACME, GLOBEX)]
    assert len(names) == len(set(names)) >= 25
    assert all(any(verb in name for name in names) for verb in ("shows", "list", "changes", "attaches", "deletes", "creates", "shares"))
    assert {attempt.owner for attempt in across(ACME, GLOBEX)} == {"globex"}
    assert len(list(within(ACME))) >= 15


def test_both_identities_try() -> None:
    """The reader and the deployer of the other tenant both try."""
    assert {attempt.who for attempt in across(ACME, GLOBEX)} == set(Who)


def test_tenants_without_servers_are_asked_for_what_they_have() -> None:
    """Networks only: nothing of Nova's and Cinder's, and no security group is deleted, which its owner could."""
    one, other = (replace(tenant, facts=msgspec.structs.replace(tenant.facts, servers={})) for tenant in (ACME, GLOBEX))
    attempts = [*across(one, other), *across(one, GLOBEX), *within(one)]
    assert len(list(across(one, other))) >= 10
    assert len(list(within(one))) >= 10
    twins = {(attempt.twin.service, attempt.twin.method) for attempt in (*across(one, other), *within(one))}
    assert twins <= {("network", "GET"), ("network", "PUT"), ("network", "DELETE"), ("identity", "GET"), ("compute", "GET")}
    assert not any("security-groups" in attempt.twin.path for attempt in across(one, other) if attempt.twin.method == "DELETE")
    assert all(attempt.granted != frozenset() for attempt in attempts)
