"""Building: complete or not at all, never twice, and with what the machine has."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING

import pytest

from toolchain import build, golang, installed, parts
from toolchain.places import TREE
from toolchain.progress import ToolchainError

if TYPE_CHECKING:
    from pathlib import Path

    from tests.fast.toolchain.conftest import Machine


def run(machine: Machine) -> None:
    """Build on the machine."""
    with machine.board() as board:
        build.build(machine.places, machine.environ, board)


def leftovers(machine: Machine) -> list[Path]:
    """Return what a build left behind besides results."""
    return list(machine.places.toolchain.glob(".new-*"))


def test_a_bare_machine_gets_engine_and_plugin(machine: Machine) -> None:
    """Engine, host, the vendor's two scripts and the plug-in are in place, and nothing else is left."""
    assert not build.ready(machine.places, machine.environ)
    run(machine)
    assert build.ready(machine.places, machine.environ)
    folder, about = build.engine_bin(machine.places, machine.environ)
    assert folder is not None
    assert sorted(path.name for path in folder.iterdir()) == [
        "pulumi",
        "pulumi-language-python",
        "pulumi-language-python-exec",
        "pulumi-resource-pulumi-python",
    ]
    plugin = build.plugin_home(machine.places) / f"plugins/resource-openstack-v{parts.pinned('pulumi-openstack')}/plugin"
    assert plugin.read_text(encoding="utf-8") == "plugin\n"
    assert "our own build" in about
    assert "no pulumi on PATH" in machine.screen.getvalue()
    assert leftovers(machine) == []


def test_the_second_build_does_nothing(machine: Machine) -> None:
    """What is there is not compiled again."""
    run(machine)
    before = len(machine.calls)
    run(machine)
    assert machine.calls[before:] == []


def test_a_lost_plugin_is_made_without_the_engine(machine: Machine) -> None:
    """Each part is made on its own."""
    run(machine)
    build.plugin_home(machine.places).rename(machine.root / "lost")
    before = len(machine.calls)
    run(machine)
    assert build.ready(machine.places, machine.environ)
    assert not [call for call in machine.calls[before:] if parts.PULUMI in call]


def test_a_failed_build_names_command_and_last_lines_and_goes_on_later(machine: Machine) -> None:
    """Nothing half built is in place after a failure; the same command succeeds once the cause is gone."""
    machine.environ["GO_FAILS"] = "yes"
    with pytest.raises(ToolchainError, match=r"main\.go:1: what is this") as caught:
        run(machine)
    assert "go build" in str(caught.value)
    assert not build.ready(machine.places, machine.environ)
    assert leftovers(machine) == []
    del machine.environ["GO_FAILS"]
    run(machine)
    assert build.ready(machine.places, machine.environ)


@pytest.mark.parametrize("ending", ["terminate", "kill"])
def test_an_interrupted_build_leaves_nothing_in_place(machine: Machine, ending: str) -> None:
    """Ended politely or not, the next build starts clean and succeeds; a polite end also ends the compiler."""
    hangs = machine.root / "hangs"
    command = [sys.executable, "-m", "toolchain", "build"]
    environ = {**machine.environ, "GO_HANGS": str(hangs)}
    with subprocess.Popen(command, env=environ, cwd=TREE, stderr=subprocess.PIPE, text=True) as child:
        deadline = time.monotonic() + 20
        while not hangs.exists() and time.monotonic() < deadline:
            time.sleep(0.01)
        getattr(child, ending)()
        said = child.communicate(timeout=120)[1]
    if ending == "terminate":
        assert child.returncode == 130
        assert "run the same command again" in said
        assert leftovers(machine) == []
    assert not build.ready(machine.places, machine.environ)
    run(machine)
    assert build.ready(machine.places, machine.environ)
    assert leftovers(machine) == []


def test_two_builds_at_once_compile_once(machine: Machine) -> None:
    """The second waits for the first and then finds everything there."""
    threads = [threading.Thread(target=run, args=(machine,)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert build.ready(machine.places, machine.environ)
    assert sum(parts.PULUMI in call and " build " in f" {call} " for call in machine.calls) == 1


def test_an_installed_pulumi_is_used_with_the_vendors_plugin(machine: Machine) -> None:
    """Nothing is compiled where the vendor's programs are there and its site can be reached."""
    vendor = machine.install_pulumi()
    run(machine)
    assert build.engine_bin(machine.places, machine.environ)[0] == vendor
    assert build.ready(machine.places, machine.environ)
    assert not [call for call in machine.calls if call.startswith("go ")]
    assert f"installed: {vendor}/pulumi v3.259.0" in machine.screen.getvalue()


def test_an_installed_pulumi_without_the_vendors_site_gets_our_plugin(machine: Machine) -> None:
    """Only the plug-in is compiled, and the screen says why."""
    machine.install_pulumi()
    machine.environ["OFFLINE"] = "yes"
    run(machine)
    assert build.ready(machine.places, machine.environ)
    assert "out of reach" in machine.screen.getvalue()
    assert not [call for call in machine.calls if parts.PULUMI in call]


@pytest.mark.parametrize(
    ("version", "why"),
    [("v3.100.0", "at least v3.259.0"), ("v4.0.0", "same major version"), ("nonsense", "nonsense")],
)
def test_an_unfit_pulumi_is_not_used(machine: Machine, version: str, why: str) -> None:
    """Another version is left alone, and the screen says what was found and what is needed."""
    machine.install_pulumi()
    machine.environ["PULUMI_VERSION"] = version
    found = installed.look(machine.places, machine.environ)
    assert found.binary is None
    assert why in found.why


def test_a_pulumi_without_its_python_host_is_not_used(machine: Machine) -> None:
    """Half an installation would fail at the first program."""
    machine.install_pulumi(without="pulumi-language-python")
    assert "pulumi-language-python" in installed.look(machine.places, machine.environ).why


def test_our_own_build_on_path_is_not_taken_for_an_installed_one(machine: Machine) -> None:
    """A shell that has evaluated `env` must get the same answer as a fresh one."""
    run(machine)
    own = build.engine_bin(machine.places, machine.environ)
    machine.environ["PATH"] = f"{own[0]}:{machine.environ['PATH']}"
    assert build.engine_bin(machine.places, machine.environ) == own


@pytest.mark.parametrize(
    ("engine", "sdk", "expected"),
    [
        ("v3.259.0", "3.259.0", True),
        ("v3.259.1", "3.259.0", True),
        ("v3.1000.0", "3.259.0", True),
        ("v3.260.0-alpha.1", "3.259.0", True),
        ("v3.258.9", "3.259.0", False),
        ("v4.259.0", "3.259.0", False),
        ("v2.300.0", "3.259.0", False),
        ("", "3.259.0", False),
    ],
)
def test_fitting_engines(engine: str, sdk: str, *, expected: bool) -> None:
    """Same major version and not older than the SDK; compared as numbers."""
    assert installed.fits(engine, sdk) is expected


@pytest.mark.parametrize(
    ("version", "expected"),
    [("go1.25.11", True), ("go1.26.0", True), ("go1.100", True), ("go1.25.10", False), ("go1.9.9", False), ("devel", False), ("", False)],
)
def test_fitting_compilers(version: str, *, expected: bool) -> None:
    """Not older than the go line of go.mod; compared as numbers."""
    assert golang.fits(version, (1, 25, 11)) is expected


def test_the_key_follows_what_decides_the_result(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A change of source, pins or flags makes a new part; a change of tests does not."""
    monkeypatch.setattr(parts, "HERE", tmp_path)
    (tmp_path / "engine").mkdir()
    part = parts.Part("engine", ("p",), "-s")
    (tmp_path / "engine/main.go").write_text("package main", encoding="utf-8")
    first = part.key()
    (tmp_path / "engine/main_test.go").write_text("package main", encoding="utf-8")
    assert part.key() == first
    (tmp_path / "engine/go.sum").write_text("example.org v1 h1:x", encoding="utf-8")
    assert part.key() != first
    assert parts.Part("engine", ("p",), "-s -w").key() != part.key()
