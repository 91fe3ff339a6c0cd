"""The third tenant: a declaration that holds, removed whatever happens, and answers only when SSH does."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import msgspec
import paramiko
import pytest

from benchmarks.up import reach
from benchmarks.up.bare import removal
from benchmarks.up.bare.site import Backbone, Bastion, Facts, Order
from benchmarks.up.interrupts import Endings
from benchmarks.up.load import Load
from benchmarks.up.measurements import changes, peer, third
from benchmarks.up.run import Run
from infra.declaration.folder import load_folder
from infra.errors import CloudError, GuestError
from ringfence.demo import stacks
from ringfence.project import Ended, EngineStep, Project
from tests.fast.components.recording import TODAY

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.fast
ORDER = Order(Facts("", "", "", "", "", "", "", Backbone("", ""), Bastion("", "")), {}, "automation key")


@pytest.fixture
def run() -> Run:
    """Two repetitions of which nobody hears."""
    return Run(2, lambda _: None, Load(0.0, 0.0), Endings(lambda _: None))


class Engine:
    """The engine's side of a project: which commands it got; ``fail`` are those that end badly, as often as it says."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, **fail: int) -> None:
        self.log: list[str] = []
        self.fail = fail
        self.stacks: set[str] = set()
        self.steps: tuple[EngineStep, ...] = ()
        monkeypatch.setattr(Project, "run", lambda _, *arguments, **__: self.answer(arguments[0]))
        monkeypatch.setattr(Project, "up", lambda *_, **__: self.answer("up"))
        monkeypatch.setattr(Project, "ensure", lambda project: self.stacks.add(project.stack))
        monkeypatch.setattr(stacks, "known", lambda _: sorted(self.stacks))
        for module in (changes, third):
            monkeypatch.setattr(module, "enter_cloud", lambda: None)

    def answer(self, command: str) -> Ended:
        """Do as asked, or fail once more."""
        self.log.append(command)
        if command == "stack":
            self.stacks.clear()
        self.fail[command] = self.fail.get(command, 0) - 1
        return Ended(1 if self.fail[command] >= 0 else 0, "the end of its output", self.steps)


def test_the_declaration_holds_beside_the_two_tenants(tmp_path: Path) -> None:
    """Two servers, each with root and data of the platform's encrypted type; no mistake in it, and the same under both names."""
    for name in (third.STACK, third.PEER):
        (tmp_path / name).mkdir()
        found = load_folder(third.declared(tmp_path / name, name).folder, today=TODAY).whole()
        tenant = next(each.tenant for each in found.tenants if each.tenant.name == name)
        assert len(found.tenants) == 3
        assert [(len(server.data), server.volume_type) for server in tenant.servers.values()] == [(1, None)] * 2
        assert found.platform.default_volume_type in found.platform.encrypted_types()


def test_the_stack_is_destroyed_afterwards(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Up, wait, down, forgotten; the time is told."""
    engine = Engine(monkeypatch)
    monkeypatch.setattr(third, "wait_for_servers", lambda: engine.log.append("wait"))
    total, of_it = third.by_stack(run)
    assert engine.log == ["up", "wait", "cancel", "destroy", "stack"]
    assert 0 < of_it < total


def test_what_a_killed_run_left_is_destroyed_before(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stack that is there when nothing was begun yet is nobody's."""
    engine = Engine(monkeypatch)
    engine.stacks.add(third.STACK)
    monkeypatch.setattr(third, "wait_for_servers", lambda: None)
    third.by_stack(run)
    assert engine.log == ["cancel", "destroy", "stack", "up", "cancel", "destroy", "stack"]


def test_a_stack_that_fails_is_destroyed_too(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """And the engine's last words are raised."""
    engine = Engine(monkeypatch, up=1)
    with pytest.raises(CloudError, match="the end of its output"):
        third.by_stack(run)
    assert engine.log == ["up", "cancel", "destroy", "stack"]


def test_destroying_is_tried_twice_and_told_when_it_fails(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stack that cannot be destroyed is not forgotten."""
    engine = Engine(monkeypatch, destroy=1)
    monkeypatch.setattr(third, "wait_for_servers", lambda: None)
    third.by_stack(run)
    assert engine.log.count("destroy") == 2
    engine = Engine(monkeypatch, destroy=2)
    with pytest.raises(CloudError, match="the engine failed"):
        third.by_stack(run)
    assert "stack" not in engine.log


def test_both_are_built_in_turn_and_compared(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """The ratio is of the medians."""
    stack, script = iter([(130.0, 120.0), (150.0, 140.0)]), iter([100.0, 120.0])
    order: list[str] = []

    def by_stack(_run: Run) -> tuple[float, float]:
        order.append("stack")
        return next(stack)

    def by_script(_run: Run) -> float:
        order.append("script")
        return next(script)

    for name, value in (("enter_cloud", lambda: None), ("by_stack", by_stack), ("by_script", by_script)):
        monkeypatch.setattr(third, name, value)
    tenant, sdk, ratio = third.measure(run)
    assert order == ["stack", "script"] * 2
    assert (tenant.median, tenant.note, sdk.values) == (140.0, "`pulumi up` itself 130 s of it", (100.0, 120.0))
    assert ratio.values[0] == pytest.approx(140 / 110, abs=0.001)


@pytest.mark.parametrize("key", ["short", "longer than a pipe holds, " * 10_000], ids=["short", "long"])
def test_what_the_script_made_is_removed_even_when_it_failed(key: str, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before, for what a killed run left, and afterwards. A script that never reads its order is told with its own words as well."""
    removed: list[str] = []
    monkeypatch.setattr(peer, "order", lambda _: msgspec.structs.replace(ORDER, public_key=key))
    monkeypatch.setattr(peer, "PROGRAM", "no.such.module")
    monkeypatch.setattr(removal, "remove", removed.append)
    with pytest.raises(CloudError, match=r"no\.such"):
        third.by_script(run)
    assert removed == [third.PEER] * 2


def test_the_script_gets_its_order_and_is_heard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The declaration as an argument, everything else on its standard input, every line of it told."""
    heard: list[str] = []
    (tmp_path / "echoes.py").write_text("import sys; print(sys.argv[1]); print(sys.stdin.read().count('automation key'))")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr(peer, "PROGRAM", "echoes")
    peer.script(tmp_path / "declaration", ORDER, heard.append)
    assert heard == [f"{tmp_path / 'declaration'}\n", "1\n"]


def test_nothing_to_do_is_measured_only_when_there_is_nothing_to_do(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """An update that changes something is no update with nothing to do."""
    engine = Engine(monkeypatch)
    nothing, previewed = changes.nothing(run)
    assert (len(nothing.values), len(previewed.values)) == (2, 2)
    engine.steps = (EngineStep("update", "a:b:GuestPolicy", "acme-web"),)
    with pytest.raises(CloudError, match="there was something to do"):
        changes.nothing(run)


def test_a_flow_comes_and_goes_and_the_tenant_is_as_before(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of the repetitions changes it twice; the last thing is the declaration of the work tree, also after a failure."""
    engine = Engine(monkeypatch)
    provider = EngineStep("update", "pulumi:providers:pulumi-python", "default")
    engine.steps = (EngineStep("create", "a:b:SecGroupRule", "r"), EngineStep("update", "a:b:GuestPolicy", "acme-web"), provider)
    declared: list[bool] = []
    declare = Project.declare

    def noting(project: Project, tenant: dict[str, Any]) -> None:
        declared.append(changes.FLOW in tenant["flows"])
        declare(project, tenant)

    monkeypatch.setattr(Project, "declare", noting)
    (flow,) = changes.flow(run)
    assert declared == [False, True, False, True, False, False]
    assert (len(flow.values), flow.note) == (4, "touched: GuestPolicy, SecGroupRule")
    engine.steps = ()
    with pytest.raises(CloudError, match="changed nothing"):
        changes.flow(run)
    assert declared[-1] is False


class Login:
    """A login at a bastion from which servers answer with what they are told to."""

    name = "bastion"

    def __init__(self, *answers: bytes | Exception) -> None:
        self.answers = iter(answers)
        self.client = SimpleNamespace(get_transport=lambda: self)

    def open_channel(self, *_: Any, **__: Any) -> Any:  # noqa: ANN401 - paramiko's channel
        """Connect, or fail to."""
        answer = next(self.answers)
        if isinstance(answer, Exception):
            raise answer
        return SimpleNamespace(settimeout=lambda _: None, recv=lambda _: answer, close=lambda: None)


@pytest.mark.parametrize(
    ("answer", "is_one"), [(b"SSH-", True), (b"HTTP", False), (b"", False), (TimeoutError(), False), (paramiko.SSHException(), False)]
)
def test_only_a_banner_is_an_answer(answer: bytes | Exception, is_one: bool) -> None:  # noqa: FBT001 - a table
    """An open port, a closed one and silence are none."""
    assert reach.answers(cast("Any", Login(answer)), "172.30.0.5", 22) is is_one


def test_every_server_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that comes up later is asked again; one that never does is named."""
    monkeypatch.setattr(reach, "PAUSE_SECONDS", 0)
    late = Login(b"SSH-", OSError(), OSError(), b"SSH-")
    reach.until_all_answer(cast("Any", late), ["172.30.0.5", "172.30.0.6"], 22)
    assert next(late.answers, None) is None
    monkeypatch.setattr(reach, "PATIENCE_SECONDS", -1)
    with pytest.raises(GuestError, match=r"172\.30\.0\.6"):
        reach.until_all_answer(cast("Any", Login(OSError())), ["172.30.0.6"], 22)
