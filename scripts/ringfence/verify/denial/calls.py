"""Make the attempts of ``attempts`` at the real API, in the names of the tenants' own identities."""

from __future__ import annotations

import contextlib
import json
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from infra.dynamic import clouds
from infra.outcome import CheckVerdict, Outcome
from ringfence.verify.denial import holdings
from ringfence.verify.denial.asking import ask, reader
from ringfence.verify.denial.attempts import OK, Answer, Attempt, Call, Who, across, judge
from ringfence.verify.denial.bait import Holder
from ringfence.verify.denial.insiders import within
from ringfence.verify.turns import Turn, pairs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from openstack.connection import Connection

    from ringfence.verify.denial.holdings import Bait
    from ringfence.verify.inventory import Inventory, TenantInventory
    from ringfence.verify.stacks import StackFacts

AT_ONCE = 4
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
    tenants = {tenant.name: tenant for tenant in inventory.tenants}
    asked = pairs(list(tenants), turn)
    left = len(tenants) * (len(tenants) - 1) - len(asked)
    if left:
        words = f"{turn}: {len(asked):,} of {len(asked) + left:,} ordered pairs are asked; each is in one turn of the cycle"
        yield Outcome("the other pairs of tenants", CheckVerdict.SKIPPED, words)
    if len(inventory.tenants) == 1:
        yield Outcome("another tenant tries", CheckVerdict.SKIPPED, ALONE, inventory.tenants[0].name)
    holders = {
        name: Holder(tenants[name], logins[name, Who.DEPLOYER], str(identities[name].reader.values["user_id"]))
        for name in sorted({other for _, other in asked})
    }
    with ThreadPoolExecutor(AT_ONCE) as pool:
        tell("making what strangers try at", 0, 0)
        try:
            held = dict(zip(holders, pool.map(Holder.made, holders.values()), strict=True))
            yield from (outcome for name, bait in held.items() for outcome in bait.missing(name))
            attempts = _attempts(tenants, asked, held)
            for done, outcome in enumerate(pool.map(lambda attempt: make(attempt, logins), attempts), start=1):
                tell("asking the API", done, len(attempts))
                yield outcome
        finally:
            remains = [outcome for found in pool.map(Holder.removed, holders.values()) for outcome in found]
        yield from remains


def _attempts(tenants: Mapping[str, TenantInventory], asked: list[tuple[str, str]], held: Mapping[str, Bait]) -> list[Attempt]:
    """Return all attempts, within each tenant and across the pairs that are asked."""
    attempts = [attempt for tenant in tenants.values() for attempt in within(tenant)]
    for one, other in asked:
        attempts += [*across(tenants[one], tenants[other]), *holdings.at(tenants[one], tenants[other], held[other])]
    return attempts


def make(attempt: Attempt, logins: Mapping[Cloud, Connection]) -> Outcome:
    """Make one attempt, then its twin, and judge them."""
    attacker = logins[attempt.attacker, attempt.who]
    answer = ask(attacker, attempt.call)
    if answer.status in OK and attempt.call.method == "POST":
        _take_back(attacker, attempt.call, answer)
    # A reader's "no" has its twin in a request of the same reader where reading is enough: it shows that the login works at all.
    same = attempt.twin.method == "GET" and (attempt.owner == attempt.attacker or attempt.call.method == "GET")
    who = attempt.twin_who or (attempt.who if same else Who.DEPLOYER)
    owner = logins[attempt.owner, who]
    twin = ask(owner, attempt.twin)
    if twin.status in OK and attempt.twin.method == "POST":
        _take_back(owner, attempt.twin, twin)
    return judge(attempt, answer, twin)


def _take_back(login: Connection, call: Call, answer: Answer) -> None:
    """Delete what was created: by an attempt that ought to have been refused, and must not leave a hole behind, or by its twin."""
    with contextlib.suppress(ValueError, AttributeError, StopIteration):
        made = next(iter(json.loads(answer.text).values())).get("id")
        if made:
            ask(login, Call(call.service, "DELETE", f"{call.path}/{made}"))
