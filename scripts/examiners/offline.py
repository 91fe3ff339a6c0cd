"""The quick tier: OpenSCAP on the image's files, without a boot. It cannot see mounts, the running kernel or units that run."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from examiners import openscap, packages
from examiners import tree as trees
from examiners.model import ExaminerError, Tier

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from examiners.model import Examination
    from hardening.image.progress import Progress


def examine(profiles: Sequence[str], tree: Path | None, folder: Path, progress: Progress) -> tuple[list[Examination], dict[str, str]]:
    """Evaluate profiles on a tree, the image's when none is given; also return why one gave no answer. Raw results are kept in the folder.

    Raises:
        ExaminerError: there are no examiners, or there is no tree.
    """
    raw = folder / "raw" / Tier.OFFLINE
    raw.mkdir(parents=True, exist_ok=True)
    tools = packages.toolbox(progress)
    found: list[Examination] = []
    broken: dict[str, str] = {}
    with contextlib.nullcontext(tree) if tree else trees.of_image(progress) as examined:
        for profile in profiles:
            with progress.step(f"OpenSCAP, {profile}"):
                try:
                    found.append(openscap.of_tree(tools, examined, profile, raw))
                except ExaminerError as error:
                    broken[f"{profile} {Tier.OFFLINE}"] = str(error)
    return found, broken
