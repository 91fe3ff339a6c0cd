"""The work of every step of one tenant's offboarding."""

from __future__ import annotations

import hashlib
import json
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from importlib.metadata import version
from typing import TYPE_CHECKING

import msgspec

from infra.declaration.model import DataReturn, Offboarding
from infra.errors import CloudError, Problem, QuestionError
from infra.offboarding import certificate, proof
from infra.offboarding.certificate import Removal
from infra.offboarding.inventory import joined
from infra.offboarding.proof import Absence, FirstObjects
from infra.offboarding.steps import Step
from infra.outcome import CheckVerdict
from ringfence import pages
from ringfence.offboarding import first_objects, hypervisors, identities, keystore, listing, noting, raw, removing, stack, tokens
from ringfence.offboarding.course import StepEnd
from ringfence.offboarding.identities import Deployer
from ringfence.offboarding.places import now
from ringfence.offboarding.tokens import KeptToken
from ringfence.verify.storage import at_rest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from openstack.connection import Connection

    from infra.offboarding.inventory import Inventory, StoredHead
    from ringfence.offboarding.places import Place
    from ringfence.offboarding.raw import Scanned


@dataclass(frozen=True, slots=True)
class Settings:
    """What is said beside the declarations: the customer's receipt, how long a token is waited for, and this machine's environment."""

    environment: Mapping[str, str]
    receipt: Path | None = None
    token_wait: float = tokens.BOUND_SECONDS


def agreed(declared: Offboarding) -> bytes:
    """Return what was declared, as it is kept for the certificate."""
    return json.dumps(declared.model_dump(), default=str).encode()


class NotProvenError(CloudError):
    """Something of the tenant is left, or nobody can tell."""

    def __init__(self, absences: list[Absence]) -> None:
        """Keep what was found."""
        wrong = [each for each in absences if each.verdict in {CheckVerdict.FAIL, CheckVerdict.ERROR}]
        hint = "remove what is left, or mend what could not be asked; then run the same command again"
        super().__init__(*(Problem(f"not proven: {each.claim}", got=f"{each.verdict}: {each.said}", hint=hint) for each in wrong))
        self.absences = absences


@dataclass(frozen=True, slots=True)
class Work:
    """One tenant's work.

    ``deployer`` opens the tenant's own credential, with the ids of its user and of the credential, which is there until the stack is
    destroyed; ``blank`` is an inventory with nothing in it yet.
    """

    place: Place
    admin: Connection
    deployer: Callable[[], tuple[Connection, str, str]]
    blank: Callable[[], Inventory]
    declared: Offboarding | None
    settings: Settings
    tell: Callable[[str], None] = lambda _: None

    def steps(self) -> dict[Step, Callable[[], StepEnd]]:
        """Return what does each step."""
        mine = self._mine
        return {
            Step.INVENTORY: self._inventory,
            Step.CORDON: self._cordon,
            Step.RETURN: self._return,
            Step.REVOKE: self._revoke,
            Step.WAIT: self._wait,
            Step.SERVERS: lambda: StepEnd(removing.emptied("servers", lambda: removing.soft_deleted(self.admin, self.place.inventory()))),
            Step.BACKUPS: lambda: StepEnd(removing.emptied("backups", partial(removing.backups, mine()))),
            Step.SNAPSHOTS: lambda: StepEnd(removing.emptied("snapshots", partial(removing.snapshots, mine()))),
            Step.TRANSFERS: lambda: StepEnd(removing.emptied("transfers", partial(removing.transfers, mine()))),
            Step.KEYS: self._keys,
            Step.DESTROY: self._destroy,
            Step.IMAGES: lambda: StepEnd(removing.emptied("images", lambda: removing.images(self.admin, self.place.inventory()))),
            Step.KEY_ROWS: self._key_rows,
            Step.STORAGE: self._trimmed,
            Step.PROOF: self._proof,
            Step.CERTIFICATE: self._certificate,
        }

    def uncordon(self) -> None:
        """Start the servers that the cordon stopped."""
        if Step.INVENTORY in self.place.progress().done:
            removing.power(self.admin, self.place.inventory().running, on=True)

    def absences(self) -> list[Absence]:
        """Look at everything once more, and judge it."""
        inventory, command = self.place.inventory(), self.settings.environment.get(keystore.VARIABLE, "")
        with self._scanning() as scanning:
            found = proof.listed(listing.listings(self.admin, inventory))
            found.append(self._token())
            try:
                rows = keystore.rows(command, inventory.project) if command else None
                found += proof.key_rows(rows, keystore.SKIP)
            except CloudError as error:
                found += proof.key_rows([], " ".join(str(error).split()))
            found.append(proof.hypervisors(inventory, *hypervisors.lines(self.settings.environment)))
            found += self._stored(inventory, scanning)
        return found

    def _stored(self, inventory: Inventory, scanning: Callable[[], Scanned]) -> list[Absence]:
        try:
            scanned = scanning()
        except CloudError as error:
            why = " ".join(str(error).split())
            return [*proof.stored(inventory, (), why), proof.first_objects(FirstObjects.unknown(why), "")]
        return [*proof.stored(inventory, scanned.heads, scanned.why), self._first_objects(inventory, scanned.heads)]

    def _first_objects(self, inventory: Inventory, heads: tuple[StoredHead, ...] | None) -> Absence:
        prefix = self.settings.environment.get(at_rest.VARIABLE, "")
        if not prefix or heads is None:
            return proof.first_objects(None, at_rest.SKIP)
        try:
            return proof.first_objects(first_objects.looked(prefix, inventory, heads), "")
        except CloudError as error:
            return proof.first_objects(FirstObjects.unknown(" ".join(str(error).split())), "")

    def _mine(self) -> Connection:
        return self.deployer()[0]

    @contextmanager
    def _scanning(self) -> Iterator[Callable[[], Scanned]]:
        """Read the raw storage while the services are asked: both are waited for, and neither waits for the other."""
        with ThreadPoolExecutor(1) as beside:
            yield beside.submit(raw.scanned, self.settings.environment, self.admin.image).result

    def _noted(self) -> Inventory:
        mine, blank = self._mine(), self.blank()
        with self._scanning() as scanning:
            found = noting.noted(self.admin, mine, blank, scanning)
        return msgspec.structs.replace(found, media=first_objects.noted(self.settings.environment, found.media))

    def _inventory(self) -> StepEnd:
        self._agreed()
        inventory = self._noted()
        self.place.keep_inventory(inventory)
        read = sum(each.fingerprint is not None for each in inventory.media)
        return StepEnd(said=f"{len(inventory.media)} copies, {read} with a fingerprint")

    def _cordon(self) -> StepEnd:
        servers = self.place.inventory().resources.get("servers", ())
        removing.stopped(self.admin, servers)
        return StepEnd(said=f"{len(servers)} servers are stopped")

    def _return(self) -> StepEnd:
        declared, file = self._agreed(), self.settings.receipt
        if declared.return_data is not DataReturn.RECEIPT:
            return StepEnd(said="the customer does not want its data back")
        if file is None:
            hint = "hand the data over, let the customer sign, and give the file with --receipt"
            raise QuestionError.of("the customer gets its data back first, and there is no receipt", expected="--receipt FILE", hint=hint)
        try:
            content = file.read_bytes()
        except OSError as error:
            raise QuestionError.of("the receipt cannot be read", where=str(file), expected="a file", got=error.strerror or "") from error
        digest = hashlib.sha256(content).hexdigest()
        self.place.keep(self.place.receipt, json.dumps({"sha256": digest, "at": now()}).encode())
        return StepEnd(said=f"the receipt's SHA-256 is {digest}")

    def _agreed(self) -> Offboarding:
        if self.declared is None:
            hint = "docs/offboarding.md shows how it is declared"
            raise QuestionError.of("nobody declared the end of this tenant", expected="`offboarding` in the tenant's file", hint=hint)
        return self.declared

    def _revoke(self) -> StepEnd:
        """Keep a token, show it everywhere, and revoke. What is declared now is what the certificate tells."""
        self.place.keep(self.place.request, agreed(self._agreed()))
        inventory = self.place.inventory()
        connection, user, credential = self.deployer()
        kept = tokens.of(connection)
        began = time.monotonic()
        tokens.refuse_useless(tokens.answers(self.admin, kept))
        self.place.keep(self.place.token, kept.encoded())
        secret = identities.password(inventory.tenant)
        count = identities.revoke(self.admin, inventory.project, inventory.lent, Deployer(user, credential, secret))
        self.place.keep(self.place.token, KeptToken(kept.token, kept.urls, time.monotonic() - began).encoded())
        return StepEnd(count, "roles, credentials and accounts were taken, and every token revoked")

    def _kept(self) -> KeptToken:
        return KeptToken.decoded(self.place.read(self.place.token), str(self.place.token))

    def _wait(self) -> StepEnd:
        kept = self._kept()
        seconds = tokens.waited(lambda: tokens.answers(self.admin, kept), kept.seconds, self.settings.token_wait, self.tell)
        before = self.place.inventory()
        after = joined(before, self._noted())
        self.place.keep_inventory(after)
        more = len(after.media) - len(before.media)
        return StepEnd(
            said=f"every service refused the token after {seconds:.0f} s" + (f"; {more} copies were made meanwhile" if more else "")
        )

    def _keys(self) -> StepEnd:
        mine = self._mine()
        count = removing.access_lists(mine)
        gone = removing.emptied("containers", partial(removing.containers, mine))
        return StepEnd(gone, f"the access lists of {count} secrets")

    def _destroy(self) -> StepEnd:
        stack.destroy(self.place.inventory().tenant, self.place.engine_log)
        return StepEnd(said=f"the engine's words are in {self.place.engine_log.name}")

    def _key_rows(self) -> StepEnd:
        command = self.settings.environment.get(keystore.VARIABLE, "")
        if not command:
            return StepEnd(said=f"skipped: {keystore.SKIP}")
        return StepEnd(keystore.delete(command, self.place.inventory().project))

    def _storage(self) -> StepEnd:
        inventory = self.place.inventory()
        scanned = raw.scanned(self.settings.environment, self.admin.image, raw.may_be_left(inventory))
        if scanned.heads is None:
            return StepEnd(said=f"skipped: {scanned.why}")
        known = {str(row["id"]) for kind in ("volumes", "backups") for row in listing.QUESTIONS[kind].rows(self.admin)}
        left = raw.left(inventory, scanned.heads, known.__contains__)
        gone, why = raw.remove(self.settings.environment[at_rest.VARIABLE], left)
        return StepEnd(len(gone), "; ".join([*gone, *(f"{image} stays: {reason}" for image, reason in why.items())]))

    def _trimmed(self) -> StepEnd:
        """Take away what is left, and wait until the storage has trimmed what it keeps for deleted snapshots."""
        end, prefix = self._storage(), self.settings.environment.get(at_rest.VARIABLE, "")
        if not prefix:
            return end
        wanted = self.place.inventory().first_objects()
        said = first_objects.waited(lambda: first_objects.left(prefix, wanted), self.tell)
        return StepEnd(end.removed, "; ".join(text for text in (end.said, said) if text))

    def _token(self) -> Absence:
        try:
            kept = self._kept()
        except QuestionError:
            return proof.token(None, {}, ())
        live = tokens.answers(self.admin, tokens.of(self.admin))
        return proof.token(tokens.answers(self.admin, kept), live, tuple(kept.urls))

    def _proof(self) -> StepEnd:
        """Look; if something is left, take away what services left behind in the storage once more, and look again.

        Raises :class:`NotProvenError` when something is left after all, or cannot be told: there is no certificate then.
        """
        found = self.absences()
        if proof.verdict(found) is CheckVerdict.FAIL:
            self._storage()
            found = self.absences()
        self.place.keep(self.place.proofs, json.dumps([asdict(each) for each in found], indent=1).encode())
        if proof.verdict(found) is not CheckVerdict.PASS:
            raise NotProvenError(found)
        counts = {verdict: sum(each.verdict is verdict for each in found) for verdict in CheckVerdict}
        return StepEnd(said=", ".join(f"{count} {verdict}" for verdict, count in counts.items() if count))

    def _certificate(self) -> StepEnd:
        rows = json.loads(self.place.read(self.place.proofs))
        found = [Absence(row["claim"], CheckVerdict(row["verdict"]), row["said"], row["twin"]) for row in rows]
        declared = Offboarding.model_validate(json.loads(self.place.read(self.place.request)))
        receipt = json.loads(self.place.read(self.place.receipt))["sha256"] if self.place.receipt.exists() else ""
        removal = Removal(self.place.inventory(), declared, self.place.lines(), found, now(), self._tools(), receipt)
        made = certificate.of(removal)
        self.place.keep(self.place.certificate, certificate.text(made))
        self.place.keep(self.place.page, pages.render("ringfence.offboarding", "certificate.html.j2", made=made).encode())
        return StepEnd(said=f"{made['verdict']}: {self.place.certificate}")

    def _tools(self) -> dict[str, str]:
        return {"ringfence": version("ringfence"), "openstacksdk": version("openstacksdk")}
