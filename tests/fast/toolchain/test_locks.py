"""The pins: complete, hashed, free of addresses, and the same everywhere."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from toolchain import parts
from toolchain.places import HERE, TREE

if TYPE_CHECKING:
    from pathlib import Path

LOCKS = [
    TREE / "requirements.lock",
    TREE / "requirements-truth.lock",
    *(HERE / f"{name}.lock" for name in ("uv", "go", "pipx", "setuptools")),
]


def pins(lock: Path) -> dict[str, list[str]]:
    """Return each pinned package, ``name==version``, with the lines that follow it."""
    out: dict[str, list[str]] = {}
    current: list[str] = []
    for line in lock.read_text(encoding="utf-8").splitlines():
        if re.match(r"[A-Za-z0-9]", line):
            current = out.setdefault(line.split()[0], [])
        elif line.strip():
            current.append(line.strip())
    return out


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_every_package_is_pinned_with_hashes(lock: Path) -> None:
    """A package without a hash could be exchanged on the way."""
    found = pins(lock)
    assert found
    for package, lines in found.items():
        assert re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.+]+", package)
        assert any(line.startswith("--hash=sha256:") for line in lines), package


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_locks_name_no_registry(lock: Path) -> None:
    """The same lock serves a mirror, an air-gapped site and the public registry."""
    text = lock.read_text(encoding="utf-8")
    assert "://" not in text
    assert "--index-url" not in text


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_everything_asked_for_is_in_the_lock(lock: Path) -> None:
    """A requirement that was added without locking it would be missing on every other machine."""
    asked = {
        re.split(r"[=><\[ #]", line)[0].lower().replace("_", "-")
        for line in lock.with_suffix(".in").read_text(encoding="utf-8").splitlines()
        if re.match(r"[A-Za-z]", line)
    }
    assert asked <= {package.split("==")[0].lower() for package in pins(lock)}


@pytest.mark.parametrize("module", ["engine", "provider"])
def test_checksums_are_committed(module: str) -> None:
    """Every module that the build requires has its checksum in go.sum: the build asks no checksum database."""
    folder = HERE / module
    sums = {tuple(line.split()[:2]) for line in (folder / "go.sum").read_text(encoding="utf-8").splitlines()}
    replaced = set(re.findall(r"^replace (\S+)", (folder / "go.mod").read_text(encoding="utf-8"), re.MULTILINE))
    required = re.findall(r"^\t(\S+) (v\S+)", (folder / "go.mod").read_text(encoding="utf-8"), re.MULTILINE)
    assert required
    assert [one for one in required if one not in sums and (one[0], f"{one[1]}/go.mod") not in sums and one[0] not in replaced] == []


def test_engine_is_of_the_version_of_the_sdk() -> None:
    """Engine and Python SDK speak the same protocol only when their versions agree."""
    text = (HERE / "engine/go.mod").read_text(encoding="utf-8")
    for module in ("pkg", "sdk"):
        assert f"github.com/pulumi/pulumi/{module}/v3 v{parts.pinned('pulumi')}" in text


def test_plugin_is_of_the_version_of_the_sdk() -> None:
    """The plug-in reports the version in sdk.json, and the SDK asks the engine for its own version."""
    assert json.loads((HERE / "provider/sdk.json").read_text(encoding="utf-8"))["version"] == parts.pinned("pulumi-openstack")


def test_an_unknown_package_is_not_pinned() -> None:
    """A misspelt name is an error, never an empty version."""
    with pytest.raises(LookupError, match="nonesuch"):
        parts.pinned("nonesuch")
