from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from infra.errors import QuestionError
from infra.sessions.owners import of_tenant
from infra.sessions.recorded import folder, sessions
from infra.sessions.reviews import Review, Reviews, rendered, unreviewed

pytestmark = pytest.mark.fast
ACCEPT: dict[str, Any] = {
    "uuid": "68f4a7e6",
    "submit_time": {"seconds": 1795986976, "nanoseconds": 71979331},
    "peeraddr": "172.30.0.3",
    "iolog_path": "/data/sessions/00/00/1A",
    "runargv": ["/bin/sh", "-c", "id; echo hallo"],
    "runenv": ["RINGFENCE_SERIAL=1001", "PATH=/bin", "RINGFENCE_OPERATOR=alice"],
    "runuser": "root",
    "submithost": "acme-web",
    "submituser": "rf-admin",
}
EXIT: dict[str, Any] = {"uuid": "68f4a7e6", "run_time": {"seconds": 2, "nanoseconds": 500000000}, "exit_value": 3}


def log(*events: dict[str, Any]) -> str:
    """Return a store's log."""
    return "".join(json.dumps(event) + "\n" for event in events)


def test_a_session_names_operator_certificate_and_server() -> None:
    """With its beginning, its end and what was run."""
    (one,) = sessions(log({"accept": ACCEPT}, {"exit": EXIT}))
    assert (one.id, one.operator, one.serial, one.address, one.account, one.became) == (
        ("00001A", "alice", 1001, "172.30.0.3", "rf-admin", "root")
    )
    assert one.command == "/bin/sh -c 'id; echo hallo'"
    assert (one.seconds, one.exit_value, one.terminal) == (2.5, 3, False)


def test_a_session_without_an_end_is_still_a_session() -> None:
    """It runs, or was cut off: nobody may overlook it."""
    (one,) = sessions(log({"accept": {**ACCEPT, "ttyname": "/dev/pts/0"}}))
    assert (one.exit_value, one.seconds, one.terminal) == (None, None, True)


@pytest.mark.parametrize(
    "line",
    [
        "no json",
        "[]",
        "{}",
        json.dumps({"accept": ACCEPT, "exit": EXIT}),
        json.dumps({"resume": ACCEPT}),
        json.dumps({"accept": {**ACCEPT, "peeraddr": None}}),
        json.dumps({"accept": {**ACCEPT, "iolog_path": "/data/sessions/../x"}}),
        json.dumps({"accept": {**ACCEPT, "submit_time": "yesterday"}}),
    ],
)
def test_what_is_not_understood_is_an_error(line: str) -> None:
    """A session that is passed over would be one that nobody reviews."""
    with pytest.raises(QuestionError, match="line 2"):
        list(sessions(log({"accept": ACCEPT}) + line + "\n"))


def test_a_recording_that_names_nobody_is_told_so() -> None:
    """It is listed all the same, without an operator."""
    (one,) = sessions(log({"accept": {**ACCEPT, "runenv": []}}))
    assert (one.operator, one.serial) == ("", 0)


def test_the_address_tells_whose_session_it_was_and_not_the_name_in_it() -> None:
    """A server of globex that calls itself acme-web writes nothing among acme's; nobody's address is shown to everybody."""
    forged = {**ACCEPT, "uuid": "2", "peeraddr": "172.30.0.20"}
    unknown = {**ACCEPT, "uuid": "3", "peeraddr": "172.30.0.99"}
    found = list(sessions(log({"accept": ACCEPT}, {"accept": forged}, {"accept": unknown})))
    owners = {"172.30.0.3": ("acme", "web"), "172.30.0.20": ("globex", "web")}
    assert [(server, one.uuid) for server, one in of_tenant(found, "acme", owners)] == [("web", "68f4a7e6"), ("", "3")]
    assert [(server, one.uuid) for server, one in of_tenant(found, "globex", owners)] == [("web", "2"), ("", "3")]


@pytest.mark.parametrize("identity", ["../../", "0000", "00/01", "00000é", "0000001"])
def test_only_an_id_leads_to_a_folder(identity: str) -> None:
    """Nothing else is handed to the store."""
    assert folder("00001A") == "00/00/1A"
    with pytest.raises(QuestionError, match="no such session"):
        folder(identity)


def test_nobody_reviews_their_own_session() -> None:
    """A review counts when somebody else wrote it, and for the very recording that it names."""
    (one,) = sessions(log({"accept": ACCEPT}))
    moment = datetime(2026, 11, 30, tzinfo=UTC)
    own = Review(session=one.id, uuid=one.uuid, operator="alice", at=moment, by="alice", note="fine")
    other = own.model_copy(update={"by": "carol"})
    assert unreviewed([one], Reviews(reviews=(own,))) == (one,)
    assert unreviewed([one], Reviews(reviews=(own, other))) == ()
    again = replace(one, uuid="another recording under the same id")
    assert unreviewed([again], Reviews(reviews=(other,))) == (again,)
    assert rendered(Reviews(reviews=(own, other))).count("\n") == 4
