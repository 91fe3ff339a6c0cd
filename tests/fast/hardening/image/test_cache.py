"""An image's name changes with everything that decides its content, and with nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from hardening.image import cache


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    """A recipe of two files."""
    folder = tmp_path / "image"
    (folder / "tree").mkdir(parents=True)
    (folder / "recipe.py").write_text("PACKAGES = ()\n", encoding="utf-8")
    (folder / "tree/console").write_text("#!/bin/sh\n", encoding="utf-8")
    return folder


def test_bytes_names_and_modes_change_the_hash(recipe: Path) -> None:
    """Each of the three makes another image."""
    hashes = {cache.content_hash((recipe,))}
    (recipe / "recipe.py").write_text("PACKAGES = ('sudo',)\n", encoding="utf-8")
    hashes.add(cache.content_hash((recipe,)))
    (recipe / "tree/console").chmod(0o755)
    hashes.add(cache.content_hash((recipe,)))
    (recipe / "tree/console").rename(recipe / "tree/terminal")
    hashes.add(cache.content_hash((recipe,)))
    assert len(hashes) == 4


@pytest.mark.parametrize("name", ["__pycache__/recipe.pyc", "recipe.py~", "progress.py", "host-packages.txt"])
def test_files_without_effect_do_not(recipe: Path, name: str) -> None:
    """Python's caches, editors' copies, and how a build is told about."""
    before = cache.content_hash((recipe,))
    (recipe / name).parent.mkdir(exist_ok=True)
    (recipe / name).touch()
    assert cache.content_hash((recipe,)) == before


def test_the_cache_is_where_the_environment_says(monkeypatch: pytest.MonkeyPatch) -> None:
    """RINGFENCE_CACHE wins over XDG_CACHE_HOME, which wins over the home directory."""
    monkeypatch.delenv("RINGFENCE_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", "/xdg")
    assert cache.directory() == Path("/xdg/ringfence/image")
    monkeypatch.setenv("RINGFENCE_CACHE", "/elsewhere")
    assert cache.directory() == Path("/elsewhere/image")
