"""What the dynamic resources decide: when they act, and on what."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from hardening.bundle import Bundle, digest
from infra.dynamic import (
    default_group,
    generated_secret,
    guest_policy,
    host_key,
    leftovers,
    limits,
    management_route,
    ring_fence,
    router_leg,
    volume_encryption,
)
from infra.dynamic.clouds import Credential
from infra.errors import GuestError
from infra.ssh.access import Completed

if TYPE_CHECKING:
    from infra.dynamic.base import Lifecycle, Props

pytestmark = pytest.mark.fast
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
CREDENTIAL = {
    "auth_url": "https://k/v3",
    "region": "R",
    "application_credential_id": "i",
    "application_credential_secret": "s",
    "cacert": "",
}
LIFECYCLES: tuple[Lifecycle, ...] = (
    default_group.EmptyDefaultGroupLifecycle(),
    generated_secret.GeneratedSecretLifecycle(),
    guest_policy.GuestPolicyLifecycle(),
    host_key.HostKeyLifecycle(),
    leftovers.LeftoversLifecycle(),
    limits.ProjectLimitsLifecycle(),
    limits.ProjectRoomLifecycle(),
    management_route.ManagementRouteLifecycle(),
    management_route.PoolRouteLifecycle(),
    ring_fence.RingFenceRemainsLifecycle(),
    router_leg.RouterLegLifecycle(),
    router_leg.UnpluggedLifecycle(),
    volume_encryption.VolumeEncryptionLifecycle(),
)


@pytest.mark.parametrize("lifecycle", LIFECYCLES, ids=lambda lifecycle: type(lifecycle).__name__)
def test_the_same_properties_are_no_change(lifecycle: Lifecycle) -> None:
    """A second `pulumi up` with nothing changed does nothing."""
    props: Props = dict.fromkeys((*lifecycle.identity, *lifecycle.content), "x")
    diff = lifecycle.diff("id", props, dict(props))
    assert not diff.changes
    assert not diff.replaces


@pytest.mark.parametrize("lifecycle", LIFECYCLES, ids=lambda lifecycle: type(lifecycle).__name__)
def test_another_identity_is_another_resource(lifecycle: Lifecycle) -> None:
    """Each property of the identity alone replaces, and deletes first; unknown values count as others."""
    props: Props = dict.fromkeys((*lifecycle.identity, *lifecycle.content), "x")
    for name in lifecycle.identity:
        diff = lifecycle.diff("id", props, {**props, name: UNKNOWN})
        assert diff.replaces == [name]
        assert diff.delete_before_replace


@pytest.mark.parametrize("lifecycle", LIFECYCLES, ids=lambda lifecycle: type(lifecycle).__name__)
def test_other_content_is_an_update(lifecycle: Lifecycle) -> None:
    """Each property of the content alone updates in place."""
    props: Props = dict.fromkeys((*lifecycle.identity, *lifecycle.content), "x")
    for name in lifecycle.content:
        diff = lifecycle.diff("id", props, {**props, name: "y"})
        assert diff.changes
        assert not diff.replaces


def test_another_way_to_a_server_does_not_touch_it() -> None:
    """The bastion may move; the policy in the guest stays what it is."""
    old = {"server_id": "s", "policy": "p", "bastion": "a"}
    assert not guest_policy.GuestPolicyLifecycle().diff("id", old, {**old, "bastion": "b"}).changes


def test_rules_found_in_the_default_group_are_a_change() -> None:
    """A refresh that finds rules leads to an update that removes them."""
    lifecycle = default_group.EmptyDefaultGroupLifecycle()
    old = {"project_id": "p", "rules": ["r1"]}
    assert lifecycle.diff("id", old, {"project_id": "p", "rules": []}).changes
    assert not lifecycle.diff("id", {**old, "rules": []}, {"project_id": "p", "rules": []}).changes


def test_generated_secrets_differ_and_are_long() -> None:
    """256 bits each, never the same twice."""
    values = {(generated_secret.GeneratedSecretLifecycle().create({}).outs or {})["value"] for _ in range(20)}
    assert len(values) == 20
    assert all(len(value) >= 43 for value in values)


KEY = "ssh-ed25519 " + "A" * 68


@pytest.mark.parametrize(
    ("console", "expected"),
    [
        ("", None),
        (f"ringfence-hostkey: {KEY}\n", None),
        ("ringfence-ready\n", None),
        (f"boot\r\nringfence-hostkey: {KEY}\r\nringfence-ready\r\n", KEY),
        (f"[  9.1] ringfence-hostkey: {KEY} root@web\n[ 9.2] ringfence-ready\n", KEY),
        (f"ringfence-hostkey: {KEY}\nringfence-hostkey: ssh-ed25519 {'B' * 68}\nringfence-ready\n", KEY),
        *((f"ringfence-hostkey: {KEY[:-1]}{last}\r\nringfence-ready\r\n", f"{KEY[:-1]}{last}") for last in "+/9z"),
        (f"ringfence-hostkey: {KEY}/\nringfence-ready\n", None),
        (f"ringfence-hostkey: ssh-rsa {'A' * 68}\nringfence-ready\n", None),
    ],
    ids=[
        "empty",
        "not-ready",
        "no-key",
        "ready",
        "with-prefixes",
        "first-counts",
        "plus",
        "slash",
        "digit",
        "letter",
        "too-long",
        "other-kind",
    ],
)
def test_the_host_key_is_the_first_one_of_a_ready_server(console: str, expected: str | None) -> None:
    """Only ed25519, only once the server is ready, and the first one."""
    assert host_key.parse(console) == expected


class Console:
    """A Nova that answers with one console and one status."""

    def __init__(self, output: str, status: str) -> None:
        self.compute, self._output, self.status = self, output, status

    def get_server_console_output(self, _server: str) -> dict[str, str]:
        """Answer as Nova does."""
        return {"output": self._output}

    def get_server(self, _server: str) -> Console:
        """Answer with something that has a status."""
        return self


def test_a_failed_server_is_not_waited_for() -> None:
    """The error shows what the console said last."""
    with pytest.raises(GuestError, match="kernel panic"):
        host_key.wait(Console("kernel panic", "ERROR"), "s1")  # type: ignore[arg-type]


def test_a_ready_server_gives_its_key() -> None:
    """The positive twin."""
    assert host_key.wait(Console(f"ringfence-hostkey: {KEY}\nringfence-ready", "ACTIVE"), "s1") == KEY  # type: ignore[arg-type]


class Guest:
    """A server that remembers what it was asked, and refuses one verb."""

    name = "web"

    def __init__(self, refuse: str = "", shown: str = "{}") -> None:
        self.asked: list[tuple[tuple[str, ...], str]] = []
        self.logins = 0
        self._refuse, self._shown = refuse, shown

    def run(self, command: tuple[str, ...], *, stdin: str = "") -> Completed:
        """Answer as apply-policy does."""
        self.asked.append((command[3:], stdin))
        refused = command[3] == self._refuse
        return Completed(3, "", '{"error": "no"}') if refused else Completed(0, self._shown, "")


@pytest.fixture
def guest(monkeypatch: pytest.MonkeyPatch) -> Guest:
    """Put a guest where the network would be."""
    return install(Guest(), monkeypatch)


def install(guest: Guest, monkeypatch: pytest.MonkeyPatch) -> Guest:
    """Make every login end at ``guest``."""

    class Login:
        def __enter__(self) -> Guest:
            guest.logins += 1
            return guest

        def __exit__(self, *_: object) -> None:
            pass

    monkeypatch.setattr(guest_policy, "open_server", lambda *_args, **_named: Login())
    monkeypatch.setattr(guest_policy, "open_bastion", lambda *_args, **_named: Login())
    return guest


PROPS: Props = {
    "server_id": "s1",
    "address": "172.30.0.5",
    "host_key": KEY,
    "bastion": "172.24.4.9",
    "bastion_host_key": KEY,
    "ssh_port": 22.0,
    "policy": "table inet ringfence {}",
}


def test_a_policy_is_staged_then_confirmed_from_a_new_login(guest: Guest) -> None:
    """Confirming over the old login would prove nothing."""
    guest_policy.GuestPolicyLifecycle().create(dict(PROPS))
    assert guest.asked == [
        (("stage", "-"), PROPS["policy"]),
        (("confirm", digest(Bundle(PROPS["policy"]))), ""),
    ]
    assert guest.logins == 3  # the bastion, and the server twice


def test_a_refused_policy_is_not_confirmed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The guest's own words are in the error."""
    guest = install(Guest(refuse="stage"), monkeypatch)
    with pytest.raises(GuestError, match=re.escape('{"error": "no"}')):
        guest_policy.GuestPolicyLifecycle().create(dict(PROPS))
    assert [arguments for (arguments, _) in guest.asked] == [("stage", "-")]


@pytest.mark.parametrize(
    ("shown", "same"),
    [
        ({"sha256": digest(Bundle(PROPS["policy"])), "drift": False}, True),
        ({"sha256": digest(Bundle(PROPS["policy"])), "drift": True}, False),
        ({"sha256": None, "drift": False}, False),
    ],
    ids=["in-force", "changed-by-hand", "gone"],
)
def test_a_refresh_tells_what_is_in_force(monkeypatch: pytest.MonkeyPatch, shown: dict[str, Any], *, same: bool) -> None:
    """Drift comes back as another policy, so the next `pulumi up` puts it right."""
    install(Guest(shown=json.dumps({"source": "policy", **shown})), monkeypatch)
    lifecycle = guest_policy.GuestPolicyLifecycle()
    read = lifecycle.read("s1", dict(PROPS)).outs or {}
    assert (read["policy"] == PROPS["policy"]) is same
    assert lifecycle.diff("s1", read, dict(PROPS)).changes is not same


def test_nothing_is_opened_when_a_policy_is_deleted(guest: Guest) -> None:
    """A server that is being destroyed stays as closed as it was until it is gone."""
    guest_policy.GuestPolicyLifecycle().delete("s1", dict(PROPS))
    assert guest.asked == []


def test_a_credential_is_read_from_a_property() -> None:
    """Properties arrive as plain dictionaries; what is missing is empty, never somebody else's."""
    assert Credential.of(CREDENTIAL).application_credential_id == "i"
    assert Credential.of({}).application_credential_secret == ""
