"""journald, sender and store as the image has them: nothing is lost while the store is away, and nobody writes or reads as another."""

from __future__ import annotations

import json
import signal
import time
from typing import TYPE_CHECKING

import pytest

from hardening.services import credentials, logs
from tests.truth.services.asking import ASK, Question, batch, taken, to_read
from tests.truth.services.house import eventually
from tests.truth.services.papers import Papers
from tests.truth.services.street import DB, NAME, SERVICES, STORE, WEB, Street, begin, built, journald, say

if TYPE_CHECKING:
    from tests.truth.services.house import House

OUTAGE_SECONDS = 60
STARTS_IN_AN_OUTAGE = 3
"""An outage may cost as much processor time as so many starts of the sender, whatever the machine; without pauses it costs a hundred."""


@pytest.fixture
def street(house: House) -> Street:
    """The store, and acme's server web, of which a line has arrived."""
    return built(house)


def test_a_line_has_its_times_its_program_and_no_more_than_one_place(street: Street) -> None:
    """What a reader needs is there; a line that tries to be two lines, or a name that tries to be a path, stays one line in its place."""
    say(street.web, 'a "quoted" line with \\ and \t and é \x1b[2J', program="../../globex/db")
    say(street.web, "after")
    assert street.arrived("after")
    (file,) = (street.services.root / "data/logs/acme/web").glob("*.jsonl")
    lines = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    assert set(lines[0]) == {"received", "sent", "facility", "severity", "program", "process", "message"}
    assert [line["message"].strip() for line in lines] == ["the first line", 'a "quoted" line with \\ and \t and é \x1b[2J', "after"]
    assert b"\x1b" not in file.read_bytes(), "what a guest says is text to a terminal"
    assert [path.name for path in (street.services.root / "data/logs").iterdir()] == ["acme"]


def test_only_what_matters_for_security_leaves_the_server(street: Street) -> None:
    """Authentication and the kernel do, a program's chatter does not."""
    say(street.web, "chatter of an application", priority="daemon.info", program="app")
    say(street.web, "opened by sudo", program="sudo")
    say(street.web, "a warning", priority="daemon.warning", program="app")
    assert street.arrived("a warning")
    assert street.kept("acme/web") == ["the first line", "opened by sudo", "a warning"]


@pytest.mark.parametrize("how", ["killed", "cut"])
def test_an_outage_of_a_minute_loses_nothing_and_costs_nearly_nothing(street: Street, how: str) -> None:
    """The store is killed, or its network is cut, in a stream of lines, and comes back a minute later: all are there."""
    sent: list[str] = []

    def stream(count: int) -> None:
        for _ in range(count):
            sent.append(f"line {len(sent)}")
            say(street.web, sent[-1])

    stream(10)
    if how == "killed":
        street.store.stop(signal.SIGKILL)
    else:
        street.house.cut(street.services)
    began, before = time.monotonic(), street.client.computed
    stream(20)
    time.sleep(max(0, OUTAGE_SECONDS - (time.monotonic() - began)))
    # At the outage's beginning the sender had done no more than to start and to send a few lines.
    assert street.client.computed - before < STARTS_IN_AN_OUTAGE * before
    if how == "killed":
        street.services.start(logs.STORE_UNIT)
    else:
        street.house.mend(street.services)
    stream(5)
    assert eventually(lambda: set(sent) <= set(street.kept("acme/web")), seconds=600), sorted(set(sent) - set(street.kept("acme/web")))
    assert len(street.kept("acme/web")) - len(sent) <= 10, "a few lines may be there twice, no more"


def test_a_client_of_another_authority_writes_nothing(street: Street) -> None:
    """Its certificate is not believed at all; with one of the right authority the same server writes at once."""
    db = street.house.add("db", DB)
    journald(db)
    foreign = Papers.new().client("globex", "db", DB)
    db.put((*credentials.files(foreign), *logs.client(STORE)))
    # It believes the store, which must refuse it all the same.
    believed = {credentials.AUTHORITY, credentials.REVOKED}
    db.put(tuple(file for file in credentials.files(street.papers.client("globex", "db", DB)) if file.path in believed))
    stranger = db.start(logs.UNIT)
    say(db, "from another authority")
    assert eventually(lambda: f"{DB}: SSLCertVerificationError" in street.store.said), street.store.said
    assert street.kept("globex/db") == []
    stranger.stop()
    db.put(credentials.files(street.papers.client("globex", "db", DB)))
    db.start(logs.UNIT)
    assert street.arrived("from another authority", "globex/db")


@pytest.mark.parametrize("how", ["killed", "told to end", "rebooted"])
def test_a_writer_that_ends_in_an_outage_loses_nothing_that_it_had_read(street: Street, how: str) -> None:
    """Its disk has the lines until the store has them; a journal in memory, as the image's is, is of no help after a reboot."""
    street.house.cut(street.services)
    sent = [f"line {number}" for number in range(60)]
    say(street.web, *sent)
    spool = street.web.root / "var/lib/ringfence/logs/waiting"
    assert eventually(lambda: b"line 59" in spool.read_bytes())
    street.client.stop(signal.SIGTERM if how == "told to end" else signal.SIGKILL)
    if how == "rebooted":
        street.web.daemons[0].stop(signal.SIGKILL)
        street.web.run("sh", "-c", "rm -r /run/log/journal/*")
        journald(street.web)
    street.web.start(logs.UNIT)
    say(street.web, "after it")
    street.house.mend(street.services)
    assert street.arrived("after it")
    assert set(sent) <= set(street.kept("acme/web"))


def test_a_wrong_store_gets_nothing_and_what_was_said_waits_for_the_right_one(street: Street) -> None:
    """Neither a foreign certificate nor that of another server of the platform will do, and nobody has to help afterwards."""
    foreign = Papers.new().server(NAME, SERVICES)
    client = street.papers.client("globex", "globex-db", SERVICES)
    elsewhere = street.papers.server(NAME, DB)
    store = street.store
    for wrong in (foreign, client, elsewhere):
        store.stop()
        street.services.put(credentials.files(wrong)[1:])
        store = street.services.start(logs.STORE_UNIT)
        said = len(street.client.said)
        say(street.web, "a secret")
        assert street.refused(said), street.client.said
        assert "a secret" not in street.kept("acme/web")
    store.stop()
    street.services.put(credentials.files(street.papers.server(NAME, SERVICES)))
    street.services.start(logs.STORE_UNIT)
    assert street.arrived("a secret")


def test_a_tenant_that_comes_later_writes_below_the_names_of_its_certificate(street: Street) -> None:
    """Nobody tells the store of it; whatever it says of itself, its place is its own."""
    begin(street.house.add("db", DB), street.papers, "globex", "db")
    say(street.web, "of web")
    say(street.house.hosts[-1], "I am acme's web", program="acme/web")
    assert street.arrived("I am acme's web", "globex/db")
    assert street.arrived("of web")
    assert "I am acme's web" not in street.kept("acme/web")


def test_a_stolen_certificate_opens_nothing_from_another_address(street: Street) -> None:
    """Globex's server has acme's certificate with its key; with its own one the same server writes at once."""
    db = street.house.add("db", DB)
    journald(db)
    db.put((*credentials.files(street.papers.client("acme", "web", WEB)), *logs.client(STORE)))
    thief = db.start(logs.UNIT)
    say(db, "from a thief")
    assert eventually(lambda: f"{DB}: its certificate is not for this address" in street.store.said), street.store.said
    say(street.web, "in the meantime")
    assert street.arrived("in the meantime")
    thief.stop()
    db.put(credentials.files(street.papers.client("globex", "db", DB)))
    db.start(logs.UNIT)
    assert street.arrived("from a thief", "globex/db")
    assert "from a thief" not in street.kept("acme/web")


def test_the_services_server_keeps_its_own_lines_too(street: Street) -> None:
    """It is a sender as every server is."""
    street.services.start(logs.UNIT)
    say(street.services, "of the store's own server")
    assert street.arrived("of the store's own server", f"platform/{NAME}")


def test_the_store_tells_nobody_anything(street: Street) -> None:
    """Its port is the only one, and its protocol has no word to read with; files are its own account's."""
    listening = street.services.run("sh", "-c", "cat /proc/net/tcp /proc/net/tcp6 /proc/net/udp /proc/net/udp6").stdout
    ports = {line.split()[1].split(":")[1] for line in listening.splitlines() if " 0A " in line or " 07 " in line}
    assert ports == {f"{STORE.port:04X}"}
    (file,) = (street.services.root / "data/logs/acme/web").glob("*.jsonl")
    assert oct(file.stat().st_mode & 0o777) == "0o640"
    assert oct(file.parent.stat().st_mode & 0o777) == "0o750"


def test_the_store_answers_a_batch_and_nothing_else(street: Street) -> None:
    """A believed server that asks for another tenant's day, or for its own, gets the answer to its batch, and then the end."""
    begin(street.house.add("db", DB), street.papers, "globex", "db")
    say(street.house.hosts[-1], "a secret")
    assert street.arrived("a secret", "globex/db")
    own = street.papers.client("acme", "web", WEB)
    folder = street.services.root / "data/logs"
    days = [f"/data/logs/{file.relative_to(folder)}" for file in folder.rglob("*.jsonl")]
    assert len(days) == 2
    questions = [Question(STORE.port, own.certificate + own.key, batch("test") + word) for day in days for word in to_read(day)]
    told = street.web.run("python3", "-c", ASK, str(SERVICES), text=json.dumps(questions)).stdout
    assert json.loads(told) == [taken(batch("test"))] * len(questions)
    assert street.kept("acme/web").count("test") == len(questions)


def test_days_and_size_are_held_and_a_flood_costs_its_own_tenant_only(street: Street) -> None:
    """Lines that are too old go; when the store is full, the oldest day of whoever takes most goes, and others keep theirs."""
    root = street.services.root / "data/logs"
    (root / "globex/db").mkdir(parents=True)
    old, recent = ("2020-01-01.jsonl", time.strftime("%Y-%m-%d.jsonl", time.gmtime(time.time() - 86400)))
    for place, name, size in (("acme/web", old, 1), ("acme/web", recent, 3), ("globex/db", recent, 1), ("globex/db", old, 1)):
        (root / place / name).write_bytes(b"x" * size * 2**20)
    (street.services.root / "run/ringfence/files/logs/retention").write_text("30 100\n", encoding="ascii")
    street.services.run("/usr/lib/ringfence/retain-logs")
    assert {path.name for path in root.rglob("*.jsonl")} & {old} == set()
    assert (root / "acme/web" / recent).exists()
    (street.services.root / "run/ringfence/files/logs/retention").write_text("30 2\n", encoding="ascii")
    street.services.run("/usr/lib/ringfence/retain-logs")
    assert not (root / "acme/web" / recent).exists()
    assert (root / "globex/db" / recent).exists()


def test_the_memory_of_both_ends(street: Street, request: pytest.FixtureRequest) -> None:
    """What docs/services.md says of it; a bound that leaves the services server below 256 MiB."""
    figures = {"client": street.client.memory, "store": street.store.memory}
    request.node.user_properties.append(("memory", {name: round(value, 1) for name, value in figures.items()}))
    assert all(value < 32 for value in figures.values()), figures
