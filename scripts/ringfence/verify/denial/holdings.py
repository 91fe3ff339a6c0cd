"""What a stranger tries at things that no stack exports: the key of a volume, an image, a volume that is handed over, credentials. Pure.

A tenant has no image and hands no volume over, so it holds an empty one of each for a moment (:mod:`ringfence.verify.denial.bait`).
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from infra.outcome import CheckVerdict, Outcome
from ringfence.verify.denial.attempts import BY_KEY, IN_USE, REFUSED, Attempt, Call, Who, first_server, has_servers, show

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ringfence.verify.inventory import TenantInventory

PAYLOAD = "application/octet-stream"
TRANSFERS = "3.70"
"""Of Cinder's API (Wallaby): from there on a volume that is encrypted can be handed over as well."""
WRONG_KEY = "0" * 16
KEY, IMAGE, TRANSFER = "volume's key", "image", "volume transfer"


@dataclass(frozen=True, slots=True)
class Bait:
    """What a tenant holds. ``why`` says, by what it is, why it holds none, and whether that is an error.

    ``reader`` is the id of its reader, ``key`` that of the secret of its first volume. ``name`` is of nothing else in the cloud.
    """

    reader: str
    name: str
    key: str = ""
    image: str = ""
    transfer: str = ""
    why: Mapping[str, tuple[CheckVerdict, str]] = field(default_factory=dict)

    def missing(self, tenant: str) -> Iterator[Outcome]:
        """Yield what cannot be tried, and why."""
        for what, (verdict, reason) in self.why.items():
            yield Outcome(f"another tenant tries {tenant}'s {what}", verdict, reason, tenant)


def at(attacker: TenantInventory, victim: TenantInventory, held: Bait) -> Iterator[Attempt]:
    """Yield what one tenant tries at what another one holds."""
    if held.key:
        yield from _at_key(attacker, victim, held.key)
    if held.image:
        yield from _at_image(attacker, victim, held.image)
    if held.transfer:
        yield from _at_transfer(attacker, victim, held.transfer)
    if has_servers(victim):
        yield _backup(attacker, victim)
    yield from _as_somebody_else(attacker, victim, held)


def _at_key(attacker: TenantInventory, victim: TenantInventory, key: str) -> Iterator[Attempt]:
    """Whoever reads it can decrypt a volume, and its backups. The tenant's own reader need not be able to, so its deployer is the twin."""
    call = Call("key_manager", "GET", f"/secrets/{key}/payload", accept=PAYLOAD, is_secret=True)
    for who in Who:
        words = f"{attacker.name}'s {who} reads the key of {victim.name}'s volume"
        yield Attempt(words, attacker.name, who, call, victim.name, call, twin_who=Who.DEPLOYER)


def _at_image(attacker: TenantInventory, victim: TenantInventory, image: str) -> Iterator[Attempt]:
    seen = show("image", f"/images/{image}")
    for who in Who:
        yield Attempt(f"{attacker.name}'s {who} shows {victim.name}'s image", attacker.name, who, seen, victim.name, seen)
    lend = Call("image", "POST", f"/images/{image}/members", {"member": str(attacker.facts.project_id)})
    words = f"{attacker.name}'s deployer lends {victim.name}'s image to itself"
    yield Attempt(words, attacker.name, Who.DEPLOYER, lend, victim.name, lend)


def _at_transfer(attacker: TenantInventory, victim: TenantInventory, transfer: str) -> Iterator[Attempt]:
    """Whoever knows its key may accept it: so without that Cinder refuses for the key, and for nothing else."""
    path = f"/volume-transfers/{transfer}"
    seen = Call("block_storage", "GET", path, version=TRANSFERS)
    for who in Who:
        yield Attempt(f"{attacker.name}'s {who} shows {victim.name}'s volume transfer", attacker.name, who, seen, victim.name, seen)
    accept = Call("block_storage", "POST", f"{path}/accept", {"accept": {"auth_key": WRONG_KEY}}, version=TRANSFERS)
    words = f"{attacker.name}'s deployer accepts {victim.name}'s volume transfer without its key"
    yield Attempt(words, attacker.name, Who.DEPLOYER, accept, victim.name, seen, REFUSED | {BY_KEY})


def _backup(attacker: TenantInventory, victim: TenantInventory) -> Attempt:
    """Without ``force`` Cinder makes no backup of a volume in use, and says so to its owner only."""
    body = {"backup": {"volume_id": first_server(victim).volumes.root, "name": "taken"}}
    call = Call("block_storage", "POST", "/backups", body)
    words = f"{attacker.name}'s deployer makes a backup of {victim.name}'s volume"
    return Attempt(words, attacker.name, Who.DEPLOYER, call, victim.name, call, granted=IN_USE)


def _as_somebody_else(attacker: TenantInventory, victim: TenantInventory, held: Bait) -> Iterator[Attempt]:
    """Readers try, who log in with a password: with an application credential nobody may make another one, not even for himself."""
    name = f"{held.name}-{attacker.name}"
    key = {"access": name, "secret": held.name}
    ec2 = {"type": "ec2", "user_id": held.reader, "project_id": str(victim.facts.project_id), "blob": json.dumps(key)}
    credential = {"application_credential": {"name": name}}
    calls = {
        "an application credential": Call("identity", "POST", f"/users/{held.reader}/application_credentials", credential),
        "a key for EC2": Call("identity", "POST", "/credentials", {"credential": ec2}),
    }
    for what, call in calls.items():
        words = f"{attacker.name}'s reader makes {what} for {victim.name}'s reader"
        yield Attempt(words, attacker.name, Who.READER, call, victim.name, call, twin_who=Who.READER)
