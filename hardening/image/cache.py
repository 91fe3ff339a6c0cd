"""Where images are kept, and under which name: the hash of everything that decides their content."""

from __future__ import annotations

import hashlib
from pathlib import Path

from hardening.controls import rendering
from infra import paths

HARDENING = Path(__file__).parent.parent
GUEST = (HARDENING / "agent", HARDENING / "bundle.py", HARDENING / "firstboot", HARDENING / "logs")
"""Packages and modules that run in the guest."""
PACKAGES = (Path(__file__).parent, *GUEST)
HASH_LENGTH = 20
TOLD = ("__main__.py", "cache.py", "host.py", "host-packages.txt", "progress.py", "sbom.py")
WITHOUT_EFFECT = frozenset(f"image/{name}" for name in TOLD)
"""Files that say how a build is asked for and told about, not what is built."""


def inputs(places: tuple[Path, ...] = PACKAGES) -> list[Path]:
    """Files that decide the image's content, in a fixed order; caches of Python and editors' files do not."""
    files = sorted(path for place in places for path in (place, *place.rglob("*")) if path.is_file())
    kept = (path for path in files if "__pycache__" not in path.parts and not path.name.endswith(("~", ".swp", ".pyc")))
    return [path for path in kept if f"{path.parent.name}/{path.name}" not in WITHOUT_EFFECT]


def content_hash(places: tuple[Path, ...] = PACKAGES, controls: rendering.Rendered | None = None) -> str:
    """Hash of what controls make of the image, and of names, executable bits and bytes of :func:`inputs`.

    20 hexadecimal digits of a SHA-256. Titles, references and questions of a control change no image.
    """
    total = hashlib.sha256(repr(controls or rendering.rendered()).encode())
    for path in inputs(places):
        base = next(place for place in places if path.is_relative_to(place))
        name = f"{base.name}/{path.relative_to(base)}"
        executable = bool(path.stat().st_mode & 0o100)
        total.update(f"{name}\0{executable}\0{hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return total.hexdigest()[:HASH_LENGTH]


def directory() -> Path:
    """The images' folder in ringfence's cache."""
    return paths.cache() / "image"


def image_path() -> Path:
    """Where the image of this recipe is, or will be."""
    return directory() / f"{content_hash()}.qcow2"
