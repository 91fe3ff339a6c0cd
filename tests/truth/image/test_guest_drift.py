"""A booted server of the image is asked by the program that verify brings: untouched it is clean, and each change in it is named."""

from __future__ import annotations

import json
import shlex
import shutil
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING

import pytest

from hardening.controls import effects
from hardening.controls.catalogue import CATALOGUE
from hardening.controls.rendering import sysctl
from hardening.image import cache
from infra.outcome import CheckVerdict
from ringfence.verify.inside import asking, controls, drift, expected, image_files
from ringfence.verify.inside.asking import ALL_SECONDS
from ringfence.verify.inside.expected import Known, settings
from ringfence.verify.model import Node, NodeNic, NodeRole
from ringfence.verify.probes import link as link_module
from ringfence.verify.probes.link import PYTHON, Link, ProcessPipe
from tests.truth.image.machine import APP, BACKBONE, DATA, MANAGEMENT, Card
from tests.truth.image.server import Server, new_machine

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.outcome import Outcome
    from infra.policy.rules import Match

PATIENCE = 6 * ALL_SECONDS
"""A server on a busy machine gets more time than one of a cloud."""
STRANGE_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHVuaW1wb3J0YW50a2V5dGhhdG5vYm9keWhhcyEhISEh mallory"
LISTENERS = """\
import os, socket, time
if os.fork() == 0:
    os.setsid()
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    udp.bind(("10.0.0.11", 4444))
    tcp = socket.socket()
    tcp.bind(("0.0.0.0", 9999))
    tcp.listen()
    frames = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0x0300)
    for number in range(3):
        os.close(number)
    time.sleep(99999)
"""
COMPARISON = "aidecheck.service"
UNITS = "/etc/systemd/system"
SUPERUSER = "/root"
WAYS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        f"python3 -c {shlex.quote(LISTENERS)}",
        ("listens on udp 10.0.0.11:4444", "listens on tcp 0.0.0.0:9999", "takes copies of what the NICs receive (packet socket)"),
    ),
    ("cp /usr/sbin/sshd /var/lib/httpd; /var/lib/httpd -p 8443 -o PidFile=none", ("/var/lib/httpd", "serves SSH on tcp 172.30.0.4:8443")),
    (f"echo {STRANGE_KEY} >>/home/ringfence/.ssh/authorized_keys", ("/home/ringfence/.ssh/authorized_keys line 2: key ssh-ed25519",)),
    (f"mkdir {SUPERUSER}/.ssh; echo {STRANGE_KEY} >{SUPERUSER}/.ssh/authorized_keys", (f"{SUPERUSER}/.ssh/authorized_keys line 1",)),
    ("echo : >/home/ringfence/.ssh/rc", ("/home/ringfence/.ssh/rc is run",)),
    ("echo toor:x:0:0::/root:/bin/sh >>/etc/passwd", ("account toor has number 0",)),
    ("useradd -M -s /bin/bash -G sudo mallory", ("account mallory is not the image's and has shell", "account mallory is in group sudo")),
    ("echo rf-observer:secret | chpasswd", ("account rf-observer has a password",)),
    ("echo 'www-data ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/www", ("/etc/sudoers.d/www is not the image's",)),
    ("echo 'PasswordAuthentication yes' >/etc/ssh/sshd_config.d/00-a.conf", ("/etc/ssh/sshd_config.d/00-a.conf is not",)),
    ("echo 'GatewayPorts yes' >>/etc/ssh/sshd_config.d/10-ringfence.conf", ("undeclared line 'GatewayPorts yes'",)),
    ("sed -i 's/^PermitRootLogin.*/PermitRootLogin yes/' /etc/ssh/sshd_config", ("/etc/ssh/sshd_config has another content",)),
    (f"ln -s /dev/null {UNITS}/ringfence-firewall.service", ("unit ringfence-firewall.service is masked",)),
    (f"rm {UNITS}/multi-user.target.wants/ringfence-logs.service", ("unit ringfence-logs.service is no longer enabled",)),
    (f"rm {UNITS}/systemd-logind.service", ("systemd-logind.service is no longer masked",)),
    (f"echo '[Timer]' >{UNITS}/back.timer", (f"{UNITS}/back.timer is not the image's",)),
    ("ln -s /dev/null /run/systemd/system/chrony.service", ("unit chrony.service is masked: /run/systemd/system/chrony.service",)),
    ("systemd-run --on-active=99999 --unit=later /bin/true", ("/run/systemd/transient/later.timer",)),
    (": >/etc/ld.so.preload", ("/etc/ld.so.preload is not the image's",)),
    ("mkdir -p /etc/cron.d; echo '* * * * * root id' >/etc/cron.d/x", ("/etc/cron.d/x is not the image's",)),
    ("modprobe tun", ("kernel module tun is loaded",)),
    ("sysctl -q -w kernel.sysrq=1", ("kernel.sysrq is 1",)),
    ("sysctl -q -w net.ipv4.conf.zone0.forwarding=1", ("net.ipv4.conf.zone0.forwarding is 1",)),
    ("ip link set zone1 promisc on", ("zone1 is promiscuous",)),
    ("ip address add 10.0.0.66/32 dev zone0", ("zone0 has the undeclared address 10.0.0.66",)),
    (
        "tc qdisc add dev zone0 clsact; tc filter add dev zone0 ingress matchall action drop",
        ("zone0 has the undeclared queue clsact", "zone0 has the undeclared filter matchall"),
    ),
    ("cp /usr/bin/dash /var/lib/d; chmod u+s /var/lib/d", ("/var/lib/d is setuid, and no package has it",)),
    ("chmod u+s /usr/bin/dash", ("/usr/bin/dash has mode 4755",)),
    ("setcap cap_net_raw+ep /usr/bin/cat", ("/usr/bin/cat has capabilities",)),
    ("echo '#' >>/usr/lib/ringfence/load-firewall", ("/usr/lib/ringfence/load-firewall has another content",)),
    ("echo '#' >/usr/local/bin/sudo", ("/usr/local/bin/sudo comes before",)),
    ("echo 'auth sufficient pam_permit.so' >>/etc/pam.d/other", ("/etc/pam.d/other has another content",)),
    ("echo Address=10.0.0.77/24 >>/etc/systemd/network/10-zone0.network", ("gives the undeclared address 10.0.0.77",)),
    ("mount -t tmpfs none /usr/lib/sysctl.d", ("tmpfs is mounted over /usr/lib/sysctl.d",)),
)
"""What is run in the server as root, in this order, and what must be said of it."""


def nic(label: str, device: str, card: Card) -> NodeNic:
    """A card as the declaration knows it."""
    addresses = tuple(ip_address(address) for address in (card.address, card.address6) if address)
    return NodeNic(label, device, card.mac, addresses, ())


NODE = Node(
    "acme/web", "acme", NodeRole.SERVER, (nic("app", "zone0", APP), nic("data", "zone1", DATA), nic("management", "mgmt0", MANAGEMENT))
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server in two zones with a data disk, after its first boot."""
    if missing := [program for program in ("debugfs", "sfdisk", "qemu-img") if shutil.which(program) is None]:
        pytest.skip(f"not installed: {', '.join(missing)}")
    properties = {"ringfence_role": "server", "ringfence_management_mac": MANAGEMENT.mac, "ringfence_ssh_from": f"{BACKBONE}/32"}
    made = Server(new_machine(tmp_path_factory.mktemp("drift"), (APP, DATA, MANAGEMENT), properties, "data.qcow2"))
    made.namespace.up()
    try:
        made.start()
        yield made
    finally:
        made.machine.off(gently=False)
        made.namespace.down()


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for a server that shares a busy machine: how long a person waits is not what is tested here."""
    for limit in ("START_SECONDS", "QUIET_SECONDS", "WRITE_SECONDS"):
        monkeypatch.setattr(link_module, limit, ALL_SECONDS)


def looked_at(server: Server, *flows: Match) -> dict[str, Outcome]:
    """Ask the server as verify does, and judge it."""
    manifest = json.loads(cache.image_path().with_suffix(".json").read_text(encoding="utf-8"))
    key = (server.machine.folder / "key.pub").read_text(encoding="utf-8")
    known = Known(image_files.of(manifest["sha256"]), key, settings(sysctl()))
    ought = expected.of_node(NODE, frozenset(flows), (ip_network(server.source),), server.port)
    link = Link(NODE.name, ProcessPipe(server.command(shlex.join(["sudo", "-n", *PYTHON]))))
    try:
        told = link.call(known.request(), timeout=PATIENCE)
    finally:
        link.close()
    return {outcome.check: outcome for outcome in drift.judge(ought, known, told, "acme")}


def controls_not_in_force(server: Server) -> list[str]:
    """Ask the server for the effects of controls as verify does, and return what is no pass."""
    ought = expected.of_node(NODE, frozenset(), (ip_network(server.source),), server.port)
    asked = effects.at_work(CATALOGUE, effects.settings(ought.sshd_config))
    link = Link(NODE.name, ProcessPipe(server.command(shlex.join(["sudo", "-n", *PYTHON]))))
    try:
        said = asking.ask_controls(link, effects.script(asked))
    finally:
        link.close()
    outcomes = [outcome for outcome, _ in controls.judge(NODE, "acme", asked, said)]
    assert len(outcomes) == len(CATALOGUE)
    return [f"{one.verdict}: {one.check}: {one.reason}" for one in outcomes if one.verdict is not CheckVerdict.PASS]


def test_every_control_is_in_force_on_a_server_at_work(server: Server) -> None:
    """Asked by the program that a verification brings along; the next test sees that the questions have left nothing behind."""
    assert controls_not_in_force(server) == []


def test_the_servers_own_comparison_of_files_is_silent_until_one_is_another(server: Server) -> None:
    """In its sandbox: no difference after a first boot; a file that is not on the list is a warning with its path."""
    said = f"sudo journalctl --boot --unit {COMPARISON} --priority warning --output cat"
    server.done(f"sudo systemctl start {COMPARISON}")
    before = server.done(said)
    planted = "/usr/local/sbin/planted"
    started = server.done(f"sudo sh -c 'echo >{planted}; systemctl start {COMPARISON}; echo $?; rm {planted}; systemctl reset-failed'")
    assert (before, started.strip()) == ("", "1")
    assert f": {planted}" in server.done(said)


def test_an_untouched_server_is_clean_and_each_change_in_it_is_named(server: Server) -> None:
    """Everything that is changed is said, and each look that nothing concerns is a pass before."""
    assert {check: outcome.reason for check, outcome in looked_at(server).items()} == {f"acme/web {look}": "" for look in drift.LOOKS}
    server.done("sudo sh -s", "\n".join(way for way, _ in WAYS) + "\n")
    found = looked_at(server)
    said = "; ".join(outcome.reason for outcome in found.values())
    assert [words for _, several in WAYS for words in several if words not in said] == [], said
    assert {outcome.verdict for outcome in found.values()} == {CheckVerdict.FAIL}
