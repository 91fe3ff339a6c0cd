"""The guard refuses replacements that a change of the declaration asks for, and only those."""

from __future__ import annotations

import contextlib
from types import SimpleNamespace

import pulumi
import pytest
from pulumi import ResourceHookArgs

from infra.components import guard as guards
from infra.components.guard import INIT_ERROR, Guarded, ReplacementGuard, differences, unfinished
from infra.errors import ReplacementRefusedError
from infra.neutron.plans import preview
from tests.fast.components.recording import UnhookedGuard, tenant

pytestmark = pytest.mark.fast
INSTANCE = "openstack:compute/instance:Instance"
URN = f"urn:pulumi:acme::ringfence::ringfence:tenant:Tenant$ringfence:tenant:Server${INSTANCE}::acme-web"
FINISHED: dict[str, object] = {"region": "RegionOne", "keyPair": "old", "flavorName": "small", "networks": [{"port": "p1", "mac": "fa:16"}]}
WEB = Guarded(INSTANCE, "acme-web", "web")


def guard(old: dict[str, dict[str, object]], *, allowed: frozenset[str] = frozenset()) -> ReplacementGuard:
    """Return a guard that has been asked for the options of one server."""
    made = UnhookedGuard(old, allowed)
    made.protected(WEB)
    return made


def creation(**inputs: object) -> ResourceHookArgs:
    """Return what the engine tells a hook before it creates the server."""
    return ResourceHookArgs(urn=URN, id="", name="acme-web", type=INSTANCE, new_inputs=inputs)


def test_a_replacement_is_refused_with_what_and_why() -> None:
    """The message names the server, the property, both values and the way to allow it."""
    with pytest.raises(ReplacementRefusedError) as refused:
        guard({URN: FINISHED}).refuse(creation(keyPair="new", flavorName="small"))
    text = str(refused.value)
    assert "acme-web would be replaced" in text
    assert "keyPair: old -> new" in text
    assert "flavorName" not in text
    assert "allowReplace" in text


def test_a_first_creation_passes() -> None:
    """What the stack does not have cannot be replaced."""
    guard({}).refuse(creation(keyPair="new"))


def test_an_allowed_replacement_passes() -> None:
    """The operator named the server."""
    guard({URN: FINISHED}, allowed=frozenset({"web"})).refuse(creation(keyPair="new"))


def test_allowing_another_server_does_not_help() -> None:
    """The permission is for one server."""
    with pytest.raises(ReplacementRefusedError):
        guard({URN: FINISHED}, allowed=frozenset({"db"})).refuse(creation(keyPair="new"))


def test_what_never_finished_may_be_made_anew() -> None:
    """A creation that broke off left nothing that anybody could have used."""
    guard({URN: {"keyPair": "old"}}).refuse(creation(keyPair="new"))


def test_repair_without_a_change_passes() -> None:
    """``--replace`` and an interrupted replacement change no input."""
    guard({URN: FINISHED}).refuse(creation(keyPair="old", networks=[{"port": "p1"}]))


@pytest.mark.parametrize(
    ("old", "allowed", "first"),
    [
        ({}, frozenset(), False),
        ({URN: FINISHED}, frozenset(), False),
        ({URN: FINISHED}, frozenset({"web"}), True),
    ],
    ids=["new", "finished", "allowed"],
)
def test_deletion_comes_first_only_when_the_operator_allowed_it(
    old: dict[str, dict[str, object]], allowed: frozenset[str], *, first: bool
) -> None:
    """With the preview skipped, the refusal must come before any deletion."""
    assert UnhookedGuard(old, allowed).protected(WEB).delete_before_replace is first


UNFINISHED_KINDS = {
    "Network": "openstack:networking/network:Network::acme-app",
    "SecGroup": "openstack:networking/secGroup:SecGroup::acme-server-web",
    "Volume": "openstack:blockstorage/volume:Volume::acme-db-db",
}


@pytest.mark.parametrize("kind", UNFINISHED_KINDS)
def test_what_never_finished_is_deleted_and_made_anew_and_nothing_else_is(kind: str) -> None:
    """A half is no whole, whatever it is; what is there whole, or not at all, is not touched when an update of it breaks off."""
    before = "urn:pulumi:acme::ringfence::ringfence:tenant:Tenant$"
    old: dict[str, dict[str, object]] = {before + what: {"region": "RegionOne"} for what in UNFINISHED_KINDS.values()}
    old[before + UNFINISHED_KINDS[kind]] = {"id": "half"}
    recorded = tenant("acme", old=old).anew
    name = UNFINISHED_KINDS[kind].rpartition("::")[2]
    assert recorded[kind, name] == ((INIT_ERROR,), True)
    assert [key for key, (changes, _) in recorded.items() if INIT_ERROR in changes] == [(kind, name)]


def test_differences_ignore_what_the_cloud_fills_in() -> None:
    """Outputs have more keys than inputs, and absent, empty and false are the same to the provider."""
    old = {"networks": [{"port": "p1", "mac": "fa:16"}], "tags": None, "extra": 1}
    assert differences({"networks": [{"port": "p1"}], "tags": []}, old) == []
    assert differences({"networks": [{"port": "p2"}]}, old) == ["networks: [{'port': 'p1', 'mac': 'fa:16'}] -> [{'port': 'p2'}]"]


@pytest.mark.parametrize(
    "new",
    [pulumi.UNKNOWN, preview.UNKNOWN, [{"uuid": preview.UNKNOWN}], {"id": pulumi.UNKNOWN}],
    ids=["object", "text", "inside a list", "inside an object"],
)
def test_a_value_that_is_not_known_yet_is_told_as_such(new: object) -> None:
    """What the engine hands over, and what it prints; a name that only looks like it is shown."""
    assert differences({"image": new}, {"image": "old"}) == ["image: made anew in the same plan"]
    assert differences({"image": "Unknown 13"}, {"image": "old"}) == ["image: old -> Unknown 13"]


STACK = "urn:pulumi:acme::ringfence::pulumi:pulumi:Stack::ringfence-acme"


@pytest.mark.parametrize(
    ("old", "expected"),
    [
        ({}, None),
        ({STACK: {"tenant": {"name": "acme"}}, URN: {"id": "i1"}}, None),
        ({STACK: {}, URN: {"id": "i1"}, f"{URN}2": {"id": ""}}, ["i1"]),
    ],
    ids=["new", "ended-well", "broke-off"],
)
def test_a_run_that_broke_off_left_no_outputs(old: dict[str, dict[str, object]], expected: list[str] | None) -> None:
    """Then everything that the stack has is known by its id, and everything else of that name is an orphan."""
    assert unfinished(old) == expected


class Invoked:
    """An engine whose state file is being written: it cannot be read at first."""

    def __init__(self, message: str, failures: int) -> None:
        self.message, self.failures, self.asked = message, failures, 0

    def __call__(self, _token: str, _arguments: dict[str, str]) -> SimpleNamespace:
        """Fail so many times, then answer."""
        self.asked += 1
        if self.asked <= self.failures:
            raise RuntimeError(self.message)
        return SimpleNamespace(value={"outputs": {}})


@pytest.mark.parametrize(
    ("message", "failures", "asked"),
    [
        ("failed to load checkpoint: EOF", 3, 4),
        ("failed to load checkpoint: EOF", guards.TRIES, guards.TRIES),
        ("no such stack", 1, 1),
    ],
)
def test_a_half_written_state_is_read_again(monkeypatch: pytest.MonkeyPatch, message: str, failures: int, asked: int) -> None:
    """The engine writes the state while the program starts; any other failure is one at once, and patience ends."""
    engine = Invoked(message, failures)
    monkeypatch.setattr(pulumi.runtime, "invoke", engine)
    monkeypatch.setattr(guards, "PAUSE_SECONDS", 0)
    with pytest.raises(RuntimeError) if failures >= asked else contextlib.nullcontext():
        assert guards.read_state("organization/ringfence/acme", guards.TRIES) == {"outputs": {}}
    assert engine.asked == asked
