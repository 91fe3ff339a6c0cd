"""The guest's policy command with the kernel's real nftables: nobody is locked out, and nothing is open for a moment."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING

import pytest

from hardening.agent.paths import EXIT_NOTHING_STAGED, EXIT_REFUSED
from hardening.bundle import Bundle, digest
from tests.truth.image.guest import EVERYTHING_OPEN, ONE, TWO, Guest, after_first_boot, policy

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def guest(tmp_path: Path) -> Iterator[Guest]:
    """A guest after its first boot: the base policy is in force."""
    with after_first_boot("policy", tmp_path) as made:
        yield made


def test_a_confirmed_policy_stays(guest: Guest) -> None:
    """Stage loads it, confirm keeps it: over the end of the rollback's time, and over a restart."""
    assert guest.apply("stage", "-", "--seconds", "600", text=ONE) == {"staged": digest(Bundle(ONE)), "rolls_back_in": 600}
    assert guest.in_force() == "one"
    assert guest.apply("confirm", digest(Bundle(ONE))) == {"confirmed": digest(Bundle(ONE))}
    guest.expire(*guest.timers(1))
    assert guest.in_force() == "one"
    guest.namespace.run("nft", "flush", "ruleset")
    assert guest.run("load-firewall").stdout.strip() == "policy"
    assert guest.in_force() == "one"


def test_a_policy_without_confirmation_is_rolled_back_to_the_base_policy(guest: Guest) -> None:
    """Nobody logged in: the base policy returns by itself, and a late confirmation is refused."""
    guest.apply("stage", "-", text=ONE)
    assert guest.in_force() == "one"
    guest.expire(*guest.timers(1))
    assert guest.in_force() == "base"
    assert guest.refused("confirm")[0] == EXIT_NOTHING_STAGED


def test_a_policy_without_confirmation_is_rolled_back_to_the_confirmed_one(guest: Guest) -> None:
    """The earlier confirmed policy returns, not the base policy."""
    guest.apply("stage", "-", text=ONE)
    guest.apply("confirm")
    guest.apply("stage", "-", text=TWO)
    assert guest.in_force() == "two"
    guest.expire(*guest.timers(2))
    assert guest.in_force() == "one"


def test_a_restart_before_the_confirmation_ends_in_the_confirmed_policy(guest: Guest) -> None:
    """What waits for its confirmation does not survive: the next boot loads what was confirmed."""
    guest.apply("stage", "-", text=ONE)
    guest.namespace.run("nft", "flush", "ruleset")
    assert guest.run("load-firewall").stdout.strip() == "base"


def test_the_second_stage_takes_the_firsts_place(guest: Guest) -> None:
    """The first stage's rollback does not touch the second one, whose own still works."""
    guest.apply("stage", "-", text=ONE)
    (first,) = guest.timers(1)
    guest.apply("stage", "-", text=TWO)
    (second,) = set(guest.timers(2)) - {first}
    guest.expire(first)
    assert guest.in_force() == "two"
    guest.expire(second)
    assert guest.in_force() == "base"


def test_only_what_was_staged_is_confirmed(guest: Guest) -> None:
    """A confirmation that names another text is refused, and nothing is kept."""
    guest.apply("stage", "-", text=ONE)
    code, said = guest.refused("confirm", digest(Bundle(TWO)))
    assert (code, digest(Bundle(ONE)) in said) == (EXIT_NOTHING_STAGED, True)
    assert not (guest.folder / "etc/confirmed").exists()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("table inet ringfence {", "does not load", id="syntax"),
        pytest.param("", "forward, input, output", id="empty"),
        pytest.param(EVERYTHING_OPEN, "forward, input, output", id="open"),
        pytest.param(policy(output="accept"), "output", id="output-open"),
        pytest.param(policy(forward=""), "forward", id="forward-missing"),
        pytest.param(ONE.replace("table inet", "table ip"), "forward, input, output", id="ipv4-only"),
    ],
)
def test_a_policy_that_is_wrong_or_open_changes_nothing(guest: Guest, text: str, said: str) -> None:
    """It is refused before the kernel has seen it; the ruleset is the same, byte for byte."""
    before = guest.ruleset
    code, words = guest.refused("stage", "-", text=text)
    assert code == EXIT_REFUSED
    assert said in words
    assert guest.ruleset == before
    assert guest.apply("show")["pending_sha256"] is None


def test_rules_that_others_left_behind_are_gone(guest: Guest) -> None:
    """The policy is the whole ruleset: a table that somebody added by hand does not outlive a stage."""
    guest.namespace.run("nft", "add", "table", "ip", "byhand")
    guest.apply("stage", "-", text=ONE)
    assert "byhand" not in guest.ruleset


@pytest.mark.parametrize("damage", ["garbage {", EVERYTHING_OPEN, policy(input="accept")], ids=["garbage", "open", "input-open"])
def test_a_damaged_policy_falls_back_to_the_base_policy(guest: Guest, damage: str) -> None:
    """At boot: the base policy, and an alarm on the console."""
    guest.apply("stage", "-", text=ONE)
    guest.apply("confirm")
    (guest.folder / "etc/confirmed/policy.nft").write_text(damage, encoding="utf-8")
    assert guest.run("load-firewall").stdout.strip() == "base"
    assert guest.in_force() == "base"
    assert "policy.nft does not load or is open" in guest.console


def test_a_damaged_base_policy_falls_back_to_deny_all(guest: Guest) -> None:
    """At boot: everything is dropped rather than anything open."""
    (guest.folder / "etc/base.nft").write_text(EVERYTHING_OPEN, encoding="utf-8")
    assert guest.run("load-firewall").stdout.strip() == "deny"
    assert guest.in_force() == "deny"
    assert "everything is dropped" in guest.console


def test_before_the_first_boot_everything_is_dropped(guest: Guest) -> None:
    """No base policy yet: deny-all, which is the normal state then and no alarm."""
    (guest.folder / "etc/base.nft").unlink()
    assert guest.run("load-firewall").stdout.strip() == "deny"
    assert guest.console == ""


def test_a_text_that_is_not_the_one_table_replaces_nothing(guest: Guest) -> None:
    """The guard is the same table under another name, so there has to be one table and no other."""
    for text in ("", "table ip nat {\n}\n", ONE + "table inet second {\n}\n", ONE + ONE):
        assert guest.run("replace-ruleset", text=text).returncode == 1
        assert guest.in_force() == "base"


def test_what_an_interrupted_replacement_left_is_gone_after_the_next(guest: Guest) -> None:
    """The guard of a replacement that was killed stays and narrows; the next one removes it, and every other table too."""
    guest.namespace.run("nft", "add table inet ringfence_next; add chain inet ringfence_next x; add table ip byhand")
    guest.apply("stage", "-", text=ONE)
    assert guest.namespace.run("nft", "list", "tables").stdout.split("\n") == ["table inet ringfence", ""]
    assert guest.in_force() == "one"


def test_without_any_filter_the_network_stays_down(guest: Guest) -> None:
    """When not even deny-all loads the unit fails, and systemd-networkd requires it."""
    (guest.folder / "etc/base.nft").unlink()
    (guest.folder / "lib/deny-all.nft").write_text("garbage {", encoding="utf-8")
    assert guest.run("load-firewall").returncode == 1
    assert "the network stays down" in guest.console


def test_drift_is_what_the_kernel_holds_beside_the_policy(guest: Guest) -> None:
    """A flush, a rule by hand and a table by hand are drift; counters that count are not."""
    guest.apply("stage", "-", text=policy('tcp dport 8001 counter accept comment "one"'))
    assert guest.apply("show")["drift"] is False
    guest.apply("confirm")
    for damage in ("flush ruleset", "add rule inet ringfence input accept", "add table ip byhand"):
        assert guest.apply("show")["drift"] is False
        guest.namespace.run("nft", damage)
        assert guest.apply("show")["drift"] is True, damage
        guest.run("load-firewall")


def test_no_packet_slips_through_while_policies_change(guest: Guest) -> None:
    """Packets that neither the old nor the new policy allows never arrive, however often it changes and whoever loads it.

    They come as fast as they can: one transaction that replaces the table lets about one in for every three changes.
    """
    both = 'udp dport 9001 accept comment "both"'
    old, new = policy(both, "tcp dport 8001 accept"), policy(both, "tcp dport 8002 accept")
    peer = f"{guest.namespace.name}-p"
    guest.namespace.run("ip", "link", "add", "zone0", "type", "veth", "peer", "name", "peer0")
    subprocess.run(("ip", "netns", "add", peer), check=True)
    try:
        guest.namespace.run("ip", "link", "set", "peer0", "netns", peer)
        guest.namespace.run("sh", "-ec", "ip address add 10.9.0.1/24 dev zone0; ip link set zone0 up")
        subprocess.run(("ip", "netns", "exec", peer, "sh", "-ec", "ip address add 10.9.0.2/24 dev peer0; ip link set peer0 up"), check=True)
        guest.apply("stage", "-", text=old)
        command = guest.namespace.command("python3", "-c", _COUNT)
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as counter:
            sender = subprocess.Popen(("ip", "netns", "exec", peer, "python3", "-c", _SEND))
            try:
                for text in (new, old) * 8:
                    guest.apply("stage", "-", text=text)
            finally:
                sender.terminate()
                sender.wait()
            counts = json.loads(counter.communicate("stop\n")[0])
    finally:
        subprocess.run(("ip", "netns", "delete", peer), check=True)
    assert counts["9002"] == 0
    assert counts["9001"] > 1000


_SEND = """
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
while True:
    for port in (9001, 9002):
        s.sendto(b"x", ("10.9.0.1", port))
"""

_COUNT = """
import json, select, socket, sys
sockets = {}
for port in (9001, 9002):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind(("10.9.0.1", port))
    sockets[s] = port
counts = {"9001": 0, "9002": 0}
while True:
    for s in select.select([sys.stdin, *sockets], [], [])[0]:
        if s is sys.stdin:
            print(json.dumps(counts))
            sys.exit()
        s.recv(64)
        counts[str(sockets[s])] += 1
"""
