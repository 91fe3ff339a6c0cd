"""What proves the end of a tenant, on the live cloud: a tenant that is there is found by every look, and one that never was by none."""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec
import pytest

from infra.dynamic import clouds
from infra.offboarding import fingerprints, proof
from infra.offboarding.inventory import Inventory
from infra.outcome import CheckVerdict
from ringfence.offboarding import keystore, listing, noting, raw, tokens
from ringfence.offboarding.first_objects import TRASH
from ringfence.offboarding.tokens import KeptToken
from ringfence.verify import stacks
from ringfence.verify.storage import pools
from ringfence.verify.storage.at_rest import POOL, POOL_VARIABLE, VARIABLE, RawStorage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from openstack.connection import Connection

    from ringfence.offboarding.raw import Scanned
    from ringfence.verify.open import Opened

pytestmark = pytest.mark.live
needs_storage = pytest.mark.skipif(not os.environ.get(VARIABLE), reason=f"{VARIABLE} is not set")
NOBODY = "0" * 32
"""A project that never was."""


@dataclass(frozen=True, slots=True)
class Going:
    """A tenant that could go: what is noted of it, what the storage holds, and its own credential."""

    inventory: Inventory
    scanned: Scanned
    deployer: Connection
    admin: Connection

    @property
    def gone(self) -> Inventory:
        """What is noted of a tenant that never was, and of which copies are known all the same."""
        return msgspec.structs.replace(self.inventory, project=NOBODY, resources={}, lent=())


@pytest.fixture(scope="module")
def going(opened: Opened) -> Going:
    """Note everything of the first tenant; nothing of it is changed."""
    tenant, admin = opened.inventory.tenants[0], opened.cloud
    deployer = clouds.deployer(clouds.Credential.of(stacks.tenant(tenant.name).deployer.values))
    labels = tenant.declaration.labels
    blank = Inventory(
        tenant=tenant.name,
        project=tenant.facts.project_id,
        region=tenant.declaration.region,
        classification=labels.classification,
        taken="",
        resources={},
        media=(),
    )
    scanned = raw.scanned(os.environ, admin.image)
    return Going(noting.noted(admin, deployer, blank, lambda: scanned), scanned, deployer, admin)


def test_every_service_shows_a_tenant_that_is_there_and_nothing_of_one_that_never_was(going: Going) -> None:
    """No list ends in an error, and each that is empty has a twin."""
    there = {each.claim: each for each in proof.listed(listing.listings(going.admin, going.inventory))}
    assert not [str(each) for each in there.values() if each.verdict is CheckVerdict.ERROR]
    found = {kind for kind, claim in claims(there) if there[claim].verdict is CheckVerdict.FAIL}
    assert found >= {"servers", "volumes", "ports", "networks", "users", "projects", "role assignments", "secrets"}
    never = proof.listed(listing.listings(going.admin, going.gone))
    assert {each.verdict for each in never} == {CheckVerdict.PASS}, never


def claims(found: dict[str, proof.Absence]) -> Iterator[tuple[str, str]]:
    """Yield each kind with the claim about it."""
    for kind in (*listing.QUESTIONS, listing.SECRETS):
        yield kind, next(claim for claim in found if claim.endswith(f" lists no {kind} of the tenant"))


def test_every_service_takes_a_token_and_refuses_what_is_none(going: Going) -> None:
    """By the same requests: a refusal has no other reason."""
    kept = tokens.of(going.deployer)
    answers = tokens.answers(going.admin, kept)
    tokens.refuse_useless(answers)
    assert answers.keys() == tokens.SERVICES.keys()
    none = tokens.answers(going.admin, KeptToken("none", kept.urls))
    live = tokens.answers(going.admin, tokens.of(going.admin))
    assert proof.token(none, live, tuple(kept.urls)).verdict is CheckVerdict.PASS, (none, live)
    assert proof.token(answers, live, tuple(kept.urls)).verdict is CheckVerdict.FAIL


@pytest.mark.skipif(not os.environ.get(keystore.VARIABLE), reason=f"{keystore.VARIABLE} is not set")
def test_key_rows_of_a_tenant_are_counted_and_of_one_that_never_was_there_are_none(going: Going) -> None:
    """Wrapped secrets and the key that wraps them."""
    command = os.environ[keystore.VARIABLE]
    there = keystore.rows(command, going.inventory.project)
    assert all(each.ours and each.others for each in there), there
    never = proof.key_rows(keystore.rows(command, NOBODY), "")
    assert {each.verdict for each in never} == {CheckVerdict.PASS}, never


@needs_storage
def test_the_storage_shows_every_copy_under_any_name_in_a_snapshot_and_in_the_trash(going: Going) -> None:
    """The header of a tenant's volume, put where no driver would put it; without it, all that is left is the others'."""
    assert going.scanned.heads is not None
    volumes = [each for each in going.inventory.media if each.kind == "volume"]
    assert all(each.fingerprint and each.fingerprint.cipher == fingerprints.AES_256_XTS for each in volumes), volumes
    places = {each.place for each in going.inventory.media}
    others = [head for head in going.scanned.heads if head.place not in places]
    (absent,) = proof.stored(going.inventory, others, going.scanned.why)
    assert absent.verdict is CheckVerdict.PASS, absent
    storage, pool = RawStorage(os.environ[VARIABLE], ""), os.environ.get(POOL_VARIABLE, POOL)
    head = storage.head(volumes[0].place)
    hidden, thrown = (f"{pool}/ringfence-hidden-{secrets.token_hex(4)}" for _ in range(2))
    try:
        for image in (hidden, thrown):
            storage.rbd("import", "--no-progress", "-", image, told=head)
        storage.rbd("snap", "create", "--no-progress", f"{hidden}@kept")
        storage.rbd("trash", "mv", thrown)
        found = raw.scanned(os.environ, going.admin.image)
        assert found.heads is not None
        (left,) = proof.stored(going.inventory, [each for each in found.heads if each.place not in places], found.why)
    finally:
        tidy(storage, hidden, thrown, going)
    assert left.verdict is CheckVerdict.FAIL
    assert f"{hidden}, {hidden}@kept" in left.said
    assert f"{TRASH}{pool}/" in left.said


def tidy(storage: RawStorage, hidden: str, thrown: str, going: Going) -> None:
    """Take away what was put there."""
    storage.rbd("snap", "purge", "--no-progress", hidden)
    storage.rbd("rm", "--no-progress", hidden)
    for each in pools.listed(os.environ[VARIABLE], going.admin.image).trash:
        if each.image == thrown.rpartition("/")[2]:
            storage.rbd("trash", "rm", "--no-progress", f"{each.pool}/{each.id}")
