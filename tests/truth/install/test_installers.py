"""The ways that README.md names to install ringfence: each of them gives a command that answers, and a shell that completes it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.fast.architecture.sources import ROOT
from tests.truth.install.wheels import Installed, install

if TYPE_CHECKING:
    from pathlib import Path

    from tests.truth.install.wheels import Wheel

pytestmark = pytest.mark.truth
LOCKED = ROOT / "scripts" / "toolchain" / "pipx.lock"
WITH_UV = """
"$UV" tool install --quiet --python "$PYTHON" --constraints "$2" "$1[verify,provision]"
"""
WITH_PIPX = """
"$UV" venv --quiet --python "$PYTHON" "$3"
"$UV" pip install --quiet --python "$3" --require-hashes --only-binary :all: -r "$4"
PIPX_DEFAULT_PYTHON=$PYTHON "$3/bin/pipx" install --quiet --pip-args "--constraint '$2'" "$1"
"""
EVERY_MODULE = """
import importlib, json, pkgutil
roots = ("infra", "hardening", "ringfence")
every = [each.name for root in roots for each in pkgutil.walk_packages(importlib.import_module(root).__path__, f"{root}.")]
found = [name for name in every if not name.endswith("__main__") and not name.startswith("ringfence.verify.guest.")]
failed = {}
for name in found:
    try:
        importlib.import_module(name)
    except Exception as error:
        failed[name] = repr(error)
print(json.dumps([len(found), failed]))
"""
"""But for programs, which run when they are imported."""
COMPLETES = """
set -eu
eval "$(ringfence --show-completion bash)"
function=$(complete -p ringfence | sed 's/.* -F \\([^ ]*\\) .*/\\1/')
for line in "$@"; do
    read -ra COMP_WORDS <<<"$line"
    COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
    "$function" ringfence
    echo "${COMPREPLY[*]}"
done
"""
"""What bash does when somebody presses the tabulator at the end of a line."""
COMPLETED = {"ringfence who": "who-can-reach", "ringfence prove --cert": "--certificate", "ringfence prove --state x --sn": "--snapshot"}


def with_uv(wheel: Wheel, folder: Path) -> Installed:
    """``uv tool install 'WHEEL[verify,provision]'``."""
    places = {"UV_TOOL_DIR": folder / "tools", "UV_TOOL_BIN_DIR": folder / "bin"}
    install(WITH_UV, wheel.file, wheel.constraints, settings=places)
    return Installed(folder / "bin", folder / "tools" / "ringfence" / "bin" / "python")


def with_pipx(wheel: Wheel, folder: Path) -> Installed:
    """``pipx install WHEEL``, which has pip install it; pipx itself is in an environment of its own."""
    places = {"PIPX_HOME": folder / "home", "PIPX_BIN_DIR": folder / "bin", "PIPX_MAN_DIR": folder / "man"}
    install(WITH_PIPX, wheel.file, wheel.constraints, folder / "pipx", LOCKED, settings=places)
    return Installed(folder / "bin", folder / "home" / "venvs" / "ringfence" / "bin" / "python")


WAYS = {"uv": with_uv, "pipx": with_pipx}


@pytest.fixture(scope="module")
def installed(wheel: Wheel, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Installed]:
    """Install the wheel in every way."""
    return {name: way(wheel, tmp_path_factory.mktemp(name)) for name, way in WAYS.items()}


@pytest.mark.parametrize("way", WAYS)
def test_the_command_answers(way: str, installed: dict[str, Installed], declarations: Path) -> None:
    """By its name on the path, also where that is a link to another folder, and as a module."""
    here = installed[way]
    said = {
        here.run("--version", where=declarations).stdout,
        here.execute([str(here.python), "-m", "ringfence", "--version"], where=declarations).stdout,
    }
    assert said == {"ringfence 0.1.0\n"}
    done = here.run("prove", "--json", where=declarations)
    assert (done.returncode, json.loads(done.stdout)["verdict"]) == (0, "holds"), done.stderr


def test_a_shell_completes_verbs_and_options(installed: dict[str, Installed], tmp_path: Path) -> None:
    """By the function that ``--show-completion`` prints; nothing else comes to the terminal."""
    done = installed["uv"].execute(["bash", "-c", COMPLETES, "-", *COMPLETED], where=tmp_path)
    assert (done.stdout.splitlines(), done.stderr) == (list(COMPLETED.values()), ""), done


def test_completion_is_installed_for_the_shell_that_asks(installed: dict[str, Installed], tmp_path: Path) -> None:
    """What the next shell reads has it."""
    done = installed["pipx"].run("--install-completion", "bash", where=tmp_path)
    assert (done.returncode, done.stderr) == (0, ""), done
    read = "source ~/.bashrc; complete -p ringfence"
    assert "-F _ringfence_completion" in installed["pipx"].execute(["bash", "-c", read], where=tmp_path).stdout


def test_every_module_is_complete_with_both_extras(installed: dict[str, Installed], tmp_path: Path) -> None:
    """No module of the wheel needs anything of a checkout or a distribution that no extra asks for."""
    done = installed["uv"].execute([str(installed["uv"].python), "-c", EVERY_MODULE], where=tmp_path)
    number, failed = json.loads(done.stdout)
    assert number > 300
    assert failed == {}
