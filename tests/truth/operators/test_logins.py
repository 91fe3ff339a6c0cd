"""Who gets in: every refusal beside its positive twin, with the kind of "no" that sshd's log gives as its reason."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from infra.operators.roles import AUTOMATION, Role
from tests.truth import netns
from tests.truth.operators.host import eventually
from tests.truth.operators.life import Life
from tests.truth.operators.world import ADDRESSES, BASTION, ELSEWHERE, SERVER, SSH, STATION, STORE

if TYPE_CHECKING:
    from tests.truth.operators.world import World

pytestmark = [pytest.mark.truth, netns.NEEDS_ROOT]
IN = "uid="


@dataclass(frozen=True, slots=True)
class Case:
    """A login that must be refused: the key, the certificate, who says no and with which words. The twin differs in nothing else."""

    said: str
    by: str = BASTION
    options: tuple[str, ...] = ("-O", "verify-required")
    kind: str = "ed25519-sk"
    life: Life = field(default_factory=lambda: Life(1))
    certified: bool = True


REFUSALS = {
    "touch-only": Case("user verification requirement not met", options=()),
    "no-certificate": Case("signature algorithm sk-ssh-ed25519@openssh.com not in PubkeyAcceptedAlgorithms", certified=False),
    "a-key-in-a-file": Case(
        "signature algorithm ssh-ed25519-cert-v01@openssh.com not in PubkeyAcceptedAlgorithms", kind="ed25519", options=()
    ),
    "another-tenant": Case("does not contain an authorized principal", SERVER, life=Life(2, tenant="globex")),
    "another-role": Case("does not contain an authorized principal", SERVER, life=Life(3, role=Role.OBSERVER)),
    "expired": Case("Certificate invalid: expired", life=Life(4, since=timedelta(hours=-2), until=timedelta(hours=-1))),
    "not-yet": Case("Certificate invalid: not yet valid", life=Life(5, since=timedelta(hours=1), until=timedelta(hours=2))),
}


@pytest.fixture(scope="module")
def alice(platform: World) -> str:
    """Return the configuration of an operator who may enter."""
    key = platform.key("alice", "-O", "verify-required")
    return platform.config("alice", key, platform.certified(key, Life(1001)))


@pytest.mark.usefixtures("alice")
@pytest.mark.parametrize("name", REFUSALS)
def test_everything_but_a_verified_key_with_a_living_certificate_of_the_tenant_is_refused(platform: World, name: str) -> None:
    """The same way with the right key leads in, in the same minute; the log says why this one does not."""
    case = REFUSALS[name]
    key = platform.key(name, *case.options, kind=case.kind)
    certificate = platform.certified(key, case.life) if case.certified else "/dev/null"
    log = platform.said(case.by)
    refused = platform.login(SERVER, "id", config=platform.config(name, key, certificate))
    assert refused.status == 255
    assert IN not in refused.out
    assert log.has(case.said), log.text
    good = platform.key(f"{name}-twin", "-O", "verify-required")
    entered = platform.login(SERVER, "id", config=platform.config(f"{name}-twin", good, platform.certified(good, Life(900))))
    assert (entered.status, IN in entered.out) == (0, True), entered.err


def test_the_log_names_the_person_though_the_account_is_shared(platform: World, alice: str) -> None:
    """On both hops: the certificate's id and serial."""
    logs = [platform.said(BASTION), platform.said(SERVER)]
    assert platform.login(SERVER, "id", config=alice).status == 0
    assert [log.has("ID alice (serial 1001)") for log in logs] == [True, True]


def test_a_bastion_that_lets_through_does_not_let_in(platform: World) -> None:
    """Another tenant's operator passes the bastion, as everybody with a certificate does; the server itself refuses."""
    key = platform.key("gina", "-O", "verify-required")
    config = platform.config("gina", key, platform.certified(key, Life(12, tenant="globex", operator="gina")))
    passed = platform.said(BASTION)
    assert platform.login(SERVER, "id", config=config).status == 255
    assert passed.has("Accepted publickey for rf-through")


def test_an_observer_is_nobody_in_particular(platform: World) -> None:
    """The role's own account lets the role in, and the session has no rights; an administrator's certificate does not open it."""
    key = platform.key("olga", "-O", "verify-required")
    certificate = platform.certified(key, Life(13, role=Role.OBSERVER, operator="olga"))
    entered = platform.login(SERVER, "id -un; sudo -n id", config=platform.config("olga", key, certificate, role=Role.OBSERVER))
    assert entered.out.startswith("rf-observing\n"), entered.err
    assert "uid=0" not in entered.out
    admin = platform.certified(key, Life(14, operator="olga"))
    assert platform.login(SERVER, "id", config=platform.config("olga2", key, admin, role=Role.OBSERVER)).status == 255


def test_an_agent_with_the_key_leads_in_as_well(platform: World, alice: str) -> None:
    """The agent asks for the PIN; the file with the private half is not read by ssh."""
    script = (
        f"eval $(ssh-agent -P /opt/sk-dummy.so) >/dev/null; ssh-add -S /opt/sk-dummy.so /home/alice </dev/null >&2;"
        f" ssh -F {alice} {SERVER} id; code=$?; kill $SSH_AGENT_PID; exit $code"
    )
    done = platform.station.run("env", "SSH_ASKPASS=/opt/pin", "SSH_ASKPASS_REQUIRE=force", "DISPLAY=none", "sh", "-c", script)
    assert (done.status, IN in done.out) == (0, True), done.err


def test_nobody_has_a_session_on_the_bastion(platform: World, alice: str) -> None:
    """Neither a shell nor a command; the way through stays open beside it."""
    for words in ((), ("id",)):
        done = platform.login(BASTION, *words, config=alice, terminal=not words)
        assert done.status != 0
        assert IN not in done.out
    assert platform.login(SERVER, "id", config=alice).status == 0


def test_the_bastion_leads_to_the_port_of_ssh_only(platform: World, alice: str) -> None:
    """Of a server as well as of itself."""
    for target in (f"{ADDRESSES[SERVER]}:80", "127.0.0.1:80", "localhost:80"):
        log = platform.said(BASTION)
        done = platform.station.run(*_asking("ssh", "-F", alice, "-W", target, BASTION))
        assert done.status != 0, target
        assert log.has("but the request was denied", "administratively prohibited"), log.text
    assert platform.login(SERVER, "id", config=alice).status == 0


BANNER = "SSH-2.0"
OPEN = f"""
import socket
listener = socket.create_server(("{ADDRESSES[STATION]}", {SSH}))
print("listening", flush=True)
while True:
    listener.accept()[0].sendall(b"{BANNER}-anybody\\r\\n")
"""


def test_the_bastions_packet_filter_holds_where_that_may_be(platform: World, alice: str) -> None:
    """What is handed over with sshd's files: a host that is no server answers without it, and is out of reach with it."""
    bastion = platform[BASTION]
    platform.station.start("/home/open", "python3", "-c", OPEN)
    assert eventually(lambda: "listening" in platform.station.read("/home/open")), platform.station.read("/home/open")

    def answer(host: str) -> str:
        words = ("timeout", "10", "ssh", "-F", alice, "-W", f"{ADDRESSES[host]}:{SSH}", BASTION)
        return platform.station.run(*_asking(*words)).out

    assert BANNER in answer(STATION)
    bastion.must("nft", "-f", "-", text=platform.given[BASTION].policy)
    try:
        assert [BANNER in answer(host) for host in (STATION, SERVER, STORE)] == [False, True, True]
    finally:
        bastion.must("nft", "flush", "ruleset")


def test_a_server_forwards_nothing(platform: World, alice: str) -> None:
    """An operator's session is not a way to other hosts."""
    done = platform.station.run(*_asking("ssh", "-F", alice, "-W", f"127.0.0.1:{SSH}", SERVER))
    assert done.status != 0
    assert "SSH-2.0" not in done.out


def test_files_of_the_account_do_not_run_before_the_recording(platform: World, alice: str) -> None:
    """Sftp and start-up files would be sessions that nobody records: neither is there."""
    batch = platform.station.run(*_asking("sftp", "-F", alice, "-b", "-", SERVER), text="pwd\n")
    assert batch.status != 0
    assert platform.login(SERVER, "id", config=alice).status == 0


def _asking(*words: str) -> tuple[str, ...]:
    return ("env", "SSH_ASKPASS=/opt/pin", "SSH_ASKPASS_REQUIRE=force", "DISPLAY=none", *words)


def _automation(
    platform: World, *options: str, user: str = AUTOMATION, host: str = SERVER, origin: str = ""
) -> subprocess.CompletedProcess[str]:
    """Log in with the automation's key: from the bastion to a server, from the station to the bastion, or from another host."""
    source = platform[origin or (STATION if host == BASTION else BASTION)]
    source.write("/home/automation", platform.station.read("/home/automation"), 0o600)
    trust = ("-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR", "-o", "IdentitiesOnly=yes")
    words = ("ssh", "-n", *trust, *options, "-i", "/home/automation", f"{user}@{ADDRESSES[host]}", "id")
    return subprocess.run(source.command(*words), capture_output=True, text=True, check=False, timeout=180)


def test_the_automation_enters_from_its_own_address_only(platform: World) -> None:
    """With its own key, and without a certificate; the same key from elsewhere is refused, by a server as by the bastion."""
    elsewhere = ("-o", f"BindAddress={ELSEWHERE}")
    for host, options, origin in ((BASTION, elsewhere, STATION), (SERVER, (), STATION), (SERVER, (), STORE)):
        log = platform.said(host)
        assert _automation(platform, *options, host=host, origin=origin).returncode == 255
        assert log.has("not from a permitted host"), log.text
        assert "uid=" in _automation(platform, host=host).stdout


ENTER = """
import sys
from pathlib import Path
from infra.ssh.access import JumpHost, Target, open_bastion, open_server
key, bastion, bastion_key, server, server_key = sys.argv[1:]
jump_host = JumpHost(bastion, bastion_key, Path(key))
with open_bastion(jump_host) as first, open_server(jump_host, Target(server, server_key), via=first) as second:
    for session in (first, second):
        print(session.run(["sudo", "-n", "id", "-un"]).stdout, end="")
"""


@pytest.mark.parametrize("host", [SERVER, STORE])
def test_pulumi_up_still_enters_and_is_root_where_it_was(platform: World, host: str) -> None:
    """With what was handed over in force, by the product's own code and with the keys that it pins."""
    pins = [" ".join(platform[name].read("/etc/ssh/ssh_host_ed25519_key.pub").split()[:2]) for name in (BASTION, host)]
    key = str(platform.station.root / "home/automation")
    words = (sys.executable, "-c", ENTER, key, ADDRESSES[BASTION], pins[0], ADDRESSES[host], pins[1])
    done = subprocess.run(
        ("nsenter", "-t", platform.station.inside, "-n", *words), capture_output=True, text=True, check=False, timeout=300
    )
    assert (done.returncode, done.stdout) == (0, "root\nroot\n"), done.stderr


def test_the_automation_opens_no_account_of_operators(platform: World) -> None:
    """Its key is of a kind that those accounts do not take, whatever the address."""
    for user in ("rf-admin", "rf-observer"):
        log = platform.said(SERVER)
        assert _automation(platform, user=user).returncode == 255
        assert log.has("signature algorithm ssh-ed25519 not in PubkeyAcceptedAlgorithms"), log.text


def test_no_operator_opens_the_automations_account(platform: World, alice: str) -> None:
    """The account takes one key, and no certificate at all."""
    log = platform.said(SERVER)
    assert platform.login(SERVER, "id", config=alice, options=("-o", f"User={AUTOMATION}", "-o", "ControlPath=none")).status == 255
    assert log.has("not in PubkeyAcceptedAlgorithms"), log.text


def test_a_host_without_the_authoritys_certificate_is_not_believed(platform: World, alice: str) -> None:
    """Nobody is asked whether an unknown host is right, and another authority's hosts are unknown."""
    other = platform.config("alice-elsewhere", "/home/alice", "/home/alice-cert.pub")
    platform.station.write("/home/alice-elsewhere.ssh/known_hosts", f"@cert-authority {BASTION},{SERVER} {platform.operators_ca}\n")
    done = platform.login(SERVER, "id", config=other)
    assert done.status == 255
    assert "host key" in done.err.lower()
    assert platform.login(SERVER, "id", config=alice).status == 0


def test_a_revoked_serial_is_refused_at_the_next_login_and_another_is_not(platform: World, alice: str) -> None:
    """Without any reload; the list is taken back at the end, which sshd follows as well."""
    key = platform.key("bob", "-O", "verify-required")
    bob = platform.config("bob", key, platform.certified(key, Life(2001, operator="bob")))
    assert platform.login(SERVER, "id", config=bob).status == 0
    for host in (SERVER, BASTION):  # each refuses by itself
        platform.revoke(host, "serial: 2001\n")
        log = platform.said(host)
        assert platform.login(SERVER, "id", config=bob).status == 255
        assert log.has("revoked"), log.text
        assert platform.login(SERVER, "id", config=alice).status == 0


def test_a_revoked_key_is_refused_with_every_certificate(platform: World, alice: str) -> None:
    """Also with one that nobody remembers having signed."""
    key = platform.key("carl", "-O", "verify-required")
    carl = platform.config("carl", key, platform.certified(key, Life(3001, operator="carl")))
    assert platform.login(SERVER, "id", config=carl).status == 0
    platform.revoke(BASTION, f"key: {platform.station.read('/home/carl.pub')}")
    renewed = platform.config("carl2", key, platform.certified(key, Life(3002, operator="carl")))
    assert platform.login(SERVER, "id", config=renewed).status == 255
    assert platform.login(SERVER, "id", config=alice).status == 0


def test_without_a_list_of_what_is_revoked_nobody_enters(platform: World, alice: str) -> None:
    """The automation neither: a list is written beside and renamed, and never taken away. An empty one refuses nobody."""
    place = platform[SERVER].root / "etc/ringfence/operators.krl"
    kept = place.read_bytes()
    place.unlink()
    try:
        assert platform.login(SERVER, "id", config=alice).status == 255
        assert _automation(platform).returncode == 255
        place.write_bytes(b"")
        assert platform.login(SERVER, "id", config=alice).status == 0
        assert _automation(platform).returncode == 0
    finally:
        place.write_bytes(kept)
