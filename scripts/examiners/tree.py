"""The image's files as a tree: what the build makes, before it becomes a disk."""

from __future__ import annotations

import contextlib
import fcntl
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from examiners.model import ExaminerError
from hardening.image import build, cache, root

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hardening.image.progress import Progress


@contextlib.contextmanager
def of_image(progress: Progress) -> Iterator[Path]:
    """Make the tree of the image that this work tree would build; it goes when the block ends.

    Raises:
        ExaminerError: a program of the build failed.
    """
    with plain(progress) as tree:
        with _told(), progress.step("The image's files"):
            root.edit(tree)
        yield tree


@contextlib.contextmanager
def plain(progress: Progress) -> Iterator[Path]:
    """Make the tree of the image's packages, before anything of it is edited. Raises as :func:`of_image`."""
    folder = cache.directory()
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".examined-") as work:
        tree = Path(work, "root")
        with _told(), (folder / ".lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            build.unpack_packages(tree, folder, progress)
        yield tree


@contextlib.contextmanager
def _told() -> Iterator[None]:
    """Turn the failure of a program of the build into an error with its last words."""
    try:
        yield
    except subprocess.CalledProcessError as error:
        raise ExaminerError.of(
            f"{error.cmd[0]} failed with exit code {error.returncode}",
            where="the image's files",
            got=(error.stderr or error.stdout or "").strip()[-1000:],
            hint="./scripts/image build says more",
        ) from error
