"""What an operator types and sees is kept, off the server, or the session does not happen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hardening.operators import recording
from infra.declaration import names
from infra.pki.certificates import Purpose
from infra.sessions.recorded import Session, sessions
from ringfence.operators.sessions import ALL_EVENTS
from tests.truth import netns
from tests.truth.operators.certificates import Authority
from tests.truth.operators.host import eventually
from tests.truth.operators.life import Life
from tests.truth.operators.world import ADDRESSES, BASTION, SERVER, STORE, start_relay, start_store

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.truth.operators.world import World

pytestmark = [pytest.mark.truth, netns.NEEDS_ROOT]


@pytest.fixture(scope="module")
def rita(platform: World) -> str:
    """Return the configuration of an operator."""
    key = platform.key("rita", "-O", "verify-required")
    return platform.config("rita", key, platform.certified(key, Life(5001, operator="rita")))


@pytest.fixture
def restored(platform: World) -> Iterator[None]:
    """Put relay and store back as they were."""
    yield
    for host in (SERVER, STORE):
        platform[host].deliver(platform.given[host])
    _restart(platform)


def _show(platform: World, at_server: Authority, at_store: Authority, address: str = ADDRESSES[SERVER]) -> None:
    """Give server and store identities of an authority each; each believes its own."""
    platform[SERVER].deliver(platform.shown(SERVER, at_server.identity(SERVER, address, Purpose.CLIENT)))
    platform[STORE].deliver(platform.shown(STORE, at_store.identity(STORE, ADDRESSES[STORE])))


def _stop(platform: World, host: str, signal: str = "TERM") -> None:
    each = f"for p in /proc/[0-9]*; do case $(readlink $p/exe) in *sudo_logsrvd) kill -{signal} ${{p#/proc/}};; esac; done"
    platform[host].run("sh", "-c", each)


def _restart(platform: World) -> None:
    for host in (SERVER, STORE):
        _stop(platform, host)
    start_store(platform[STORE])
    for host in (SERVER, STORE):
        start_relay(platform[host])
    assert eventually(lambda: ":76" in platform[SERVER].must("cat", "/proc/net/tcp"))  # 30343 and 30344 in hexadecimal begin so


def _kept(platform: World) -> list[Session]:
    return list(sessions(platform[STORE].must("sh", "-c", ALL_EVENTS, "sh", recording.STORE_FOLDER)))


def _is_kept(platform: World, mark: str) -> bool:
    """Tell whether the newest session in the store is the one whose command has ``mark``, and has ended well."""
    newest = _kept(platform)[-1]
    return mark in newest.command and newest.exit_value == 0


def _recorded(platform: World, mark: str, stream: str) -> str:
    """Return a stream of the newest recording that has ``mark`` in it; nothing where there is none yet."""
    found = platform[STORE].run("sh", "-c", f"grep -l -r -- {mark} {recording.STORE_FOLDER} | grep '/{stream}$' | tail -n 1").out.strip()
    return platform[STORE].read(found) if found else ""


def test_a_command_is_recorded_without_anybodys_sudo(platform: World, rita: str) -> None:
    """What it wrote, who ran it by which certificate, where, and that it ended."""
    assert platform.login(SERVER, "echo first-mark", config=rita).out == "first-mark\n"
    assert eventually(lambda: "first-mark" in _recorded(platform, "first-mark", "stdout"))
    assert eventually(lambda: _is_kept(platform, "first-mark"))
    newest = _kept(platform)[-1]
    assert (newest.operator, newest.serial, newest.account, newest.address) == ("rita", 5001, "rf-admin", ADDRESSES[SERVER])
    assert newest.command == "/bin/sh -c 'echo first-mark'"


def test_a_terminal_is_recorded_without_anybodys_sudo(platform: World, rita: str) -> None:
    """Everything typed and everything shown."""
    done = platform.login(SERVER, config=rita, terminal=True, text="echo second-$((40+2))-mark\nexit\n")
    assert "second-42-mark" in done.out
    assert eventually(lambda: "second-42-mark" in _recorded(platform, "second-42-mark", "ttyout"))
    assert "echo second-$((40+2))-mark" in _recorded(platform, "second-", "ttyin").replace("\r", "\n")


def test_the_services_server_records_sessions_on_itself(platform: World) -> None:
    """Its operators are the platform's own; a tenant's do not enter."""
    key = platform.key("paula", "-O", "verify-required")
    config = platform.config("paula", key, platform.certified(key, Life(6001, tenant=names.PLATFORM, operator="paula")))
    assert platform.login(STORE, "echo platform-mark", config=config).out == "platform-mark\n"
    assert eventually(lambda: "platform-mark" in _recorded(platform, "platform-mark", "stdout"))
    assert [(one.operator, one.address) for one in _kept(platform)][-1] == ("paula", ADDRESSES[STORE])
    others = platform.config("paula2", key, platform.certified(key, Life(6002, operator="paula")))
    assert platform.login(STORE, "id", config=others).status == 255


def test_recordings_pass_the_packet_filters_that_are_handed_over_with_them(platform: World, rita: str) -> None:
    """Operator, bastion, server, relay and store, each behind its own filter, which drops whatever it does not name."""
    filtered = [platform[host] for host in (BASTION, SERVER, STORE)]
    try:
        for host in filtered:
            host.must("nft", "-f", "-", text=platform.given[host.name].policy)
        assert platform.login(SERVER, "echo filtered-mark", config=rita).out == "filtered-mark\n"
        assert eventually(lambda: "filtered-mark" in _recorded(platform, "filtered-mark", "stdout"))
    finally:
        for host in filtered:
            host.must("nft", "flush", "ruleset")


TYPES = """
import subprocess, sys
ssh = subprocess.Popen(["ssh", "-tt", "-F", *sys.argv[1:]], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
def until(words):
    seen = b""
    while words not in seen:
        seen += ssh.stdout.read1(4096) or sys.exit(f"ended before {words}: {seen}")
def types(line):
    ssh.stdin.write(line + b"\\n")
    ssh.stdin.flush()
types(b"stty -echo; printf 'Pass''word: '; read x; stty echo; echo; echo length ${#x} third-''mark")
until(b"Password: ")
types(b"secretword")
until(b"length 10 third-mark")
types(b"exit")
sys.exit(ssh.wait())
"""


def test_what_is_typed_unseen_is_not_kept(platform: World, rita: str) -> None:
    """A password is nobody's to read; that something was typed is. It is typed when it is asked for, as a person does."""
    words = ("env", "SSH_ASKPASS=/opt/pin", "SSH_ASKPASS_REQUIRE=force", "DISPLAY=none", "python3", "-c", TYPES, rita, SERVER)
    done = platform.station.run(*words, seconds=180)
    assert done.status == 0, done.err
    assert eventually(lambda: "third-mark" in _recorded(platform, "third-mark", "ttyout"))
    assert "secretword" not in _recorded(platform, "third-mark", "ttyin")
    assert "stty -echo" in _recorded(platform, "stty", "ttyin")


def test_nobody_else_records_at_the_relay(platform: World) -> None:
    """A program of the tenant reaches the port on the loopback interface and has no certificate: nothing is taken from it."""
    before = len(_kept(platform))
    target = ("-p", "30344", "-h", SERVER)
    source = platform[STORE].must("sh", "-c", f"find {recording.STORE_FOLDER} -name log.json | head -n 1 | xargs dirname").strip()
    platform[SERVER].must("mkdir", "-p", "/home/forged")
    for name in ("log", "log.json", "timing", "stdout"):
        platform[SERVER].write(f"/home/forged/{name}", platform[STORE].read(f"{source}/{name}"))
    assert platform[SERVER].run("sudo_sendlog", *target, "-n", "/home/forged", seconds=30).status != 0
    assert len(_kept(platform)) == before


def test_the_relay_keeps_what_the_store_cannot_take_and_delivers_it_afterwards(platform: World, rita: str) -> None:
    """Nobody is locked out by an outage, and nothing is lost by it."""
    _stop(platform, STORE)
    assert platform.login(SERVER, "echo fourth-mark", config=rita).out == "fourth-mark\n"
    assert "fourth-mark" not in _recorded(platform, "fourth-mark", "stdout")
    assert platform[SERVER].must("sh", "-c", f"find {recording.RELAY_FOLDER} -type f") != ""
    start_store(platform[STORE])
    assert eventually(lambda: "fourth-mark" in _recorded(platform, "fourth-mark", "stdout"))
    assert eventually(lambda: platform[SERVER].must("sh", "-c", f"find {recording.RELAY_FOLDER} -type f") == "")


@pytest.mark.usefixtures("restored")
def test_without_a_relay_there_is_no_session(platform: World, rita: str) -> None:
    """Sudo refuses, and the command has not run; the automation still enters, so that somebody can mend it."""
    _stop(platform, SERVER)
    done = platform.login(SERVER, "touch /tmp/fifth", config=rita)
    assert done.status != 0
    assert not (platform[SERVER].root / "tmp/fifth").exists()
    _restart(platform)
    assert platform.login(SERVER, "touch /tmp/fifth", config=rita).status == 0
    assert (platform[SERVER].root / "tmp/fifth").exists()


@pytest.mark.usefixtures("restored")
@pytest.mark.parametrize("who", ["server-of-another-authority", "store-of-another-authority", "right-authority-wrong-address"])
def test_strangers_exchange_no_recordings(platform: World, rita: str, who: str) -> None:
    """Nothing arrives at a store that the server does not believe, nor from a server that the store does not; it stays at the relay."""
    other, own = Authority.made("other"), platform.tls
    at_server, at_store = (other, own) if who.startswith("server") else (own, other) if who.startswith("store") else (own, own)
    _show(platform, at_server, at_store, "172.30.0.99" if who.startswith("right") else ADDRESSES[SERVER])
    _restart(platform)
    mark = f"mark-{who}"
    platform.login(SERVER, f"echo {mark}", config=rita)
    assert not eventually(lambda: mark in _recorded(platform, mark, "stdout"), 7)
    assert mark in platform[SERVER].must("sh", "-c", f"cat {recording.RELAY_FOLDER}/*/*")
    for host in (SERVER, STORE):
        platform[host].deliver(platform.given[host])
    _restart(platform)
    assert eventually(lambda: mark in _recorded(platform, mark, "stdout"))


def test_the_list_goes_on_when_a_new_log_is_begun(platform: World, rita: str) -> None:
    """By the image's own program, as its timer does once a day: what is said later is in the new log, and the list has both."""
    platform.login(SERVER, "echo before-mark", config=rita)
    # The relay hands a recording on in its own time: until then the last one is of another session.
    assert eventually(lambda: _is_kept(platform, "before-mark"))
    before = _kept(platform)
    platform[STORE].must("/usr/lib/ringfence/retain-recordings")
    _stop(platform, STORE, "HUP")  # what the program asks systemd for
    assert _kept(platform) == before
    platform.login(SERVER, "echo after-mark", config=rita)
    assert eventually(lambda: "after-mark" in platform[STORE].read(recording.EVENTS)), platform[STORE].read("/var/log/store")
    assert eventually(lambda: _is_kept(platform, "after-mark"))
    assert _kept(platform)[:-1] == before


@pytest.mark.usefixtures("restored")
def test_a_store_that_has_recorded_nothing_says_so(platform: World) -> None:
    """It has a log from its start on: one that is not there is an error for whoever reads it, and no empty list."""
    _stop(platform, STORE)
    platform[STORE].must("sh", "-c", f"mkdir /home/aside && mv {recording.STORE_FOLDER}/events*.json /home/aside/")
    assert platform[STORE].run("sh", "-c", ALL_EVENTS, "sh", recording.STORE_FOLDER).status != 0
    try:
        start_store(platform[STORE])
        assert eventually(lambda: platform[STORE].run("sh", "-c", ALL_EVENTS, "sh", recording.STORE_FOLDER).status == 0)
        assert _kept(platform) == []
    finally:
        platform[STORE].must("sh", "-c", f"mv /home/aside/* {recording.STORE_FOLDER}/")


@pytest.mark.usefixtures("restored")
def test_the_relay_tells_hosts_of_the_authority_apart_by_their_address_only(platform: World, rita: str) -> None:
    """What sudo 1.9.16 does not hold, and a later one may: at the store's address a client's certificate is enough."""
    wrong = platform.tls.identity(STORE, ADDRESSES[STORE], Purpose.CLIENT)
    platform[STORE].deliver(platform.shown(STORE, wrong))
    _restart(platform)
    platform.login(SERVER, "echo sixth-mark", config=rita)
    assert eventually(lambda: "sixth-mark" in _recorded(platform, "sixth-mark", "stdout"))
