"""The bill of materials says every package of the manifest, and nothing that differs between two looks at one image."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from hardening.image import cache, sbom
from hardening.image.__main__ import main

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.fast
MANIFEST = {"suite": "trixie", "sha256": "ab" * 32, "packages": {"libstdc++6": "14.2.0-19", "acpid": "1:2.0.34-1+b1"}}


def test_every_package_is_a_component_that_databases_find() -> None:
    """By a package URL, whose special characters are written as its specification wants."""
    found = sbom.of(MANIFEST, "name")
    assert [(one["name"], one["version"], one["purl"]) for one in found["components"]] == [
        ("acpid", "1:2.0.34-1+b1", "pkg:deb/debian/acpid@1:2.0.34-1%2Bb1?distro=trixie"),
        ("libstdc++6", "14.2.0-19", "pkg:deb/debian/libstdc%2B%2B6@14.2.0-19?distro=trixie"),
    ]
    assert found["metadata"]["component"]["hashes"] == [{"alg": "SHA-256", "content": MANIFEST["sha256"]}]
    assert found["dependencies"][0]["dependsOn"] == [one["bom-ref"] for one in found["components"]]


def test_the_same_image_has_the_same_bill_and_another_one_another_number() -> None:
    """In whatever order the manifest has its packages."""
    turned = MANIFEST | {"packages": dict(reversed(MANIFEST["packages"].items()))}  # type: ignore[attr-defined]
    assert json.dumps(sbom.of(MANIFEST, "name")) == json.dumps(sbom.of(turned, "name"))
    assert sbom.of(MANIFEST, "name")["serialNumber"] != sbom.of(MANIFEST | {"sha256": "cd" * 32}, "name")["serialNumber"]


def test_the_command_prints_it_for_an_image_that_is_built(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without an image there is nothing to tell."""
    monkeypatch.setenv("RINGFENCE_CACHE", str(tmp_path))
    assert main(["sbom"]) == 1
    path = cache.image_path()
    path.parent.mkdir()
    path.touch()
    path.with_suffix(".json").write_text(json.dumps(MANIFEST), encoding="utf-8")
    capsys.readouterr()
    assert main(["sbom"]) == 0
    assert json.loads(capsys.readouterr().out) == sbom.of(MANIFEST, path.stem)
