"""Make the attempts of ``attempts`` at the real API, in the names of the tenants' own identities."""

from __future__ import annotations

import contextlib
import json
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from keystoneauth1.exceptions import ClientException
from openstack.config import get_cloud_region
from openstack.connection import Connection

from infra.dynamic import clouds
from infra.outcome import CheckVerdict, Outcome
from ringfence.verify.denial.attempts import OK, Answer, Attempt, Call, Who, across, judge
from ringfence.verify.denial.insiders import within
from ringfence.verify.turns import Turn, pairs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from ringfence.verify.inventory import Inventory
    from ringfence.verify.stacks import StackFacts, StackIdentity

AT_ONCE = 4
VERSIONS = {"compute": "2.90", "block_storage": "3.64"}
ALONE = "only one tenant is up: there is no other one to try it"
Cloud = tuple[str, Who]


ALL = Turn()
"""A cycle of one turn: every pair at once."""


def run(
    inventory: Inventory, identities: Mapping[str, StackFacts], tell: Callable[[str, int, int], None], turn: Turn = ALL
) -> Iterator[Outcome]:
    """Yield the outcomes of all attempts, within each tenant and across all pairs of tenants whose turn it is."""
    logins: dict[Cloud, Connection] = {}
    for tenant in inventory.tenants:
        logins[tenant.name, Who.DEPLOYER] = clouds.deployer(clouds.Credential.of(identities[tenant.name].deployer.values))
        logins[tenant.name, Who.READER] = reader(identities[tenant.name].reader)
    attempts = [attempt for tenant in inventory.tenants for attempt in within(tenant)]
    tenants = {tenant.name: tenant for tenant in inventory.tenants}
    asked = pairs(list(tenants), turn)
    attempts += [attempt for one, other in asked for attempt in across(tenants[one], tenants[other])]
    left = len(tenants) * (len(tenants) - 1) - len(asked)
    if left:
        words = f"{turn}: {len(asked):,} of {len(asked) + left:,} ordered pairs are asked; each is in one turn of the cycle"
        yield Outcome("the other pairs of tenants", CheckVerdict.SKIPPED, words)
    if len(inventory.tenants) == 1:
        yield Outcome("another tenant tries", CheckVerdict.SKIPPED, ALONE, inventory.tenants[0].name)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for done, outcome in enumerate(pool.map(lambda attempt: make(attempt, logins), attempts), start=1):
            tell("asking the API", done, len(attempts))
            yield outcome


def make(attempt: Attempt, logins: Mapping[Cloud, Connection]) -> Outcome:
    """Make one attempt, then its twin, and judge them."""
    attacker = logins[attempt.attacker, attempt.who]
    answer = ask(attacker, attempt.call)
    if answer.status in OK and attempt.call.method == "POST":
        _take_back(attacker, attempt.call, answer)
    # A reader's "no" has its twin in a request of the same reader where reading is enough: it shows that the login works at all.
    same = attempt.twin.method == "GET" and (attempt.owner == attempt.attacker or attempt.call.method == "GET")
    who = attempt.who if same else Who.DEPLOYER
    return judge(attempt, answer, ask(logins[attempt.owner, who], attempt.twin))


def _take_back(attacker: Connection, call: Call, answer: Answer) -> None:
    """Delete what an attempt created that ought to have been refused: it fails, and must not leave a hole behind."""
    with contextlib.suppress(ValueError, AttributeError, StopIteration):
        made = next(iter(json.loads(answer.text).values())).get("id")
        if made:
            ask(attacker, Call(call.service, "DELETE", f"{call.path}/{made}"))


def ask(login: Connection, call: Call) -> Answer:
    """Send one request; an API that cannot be reached answers 0."""
    try:
        service = getattr(login, call.service)
        answer = service.request(call.path, call.method, json=call.body, raise_exc=False, microversion=VERSIONS.get(call.service))
    except ClientException as problem:
        return Answer(0, f"{type(problem).__name__}: {problem}")
    return Answer(answer.status_code, answer.text)


def reader(identity: StackIdentity) -> Connection:
    """Connect as a tenant's reader; environment and clouds.yaml are left out of account."""
    values = identity.values
    region = get_cloud_region(
        load_envvars=False,
        load_yaml_config=False,
        auth_type="v3password",
        auth={name: values[name] for name in ("auth_url", "user_id", "password", "project_id")},
        region_name=values["region"],
        cacert=values.get("cacert") or None,
        api_timeout=clouds.TIMEOUT_SECONDS,
    )
    return Connection(config=region)
