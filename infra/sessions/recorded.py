"""What the store's log says of sessions: a JSON object for each that began, was refused or ended (sudo's event log).

Whose server a session was on is told by the address that the recording came from: the store takes a recording only from who has a
certificate for that address. The name that the recording itself gives is a claim.
"""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from infra.errors import QuestionError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

OPERATOR, SERIAL = "RINGFENCE_OPERATOR", "RINGFENCE_SERIAL"
KINDS = ("accept", "reject", "alert", "exit")
"""What a line may be about; anything else means that this reader is too old to tell."""


@dataclass(frozen=True, slots=True)
class Session:
    """One session. ``exit_value`` is ``None`` while it runs, or when its end was not recorded."""

    id: str
    uuid: str
    began: datetime
    operator: str
    serial: int
    account: str
    became: str
    command: str
    terminal: bool
    address: str
    claimed_host: str
    seconds: float | None = None
    exit_value: int | None = None
    signal: str = ""


def sessions(text: str) -> Iterator[Session]:
    """Yield the sessions of the store's log in the order in which they began there.

    Raises:
        QuestionError: a line cannot be understood. A session that is passed over would be one that nobody reviews.
    """
    found: dict[str, Session] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        kind, facts = _event(line, number)
        if kind == "accept":
            found[_text(facts, "uuid", number)] = _begun(facts, number)
        elif kind == "exit":
            uuid = _text(facts, "uuid", number)
            if uuid in found:  # else its beginning was rotated away
                found[uuid] = _ended(found[uuid], facts, number)
    yield from found.values()


def _event(line: str, number: int) -> tuple[str, Mapping[str, Any]]:
    try:
        event = json.loads(line)
    except ValueError as error:
        raise _unknown(number, "a JSON object", line[:80]) from error
    if not isinstance(event, dict) or len(event) != 1:
        raise _unknown(number, "an object with one key", line[:80])
    ((kind, facts),) = event.items()
    if kind not in KINDS or not isinstance(facts, dict):
        raise _unknown(number, f"one of {', '.join(KINDS)}", str(kind)[:80])
    return kind, facts


def _begun(facts: Mapping[str, Any], number: int) -> Session:
    environment = dict(entry.partition("=")[::2] for entry in facts.get("runenv", ()) if isinstance(entry, str))
    serial = environment.get(SERIAL, "")
    arguments = facts.get("runargv", ())
    return Session(
        id=_id(_text(facts, "iolog_path", number), number),
        uuid=_text(facts, "uuid", number),
        began=_moment(facts.get("submit_time"), number),
        operator=environment.get(OPERATOR, ""),
        serial=int(serial) if serial.isascii() and serial.isdigit() else 0,
        account=_text(facts, "submituser", number),
        became=_text(facts, "runuser", number),
        command=shlex.join(str(word) for word in arguments) if isinstance(arguments, list) else "",
        terminal="ttyname" in facts,
        address=_text(facts, "peeraddr", number),
        claimed_host=_text(facts, "submithost", number),
    )


def _ended(session: Session, facts: Mapping[str, Any], number: int) -> Session:
    took, value = facts.get("run_time"), facts.get("exit_value")
    if not isinstance(took, dict) or not isinstance(value, int):
        raise _unknown(number, "run_time and exit_value", "a session's end without them")
    seconds = float(took.get("seconds", 0)) + float(took.get("nanoseconds", 0)) / 1e9
    return replace(session, seconds=seconds, exit_value=value, signal=str(facts.get("signal", "")))


def _id(path: str, number: int) -> str:
    """Return the last three folders of a recording, ``00/00/01``, as one word."""
    parts = path.split("/")[-3:]
    if len(parts) != 3 or not all(len(part) == 2 and part.isascii() and part.isalnum() for part in parts):  # noqa: PLR2004 - sudo's %{seq}
        raise _unknown(number, "a recording in three folders of two letters", path[:80])
    return "".join(parts)


def folder(identity: str) -> str:
    """Return the folder of a recording below the store's. Raises :class:`QuestionError` for what is no id."""
    if len(identity) != 6 or not identity.isascii() or not identity.isalnum():  # noqa: PLR2004 - as above
        raise QuestionError.of("no such session", where=identity, expected="six letters or digits, such as 00001A")
    return "/".join((identity[:2], identity[2:4], identity[4:]))


def _moment(value: object, number: int) -> datetime:
    if not isinstance(value, dict) or not isinstance(value.get("seconds"), int):
        raise _unknown(number, "the moment of its beginning", str(value)[:80])
    return datetime.fromtimestamp(value["seconds"], UTC)


def _text(facts: Mapping[str, Any], key: str, number: int) -> str:
    value = facts.get(key)
    if not isinstance(value, str) or not value:
        raise _unknown(number, f"the key {key}", str(value)[:80])
    return value


def _unknown(number: int, expected: str, got: str) -> QuestionError:
    where = f"the store's log, line {number}"
    return QuestionError.of("the log of sessions cannot be understood", where=where, expected=expected, got=got)
