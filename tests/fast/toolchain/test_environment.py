"""The exports: one line, complete, careful with what is the user's."""

from __future__ import annotations

import stat
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

from toolchain import build, environment
from toolchain.places import TREE, Places
from toolchain.progress import ToolchainError

if TYPE_CHECKING:
    from tests.fast.toolchain.conftest import Machine


@pytest.fixture(name="built")
def _built(machine: Machine) -> Machine:
    with machine.board() as board:
        build.build(machine.places, machine.environ, board)
    return machine


def test_one_line_that_a_shell_understands(built: Machine) -> None:
    """After `eval` the shell's pulumi is ours and every variable has its value, odd characters included."""
    built.environ["RINGFENCE_STATE"] = str(built.root / "it's a state")
    variables = environment.load(built.places, built.environ)
    line = environment.export(variables)
    assert "\n" not in line
    names = [name for name in variables if name != "PATH"]
    shown = "; ".join(f'echo "${{{name}}}"' for name in names)
    answer = subprocess.run(
        ["bash", "-c", f"{line}; command -v pulumi; {shown}"], env=built.environ, capture_output=True, text=True, check=True
    )
    engine, *values = answer.stdout.splitlines()
    assert Path(engine).parent == build.engine_bin(built.places, built.environ)[0]
    assert dict(zip(names, values, strict=True)) == {name: variables[name] for name in names}


def test_evaluating_twice_changes_nothing(built: Machine) -> None:
    """PATH does not grow and no variable flips."""
    once = environment.load(built.places, built.environ)
    twice = environment.load(built.places, {**built.environ, **once})
    assert twice == once


def test_passphrase_is_made_once_and_only_the_owner_reads_it(built: Machine) -> None:
    """A second call returns the same secret; neither file nor folder is open to others, nothing else is left."""
    path = environment.passphrase(built.places.stacks)
    first = path.read_text(encoding="utf-8")
    assert len(first.strip()) >= 32
    assert environment.passphrase(built.places.stacks).read_text(encoding="utf-8") == first
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert [entry.name for entry in path.parent.iterdir()] == ["passphrase"]


def test_the_secret_itself_is_not_exported(built: Machine) -> None:
    """A passphrase in the environment would show in every process list and crash report."""
    line = environment.export(environment.load(built.places, built.environ))
    assert environment.passphrase(built.places.stacks).read_text(encoding="utf-8").strip() not in line


def test_a_team_keeps_its_own_backend_and_passphrase(built: Machine) -> None:
    """What the user has set before is not overridden, and no folder is made for stacks that live elsewhere."""
    own = {"PULUMI_BACKEND_URL": "s3://team-stacks", "PULUMI_CONFIG_PASSPHRASE": "theirs"}
    variables = environment.load(built.places, built.environ | own)
    assert "PULUMI_BACKEND_URL" not in variables
    assert "PULUMI_CONFIG_PASSPHRASE_FILE" not in variables
    assert not built.places.stacks.exists()


def test_another_state_folder_is_followed_in_the_same_shell(built: Machine) -> None:
    """Variables that we set ourselves are ours to change: a test with a state folder of its own never touches the real stacks."""
    first = environment.load(built.places, built.environ)
    moved = {**built.environ, **first, "RINGFENCE_STATE": str(built.root / "other")}
    second = environment.load(Places.of(moved), moved)
    assert second["PULUMI_BACKEND_URL"] == (built.root / "other/pulumi").as_uri() != first["PULUMI_BACKEND_URL"]
    assert Path(second["PULUMI_CONFIG_PASSPHRASE_FILE"]).parent == built.root / "other/pulumi"


def test_an_installed_engine_may_fetch_plugins(built: Machine) -> None:
    """Only our own engine is kept from the vendor's site."""
    assert "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION" in environment.load(built.places, built.environ)
    built.install_pulumi()
    assert "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION" not in environment.load(built.places, built.environ)


def test_no_engine_says_what_to_do(machine: Machine) -> None:
    """Nothing is printed that a shell would evaluate."""
    with pytest.raises(ToolchainError, match="scripts/toolchain/build"):
        environment.load(machine.places, machine.environ)


@pytest.mark.parametrize(
    ("environ", "cache"),
    [
        ({"HOME": "/h"}, "/h/.cache/ringfence"),
        ({"HOME": "/h", "XDG_CACHE_HOME": "/x"}, "/x/ringfence"),
        ({"HOME": "/h", "XDG_CACHE_HOME": "/x", "RINGFENCE_CACHE": "/r"}, "/r"),
        ({"HOME": "/h", "RINGFENCE_CACHE": ""}, "/h/.cache/ringfence"),
    ],
)
def test_places(environ: dict[str, str], cache: str) -> None:
    """Our own variable wins over XDG's, that over the home folder; an empty one counts as absent."""
    assert Places.of(environ).cache == Path(cache)


@pytest.mark.parametrize("script", ["setup", "toolchain/build", "toolchain/env", "toolchain/tokens", "toolchain/lock", "toolchain/uv.sh"])
def test_shell_scripts_parse(script: str) -> None:
    """Bash reads each script to its end."""
    assert subprocess.run(["bash", "-n", TREE / "scripts" / script], check=False).returncode == 0


def test_dynamic_resources_find_the_python_environment() -> None:
    """The engine starts them in the program's folder, and the vendor's script resolves `virtualenv` of Pulumi.yaml from there."""
    project = yaml.safe_load((TREE / "Pulumi.yaml").read_text(encoding="utf-8"))
    virtualenv = project["runtime"]["options"]["virtualenv"]
    assert (TREE / project["main"] / virtualenv).readlink() == Path("..") / virtualenv


def test_setup_refuses_an_unknown_part() -> None:
    """A misspelt part is an error that names the parts, not a full set-up."""
    answer = subprocess.run([TREE / "scripts/setup", "pyhton"], capture_output=True, text=True, check=False)
    assert answer.returncode == 1
    assert "pyhton" in answer.stderr
    assert "toolchain" in answer.stderr
