"""The image is booted as a cloud would: closed from its first moment, reachable over management only, and the same after a restart.

One server goes through its life in the order of this file: first boot, policy, rollback, restart, damage, copy to another instance.
"""

from __future__ import annotations

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from ipaddress import IPv4Address, ip_network
from typing import TYPE_CHECKING

import pytest

from hardening.bundle import Bundle, Check, GuestFile, digest, encode
from hardening.controls import effects
from hardening.controls.catalogue import CATALOGUE
from hardening.services import clock, credentials
from tests.truth.image.machine import APP, BACKBONE, DATA, ELSEWHERE, MANAGEMENT
from tests.truth.image.policies import NEIGHBOUR, POLICY, PORT, WITHOUT_SSH
from tests.truth.image.server import PARAMIKO, Server, new_machine
from tests.truth.image.sniffer import Sniffer
from tests.truth.image.undone import undo
from tests.truth.services.papers import Papers

if TYPE_CHECKING:
    from collections.abc import Iterator

SLOW = 300
"""Seconds that an answer may take."""
BUNDLE = Bundle(
    POLICY,
    (
        GuestFile("public/note", "for everybody"),
        GuestFile("private/key", "for root", 0o600),
        GuestFile("sudo/rules", "ringfence ALL=(ALL:ALL) NOPASSWD: ALL\n", 0o440, check=Check.SUDOERS),
        GuestFile("nft/table", "table inet another {\n}\n", check=Check.NFT),
        GuestFile("ssh/server.conf", "HostKey /etc/ssh/ssh_host_ed25519_key\n", 0o600, check=Check.SSHD),
    ),
    ("acpid.service",),
)
LABELS = "for one in $(pgrep -x chronyd); do sudo cat /proc/$one/attr/apparmor/current; done | sort -u"
REFUSED = "sudo journalctl --dmesg --grep 'apparmor=.DENIED' | cat"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server in two zones with a blank data disk, after its first boot."""
    properties = {"ringfence_role": "server", "ringfence_management_mac": MANAGEMENT.mac, "ringfence_ssh_from": f"{BACKBONE}/32"}
    made = Server(new_machine(tmp_path_factory.mktemp("server"), (APP, DATA, MANAGEMENT), properties, "data.qcow2"))
    made.namespace.up()
    try:
        sniffer = Sniffer(made.namespace)
        made.start()
        # What answers is seen while somebody asks.
        made.reach(APP.address, 22, timeout=1)
        made.done("true")
        made.sent = sniffer.stop()
        yield made
    finally:
        made.machine.off(gently=False)
        made.namespace.down()


def test_the_console_tells_the_host_key_that_ssh_shows(server: Server) -> None:
    """The key on the console is the one that the server proves to have, and it is the only one."""
    scanned = server.namespace.run("ssh-keyscan", "-T", "300", MANAGEMENT.address).stdout.splitlines()
    known = (server.machine.folder / "known_hosts").read_text(encoding="utf-8").strip()
    assert [line for line in scanned if not line.startswith("#")] == [known]


def test_the_automation_account_logs_in_and_is_root_by_sudo(server: Server) -> None:
    """A real login with the pinned key, sudo without a password, the host name of the config drive."""
    assert server.done("sudo -n id -u; id -un; hostname").split() == ["0", "ringfence", "web"]


def test_paramiko_logs_in(server: Server) -> None:
    """The library that applies policies knows a key exchange of the few that the server offers."""
    arguments = (MANAGEMENT.address, BACKBONE, str(server.machine.folder / "key"), str(server.machine.folder / "known_hosts"))
    said = server.namespace.run(sys.executable, "-c", PARAMIKO, *arguments).stdout.split()
    assert said == ["ringfence"]


@pytest.mark.parametrize(
    "options",
    [
        pytest.param(("-o", "KexAlgorithms=curve25519-sha256"), id="kex"),
        pytest.param(("-o", "Ciphers=aes128-ctr"), id="cipher"),
        pytest.param(("-o", "HostKeyAlgorithms=ecdsa-sha2-nistp256"), id="host-key"),
        pytest.param(("-o", "PubkeyAuthentication=no"), id="no-key"),
    ],
)
def test_weaker_logins_are_refused(server: Server, options: tuple[str, ...]) -> None:
    """Everything but the few algorithms that the image names, and everything but a key."""
    assert server.ssh("true").returncode == 0
    assert server.ssh("true", *options).returncode == 255


def test_nobody_else_logs_in(server: Server) -> None:
    """Root has the same machine but no login, whatever the key."""
    refused = server.ssh("true", user="root")
    assert (refused.returncode, "Permission denied" in refused.stderr) == (255, True)


def test_a_server_is_no_stepping_stone(server: Server) -> None:
    """A login gives a session and no way on: no forwarding of connections, not even to the server itself."""
    refused = server.ssh("", "-W", "127.0.0.1:22")
    assert refused.returncode == 255
    assert "SSH-2.0" not in refused.stdout


def test_ssh_answers_on_management_only(server: Server) -> None:
    """From the backbone on the management card: a banner. Anything else is silence, though the card is up and answers ARP."""
    assert server.reach(MANAGEMENT.address, 22, BACKBONE, timeout=SLOW).startswith("OK SSH-2.0-OpenSSH")
    others = (APP.address, DATA.address, APP.address6)
    assert server.fates(*((address, 22, "") for address in others)) == ["TIMEOUT"] * len(others)
    neighbours = server.namespace.run("ip", "neighbour", "show").stdout
    for card in (APP, DATA):
        assert f"{card.address} dev {card.tap} lladdr {card.mac}" in neighbours
    assert f"{APP.address6} dev {APP.tap} lladdr {APP.mac}" in neighbours


def test_only_the_backbone_may_open_ssh(server: Server) -> None:
    """The management card does not listen to its neighbours or to other addresses behind its router."""
    assert server.reach(MANAGEMENT.address, 22, BACKBONE, timeout=SLOW).startswith("OK")
    strangers = (ELSEWHERE, MANAGEMENT.gateway)
    assert server.fates(*((MANAGEMENT.address, 22, source) for source in strangers)) == ["TIMEOUT"] * len(strangers)


def test_the_listener_is_bound_to_the_management_card(server: Server) -> None:
    """Without the packet filter SSH still does not answer on a zone's card; the filter is a second lock."""
    server.done("sudo nft add rule inet ringfence input accept; sudo nft add rule inet ringfence output accept")
    try:
        assert server.reach(APP.address, 22, timeout=SLOW) == "REFUSED"
        assert server.reach(MANAGEMENT.address, 22, ELSEWHERE, timeout=SLOW).startswith("OK")
    finally:
        server.done("sudo /usr/lib/ringfence/load-firewall")
    assert server.fates((APP.address, 22, "")) == ["TIMEOUT"]


def test_whoever_fails_to_log_in_locks_out_nobody_who_shares_the_address(server: Server) -> None:
    """All who may open SSH come from the bastion. A stranger's failures are held against the stranger, as the test before left one."""
    with ThreadPoolExecutor(8) as trying:
        failed = {each.returncode for each in trying.map(lambda _: server.ssh("true", user="nobody"), range(8))}
    assert (failed, server.ssh("true").returncode) == ({255}, 0)
    penalised = server.done("sudo journalctl --boot --unit ssh.service --grep srclimit_penalise --output cat")
    assert (f"{ELSEWHERE}/" in penalised, f"{BACKBONE}/" in penalised) == (True, False), penalised


def test_from_its_first_moment_it_sends_nothing_unasked(server: Server) -> None:
    """From power-on to the first login: ARP, neighbour discovery and SSH's answers, on each card no other kind of frame."""
    discovery = {"arp", "icmpv6 135", "icmpv6 136"}
    assert "tcp from 22" in server.sent[MANAGEMENT.mac]
    assert server.sent[MANAGEMENT.mac] <= {"arp", "tcp from 22"}
    assert "arp" in server.sent[APP.mac]
    assert server.sent[APP.mac] <= discovery
    assert server.sent.get(DATA.mac, set()) <= discovery


def test_cards_have_their_names_addresses_and_one_way_out(server: Server) -> None:
    """Names in the order of the zones, static addresses of both families, the default route on the first zone only."""
    addresses = {card["ifname"]: card for card in json.loads(server.done("ip -json address"))}
    found = {
        name: [entry["local"] for entry in addresses[name]["addr_info"] if entry["scope"] == "global"] for name in addresses if name != "lo"
    }
    assert found == {"zone0": [APP.address, APP.address6], "zone1": [DATA.address], "mgmt0": [MANAGEMENT.address]}
    assert {card["mtu"] for name, card in addresses.items() if name != "lo"} == {1442}
    assert [route["dev"] for route in json.loads(server.done("ip -json route show default"))] == ["zone0"]


def test_disks_are_used_whole(server: Server) -> None:
    """The root has grown to its volume; the blank second disk is a file system on /data."""
    server.done("sudo systemctl start ringfence-grow.service ringfence-data@vdb.service")
    root, data = (int(size) for size in server.done("df --output=size -m / /data | tail -n +2").split())
    assert root > 2800
    assert 150 < data < 256
    assert "nosuid" in server.done("findmnt --noheadings --output OPTIONS /data")


def test_nothing_failed_and_nothing_listens_but_ssh(server: Server) -> None:
    """No failed unit; one listening socket, bound to the management card."""
    assert server.done("sudo systemctl --failed --no-legend --plain") == ""
    listening = [line.split()[4] for line in server.done("sudo ss -H -lntu").splitlines()]
    assert listening == ["*%mgmt0:22"]


def test_a_policy_opens_what_it_says_after_a_second_login(server: Server) -> None:
    """Before: silence. After stage, new login, confirm: the port answers, its neighbour does not."""
    assert server.fates((APP.address, PORT, "")) == ["TIMEOUT"]
    server.done("sudo /usr/lib/ringfence/apply-policy stage -", text=POLICY)
    server.done(f"sudo /usr/lib/ringfence/apply-policy confirm {digest(Bundle(POLICY))}")
    assert server.fates((APP.address, PORT, ""), (APP.address, NEIGHBOUR, "")) == ["REFUSED", "TIMEOUT"]
    shown = json.loads(server.done("sudo /usr/lib/ringfence/apply-policy show"))
    assert (shown["sha256"], shown["source"], shown["drift"]) == (digest(Bundle(POLICY)), "policy", False)


def test_a_policy_that_locks_everybody_out_is_rolled_back(server: Server) -> None:
    """Staged, the login is gone; seconds later it is back, and the confirmed policy with it."""
    # The session hangs for as long as nobody is let in, so the port tells when the policy is in force.
    with ThreadPoolExecutor(1) as beside:
        session = beside.submit(server.ssh, "sudo /usr/lib/ringfence/apply-policy stage - --seconds 20", text=WITHOUT_SSH)
        assert any(server.reach(APP.address, NEIGHBOUR, timeout=1) == "REFUSED" for _ in range(60)), session
        assert server.reach(MANAGEMENT.address, 22, BACKBONE, timeout=3) == "TIMEOUT"
        assert any(server.reach(MANAGEMENT.address, 22, BACKBONE, timeout=10).startswith("OK") for _ in range(6))
    assert server.reach(APP.address, NEIGHBOUR) == "TIMEOUT"
    assert json.loads(server.done("sudo /usr/lib/ringfence/apply-policy show"))["sha256"] == digest(Bundle(POLICY))
    assert server.reach(APP.address, PORT) == "REFUSED"


def test_files_come_and_stay_with_the_policy(server: Server) -> None:
    """Checked by the guest's own programs, in force for everybody they are meant for; what a check refuses changes nothing."""
    wrong = BUNDLE._replace(files=(GuestFile("sudo/rules", "nonsense =\n", 0o440, check=Check.SUDOERS),))
    refused = server.ssh("sudo /usr/lib/ringfence/apply-policy stage-bundle -", text=encode(wrong))
    assert (refused.returncode, "visudo refuses it" in refused.stderr) == (3, True)
    server.done("sudo /usr/lib/ringfence/apply-policy stage-bundle -", text=encode(BUNDLE))
    server.done(f"sudo /usr/lib/ringfence/apply-policy confirm {digest(BUNDLE)}")
    assert server.done("cat /run/ringfence/files/public/note") == "for everybody"
    assert server.ssh("cat /run/ringfence/files/private/key").returncode != 0
    shown = json.loads(server.done("sudo /usr/lib/ringfence/apply-policy show"))
    assert (shown["bundle_sha256"], shown["drift"], shown["changed"], shown["units"]) == (
        digest(BUNDLE),
        False,
        [],
        {"acpid.service": "active"},
    )


def test_chrony_is_held_to_its_profile_and_has_what_it_needs(server: Server) -> None:
    """With a client's files and then the services server's it runs, answers, and nothing is refused to it; what it has no use for is.

    Root's chronyd would open the file without a profile, and complain of its first line.
    """
    here, there = IPv4Address(MANAGEMENT.address), IPv4Address(BACKBONE)
    own = Papers.new().server("services", here)
    client = (*credentials.files(own), *clock.client(there))
    asked = (clock.Upstream(there, "time.example"),)
    services = (*credentials.files(own), *clock.server(here, asked, (ip_network(f"{BACKBONE}/32"),), own))
    for files in (client, services):
        server.done("sudo /usr/lib/ringfence/apply-policy stage-bundle -", text=encode(Bundle(POLICY, files, (clock.UNIT,))))
        assert server.done(LABELS) == "/usr/sbin/chronyd (enforce)\n"
        assert len(server.done("sudo chronyc -c -n sources").splitlines()) == 1
        assert server.done(REFUSED) == "-- No entries --\n"
    stolen = (GuestFile(clock.CONFIGURATION, "include /etc/fstab\n", check=Check.CHRONYD),)
    refused = server.ssh("sudo /usr/lib/ringfence/apply-policy stage-bundle -", text=encode(Bundle(POLICY, stolen)))
    assert (refused.returncode, "Could not open /etc/fstab" in refused.stderr) == (3, True), refused.stderr
    assert "DENIED" in server.done(REFUSED)


def test_a_restart_keeps_key_bundle_and_data(server: Server) -> None:
    """The power button ends it cleanly; afterwards the host key, the confirmed bundle and the data disk are as before.

    What waits for its confirmation does not come back.
    """
    staged = BUNDLE._replace(files=(GuestFile("public/note", "for nobody yet"),), units=())
    server.done("sudo /usr/lib/ringfence/apply-policy stage-bundle -", text=encode(staged))
    assert server.done("cat /run/ringfence/files/public/note") == "for nobody yet"
    before = (server.machine.folder / "known_hosts").read_text(encoding="utf-8")
    server.done("sudo sh -c 'echo kept >/data/marker; sync'")
    server.machine.off(gently=True)
    server.start()
    assert (server.machine.folder / "known_hosts").read_text(encoding="utf-8") == before
    assert server.fates((APP.address, PORT, ""), (APP.address, NEIGHBOUR, "")) == ["REFUSED", "TIMEOUT"]
    assert server.done("sudo systemctl start ringfence-data@vdb.service; cat /data/marker") == "kept\n"
    assert json.loads(server.done("sudo /usr/lib/ringfence/apply-policy show"))["bundle_sha256"] == digest(BUNDLE)
    assert server.done("cat /run/ringfence/files/public/note") == "for everybody"


def test_a_damaged_policy_leaves_only_management(server: Server) -> None:
    """At the next boot: the base policy, an alarm on the console, and the port that the policy had opened is shut."""
    server.done("sudo sh -c 'echo \"table inet {\" >/etc/ringfence/confirmed/policy.nft; sync'")
    server.machine.off(gently=False)
    server.start()
    server.machine.wait_for_console("ringfence-alarm: /etc/ringfence/confirmed/policy.nft does not load")
    assert server.reach(MANAGEMENT.address, 22, BACKBONE, timeout=SLOW).startswith("OK")
    assert server.fates((APP.address, PORT, "")) == ["TIMEOUT"]


def test_a_disk_in_another_instance_starts_anew(server: Server) -> None:
    """A copied disk does not keep the identity of the server that it came from: another host key, and no policy."""
    before = (server.machine.folder / "known_hosts").read_text(encoding="utf-8")
    server.machine.off(gently=False)
    server.machine.uuid = "0b2c6d0e-0000-4000-8000-000000000002"
    server.start()
    assert (server.machine.folder / "known_hosts").read_text(encoding="utf-8") != before
    assert json.loads(server.done("sudo /usr/lib/ringfence/apply-policy show"))["source"] == "base"
    assert server.done("sudo find /etc/ringfence /run/ringfence -name key") == ""


def test_every_control_holds_after_restarts_and_each_is_named_when_it_is_undone(server: Server) -> None:
    """The kernel and the programs are asked for the effects, before and after root has undone them all; nobody logs in after that.

    Until then no file is another one than the image's, by the list that the server brought along.
    """
    server.done("sudo systemctl start aidecheck.service")
    assert [str(one) for one in effects.unmet(server.done("sudo bash -s", effects.script()))] == []
    said = server.done("sudo bash -s", undo() + effects.script())
    assert {one.control for one in effects.unmet(said) if one.got is not None} == {control.identifier for control in CATALOGUE}
