"""A bundle comes into force as a whole or not at all, wherever the agent is killed."""

from __future__ import annotations

import os
import stat
import subprocess
from typing import TYPE_CHECKING

import pytest

from hardening.agent import checks, states, store, units
from hardening.agent.generation import found
from hardening.agent.paths import EXIT_NOT_LOADED, EXIT_NOTHING_STAGED, EXIT_REFUSED, PolicyError
from hardening.agent.show import show
from hardening.bundle import Bundle, Check, GuestFile, digest
from tests.fast.hardening.agent.server import OWNER, Server, all_of, bundle, new_server

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.fast
OLD, NEW = bundle("old"), bundle("new")
BASE = Bundle("# base\n")


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Server:
    """A server after its first boot."""
    return new_server(tmp_path, monkeypatch)


def keep(server: Server, wanted: Bundle) -> None:
    """Stage and confirm."""
    states.stage(server.paths, wanted, 60)
    states.confirm(server.paths, digest(wanted))


def test_a_bundle_is_in_force_when_staged_and_kept_when_confirmed(server: Server) -> None:
    """Packet filter, files and what the units have read; over a restart of the server only with a confirmation."""
    assert states.stage(server.paths, OLD, 60) == {"staged": digest(OLD), "rolls_back_in": 60}
    assert server.holds == all_of(OLD)
    server.reboot()
    assert server.holds == all_of(BASE)
    keep(server, OLD)
    assert os.listdir(server.paths.staged) == []  # noqa: PTH208
    server.reboot()
    assert server.holds == all_of(OLD)


def test_a_rollback_brings_back_what_was_confirmed(server: Server) -> None:
    """All three, and the token of another stage does nothing."""
    keep(server, OLD)
    states.stage(server.paths, NEW, 60)
    assert states.rollback(server.paths, "another") == {"rolled_back": False}
    assert server.holds == all_of(NEW)
    token = states.waiting(server.paths)
    assert token
    assert states.rollback(server.paths, token.token) == {"rolled_back": True, "source": "policy"}
    assert server.holds == all_of(OLD)
    with pytest.raises(PolicyError) as caught:
        states.confirm(server.paths, digest(NEW))
    assert caught.value.code == EXIT_NOTHING_STAGED


def test_a_packet_filter_alone_takes_the_files_away(server: Server) -> None:
    """A bundle is the whole: files that are not in it are not in force, and the units that have read them are told."""
    keep(server, OLD)
    keep(server, Bundle("# alone\n"))
    assert server.holds == all_of(Bundle("# alone\n"))
    assert len(server.restarts) == 2
    assert "private-old" not in everything(server)


def everything(server: Server) -> str:
    """All texts that the agent has on disk or in memory."""
    places = (f"{folder}/{name}" for top in (server.paths.etc, server.paths.run) for folder, _, names in os.walk(top) for name in names)
    return "".join(store.read(place) for place in places if os.path.isfile(place))  # noqa: PTH113


def test_units_are_restarted_when_files_change_and_only_then(server: Server) -> None:
    """A change of the packet filter costs no restart; a changed file does, and one that somebody changed by hand."""
    keep(server, OLD)
    assert server.restarts == ["chrony.service"]
    keep(server, OLD._replace(policy="# other\n"))
    assert server.restarts == ["chrony.service"]
    keep(server, OLD._replace(policy="# other\n", units=("nginx.service",)))
    assert server.restarts == ["chrony.service", "chrony.service nginx.service"]
    with open(f"{server.paths.files}/chrony/chrony.conf", "a", encoding="utf-8") as stream:  # noqa: PTH123
        stream.write("by hand")
    keep(server, OLD._replace(policy="# other\n", units=("nginx.service",)))
    assert len(server.restarts) == 3


def test_files_have_their_owner_and_mode_and_private_ones_always_had(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every file is made for its owner alone, whatever the umask of the caller."""
    made: list[int] = []
    real = os.open

    def opened(path: str, flags: int, mode: int = 0o777) -> int:
        made.extend([mode] if flags & os.O_CREAT else [])
        return real(path, flags, mode)

    monkeypatch.setattr(os, "open", opened)
    before = os.umask(0)
    try:
        states.stage(server.paths, bundle("new", GuestFile("a/b/c", "", 0o664, OWNER)), 60)
        states.confirm(server.paths, "")
    finally:
        os.umask(before)
    assert set(made) == {0o600}
    modes = {facts.path: facts.mode for facts in found(server.paths.files)}
    assert modes == {"a/b/c": 0o664, "chrony/chrony.conf": 0o644, "chrony/server.key": 0o600}
    for folder, folders, _ in os.walk(f"{server.paths.etc}/generations"):
        assert {stat.S_IMODE(os.stat(f"{folder}/{name}").st_mode) for name in folders} <= {0o755}  # noqa: PTH116


@pytest.mark.parametrize(
    ("refusals", "more", "said"),
    [
        ({"unshare": "no such table"}, (), "the policy does not load: no such table"),
        ({}, (GuestFile("a", "", owner="nobody-knows:root"),), "nobody-knows:root: this server has no such"),
        ({"systemctl show": "?"}, (), "chrony.service is not-found on this server"),
    ],
    ids=["policy", "owner", "unit"],
)
def test_what_is_refused_changes_nothing(server: Server, refusals: dict[str, str], more: tuple[GuestFile, ...], said: str) -> None:
    """Exit code 3, and neither a file nor the kernel has seen it."""
    keep(server, OLD)
    server.refusals = refusals
    with pytest.raises(PolicyError, match=said) as caught:
        states.stage(server.paths, bundle("new", *more), 60)
    assert (caught.value.code, server.holds, states.waiting(server.paths)) == (EXIT_REFUSED, all_of(OLD), None)
    assert "private-new" not in everything(server)


CHECKED = GuestFile("sudo/rules", "private words of-nobody\n", 0o440, OWNER, Check.SUDOERS)


def test_a_file_that_its_program_refuses_changes_nothing_and_is_not_quoted(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the program says is passed on, without what stands in the file."""
    keep(server, OLD)
    real, asked = server.run, []

    def run(*command: str, text: str = "") -> subprocess.CompletedProcess[str]:
        if "view" in command:
            asked.append(command[-3:])
            return subprocess.CompletedProcess(command, 1, "", "syntax error near of-nobody: private words of-nobody")
        return real(*command, text=text)

    monkeypatch.setattr(checks, "run", run)
    with pytest.raises(PolicyError) as caught:
        states.stage(server.paths, bundle("new", CHECKED), 60)
    assert asked == [("-c", "-f", f"{server.paths.files}/sudo/rules")]
    assert str(caught.value) == "sudo/rules: visudo refuses it: syntax error near [cut out]: [cut out]"
    assert server.holds == all_of(OLD)


def test_a_check_whose_program_is_missing_is_a_refusal(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody looked is never "in order"."""
    monkeypatch.setattr(checks, "find", lambda _: "")
    with pytest.raises(PolicyError, match="visudo, which checks it, is not on this server"):
        states.stage(server.paths, bundle("new", CHECKED), 60)
    assert server.holds == all_of(BASE)


@pytest.mark.parametrize(
    ("refusals", "said"),
    [
        ({"replace-ruleset": "EINVAL"}, "the kernel refused the policy: EINVAL"),
        ({"systemctl restart": "job failed"}, "units did not start"),
    ],
)
def test_what_the_kernel_or_a_unit_does_not_take_is_rolled_back_at_once(server: Server, refusals: dict[str, str], said: str) -> None:
    """Exit code 5, and what was confirmed is in force without waiting."""
    keep(server, OLD)
    server.refusals = refusals
    with pytest.raises(PolicyError, match=said) as caught:
        states.stage(server.paths, NEW, 60)
    server.refusals = {}
    states.recover(server.paths)
    assert (caught.value.code, states.waiting(server.paths)) == (EXIT_NOT_LOADED, None)
    assert server.holds[:2] == all_of(OLD)[:2]


def test_a_unit_that_dies_before_the_confirmation_is_not_confirmed(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """A daemon that ends a second after its start would not be noticed otherwise."""
    keep(server, OLD)
    states.stage(server.paths, NEW, 60)
    monkeypatch.setattr(units, "failed", lambda _: ["chrony.service"])
    with pytest.raises(PolicyError, match=r"units have ended since \(chrony.service\)"):
        states.confirm(server.paths, "")
    monkeypatch.undo()
    assert os.path.basename(os.path.realpath(server.paths.confirmed)) in os.listdir(server.paths.generations)  # noqa: PTH119, PTH208
    assert found(server.paths.files) == all_of(OLD)[1]


def test_what_was_changed_between_stage_and_confirm_is_not_confirmed(server: Server) -> None:
    """The digest is taken of what is there, not of what was handed over."""
    states.stage(server.paths, NEW, 60)
    with open(f"{server.paths.files}/chrony/chrony.conf", "a", encoding="utf-8") as stream:  # noqa: PTH123
        stream.write("more")
    with pytest.raises(PolicyError, match="is staged, not"):
        states.confirm(server.paths, digest(NEW))


def test_what_waited_too_long_is_rolled_back_by_the_next_command(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Even when the process that should have done it was killed."""
    keep(server, OLD)
    states.stage(server.paths, NEW, 60)
    states.recover(server.paths)
    assert server.holds == all_of(NEW)
    later = states.now() + 61
    monkeypatch.setattr(states, "now", lambda: later)
    states.recover(server.paths)
    assert server.holds == all_of(OLD)


@pytest.mark.parametrize("afterwards", ["restart", "next-command"])
@pytest.mark.parametrize("verb", ["stage", "confirm", "rollback", "second-stage"])
def test_a_kill_at_any_step_ends_in_one_of_the_two_states(server: Server, verb: str, afterwards: str) -> None:
    """The old bundle or the new one, each of them as a whole, and nothing of another one is left."""
    paths, third, kept = server.paths, bundle("third"), BASE

    def again() -> None:
        if kept is not OLD:  # what the round before ended with is compared at its end
            keep(server, OLD)
        if verb != "stage":
            states.stage(paths, NEW, 60)

    command = {
        "stage": lambda: states.stage(paths, NEW, 60),
        "second-stage": lambda: states.stage(paths, third, 60),
        "confirm": lambda: states.confirm(paths, digest(NEW)),
        "rollback": lambda: states.rollback(paths, ""),
    }[verb]
    seen = set()
    for number in server.killed_at_every_step(command, again):
        if afterwards == "restart":
            server.reboot()
        else:
            states.recover(paths)
        ended = next((name for name, each in (("old", OLD), ("new", NEW), ("third", third)) if server.holds == all_of(each)), "neither")
        assert ended != "neither", (number, server.holds)
        seen.add(ended)
        kept = NEW if store.read(f"{paths.confirmed}/policy.nft") == NEW.policy else OLD
        assert kept is OLD or verb == "confirm"
        states.rollback(paths, "")
        assert server.holds == all_of(kept), number
        assert len(os.listdir(paths.generations)) == 1  # noqa: PTH208
        assert not os.path.isdir(paths.staged) or os.listdir(paths.staged) == []  # noqa: PTH112, PTH208
        assert "private-third" not in everything(server)
    expected = {
        "stage": {"old"},
        "confirm": {"new"},
        "rollback": {"old", "new"},
        "second-stage": {"old", "new", "third"},
    }
    assert seen == (expected[verb] if afterwards == "next-command" else {"old", "new"} if verb == "confirm" else {"old"})


def test_show_says_by_hash_what_is_in_force(server: Server) -> None:
    """Equal to the digest of what was handed over; a file that was changed, added, removed or opened to others is drift and named."""
    keep(server, OLD)
    folder = f"{os.path.realpath(server.paths.confirmed)}/files"
    said = show(server.paths)
    assert (said["bundle_sha256"], said["changed"], said["units"]) == (digest(OLD), [], {"chrony.service": "active"})
    assert "private-old" not in repr(said)
    damages: dict[str, Callable[[], object]] = {
        "chrony/chrony.conf": lambda: os.chmod(f"{folder}/chrony/chrony.conf", 0o640),  # noqa: PTH101
        "chrony/more.conf": lambda: store.create(f"{folder}/chrony/more.conf", b"", 0o600),
        "chrony/server.key": lambda: store.remove(f"{folder}/chrony/server.key"),
        "chrony": lambda: os.chmod(f"{folder}/chrony", 0o700),  # noqa: PTH101
    }
    for count, damage in enumerate(damages.values(), 1):
        damage()
        said = show(server.paths)
        assert said["bundle_sha256"] != digest(OLD)
        assert said["changed"] == sorted(list(damages)[:count])
