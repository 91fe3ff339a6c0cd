"""Bundles of files with the kernel's packet filter, real checks in a real mount namespace, and a real ``kill -9``."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import time
from typing import TYPE_CHECKING

import pytest

from hardening.agent.paths import EXIT_NOT_LOADED, EXIT_REFUSED
from hardening.bundle import Bundle, Check, GuestFile, digest, encode
from tests.truth.image.guest import ONE, TWO, Guest, after_first_boot

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SYSTEMCTL = """#!/bin/sh
verb=$1
shift
case $verb in
show)
    shift 2
    for unit; do printf 'Id=%s\\nLoadState=loaded\\nActiveState=active\\n\\n' "$unit"; done
    ;;
restart)
    shift
    [ ! -e FOLDER/broken ] || exit 1
    cat "$RINGFENCE_RUN"/files/service/part >FOLDER/read 2>/dev/null || : >FOLDER/read
    ;;
esac
"""
"""Stands for systemd: a unit reads its file when it is restarted, and does not start while ``broken`` is there."""


@pytest.fixture
def guest(tmp_path: Path) -> Iterator[Guest]:
    """A guest after its first boot: the base policy is in force, and no files."""
    with after_first_boot("bundle", tmp_path) as made:
        (tmp_path / "bin/systemctl").write_text(SYSTEMCTL.replace("FOLDER", str(tmp_path)), encoding="utf-8")
        (tmp_path / "bin/systemctl").chmod(0o755)
        yield made


def bundle(guest: Guest, name: str, rules: str = "") -> Bundle:
    """A bundle whose sudoers file includes another one of the bundle by its final path."""
    files = (
        GuestFile("service/part", f"# {name}\n", 0o440, check=Check.SUDOERS),
        GuestFile("service/rules", f"{rules}@include {guest.folder}/run/files/service/part\n", 0o440, check=Check.SUDOERS),
        GuestFile("service/key", f"private-{name}\n", 0o600),
    )
    return Bundle(ONE if name == "one" else TWO, files, ("service.service",))


def state(guest: Guest) -> tuple[str, str, str]:
    """Packet filter, file and what the unit has read: the name of the bundle for each."""
    part, read = guest.folder / "run/files/service/part", guest.folder / "read"
    texts = [path.read_text(encoding="utf-8").strip("# \n") if path.exists() else "" for path in (part, read)]
    return guest.in_force(), texts[0], texts[1]


def keep(guest: Guest, wanted: Bundle) -> None:
    """Stage and confirm."""
    guest.apply("stage-bundle", "-", text=encode(wanted))
    guest.apply("confirm", digest(wanted))


def test_a_bundle_stays_as_a_whole_or_goes_as_a_whole(guest: Guest) -> None:
    """Confirmed, it is what `show` says by its digest; unconfirmed, all of it is taken back by itself."""
    one, two = bundle(guest, "one"), bundle(guest, "two")
    keep(guest, one)
    shown = guest.apply("show")
    assert (shown["bundle_sha256"], shown["drift"], shown["changed"]) == (digest(one), False, [])
    guest.apply("stage-bundle", "-", text=encode(two))
    assert state(guest) == ("two", "two", "two")
    guest.expire(*guest.timers(2))
    assert state(guest) == ("one", "one", "one")
    assert "private-two" not in "".join(path.read_text("utf-8") for path in guest.folder.rglob("key") if path.is_file())


def test_a_check_sees_the_staged_files_at_their_final_place(guest: Guest) -> None:
    """The file that another one includes is a new one, too; a mistake in it is found although it stands nowhere yet."""
    keep(guest, bundle(guest, "one"))
    two = bundle(guest, "two")
    wrong = two._replace(files=(two.files[0]._replace(text="nonsense =\n", check=Check.NONE), *two.files[1:]))
    before = guest.ruleset
    code, said = guest.refused("stage-bundle", "-", text=encode(wrong))
    assert (code, "service/rules: visudo refuses it" in said) == (EXIT_REFUSED, True)
    assert (guest.ruleset, state(guest)) == (before, ("one", "one", "one"))
    guest.apply("stage-bundle", "-", text=encode(two))


def test_a_unit_that_does_not_start_is_rolled_back_at_once(guest: Guest) -> None:
    """Nobody waits for the time to be over."""
    keep(guest, bundle(guest, "one"))
    (guest.folder / "broken").touch()
    code, said = guest.refused("stage-bundle", "-", text=encode(bundle(guest, "two")))
    assert (code, "units did not start" in said) == (EXIT_NOT_LOADED, True)
    assert state(guest) == ("one", "one", "one")


def test_a_killed_command_ends_in_one_of_the_two_states(guest: Guest) -> None:
    """`kill -9` of the agent and all that it has started, at any moment: the next command ends it, or the time does."""
    one, two = bundle(guest, "one"), bundle(guest, "two")
    keep(guest, one)
    begun = time.monotonic()
    guest.apply("stage-bundle", "-", text=encode(two))
    needed = time.monotonic() - begun
    guest.apply("rollback")
    chance = random.Random(16)  # noqa: S311 - moments, not keys
    finished = 0
    for _ in range(12):
        command = guest.namespace.command(str(guest.folder / "lib/apply-policy"), "stage-bundle", "-")
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=guest.environment, text=True, start_new_session=True
        ) as agent:
            assert agent.stdin
            assert agent.stdout
            agent.stdin.write(encode(two))
            agent.stdin.close()
            time.sleep(chance.uniform(0, 1.1) * needed)
            os.killpg(agent.pid, signal.SIGKILL)
            said = agent.stdout.read()
        finished += bool(said)
        shown = guest.apply("show")
        ended = "two" if said else "one"
        assert state(guest) == (ended, ended, ended)
        assert (shown["bundle_sha256"], shown["changed"]) == (digest(two if said else one), [])
        guest.apply("rollback")
        assert state(guest) == ("one", "one", "one")
    assert finished < 12


def test_files_are_for_whom_they_are_meant(guest: Guest) -> None:
    """Another account reads what it may and nothing else, staged and confirmed."""
    wanted = bundle(guest, "one")
    files = (*wanted.files, GuestFile("service/public", "public"), GuestFile("service/shared", "shared", 0o640, "root:nogroup"))
    for verb in ("stage-bundle", "confirm"):
        guest.apply(verb, *(["-"] if verb == "stage-bundle" else []), text=encode(wanted._replace(files=files)))
        got = {
            name: subprocess.run(
                ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "cat", f"service/{name}"),
                # From inside: the folders above are pytest's, and another pytest that starts shuts them to other accounts.
                cwd=guest.folder / "run/files",
                capture_output=True,
                text=True,
                check=False,
            ).stdout
            for name in ("public", "shared", "key", "part")
        }
        assert got == {"public": "public", "shared": "shared", "key": "", "part": ""}, verb


def test_show_is_one_json_object_without_any_text_of_a_file(guest: Guest) -> None:
    """Hashes, modes and owners only."""
    keep(guest, bundle(guest, "one"))
    said = json.dumps(guest.apply("show"))
    assert "private-one" not in said
    assert "service/key" in said
