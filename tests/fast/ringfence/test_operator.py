"""``ringfence operator``: what is signed is what is written down, by OpenSSH's own reading, and a mistake changes nothing."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Self

import pytest

from infra.operators.registry import FILE
from infra.ssh.access import Completed, JumpHost
from ringfence import keys
from ringfence.logins import Logins
from ringfence.operators import authority, book, push
from ringfence.verify import stacks
from tests.fast.key_paths import hold, key_paths
from tests.fast.operators.sample import hardware, plain
from tests.fast.ringfence.test_json_keys import KEYS

if TYPE_CHECKING:
    from tests.fast.ringfence.command import Ended, Run

pytestmark = pytest.mark.fast


@pytest.fixture
def key(tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a public key's file, in a project with declarations and a state of its own."""
    del tree
    monkeypatch.setenv("RINGFENCE_STATE", str(tmp_path / "state"))
    file = tmp_path / "alice.pub"
    file.write_text(f"{hardware()} alice@laptop\n", encoding="utf-8")
    return file


@pytest.fixture
def added(run: Run, key: Path) -> Ended:
    """Add alice."""
    return run("operator", "add", "alice", "--key", key, "--tenant", "acme", "--role", "admin", "--days", 2, "--json")


def test_what_is_signed_is_what_is_written_down(added: Ended) -> None:
    """OpenSSH reads name, serial, principals and the demand for a PIN in the certificate; the file says the same."""
    facts = added.json
    read = subprocess.run(("ssh-keygen", "-L", "-f", facts["certificate"]), capture_output=True, text=True, check=True).stdout
    for part in (
        "sk-ssh-ed25519-cert-v01@openssh.com user",
        'Key ID: "alice"',
        f"Serial: {facts['serial']}",
        "admin@acme",
        "verify-required",
    ):
        assert part in read, part
    assert "permit-agent-forwarding" not in read
    (written,) = book.read().certificates
    assert (written.operator, written.serial, written.tenant) == ("alice", facts["serial"], "acme")


def test_no_secret_is_in_the_project(added: Ended, tree: Path) -> None:
    """The authorities' private keys are in the state, readable by their owner only."""
    assert added.code == 0
    assert "PRIVATE" not in "".join(file.read_text(encoding="utf-8") for file in tree.iterdir())
    for name in (authority.OPERATORS, authority.HOSTS):
        pair = keys.ensure_authority(name)
        assert not pair.created
        assert pair.private.stat().st_mode & 0o777 == 0o600


def test_who_is_revoked_is_on_the_list_that_servers_get(added: Ended, run: Run, tmp_path: Path) -> None:
    """Asked by OpenSSH itself: the certificate was fine before, and is revoked after."""
    certificate, krl = added.json["certificate"], tmp_path / "krl"

    def is_revoked() -> bool:
        krl.write_bytes(authority.listed(book.read()))
        return subprocess.run(("ssh-keygen", "-Q", "-f", krl, certificate), capture_output=True, check=False).returncode == 1

    assert not is_revoked()
    assert run("operator", "revoke", "alice", "--reason", "lost", "--offline").code == 0
    assert is_revoked()
    assert [one["state"] for one in run("operator", "list", "--json").json["operators"]] == ["revoked"]


def test_the_authorities_are_made_before_there_is_any_operator(run: Run, key: Path) -> None:
    """What `pulumi up` asks for; said again, it is the same, and the first operator is certified by it."""
    made = run("operator", "authority", "--json").json["authority"]
    assert made == {"operators": authority.public().operators, "hosts": authority.public().hosts}
    before = book.file().read_bytes()
    assert run("operator", "authority", "--json").json["authority"] == made
    assert (book.file().read_bytes(), book.read().certificates) == (before, ())
    assert run("operator", "add", "alice", "--key", key, "--tenant", "acme").code == 0
    assert book.read().authority == authority.public()


def test_the_services_server_is_told_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its operators are the platform's own; the bastion comes first, and a platform of an earlier version has none."""
    told: list[str] = []

    class Login:
        def __init__(self, host: str) -> None:
            self.host = host

        def __enter__(self) -> Self:
            return self

        def __exit__(self, *_: object) -> None:
            pass

        def run(self, *_: object, **__: object) -> Completed:
            told.append(self.host)
            return Completed(0, "{}", "")

    way = Logins(JumpHost("203.0.113.5", "", Path("/key")), (), {})
    services = SimpleNamespace(address="172.29.0.200", host_key="ssh-ed25519 A")
    for found in (SimpleNamespace(services=services), SimpleNamespace(services=None), SimpleNamespace()):
        monkeypatch.setattr(push, "logins", lambda: way)
        monkeypatch.setattr(stacks, "platform", lambda found=found: found)
        monkeypatch.setattr(push, "open_bastion", lambda *_, **__: Login("platform-bastion"))
        monkeypatch.setattr(push, "open_server", lambda _way, target, **__: Login(target.address))
        push.push(b"list")
    assert told == ["platform-bastion", "172.29.0.200", "platform-bastion", "platform-bastion"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("authority", "alice"), "authority takes no name"),
        (("add", "alice", "--tenant", "acme"), "--key FILE.pub"),
        (("add", "alice", "--key", "KEY", "--tenant", "nobody"), "no such tenant"),
        (("add", "Alice", "--key", "KEY", "--tenant", "acme"), "no name of an operator"),
        (("add", "alice", "--key", "KEY", "--tenant", "acme", "--days", "400"), "no such life"),
        (("add", "alice", "--key", "PLAIN", "--tenant", "acme"), "not a public key that can be used here"),
        (("revoke", "alice", "--reason", "lost"), "nobody of this name"),
        (("revoke", "alice"), "no reason is given"),
        (("list", "alice"), "list takes no name"),
        (("push", "alice"), "push takes no name"),
        (("add",), "nobody was named"),
    ],
)
def test_a_mistake_is_an_error_and_changes_nothing(run: Run, key: Path, words: tuple[str, ...], said: str) -> None:
    """Exit code 2, a sentence that says what to do, and no file."""
    other = key.with_name("plain.pub")
    other.write_text(str(plain()), encoding="utf-8")
    places = {"KEY": str(key), "PLAIN": str(other)}
    ended = run("operator", *(places.get(word, word) for word in words))
    assert (ended.code, said in ended.err) == (2, True), ended.err
    assert not book.file().exists()


def test_a_file_of_another_authority_is_not_signed_for(added: Ended, run: Run, key: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A colleague's machine without the keys: servers would refuse what it signs, so it signs nothing."""
    assert added.code == 0
    before = book.file().read_bytes()
    monkeypatch.setenv("RINGFENCE_STATE", str(key.parent / "elsewhere"))
    ended = run("operator", "add", "bob", "--key", key, "--tenant", "acme")
    assert (ended.code, "another authority" in ended.err) == (2, True)
    assert "if they are lost and no server is up any more, remove ringfence-operators.yaml" in ended.err
    assert book.file().read_bytes() == before


def test_a_damaged_file_is_refused_with_its_line(added: Ended, run: Run) -> None:
    """And kept as it is."""
    assert added.code == 0
    damaged = book.file().read_text(encoding="utf-8").replace("serial:", "number:")
    book.file().write_text(damaged, encoding="utf-8")
    ended = run("operator", "list")
    assert (ended.code, f"{FILE}:" in ended.err) == (2, True)
    assert book.file().read_text(encoding="utf-8") == damaged


def test_a_host_that_does_not_have_the_list_is_no_success(added: Ended, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit code 2 and its name: until it is told, the door is open there. All hosts told is 0."""
    told = [push.Told("platform-bastion"), push.Told("acme-web", "no answer")]
    monkeypatch.setattr(push, "push", lambda krl: told if krl else [])
    assert added.code == 0
    ended = run("operator", "revoke", "alice", "--reason", "lost", "--json")
    assert (ended.code, ended.json["hosts"][1]) == (2, {"host": "acme-web", "problem": "no answer"})
    told.pop()
    again = run("operator", "push")
    assert (again.code, again.out) == (0, "platform-bastion: has the list\n")


def test_no_key_of_the_answers_gets_another_name(added: Ended, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of adding, revoking, listing and handing on."""
    gone = run("operator", "revoke", "alice", "--reason", "lost", "--offline", "--json")
    listed = run("operator", "list", "--json")
    monkeypatch.setattr(push, "push", lambda krl: [push.Told("acme-web", "no answer")] if krl else [])
    pushed = run("operator", "push", "--json")
    made = run("operator", "authority", "--json")
    found = [path for answer in (made, added, gone, listed, pushed) for path in key_paths(answer.json)]
    hold(KEYS / "operator.txt", found)
    assert json.loads(gone.out)["operator"] == "alice"
