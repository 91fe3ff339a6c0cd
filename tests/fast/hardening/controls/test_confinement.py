"""Which profiles of AppArmor a boot loads, and what chrony's lets it read."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from hardening.agent.paths import Paths
from hardening.controls import confinement
from hardening.image import grub, recipe
from hardening.services import clock, credentials

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.fast
ENFORCING = {
    "plain": "/usr/bin/plain {\n}\n",
    "detached": "profile detached /usr/bin/detached flags=(attach_disconnected) {\n}\n",
}
OTHERS = {
    "stub": "profile stub /opt/stub flags=(unconfined) {\n  userns,\n}\n",
    "learns": "profile learns /usr/bin/learns flags=(attach_disconnected, complain) {\n}\n",
    "spaced": "profile spaced /usr/bin/spaced flags = ( complain ) {\n}\n",
    "plain.dpkg-dist": "/usr/bin/plain {\n}\n",
}


def load(folder: Path, profiles: dict[str, str], code: int = 0, place: str = "profiles") -> subprocess.CompletedProcess[str]:
    """Run the loader, beside the profiles, with another parser that prints the words it got and ends with ``code``."""
    beside, programs = folder / "profiles", folder / "bin"
    (beside / "local").mkdir(parents=True)
    programs.mkdir()
    for name, text in profiles.items():
        (beside / name).write_text(text, encoding="utf-8")
    parser = programs / "apparmor_parser"
    parser.write_text(f'#!/bin/sh\necho "$@"\nexit {code}\n', encoding="utf-8")
    parser.chmod(0o755)
    script = confinement.LOAD.replace("/etc/apparmor.d", str(folder / place))
    environment = {**os.environ, "PATH": f"{programs}:{os.environ['PATH']}"}
    return subprocess.run(["sh", "-c", script], check=False, capture_output=True, text=True, env=environment, cwd=beside)


def test_profiles_that_refuse_something_are_loaded_and_no_others(tmp_path: Path) -> None:
    """What only complains or confines nothing would be a profile that nobody is held to."""
    words = load(tmp_path, {**ENFORCING, **OTHERS}).stdout.split()
    assert words[:-2] == ["--replace", "--write-cache", "--"]
    assert sorted(words[-2:]) == sorted(ENFORCING)


@pytest.mark.parametrize(("code", "place", "ends"), [(0, "profiles", 0), (3, "profiles", 3), (0, "none", 2)])
def test_a_unit_that_is_active_has_loaded_all(tmp_path: Path, code: int, place: str, ends: int) -> None:
    """The parser's exit code is the loader's, and without the folder nothing of another one is loaded."""
    assert load(tmp_path, ENFORCING, code, place).returncode == ends


def test_chrony_reads_what_its_configuration_names_and_no_private_key_of_others() -> None:
    """Every file that a bundle has for it is in a rule, wherever bundles are; the server's own key is in none."""
    paths = Paths("/etc/ringfence", "/usr/lib/ringfence", "/run/ringfence")
    rules = confinement.ITS_FILES.replace("@{run}", "/run")
    for place in (paths.staged, paths.generations):
        assert f"{place}/*/files/chrony/* r," in rules
        assert f"{place}/*/files/pki/{{ca,certificate}}.pem r," in rules
    assert f"{paths.files.rpartition('/')[0]}/{{files,no-files}}/chrony/* r," in rules
    assert {path.rpartition("/")[0] for path in (clock.CONFIGURATION, clock.NAMES, clock.KEY)} == {"chrony"}
    assert (credentials.AUTHORITY, credentials.CERTIFICATE) == ("pki/ca.pem", "pki/certificate.pem")
    assert "pki/*" not in rules
    assert "key.pem" not in rules


def test_the_kernel_is_told_once_and_the_file_beside_says_the_same() -> None:
    """What examiners read is what GRUB does."""
    line = recipe.KERNEL_COMMAND_LINE
    assert {"apparmor=1", "security=apparmor"} < set(line)
    assert any(word.startswith("lsm=") and "apparmor" in word for word in line)
    told = grub.told("0afcf7ce-26aa-5312-8962-9e80d2ebdc86", line)
    note, _, text = told.partition("\n")
    assert note.startswith("# ")
    assert text == grub.configuration("0afcf7ce-26aa-5312-8962-9e80d2ebdc86", line)
