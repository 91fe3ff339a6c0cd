"""Files of a server go over standard input only, and an older server goes on without them."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any, Self

import pytest

from hardening.bundle import Bundle, GuestFile, decode, digest, encode_files
from infra.dynamic import guest_policy
from infra.errors import GuestError
from infra.ssh.access import Completed
from tests.fast.operators.sample import plain

if TYPE_CHECKING:
    from collections.abc import Callable

    from infra.dynamic.base import Props

pytestmark = pytest.mark.fast
SECRET = "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0w"
KEY = GuestFile("logs/server.key", f"-----BEGIN PRIVATE KEY-----\n{SECRET}\n", 0o600)
WANTED = Bundle("table inet ringfence {}", (KEY,), ("rsyslog.service",))
PROPS: Props = {
    "server_id": "s1",
    "address": "172.30.0.5",
    "host_key": "ssh-ed25519 A",
    "bastion": "172.24.4.9",
    "bastion_host_key": "ssh-ed25519 A",
    "ssh_port": 22.0,
    "policy": WANTED.policy,
    "files": encode_files(WANTED.files, WANTED.units),
}
WITHOUT: Props = {name: value for name, value in PROPS.items() if name != "files"}
OLD_USAGE = Completed(2, "", '{"error": "usage: apply-policy stage FILE|- [--seconds N] | confirm [SHA256] | rollback | show"}')

Asked = list[tuple[tuple[str, ...], str]]


def install(monkeypatch: pytest.MonkeyPatch, answer: Callable[[str], Completed]) -> Asked:
    """Make every login end at a server that answers each verb so; what it was asked."""
    asked: Asked = []

    class Login:
        name = "web"

        def __enter__(self) -> Self:
            return self

        def __exit__(self, *_: object) -> None:
            pass

        def run(self, command: tuple[str, ...], *, stdin: str = "", timeout: float = 120.0) -> Completed:
            assert timeout >= 120
            asked.append((command[3:], stdin))
            return answer(command[3])

    monkeypatch.setattr(guest_policy, "open_server", lambda *_args, **_named: Login())
    monkeypatch.setattr(guest_policy, "open_bastion", lambda *_args, **_named: Login())
    return asked


def done(_: str) -> Completed:
    """A server that does everything."""
    return Completed(0, "{}", "")


def test_files_and_policy_are_one_bundle_over_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    """Staged with time for restarts, confirmed by the digest of all of it; no argument holds anything of a file."""
    asked = install(monkeypatch, done)
    guest_policy.GuestPolicyLifecycle().update("s1", {}, dict(PROPS))
    assert [arguments for arguments, _ in asked] == [("stage-bundle", "-", "--seconds", "300"), ("confirm", digest(WANTED))]
    assert decode(asked[0][1]) == WANTED
    assert SECRET not in repr([arguments for arguments, _ in asked])


def test_without_files_an_older_server_is_asked_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """It knows no other verb, and goes on working with a policy alone."""
    asked = install(monkeypatch, lambda verb: OLD_USAGE if verb == "stage-bundle" else done(verb))
    guest_policy.GuestPolicyLifecycle().create(dict(WITHOUT))
    assert asked == [(("stage", "-"), WANTED.policy), (("confirm", digest(Bundle(WANTED.policy))), "")]


def test_the_bastion_itself_is_reached_without_a_hop(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is staged over one login and confirmed over another; nobody asks it for a way to itself."""
    asked = install(monkeypatch, done)
    logins: list[float | None] = []
    enter = vars(guest_policy)["open_bastion"]

    def open_bastion(jump_host: Any, *, patience: float | None = None) -> Any:  # noqa: ANN401
        logins.append(patience)
        return enter(jump_host)

    monkeypatch.setattr(guest_policy, "open_bastion", open_bastion)
    monkeypatch.delattr(guest_policy, "open_server")
    guest_policy.GuestPolicyLifecycle().create({**WITHOUT, "address": ""})
    assert [arguments[0] for arguments, _ in asked] == ["stage", "confirm"]
    assert logins == [guest_policy.FIRST_LOGIN_SECONDS, None]


REVOKED = {"revoked": "serial: 7\n", "revoked_by": str(plain(8))}


def test_a_server_knows_who_is_revoked_before_it_knows_any_operator(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that was made anew has an empty list; without anything revoked nothing is handed over, as before there were operators."""
    asked = install(monkeypatch, done)
    guest_policy.GuestPolicyLifecycle().create({**PROPS, **REVOKED})
    assert [arguments[0] for arguments, _ in asked] == ["-", "stage-bundle", "confirm"]
    assert base64.b64decode(asked[0][1]).startswith(b"SSHKRL")
    asked.clear()
    guest_policy.GuestPolicyLifecycle().create({**PROPS, **REVOKED, "revoked": ""})
    assert [arguments[0] for arguments, _ in asked] == ["stage-bundle", "confirm"]


def test_a_server_that_knows_of_more_revocations_keeps_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """The server says no to an older checkout, and then nothing is staged either: its files would be older ones too."""
    asked = install(
        monkeypatch, lambda verb: Completed(3, "", "the list lacks what is revoked already: 9-9") if verb == "-" else done(verb)
    )
    with pytest.raises(GuestError, match="the list lacks what is revoked already: 9-9") as refused:
        guest_policy.GuestPolicyLifecycle().update("s1", {}, {**PROPS, **REVOKED})
    assert "a revocation never goes" in str(refused.value)
    assert [arguments[0] for arguments, _ in asked] == ["-"]


def test_a_revocation_is_a_change_of_every_server() -> None:
    """`up` hands it over; a server without operators has no such change."""
    lifecycle = guest_policy.GuestPolicyLifecycle()
    assert lifecycle.diff("s1", {**PROPS, **REVOKED}, {**PROPS, **REVOKED, "revoked": "serial: 7\nserial: 8\n"}).changes
    assert not lifecycle.diff("s1", dict(PROPS), dict(PROPS)).changes


def test_files_for_an_older_server_are_an_error_that_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """The next step is another image, and nothing was confirmed."""
    asked = install(monkeypatch, lambda _: OLD_USAGE)
    with pytest.raises(GuestError, match="image is too old to take files") as caught:
        guest_policy.GuestPolicyLifecycle().create(dict(PROPS))
    assert "docs/image.md" in str(caught.value)
    assert len(asked) == 1


def test_no_error_quotes_a_private_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even when the server does; and files that are none are refused before anybody is asked."""
    install(monkeypatch, lambda _: Completed(3, "", f'{{"error": "rsyslogd: line 2: {SECRET}"}}'))
    with pytest.raises(GuestError, match="rsyslogd: line 2") as caught:
        guest_policy.GuestPolicyLifecycle().create(dict(PROPS))
    assert SECRET not in str(caught.value)
    with pytest.raises(GuestError, match="refused before it is asked") as caught:
        guest_policy.GuestPolicyLifecycle().create({**PROPS, "files": json.dumps({"files": SECRET, "units": []})})
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    ("props", "shown", "said"),
    [
        (PROPS, {"bundle_sha256": digest(WANTED), "changed": []}, ""),
        (PROPS, {"bundle_sha256": digest(WANTED._replace(units=())), "changed": ["logs/server.key"]}, "drifted: logs/server.key"),
        (PROPS, {"bundle_sha256": digest(WANTED._replace(units=())), "changed": []}, "drifted: other files than were handed over"),
        (PROPS, {}, "drifted: other files"),
        (PROPS, {"drift": True, "bundle_sha256": digest(WANTED)}, "drifted: source policy"),
        (WITHOUT, {"bundle_sha256": digest(WANTED), "changed": []}, "drifted: other files"),
        (WITHOUT, {"bundle_sha256": digest(Bundle(WANTED.policy))}, ""),
        (WITHOUT, {}, ""),
    ],
    ids=["in-force", "changed", "others", "old-agent", "kernel", "files-nobody-wants", "no-files", "old-agent-without-files"],
)
def test_a_refresh_tells_whether_the_files_are_in_force(
    monkeypatch: pytest.MonkeyPatch, props: Props, shown: dict[str, Any], said: str
) -> None:
    """By the digest of what the server has; drift is visible, although the files are secret, and the next `up` puts it right."""
    answer = {"sha256": digest(Bundle(WANTED.policy)), "source": "policy", "drift": False, **shown}
    install(monkeypatch, lambda _: Completed(0, json.dumps(answer), ""))
    lifecycle = guest_policy.GuestPolicyLifecycle()
    outs = lifecycle.read("s1", dict(props)).outs or {}
    assert said in outs["policy"] if said else outs == props
    assert lifecycle.diff("s1", outs, dict(props)).changes is bool(said)


def test_files_that_come_or_go_are_an_update() -> None:
    """And a state without any is as it was."""
    diff = guest_policy.GuestPolicyLifecycle().diff
    assert diff("s1", WITHOUT, PROPS).changes
    assert diff("s1", PROPS, WITHOUT).changes
    assert not diff("s1", PROPS, dict(PROPS)).changes
    assert not diff("s1", WITHOUT, dict(WITHOUT)).changes
