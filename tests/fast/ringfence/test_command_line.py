"""The habits of a command line: version, help in the order of work, completion, colours, widths, encodings, names of services."""

from __future__ import annotations

import io
import json
import os
import sys
from importlib.metadata import version
from typing import TYPE_CHECKING

import pytest

from ringfence import application
from ringfence.analysis.output import Plain
from ringfence.analysis.services import service
from tests.fast.queries.test_answers import two_zones
from tests.fast.ringfence.command import doubtful, kept

if TYPE_CHECKING:
    from pathlib import Path

    from tests.fast.ringfence.command import Run

pytestmark = pytest.mark.fast


def test_the_version_is_the_distributions(run: Run) -> None:
    """As packagers and reports of defects need it."""
    ended = run("--version")
    assert (ended.code, ended.out) == (0, f"ringfence {version('ringfence')}\n")


@pytest.mark.parametrize("arguments", [[], ["prove"], ["who-can-reach"]], ids=" ".join)
def test_help_is_short_as_well(arguments: list[str], run: Run) -> None:
    """With the short option as with the long one."""
    short, long = run(*arguments, "-h"), run(*arguments, "--help")
    assert (short.code, short.out) == (0, long.out)


def test_verbs_are_in_the_order_of_a_persons_work_and_each_is_in_a_group(run: Run) -> None:
    """A verb that is added is put where it belongs."""
    verbs = [verb.name for verb in application.application().registered_commands]
    order = [verb for group in application.GROUPS.values() for verb in group]
    assert verbs == [verb for verb in order if verb in verbs]
    told = run("--help").out
    places = [told.index(f" {group} ") for group, listed in application.GROUPS.items() if set(listed) & set(verbs)]
    assert places == sorted(places)


def test_a_verb_waits_for_its_own_module_only() -> None:
    """Each is found in the module that is imported for it, whatever stands before it; what is not understood needs all of them."""
    for verb in (verb for group in application.GROUPS.values() for verb in group):
        only = application.modules(["-C", "prove", "--debug", verb, "can"])
        assert verb in application.command_line(*only).commands, verb
        assert len(only) == 1
    for needy in ([], ["--help", "prove"], ["prove-it", "can"], ["--unknown", "can"], ["-C"], ["-C", "can"], ["--debug"]):
        assert application.modules(needy) == (), needy


def test_a_shell_gets_completions(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of verbs; the script for a shell asks in this way."""
    monkeypatch.setenv(application.COMPLETE, "complete_bash")
    monkeypatch.setenv("COMP_WORDS", "ringfence who")
    monkeypatch.setenv("COMP_CWORD", "1")
    monkeypatch.setenv("_TYPER_COMPLETE_ARGS", "ringfence who")
    ended = run()
    assert (ended.code, ended.out.split(), ended.err) == (0, ["who-can-reach"], "")


def test_the_script_of_a_shell_is_an_answer(run: Run) -> None:
    """Nothing else is printed, and it counts as answered."""
    shown = run("--show-completion", "bash")
    assert (shown.code, "complete " in shown.out, shown.err) == (0, True, "")


class Terminal(io.StringIO):
    """A stream that says that it is a terminal."""

    def isatty(self) -> bool:
        """Return that it is one."""
        return True


def test_colours_are_for_terminals_and_for_those_who_want_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """NO_COLOR takes away styles too: nothing but text is left. An empty one counts as absent."""
    monkeypatch.setenv("TERM", "xterm-256color")
    for unset in ("FORCE_COLOR", "NO_COLOR"):
        monkeypatch.delenv(unset, raising=False)

    def printed(out: io.StringIO) -> str:
        Plain(file=out).print("holds", style="bold green")
        return out.getvalue()

    assert "\x1b" in printed(Terminal())
    assert printed(io.StringIO()) == "holds\n"
    monkeypatch.setenv("NO_COLOR", "")
    assert "\x1b" in printed(Terminal())
    monkeypatch.setenv("NO_COLOR", "1")
    assert printed(Terminal()) == "holds\n"


def test_a_matrix_is_no_wider_than_the_terminal(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A square that does not fit is a list."""
    state = kept(tmp_path, two_zones())
    squares = []
    for columns in (60, 100, 200):
        monkeypatch.setenv("COLUMNS", str(columns))
        out = run("matrix", "--state", state).out
        table = [line for line in out.splitlines() if line and line[0] in "┏┃┡│└"]
        assert table
        assert max(map(len, table)) <= columns
        squares.append("from \\ to" in out)
    assert squares[-1]


def test_what_an_encoding_does_not_have_is_not_drawn(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lines of a table are signs of ASCII then, and no escapes."""
    out = io.TextIOWrapper(io.BytesIO(), encoding="ascii", errors="backslashreplace")
    monkeypatch.setattr(sys, "stdout", out)
    run("matrix", "--state", kept(tmp_path, two_zones()))
    out.seek(0)
    told = out.read()
    assert "+---" in told
    assert "\\u25" not in told


@pytest.mark.parametrize(
    ("named", "plain"),
    [
        ("icmp/echo-request", "icmp/8"),
        ("icmp/destination-unreachable/1", "icmp/3:1"),
        ("icmp/3/1", "icmp/3:1"),
        ("icmpv6/packet-too-big", "icmpv6/2"),
        ("ipv6-icmp/echo-reply", "icmpv6/129"),
        ("icmp/3-5", "icmp/3-5"),
    ],
)
def test_types_of_icmp_have_names(named: str, plain: str) -> None:
    """Those that nftables has; the type before the code."""
    one, two = service(named), service(plain)
    assert (one.lo, one.hi) == (two.lo, two.hi)


@pytest.mark.parametrize("text", ["icmp/300", "icmp/echo", "icmpv6/redirect", "tcp/echo-request", "tcp/443/1", "icmp/", "icmp/8/"])
def test_a_service_that_is_none_is_refused_with_what_is_one(text: str, run: Run, tmp_path: Path) -> None:
    """Never read as a wider one."""
    ended = run("can", "acme/web", "acme/db", text, "--state", kept(tmp_path, two_zones()))
    assert (ended.code, ended.out, f"{text}: this is no service" in ended.err) == (2, "", True)


def test_what_follows_a_server_is_the_other_programs(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """`df -h` asks for no help of ringfence's, and `--json` for no object."""
    monkeypatch.setenv("PATH", os.devnull)
    ended = run("ssh", "bastion", "df", "-h", "--json")
    assert (ended.code, "Usage" in ended.out, ended.out) == (2, False, "")


def test_an_error_before_the_verb_is_an_object_as_well(run: Run) -> None:
    """Where programs ask for one."""
    ended = run("-C", "nowhere", "--debug", "prove", "--json")
    assert ended.code == 2
    assert json.loads(ended.out)["errors"][0]["where"] == "-C nowhere"


def test_a_page_of_a_matrix_says_of_what_it_is_and_what_it_does_not_know(run: Run, tmp_path: Path) -> None:
    """Who finds it a year later knows the state, the day and the program; what is not understood stands above the table."""
    page = run("matrix", "--state", kept(tmp_path, two_zones()), "--format", "html").out
    assert all(word in page for word in ("ringfence 0.1.0", "state: ", "judged as of "))
    assert "is not understood" not in page
    doubted = run("matrix", "--state", kept(tmp_path, doubtful()), "--format", "html")
    assert (doubted.code, "more may pass than the table shows" in doubted.out) == (2, True)
