"""``ringfence logs``: what the store says, as people and programs read it, as it comes, and as a folder to give away."""

from __future__ import annotations

import hashlib
import json
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from hardening.services.logs import KEPT
from infra.errors import GuestError
from ringfence.operators import logs
from tests.fast.key_paths import hold, key_paths
from tests.fast.ringfence.test_json_keys import KEYS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from tests.fast.ringfence.command import Run

pytestmark = pytest.mark.fast
HOSTILE = "\x1b[2J\u202eroot: [bold]no drops"


def line(received: str, message: str, program: str = "sshd") -> str:
    """A line of the store."""
    fields = {"received": received, "sent": received, "facility": "auth", "severity": "info", "program": program, "process": "7"}
    return json.dumps({**fields, "message": message}) + "\n"


class Disk(dict[str, str]):
    """The store's files by their paths, and what reads them there: programs of the services server."""

    def run(self, command: Sequence[str]) -> str:
        """Answer ``find`` and ``dd`` as they do."""
        if command[0] == "find":
            pattern = command[command.index("-path") + 1].removeprefix(f"{KEPT}/").removesuffix("*")
            return "".join(f"{len(text)} {path}\n" for path, text in self.items() if path.startswith(pattern))
        of = dict(word.split("=") for word in command[1:])
        begin = int(of["skip"])
        return self[of["if"].removeprefix(f"{KEPT}/")][begin : begin + int(of["count"])]


@pytest.fixture
def disk(tree: Path, monkeypatch: pytest.MonkeyPatch) -> Disk:
    """A store that has lines of one server of acme on two days, and of globex."""
    del tree
    first = line("2026-11-29T23:59:59.000000+00:00", "opened")
    second = line("2026-11-30T00:00:01.000000+00:00", HOSTILE)
    made = Disk(
        {
            "acme/acme-web/2026-11-29.jsonl": first,
            "acme/acme-web/2026-11-30.jsonl": second,
            "globex/globex-web/2026-11-30.jsonl": line("2026-11-30T00:00:00.000000+00:00", "of globex"),
        }
    )

    @contextmanager
    def opened() -> Iterator[logs.Store]:
        yield logs.Store(made.run)

    monkeypatch.setattr(logs, "opened", opened)
    monkeypatch.setattr(logs, "CHUNK", 100)
    return made


def test_a_tenants_lines_come_in_their_order_and_nobody_elses(run: Run, disk: Disk) -> None:
    """With the server's name as the declaration has it; a server without a line is named."""
    del disk
    told = run("logs", "acme", "--json").json
    assert [(each["server"], each["message"]) for each in told["lines"]] == [("web", "opened"), ("web", HOSTILE)]
    assert "web" not in told["silent"]
    assert told["silent"]
    ended = run("logs", "acme")
    assert ended.out.splitlines()[0] == "2026-11-29T23:59:59Z web info sshd[7]: opened"
    assert f"no line of: {', '.join(told['silent'])}" in ended.err


def test_what_a_guest_says_is_one_line_of_text(run: Run, disk: Disk) -> None:
    """Neither a command of the terminal nor markup nor a line of its own."""
    disk["acme/acme-web/2026-11-30.jsonl"] = line("2026-11-30T00:00:01.000000+00:00", HOSTILE + "\nforged", "a\nb")
    out = run("logs", "acme", "--since", "2026-11-30").out
    assert len(out.splitlines()) == 1
    assert "\x1b" not in out
    assert "\u202e" not in out
    assert "[bold]no drops" in out


def test_a_server_and_a_beginning_choose(run: Run, disk: Disk) -> None:
    """By the store's time, not by what a line says of itself."""
    del disk
    assert [each["message"] for each in run("logs", "acme", "--since", "2026-11-30", "--json").json["lines"]] == [HOSTILE]
    other = run("logs", "acme", "--server", "db", "--json").json
    assert (other["lines"], other["silent"]) == ([], ["db"])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("nobody",), "no such tenant"),
        (("acme", "--server", "mail"), "no such server"),
        (("acme", "--since", "yesterday"), "not understood"),
        (("acme", "--follow", "--export", "copy"), "a copy has an end"),
        (("../acme",), "no such tenant"),
    ],
)
def test_a_mistake_is_an_error(run: Run, disk: Disk, words: tuple[str, ...], said: str) -> None:
    """Exit code 2, and what was expected."""
    del disk
    ended = run("logs", *words)
    assert (ended.code, said in ended.err) == (2, True), ended.err


def test_a_line_that_cannot_be_read_is_no_answer(run: Run, disk: Disk) -> None:
    """Exit code 2: what is left out silently is what somebody wants to hide."""
    disk["acme/acme-web/2026-11-29.jsonl"] += "{}\n"
    ended = run("logs", "acme")
    assert (ended.code, "acme/acme-web/2026-11-29.jsonl:2" in ended.err) == (2, True), ended.err


def test_half_a_line_is_read_when_it_is_whole(disk: Disk) -> None:
    """The store may be writing while it is read."""
    store, path = logs.Store(disk.run), "acme/acme-web/2026-11-30.jsonl"
    whole = disk[path]
    disk[path] = whole + whole[:30]
    assert len(list(store.lines(store.days("acme"), ""))) == 2
    disk[path] = whole + whole
    assert [each.message for _, each in store.lines(store.days("acme"), "")] == [HOSTILE]


def test_a_day_that_becomes_shorter_is_an_error(disk: Disk) -> None:
    """It says so instead of asking for ever."""
    store = logs.Store(disk.run)
    days = store.days("acme")
    disk[days[0].path] = ""
    with pytest.raises(GuestError, match="became shorter"):
        list(store.lines(days, ""))


def test_following_shows_each_line_once_and_ends_with_130(run: Run, disk: Disk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C in the pause."""
    rounds = iter((line("2026-11-30T09:00:00.000000+00:00", "new"),))

    def pause(_: float) -> None:
        try:
            disk["acme/acme-web/2026-11-30.jsonl"] += next(rounds)
        except StopIteration:
            raise KeyboardInterrupt from None

    monkeypatch.setattr("ringfence.operators.logs.time.sleep", pause)
    ended = run("logs", "acme", "--follow", "--json")
    assert ended.code == 130
    assert [json.loads(each)["message"] for each in ended.out.splitlines()] == [HOSTILE, "new"]


def test_following_begins_with_the_last_lines(run: Run, disk: Disk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the newest day of each server, in whole lines, and nothing is lost after them; whoever wants more says since when."""

    def pause(_: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("ringfence.operators.logs.time.sleep", pause)
    monkeypatch.setattr(logs, "LAST_BYTES", 1000)
    path = "acme/acme-web/2026-11-30.jsonl"
    disk[path] = "".join(line(f"2026-11-30T00:{number:02}:00.000000+00:00", f"line {number}") for number in range(60))
    shown = [json.loads(each)["message"] for each in run("logs", "acme", "--follow", "--json").out.splitlines()]
    whole = [text for text in disk[path][-1000:].splitlines() if text.startswith("{")]
    assert shown == [json.loads(text)["message"] for text in whole][-logs.LAST_LINES :]
    assert 0 < len(shown) < logs.LAST_LINES
    monkeypatch.setattr(logs, "LAST_BYTES", 100_000)
    assert len(run("logs", "acme", "--follow", "--json").out.splitlines()) == logs.LAST_LINES
    assert len(run("logs", "acme", "--follow", "--since", "2026-11-01", "--json").out.splitlines()) == 61


def test_a_copy_has_the_tenants_lines_only_and_hashes_that_hold(run: Run, disk: Disk, tmp_path: Path) -> None:
    """As ``sha256sum -c`` checks them; there as a whole or not at all."""
    del disk
    told = run("logs", "acme", "--since", "2026-11-30", "--export", tmp_path / "copy", "--json").json
    written = (tmp_path / "copy/SHA256SUMS").read_text(encoding="ascii").splitlines()
    sums = {name: digest for digest, _, name in (each.partition("  ") for each in written)}
    files = {str(path.relative_to(tmp_path / "copy")) for path in (tmp_path / "copy").rglob("*") if path.is_file()}
    assert files == {*sums, "SHA256SUMS"} == {"acme-web/2026-11-30.jsonl", "manifest.json", "SHA256SUMS"}
    for name, digest in sums.items():
        assert hashlib.sha256((tmp_path / "copy" / name).read_bytes()).hexdigest() == digest
    manifest = json.loads((tmp_path / "copy/manifest.json").read_bytes())
    assert manifest["files"] == told["files"]
    assert (manifest["tenant"], manifest["files"][0]["lines"]) == ("acme", 1)
    assert "globex" not in "".join(path.read_text(encoding="utf-8") for path in (tmp_path / "copy").rglob("*") if path.is_file())
    assert run("logs", "acme", "--export", tmp_path / "copy").code == 2


def test_a_copy_that_breaks_off_leaves_nothing(run: Run, disk: Disk, tmp_path: Path) -> None:
    """Not even a part of it."""
    disk["acme/acme-web/2026-11-30.jsonl"] += "{}\n"
    assert run("logs", "acme", "--export", tmp_path / "copy").code == 2
    assert list(tmp_path.glob("*copy*")) == []


def test_no_key_of_the_answers_gets_another_name(run: Run, disk: Disk, tmp_path: Path) -> None:
    """Of the lines and of a copy."""
    del disk
    copy = run("logs", "acme", "--export", tmp_path / "copy", "--json").json
    hold(KEYS / "logs.txt", [*key_paths(run("logs", "acme", "--json").json), *key_paths(copy)])
