"""Which offboarding is meant, what it keeps, and what becomes of a look that fails."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from infra import paths
from infra.declaration import names
from infra.dynamic import clouds
from infra.errors import CloudError, QuestionError
from infra.offboarding.inventory import Inventory
from infra.offboarding.proof import Listing
from infra.offboarding.steps import ORDER, Mark, Step
from infra.outcome import CheckVerdict
from ringfence.offboarding import identities, keystore, listing, noting, opening, places, raw, stack, tokens
from ringfence.offboarding.course import StepEnd
from ringfence.offboarding.raw import Scanned
from ringfence.offboarding.tokens import KeptToken
from ringfence.offboarding.work import Settings, Work
from ringfence.verify import stacks
from ringfence.verify.storage.at_rest import VARIABLE
from tests.fast.offboarding.tenants import BACKUP, NEIGHBOUR, ROOT, inventory

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.fast
PLAIN = Settings({})
END = "    offboarding: {requested_by: erika muster, ticket: C-1, not_before: '2020-01-31', return_data: not-wanted}\n"


@pytest.fixture
def acme(tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the file of a tenant that is declared to go, whose stack is up with project p1."""
    monkeypatch.setenv(paths.STATE, str(tmp_path / "state"))
    monkeypatch.setattr("os.fsync", lambda _: None)
    monkeypatch.setattr(clouds, "admin", SimpleNamespace)
    up(monkeypatch, "p1")
    file = tree / "Pulumi.acme.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace("    region: ", f"{END}    region: ", 1), encoding="utf-8")
    return file


def up(monkeypatch: pytest.MonkeyPatch, project: str) -> None:
    """Let the tenant's stack be up with a project, or not at all."""

    def tenant(name: str) -> Any:  # noqa: ANN401 - facts
        if not project:
            raise stacks.NotUpError.of("the stack is not up", where=name)
        return SimpleNamespace(facts=SimpleNamespace(project_id=project))

    monkeypatch.setattr(stacks, "tenant", tenant)


def until(place: places.Place, last: Step | None) -> None:
    """Write a journal up to the beginning of a step, or to the end."""
    for step in ORDER[: ORDER.index(last)] if last else ORDER:
        place.write(Mark.BEGAN, step)
        place.write(Mark.DONE, step)
    if last:
        place.write(Mark.BEGAN, last)


def opened() -> Work:
    """Return the work for the tenant."""
    return opening.opened("acme", PLAIN, print)


def test_what_began_to_erase_goes_on_without_stack_and_declaration(acme: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was only prepared is begun anew when another project has the tenant's name by then."""
    assert opened().place == places.of("acme", "p1")
    until(places.of("acme", "p1"), Step.CORDON)
    up(monkeypatch, "p2")
    assert opened().place == places.of("acme", "p2")
    until(places.of("acme", "p1"), None)
    place = places.of("acme", "p3")
    until(place, Step.DESTROY)
    up(monkeypatch, "")
    assert opened().place == place
    acme.unlink()
    going = opened()
    assert (going.place, going.declared) == (place, None)
    opening.refuse_too_early("acme", going)


def test_a_tenant_that_was_made_anew_does_not_go_with_the_old_one(acme: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Backups, keys and stack are those of the new project by then; once the old stack is destroyed, no step works on one."""
    del acme
    place = places.of("acme", "p1")
    until(place, Step.BACKUPS)
    assert opened().place == place
    up(monkeypatch, "p2")
    with pytest.raises(QuestionError, match="made anew"):
        opened()
    for step in ORDER[ORDER.index(Step.BACKUPS) : ORDER.index(Step.PROOF)]:
        place.write(Mark.BEGAN, step)
        place.write(Mark.DONE, step)
    assert opened().place == place


def test_what_is_done_stays_done_and_a_tenant_that_never_was_up_cannot_go(acme: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same command says so again."""
    up(monkeypatch, "")
    with pytest.raises(stacks.NotUpError):
        opened()
    until(places.of("acme", "p1"), None)
    assert opened().place == places.of("acme", "p1")
    assert opening.of_place("acme", places.of("acme", "p1"), PLAIN).place == places.of("acme", "p1")
    acme.write_text(acme.read_text(encoding="utf-8").replace("2020-01-31", "9020-01-31"), encoding="utf-8")
    up(monkeypatch, "p2")
    with pytest.raises(QuestionError, match="too early"):
        opening.refuse_too_early("acme", opened())


def test_the_blank_inventory_names_what_the_platform_makes_for_a_tenant(acme: Path) -> None:
    """By the declarations, as the stack does: routers, networks and the two accounts."""
    blank = opened().blank()
    assert (blank.tenant, blank.project, blank.resources, str(acme.name)) == ("acme", "p1", {}, "Pulumi.acme.yaml")
    assert {names.edge_router("acme"), names.deployer("acme"), names.reader("acme")} <= set(blank.lent)


KEPT = KeptToken("t", {"nova": "http://nova/servers"})


@pytest.fixture
def going(acme: Path, monkeypatch: pytest.MonkeyPatch) -> Work:
    """Give the work of a tenant whose inventory is kept, in a cloud that lists one thing of others."""
    del acme
    found = opened()
    found.place.keep_inventory(inventory(ROOT, BACKUP, NEIGHBOUR))
    monkeypatch.setattr(listing, "listings", lambda *_: [Listing("nova", "servers", (), 1)])
    monkeypatch.setattr(tokens, "of", lambda _: KEPT)
    monkeypatch.setattr(tokens, "answers", lambda *_: {"nova": 200})
    return Work(found.place, SimpleNamespace(image=None), lambda: (SimpleNamespace(), "u1", "c1"), found.blank, found.declared, PLAIN)  # type: ignore[arg-type, return-value]


def test_a_look_that_fails_is_an_error_and_the_others_are_told(going: Work, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without prefixes nobody may look; with prefixes that fail nobody can tell. No token was kept."""
    verdicts = [each.verdict for each in going.absences()]
    skip = CheckVerdict.SKIPPED
    assert verdicts == [CheckVerdict.PASS, CheckVerdict.ERROR, skip, skip, skip, skip]
    asked = {VARIABLE: "false", keystore.VARIABLE: "false", "RINGFENCE_HYPERVISOR_EXEC": "false"}
    broken = Work(going.place, going.admin, going.deployer, going.blank, going.declared, Settings(asked))
    assert [each.verdict for each in broken.absences()] == [CheckVerdict.PASS, *[CheckVerdict.ERROR] * 5]
    monkeypatch.setattr(raw, "scanned", lambda *_: Scanned((NEIGHBOUR, ROOT)))
    assert [each.verdict for each in going.absences()][-2:] == [CheckVerdict.FAIL, skip]


def test_a_token_is_kept_before_it_is_revoked_and_what_was_agreed_with_it(going: Work, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever is killed while revoking begins that anew, with another token."""
    seen: list[bool] = []

    def revoke(_cloud: object, project: str, _accounts: object, deployer: identities.Deployer) -> int:
        seen.append(going.place.token.exists())
        assert (project, deployer) == ("p1", identities.Deployer("u1", "c1", "hunter2"))
        if len(seen) == 1:
            raise CloudError.of("no answer")
        return 3

    monkeypatch.setattr(identities, "password", lambda _: "hunter2")
    monkeypatch.setattr(identities, "revoke", revoke)
    step = going.steps()[Step.REVOKE]
    with pytest.raises(CloudError, match="no answer"):
        step()
    assert step().removed == 3
    assert seen == [True, True]
    assert json.loads(going.place.request.read_bytes())["ticket"] == "C-1"
    monkeypatch.setattr(tokens, "answers", lambda *_: {"nova": 401})
    with pytest.raises(CloudError, match="before it is revoked"):
        step()
    assert len(seen) == 2


def test_what_is_made_until_every_token_is_refused_is_noted_as_well(going: Work, monkeypatch: pytest.MonkeyPatch) -> None:
    """Afterwards nobody can make anything."""
    going.place.keep_inventory(inventory(ROOT, NEIGHBOUR))
    going.place.keep(going.place.token, KEPT.encoded())
    monkeypatch.setattr(tokens, "answers", lambda *_: {"nova": 401})
    monkeypatch.setattr("time.sleep", lambda _: None)
    monkeypatch.setattr(raw, "scanned", lambda *_: Scanned(None, "nobody may"))
    monkeypatch.setattr(noting, "noted", lambda *_: inventory(ROOT, BACKUP, NEIGHBOUR))
    assert "every service refused the token" in going.steps()[Step.WAIT]().said
    assert BACKUP.place in {each.place for each in going.place.inventory().media}


def test_steps_without_a_command_are_skipped_and_say_so(going: Work, monkeypatch: pytest.MonkeyPatch) -> None:
    """And the engine is asked for the tenant's stack."""
    steps = going.steps()
    assert steps[Step.KEY_ROWS]() == StepEnd(said=f"skipped: {keystore.SKIP}")
    assert steps[Step.STORAGE]().said.startswith("skipped: ")
    asked: list[str] = []
    monkeypatch.setattr(stack, "destroy", lambda name, _log: asked.append(name))
    steps[Step.DESTROY]()
    assert asked == ["acme"]


def test_an_inventory_is_not_taken_of_a_tenant_that_nobody_lets_go(going: Work) -> None:
    """Nothing is cordoned either."""
    kept = Work(going.place, going.admin, going.deployer, going.blank, None, PLAIN)
    with pytest.raises(QuestionError, match="nobody declared"):
        kept.steps()[Step.INVENTORY]()
    assert isinstance(kept.blank(), Inventory)
