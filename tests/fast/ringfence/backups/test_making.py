"""A run makes what is due once, whatever ends it, lets servers go, and prunes leaf first."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from infra import paths
from infra.backups.plan import planned
from infra.backups.settings import Settings
from infra.declaration.platform import BackupMode
from infra.errors import GuestError, QuestionError
from infra.ssh.access import Completed
from ringfence.backups import journal as journals
from ringfence.backups import making, stillness
from ringfence.backups.making import BackupRun, BackupStep, exit_code
from ringfence.backups.stillness import Held, quiet
from tests.fast.backups.cinder import DATA, DAY, NOW, ROOT, server
from tests.fast.ringfence.backups.shelf import KilledError, Shelf, Untouched, tenant, waiting

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from infra.backups.plan import BackedServer
    from infra.ssh.access import Session
    from ringfence.backups.tenants import TenantBackups

pytestmark = pytest.mark.fast
FROZEN = Settings(quiesce=("freeze",), thaw=("thaw",))


@pytest.fixture(autouse=True)
def clock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep journals apart, and the time still."""
    monkeypatch.setenv(paths.STATE, str(tmp_path))
    monkeypatch.setattr(making, "now", lambda: NOW)


def run(whole: TenantBackups, **more: object) -> list[BackupStep]:
    """Run once."""
    return BackupRun(whole, **{"holding": Untouched(), "waiting": waiting(), **more}).run()  # type: ignore[arg-type] # options by name


def test_a_run_makes_every_disk_once_and_a_second_one_nothing() -> None:
    """And both end well."""
    shelf = Shelf()
    steps = run(tenant(shelf))
    assert sorted((step.what, step.disk) for step in steps) == [("made", "data"), ("made", "root")]
    assert exit_code(steps) == 0
    assert run(tenant(shelf)) == []
    assert sorted(shelf.calls) == ["create data", "create root"]
    kept = {line["what"]: line for line in tenant(shelf).journal.lines()}
    assert set(kept) == {"begun", "made"}
    assert kept["begun"]["revision"] == "digest"


@pytest.mark.parametrize("moment", ["create root", "create data"])
def test_killed_when_a_backup_was_begun_the_same_command_goes_on(moment: str) -> None:
    """The answer is lost, and the backup is found by its mark: none is made twice."""
    shelf = Shelf(dies=moment, looks=3)
    with pytest.raises(KilledError):
        run(tenant(shelf))
    steps = run(tenant(shelf))
    assert {(step.what, step.disk) for step in steps} == {("made", "data"), ("made", "root")}
    assert sorted(shelf.calls) == ["create data", "create root"]


def test_killed_while_pruning_the_same_command_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """The leaf that was going goes, and then what it stood upon."""
    shelf = Shelf()
    one = server(DATA, settings=Settings(keep=2, mode=BackupMode.INCREMENTS))
    for day in range(8):
        shelf.now = NOW + day * DAY
        monkeypatch.setattr(making, "now", lambda: shelf.now)
        run(tenant(shelf, one))
    shelf.now, shelf.dies = NOW + 8 * DAY, "delete b5"
    with pytest.raises(KilledError):
        run(tenant(shelf, one))
    steps = run(tenant(shelf, one))
    assert [step.what for step in steps] == []  # b5 is still going: nothing that it stands upon may go
    shelf.record("b5")
    assert [step.id for step in run(tenant(shelf, one))] == ["b4", "b3", "b2", "b1", "b0"]


def test_one_that_fails_is_said_and_hides_no_other() -> None:
    """Nor does one that cannot even be begun, nor a server that is not there."""
    refused = run(tenant(Shelf(refuses="create root"), missing={"web": "the server is declared and not made"}))
    assert {(step.what, step.server, step.disk) for step in refused} == {
        ("made", "db", "data"),
        ("failed", "db", "root"),
        ("failed", "web", ""),
    }
    failed = run(tenant(Shelf(ends="error")))
    assert {step.what for step in failed} == {"failed"}
    assert (exit_code(refused), exit_code(failed)) == (1, 1)


def test_one_that_is_not_there_in_time_is_neither_made_nor_failed() -> None:
    """The run says so with 2, and the next one waits on."""
    shelf = Shelf(looks=10)
    patient = waiting()
    patient.patience = -1.0
    steps = run(tenant(shelf), waiting=patient)
    assert {step.what for step in steps} == {"pending"}
    assert exit_code(steps) == 2
    assert {step.what for step in run(tenant(shelf))} == {"made"}


def test_what_cannot_be_pruned_ends_the_pruning(monkeypatch: pytest.MonkeyPatch) -> None:
    """What it stands upon would be refused as well."""
    shelf = Shelf()
    one, steps = server(ROOT, settings=Settings(keep=2)), list[BackupStep]()
    for day in range(3):
        shelf.now = NOW + day * DAY
        monkeypatch.setattr(making, "now", lambda: shelf.now)
        shelf.refuses = "delete" if day == 2 else ""
        steps = run(tenant(shelf, one))
    assert [step.what for step in steps] == ["made", "kept"]
    assert exit_code(steps) == 1


def test_two_runs_of_one_tenant_keep_apart() -> None:
    """The second one is refused."""
    journal = tenant(Shelf()).journal
    with journal.held(), pytest.raises(QuestionError, match="another run"), journal.held():
        pass
    with journal.held():
        pass


def test_a_run_that_queues_waits_for_the_other_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """As long as it was told to, and no longer."""
    moment, first = [0.0], tenant(Shelf()).journal
    other, looks = first.held(), list[float]()

    def sleep(seconds: float) -> None:
        looks.append(seconds)
        moment[0] += seconds
        if len(looks) == 3:
            other.__exit__(None, None, None)

    monkeypatch.setattr(journals, "time", SimpleNamespace(monotonic=lambda: moment[0], sleep=sleep))
    other.__enter__()
    with first.held(patience=60.0):
        assert len(looks) == 3
        with pytest.raises(QuestionError, match="another run"), first.held(patience=10.0):
            pass
    assert sum(looks) == 13.0


class Guest:
    """A server that a command is run on, with the status of each."""

    def __init__(self, **statuses: int) -> None:
        self.statuses, self.ran = statuses, list[str]()

    def run(self, command: Sequence[str], **_: object) -> Completed:
        """Run one."""
        self.ran.append(command[-1])
        if self.statuses.get(command[-1]) == -1:
            raise GuestError.of("it broke off", hint="none")
        return Completed(self.statuses.get(command[-1], 0), "", "no such file")


class OnGuest:
    """Holds one server still over a login that is there."""

    def __init__(self, guest: Guest, *, reached: bool = True) -> None:
        self.guest, self.reached = guest, reached

    @contextmanager
    def hold(self, one: BackedServer) -> Iterator[Held]:
        """Run the commands on the server."""
        session: Session = self.guest  # type: ignore[assignment] # it has the one method that is called
        with quiet(one, session, Held()) as held:
            yield held

    def release(self, one: BackedServer) -> Held:
        """Run those that let go."""
        for command in one.settings.thaw if self.reached else ():
            self.guest.run([command])
        return Held(reached=self.reached, wrong=[] if self.reached else ["nobody could log in"])


@pytest.mark.parametrize(
    ("statuses", "looks", "mark", "code"),
    [
        ({}, 1, "yes", 0),
        ({"freeze": 1}, 1, "no", 1),
        ({"freeze": -1}, 1, "no", 1),
        ({"thaw": 1}, 1, "yes", 1),
        ({}, 10, "no", 1),
    ],
)
def test_a_server_is_held_still_while_its_disks_are_copied_and_let_go(
    statuses: dict[str, int], looks: int, mark: str, code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever fails is said, and the backup is made all the same; one that is not known to be taken in time is not called quiesced."""
    monkeypatch.setattr(making, "HOLD_SECONDS", -1.0 if looks > 1 else 20.0)
    shelf, guest = Shelf(looks=looks), Guest(**statuses)
    one = server(ROOT, settings=FROZEN)
    steps = run(tenant(shelf, one), holding=OnGuest(guest))
    assert guest.ran == ["sync", "freeze", "thaw"]
    assert [step.what for step in steps] == ["made"]
    assert exit_code(steps) == code
    (record,) = shelf.records()
    assert record.mark
    assert record.mark.quiesced == mark


@pytest.mark.parametrize(
    ("container", "copied", "mark"), [("", "", "no"), ("backups", "", "no"), ("a/b/ID", "", "yes"), ("backups", "ID", "yes")]
)
def test_a_copy_is_known_to_be_taken_by_its_own_container_or_by_the_storage(
    container: str, copied: str, mark: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ceph's driver names its pool before it takes its snapshot: that says nothing."""
    monkeypatch.setattr(making, "HOLD_SECONDS", -1.0)
    shelf = Shelf(looks=10)
    seen = shelf.record
    monkeypatch.setattr(shelf, "record", lambda id_: (one := seen(id_)) and replace(one, container=container.replace("ID", id_)))
    steps = run(
        tenant(shelf, server(ROOT, settings=FROZEN)), holding=OnGuest(Guest()), copied=lambda one: copied.replace("ID", one.id) == one.id
    )
    assert [step.what for step in steps] == ["made"]
    (record,) = shelf.records()
    assert record.mark
    assert record.mark.quiesced == mark


def test_a_server_is_let_go_when_the_run_is_interrupted() -> None:
    """A frozen file system would answer nobody."""
    shelf, guest = Shelf(dies="create root"), Guest()
    with pytest.raises(KilledError):
        run(tenant(shelf, server(ROOT, settings=FROZEN)), holding=OnGuest(guest))
    assert guest.ran[-1] == "thaw"


def test_a_server_that_a_killed_run_held_still_is_let_go_by_the_next_one() -> None:
    """Although its backups are there by then and nothing is due; as long as nobody reaches it, it is tried again and told."""
    shelf, guest, one = Shelf(), Guest(), server(ROOT, settings=FROZEN)
    (new,) = planned([one], (), NOW).make
    shelf.cinder.make(new, NOW)  # and the process ended here, with the server held still
    unreached = run(tenant(shelf, one), holding=OnGuest(guest, reached=False))
    assert ([step.what for step in unreached], exit_code(unreached)) == (["let go"], 1)
    steps = run(tenant(shelf, one), holding=OnGuest(guest))
    assert ([step.what for step in steps], exit_code(steps), guest.ran) == (["let go"], 0, ["thaw"])
    assert run(tenant(shelf, one), holding=OnGuest(guest)) == []


def test_a_server_without_a_login_is_backed_up_and_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing was to be run on it, nobody misses it."""

    def nobody() -> object:
        raise GuestError.of("the bastion is gone", hint="none")

    monkeypatch.setattr(stillness, "logins", nobody)
    for settings, code in ((FROZEN, 1), (Settings(), 0)):
        steps = run(tenant(Shelf(), server(ROOT, settings=settings)), holding=stillness.ByLogin())
        assert [step.what for step in steps] == ["made"]
        assert exit_code(steps) == code


def test_a_hiccup_of_the_api_is_no_end() -> None:
    """One that lasts is."""
    from infra.errors import CloudError  # noqa: PLC0415 - of this test only

    answers: list[object] = [CloudError.of("gone", hint="none"), CloudError.of("gone", hint="none"), "there"]

    def look() -> object:
        found = answers.pop(0)
        if isinstance(found, CloudError):
            raise found
        return found

    assert waiting().until("it", look, lambda seen: seen == "there") == "there"
    ticking = waiting()
    times = iter(range(0, 10_000, 200))
    ticking.clock = lambda: float(next(times))
    answers[:] = [CloudError.of("gone", hint="none")] * 10
    with pytest.raises(CloudError, match="gone"):
        ticking.until("it", look, lambda seen: seen == "there")
    assert timedelta(hours=6).total_seconds() == ticking.patience
