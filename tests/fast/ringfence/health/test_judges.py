"""Every fault of a server and of the platform's services is found, named, and found alone; what is not answered is never well."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest

from infra.declaration.model import Platform
from infra.neutron.quotas.room import Gauge
from infra.outcome import CheckVerdict
from infra.sessions.reviews import Review, Reviews
from ringfence.health.model import Answers, Finding, Host, Seen, exit_code
from tests.fast.declaration.declared import PLATFORM as TREE
from tests.fast.declaration.declared import SERVICES
from tests.fast.pki.authorities import issue, request
from tests.fast.ringfence.health.servers import (
    AUTHORITY,
    BASTION,
    NOW,
    STORE,
    WEB,
    WHOLE,
    changed,
    clock,
    look,
    store,
    updates,
)
from tests.fast.sessions.test_recorded import ACCEPT

pytestmark = pytest.mark.fast
FAIL, ERROR = CheckVerdict.FAIL, CheckVerdict.ERROR


@dataclass(frozen=True)
class Fault:
    """What is seen, and the one check that finds it, how, and in which words."""

    seen: Seen
    check: str
    words: str
    verdict: CheckVerdict = FAIL
    host: Host | None = WEB


def certified(days: int, *, before: int = 60) -> Seen:
    """A server with another certificate: one that was issued some days before, for so many."""
    return changed(WEB, certificate=issue(AUTHORITY, request(), now=NOW - timedelta(days=before), days=days)[0])


def fresh(made: datetime | str) -> Seen:
    """A server that never installed updates, and when the cloud says that it was made."""
    return replace(changed(WEB, updates="absent\n"), made={WEB: made})


def made(day: int, hour: int, minute: int = 0) -> datetime:
    """A moment of November; it is the 30th, 12 o'clock, and the window of updates is from 3 to 5."""
    return datetime(2026, 11, day, hour, minute, tzinfo=UTC)


FAULTS = {
    "no source": Fault(changed(WEB, **clock(state="?")), "time", "follows no source"),
    "a stranger's clock": Fault(changed(WEB, **clock("192.0.2.1")), "time", "not declared"),
    "plain NTP": Fault(changed(WEB, **clock(mode="-")), "time", "proves nothing"),
    "a source that fell silent": Fault(changed(WEB, **clock(reach="0")), "time", "does not answer any more"),
    "a clock that is off": Fault(changed(WEB, **clock(off="0.150000")), "time", "more than 100 ms off"),
    "an upstream without its proof": Fault(changed(STORE, **clock("198.51.100.4", mode="-")), "time", "proves nothing", host=STORE),
    "another chrony": Fault(changed(WEB, sources="^,*,172.29.0.200\n"), "time", "another version", ERROR),
    "two clocks in one answer": Fault(changed(WEB, tracking=clock()["tracking"] * 2), "time", "how far", ERROR),
    "silence": Fault(changed(STORE, **store(last=25)), "logs", "last line 25 h ago"),
    "never a line": Fault(changed(STORE, last=store()["last"].replace("acme/acme-web", "acme/acme-db")), "logs", "has ever arrived"),
    "updates never ran, and nobody knows since when": Fault(
        changed(WEB, updates="absent\n"), "updates", "was not asked for its age", ERROR
    ),
    "updates never ran, and the cloud does not say since when": Fault(fresh("the API refused"), "updates", "(the API refused)", ERROR),
    "updates never ran, for longer than a window": Fault(fresh(made(29, 3, 1)), "updates", "first window was on 2026-11-30 03:00", ERROR),
    "updates never ran in the window at whose beginning it was made": Fault(fresh(made(30, 3)), "updates", "was on 2026-11-30", ERROR),
    "a server is of a time to come": Fault(fresh(made(30, 12, 11)), "updates", "was made on 2026-11-30 12:11", ERROR),
    "updates failed": Fault(changed(WEB, **updates("upgrade")), "updates", "failed (upgrade)"),
    "updates stopped": Fault(changed(WEB, **updates(hours=80)), "updates", "more than 3 days ago"),
    "updates left some": Fault(changed(WEB, **updates(left="Inst libc6 [1] (2 x)\n")), "updates", "1 open: libc6"),
    "an old kernel runs": Fault(changed(WEB, **updates(running="6.12.0", hours=30)), "updates", "restart it"),
    "apt says nothing": Fault(changed(WEB, open="E: broken\n"), "updates", "what it would do", ERROR),
    "a certificate ends soon": Fault(certified(70), "certificate", "good until"),
    "a certificate is over": Fault(certified(30), "certificate", "ended on"),
    "a certificate of tomorrow": Fault(certified(90, before=-2), "certificate", "not valid before"),
    "no certificate": Fault(changed(WEB, certificate=""), "certificate", "certificate", ERROR),
    "a session waits": Fault(changed(STORE, **store(began=24 * 8)), "sessions", "1 without a review, the oldest 00001A"),
    "a service is down": Fault(changed(STORE, units="active\nfailed\nactive\nactive\n"), "services", "packages is failed", host=None),
    "a service is not told": Fault(changed(STORE, units="active\n"), "services", "1 answers", ERROR, None),
    "the store is full": Fault(changed(STORE, **store(used=18)), "store", "(90 %)", host=None),
    "the store is not there": Fault(changed(STORE, **store(target="/")), "store", "not mounted", host=None),
    "a quota is nearly used up": Fault(
        replace(WHOLE, rooms={"acme": {"network": {"port": Gauge(19, 20)}}}), "quotas of acme", "port 19 of 20", host=None
    ),
    "a quota is nothing and used": Fault(
        replace(WHOLE, rooms={"acme": {"network": {"port": Gauge(1, 0)}}}), "quotas of acme", "port 1 of 0", host=None
    ),
    "a quota may not be read": Fault(replace(WHOLE, rooms={"acme": "the API refused"}), "quotas of acme", "refused", ERROR, None),
}


def test_all_is_well() -> None:
    """Nothing at fault, nothing untold; the answer says source, offset, last line, updates, end and reviews."""
    found = look()
    assert {one.verdict for each in (*found.servers.values(), found.platform) for one in each} == {CheckVerdict.PASS}
    said = {one.check: one.said for one in found.servers[WEB]}
    assert said["time"] == "172.29.0.200 by NTS, 0.4 ms off"
    assert (said["logs"], said["updates"], said["certificate"]) == (
        "last line 1 h ago",
        "0 open, last run 9 h ago",
        "good until 2027-01-29, serial number 8",
    )
    assert said["sessions"].startswith("1 without a review")
    assert found.exit_code == 0


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_a_fault_is_found_by_its_check_alone(fault: Fault) -> None:
    """By its words, and nothing else of any server is at fault."""
    found = look(fault.seen)
    everything: list[tuple[Host | None, Finding]] = [(host, one) for host, each in found.servers.items() for one in each]
    everything += [(None, one) for one in found.platform]
    bad = [(host, one) for host, one in everything if one.verdict in {FAIL, ERROR}]
    assert [(host, one.check, one.verdict) for host, one in bad] == [(fault.host, fault.check, fault.verdict)]
    assert fault.words in bad[0][1].said
    assert found.exit_code == (1 if fault.verdict is FAIL else 2)


@pytest.mark.parametrize("dead", [WEB, BASTION, STORE])
def test_a_server_that_does_not_answer_hides_no_other(dead: Host) -> None:
    """All of its own cannot be told; the others' is told, but for what only the store knows."""
    found = look(replace(WHOLE, hosts={**WHOLE.hosts, dead: Answers.none("no way to it")}))
    assert found.exit_code == 2
    for host, findings in found.servers.items():
        untold = {one.check for one in findings if one.verdict is ERROR}
        own = {"time", "updates", "certificate"}
        assert untold == (own if host == dead else set()) | ({"logs", "sessions"} if dead == STORE else set())
    assert ("services" in {one.check for one in found.platform if one.verdict is ERROR}) is (dead == STORE)


@pytest.mark.parametrize("question", sorted(WHOLE.hosts[STORE].texts))
def test_no_answer_may_be_left_out(question: str) -> None:
    """Whatever is not answered, something cannot be told, and nothing is at fault because of it."""
    texts = {what: text for what, text in WHOLE.hosts[STORE].texts.items() if what != question}
    found = look(replace(WHOLE, hosts={**WHOLE.hosts, STORE: Answers(texts, {question: "refused"})}))
    verdicts = [one for each in (*found.servers.values(), found.platform) for one in each if one.verdict is not CheckVerdict.PASS]
    assert verdicts
    assert {(one.verdict, one.said) for one in verdicts} == {(ERROR, "refused")}


def test_what_is_not_declared_is_not_asked_for() -> None:
    """Neither at fault nor untold; but when nothing at all is told, that is no health."""
    offered = {key: value for key, value in SERVICES.items() if key not in {"time", "sessions"}}
    platform = Platform.model_validate(TREE | {"services": offered})
    found = look(changed(STORE, units="active\nactive\n"), platform)
    assert [one.verdict is CheckVerdict.NOT_APPLICABLE for one in found.servers[WEB]] == [True, False, False, False, True, False]
    assert found.exit_code == 0
    assert exit_code([]) == exit_code([found.servers[WEB][0]]) == 2


def test_a_reviewed_session_waits_no_more_and_one_of_nobodys_address_is_the_platforms() -> None:
    """A review by its own operator counts for nothing; a recording from an address that no server has is shown."""
    old = changed(STORE, **store(began=24 * 8))
    for by, verdict in (("carol", CheckVerdict.PASS), ("alice", FAIL)):
        review = Review(session="00001A", uuid=ACCEPT["uuid"], operator="alice", at=NOW, by=by, note="seen")
        assert look(old, reviews=Reviews(reviews=(review,))).servers[WEB][4].verdict is verdict
    text = old.hosts[STORE].texts["events"].replace("172.30.0.3", "172.30.9.9")
    strange = look(changed(STORE, events=text))
    assert [one.verdict for one in strange.platform if one.check == "sessions of nobody's address"] == [FAIL]
    assert strange.servers[WEB][4].verdict is CheckVerdict.PASS


def test_declared_limits_are_the_limits() -> None:
    """Each one, at a value that is passed only by it."""
    strict = {"offset": 1, "silence": 1, "updates": 1, "certificate": 61, "review": 1, "store": 25, "quota": 40}
    worse = {**clock(off="0.0011"), **updates(hours=25)}
    hosts = {**WHOLE.hosts, WEB: Answers({**WHOLE.hosts[WEB].texts, **worse})}
    hosts[STORE] = Answers({**WHOLE.hosts[STORE].texts, **store(used=6, last=1.5, began=25)})
    seen = replace(WHOLE, hosts=hosts, rooms={"acme": {"network": {"port": Gauge(9, 20)}}})
    for limits, expected in ((None, set()), (strict, {"time", "logs", "updates", "certificate", "sessions", "store", "quotas of acme"})):
        found = look(seen, Platform.model_validate(TREE | {"services": SERVICES | {"status": limits}}))
        assert {one.check for one in (*found.servers[WEB], *found.platform) if one.verdict is FAIL} == expected


def test_a_revoked_certificate_is_named_where_a_server_still_has_it() -> None:
    """By its serial number; another one's revocation is nobody's fault here."""
    seen = changed(WEB, certificate=issue(AUTHORITY, request(), serial=0x2A, now=NOW, days=90)[0])
    for revoked, expected in (("2b", {}), ("2a", {WEB: "is revoked, serial number 2a"})):
        found = look(seen, Platform.model_validate(TREE | {"services": SERVICES | {"revoked": [revoked]}}))
        bad = {host: one.said for host, each in found.servers.items() for one in each if one.verdict is FAIL}
        assert (bad, found.exit_code) == (expected, 1 if expected else 0)


@pytest.mark.parametrize(
    ("when", "window"), [(made(30, 3, 1), "2026-12-01 03:00"), (made(30, 11, 59), "2026-12-01 03:00"), (made(30, 12, 9), "2026-12-01")]
)
def test_a_new_server_waits_for_its_first_whole_window(when: datetime, window: str) -> None:
    """It is said, is no pass, and makes nothing untold."""
    found = look(fresh(when))
    one = found.servers[WEB][2]
    assert (one.check, one.verdict, f"not yet due: the first window is on {window}" in one.said) == ("updates", CheckVerdict.SKIPPED, True)
    assert found.exit_code == 0


def test_a_new_servers_first_window_counts_to_its_end() -> None:
    """A server has its own minute in it, and what it installs takes a while."""
    updates_ = {**SERVICES["packages"], "updates": {"hour": 11, "minutes": 120}}
    platform = Platform.model_validate(TREE | {"services": {**SERVICES, "packages": updates_}})
    assert look(fresh(made(30, 10)), platform).servers[WEB][2].verdict is CheckVerdict.SKIPPED
    assert look(fresh(made(29, 10)), platform).servers[WEB][2].verdict is ERROR
