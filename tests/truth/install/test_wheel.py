"""The wheel in an environment of its own, on declarations outside any checkout: what somebody gets who installs ringfence."""

from __future__ import annotations

import json
import signal
import subprocess
import time
import zipfile
from typing import TYPE_CHECKING

import pytest

from hardening.image import cache
from tests.fast.architecture.sources import ROOT
from tests.truth.install.wheels import SECONDS, Installed, install

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.truth.install.wheels import Wheel

pytestmark = pytest.mark.truth
INSTALL = """
"$UV" venv --quiet --python "$PYTHON" "$1"
"$UV" pip install --quiet --python "$1" --only-binary :all: --constraint "$3" "$2"
"""
LATEST_START_MS = 60


@pytest.fixture(scope="module")
def installed(wheel: Wheel, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """Install the wheel, without any extra, into an empty environment."""
    folder = tmp_path_factory.mktemp("core")
    install(INSTALL, folder, wheel.file, wheel.constraints)
    return Installed(folder / "bin", folder / "bin" / "python")


def test_the_core_answers_about_a_folder_of_declarations(installed: Installed, declarations: Path) -> None:
    """validate, prove, check, diff, can, lint: without a cloud, the engine or any extra; about these declarations and no others."""
    kept = ("--certificate", "proof.json", "--snapshot", "declared.jsonl")
    for arguments in (["validate"], ["prove", *kept], ["check", "proof.json", "declared.jsonl"], ["diff", "git:HEAD"], ["lint"]):
        done = installed.run(*arguments, where=declarations)
        assert done.returncode == 0, (arguments, done.stdout, done.stderr)
    answer = json.loads(installed.run("prove", "--json", where=declarations).stdout)
    assert (answer["verdict"], answer["declarations"]["folder"], answer["declarations"]["changed"]) == ("holds", str(declarations), False)
    file = declarations / "Pulumi.globex.yaml"
    file.write_text(file.read_text().replace("protocol: tcp", "protocol: udp", 1))
    changed = installed.run("diff", "git:HEAD", "--json", where=declarations)
    assert (changed.returncode, [one["changed"] for one in json.loads(changed.stdout)["declarations"]]) == (1, [False, True])


def test_a_snapshot_is_proven_where_nothing_is_declared(installed: Installed, declarations: Path, tmp_path: Path) -> None:
    """The answer says what was not judged; a cloud is not judged there at all."""
    installed.run("snapshot", str(tmp_path / "cloud.jsonl"), "--state", "declarations", where=declarations)
    done = installed.run("prove", "--state", "cloud.jsonl", where=tmp_path)
    assert (done.returncode, "no project is in" in done.stdout) == (0, True), done
    assert installed.run("prove", where=tmp_path).returncode == 2


@pytest.mark.parametrize("arguments", [["verify"], ["keys"], ["prove", "--state", "cloud"]], ids=" ".join)
def test_a_verb_whose_extra_is_not_installed_says_which(arguments: list[str], installed: Installed, declarations: Path) -> None:
    """No trace-back, and no answer."""
    done = installed.run(*arguments, where=declarations)
    assert (done.returncode, "pip install 'ringfence[verify]'" in done.stderr, "Traceback" in done.stderr) == (2, True, False), done


def test_what_is_declared_is_told_without_an_extra(installed: Installed, declarations: Path) -> None:
    """Which tenants are up is the engine's knowledge: without it each of them says so. What servers say of themselves cannot be told."""
    done = installed.run("status", "--no-ask", where=declarations)
    assert (done.returncode, "never verified" in done.stdout, "Traceback" in done.stderr) == (0, True, False), done
    done = installed.run("status", where=declarations)
    assert (done.returncode, "never verified" in done.stdout, "needs the extra `verify`" in done.stderr) == (2, True, True), done


def test_the_wheel_holds_the_product_and_nothing_of_the_checkout(wheel: Wheel) -> None:
    """Types, templates and the guest's files are in it; neither the lab nor the toolchain, the benchmarks or the demonstration."""
    names = zipfile.ZipFile(wheel.file).namelist()
    number = "ringfence-0.1.0"
    assert {name.split("/")[0] for name in names} == {"infra", "hardening", "ringfence", f"{number}.dist-info", f"{number}.data"}
    assert {f"{package}/py.typed" for package in ("infra", "hardening", "ringfence")} <= set(names)
    absent = ("ringfence/demo/", "ringfence/bench", "ringfence/project.py")
    assert not [name for name in names if ".venv" in name or "__pycache__" in name or name.startswith(absent)]
    trees = [ROOT / "hardening" / "image" / "tree", *(ROOT / "scripts").rglob("ringfence/**/templates")]
    data = {path.relative_to(ROOT) for tree in trees for path in tree.rglob("*") if path.is_file()}
    assert {str(path).removeprefix("scripts/") for path in data} <= set(names)


def test_the_image_of_what_is_installed_is_the_checkouts(installed: Installed, tmp_path: Path) -> None:
    """The same recipe, file modes included: the image is found by its hash."""
    command = [str(installed.python), "-c", "from hardening.image import cache; print(cache.content_hash())"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == cache.content_hash()


@pytest.fixture
def heard() -> Iterator[None]:
    """Let programs hear an interrupt from their first moment on, also where a shell started this one in its background, to ignore it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("heard")
def test_an_interrupt_at_any_moment_of_the_start_is_an_interrupt(installed: Installed, declarations: Path) -> None:
    """From the first millisecond on: 130, or the signal itself before there is anything that could say so. 1 would be an answer."""
    codes = set()
    for milliseconds in range(0, LATEST_START_MS, 3):
        command = [str(installed.programs / "ringfence"), "prove"]
        with subprocess.Popen(command, cwd=declarations, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            time.sleep(milliseconds / 1000)
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=SECONDS)
        assert process.returncode in {130, -signal.SIGINT}, (milliseconds, process.returncode, err)
        assert (out, err) in {("", "interrupted\n"), ("", "")}, milliseconds
        codes.add(process.returncode)
    assert 130 in codes
