"""OpenSCAP itself looks at the image's files: the short part of ``./scripts/examine``."""

from __future__ import annotations

import os
import shutil
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from examiners import bars, exceptions, judge, openscap, packages, tree
from examiners.model import Result, Tier, counts
from hardening.image.progress import Progress
from infra.outcome import CheckVerdict

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from examiners.model import Examination
    from examiners.packages import Toolbox

PROFILE = "cis_level2_server"


@pytest.fixture(scope="module")
def tools() -> Toolbox:
    """The examiners, fetched once for each machine."""
    if os.geteuid() != 0:
        pytest.skip("the image's files belong to root")
    if missing := [program for program in ("mmdebstrap", "dpkg-deb", "apt-get") if shutil.which(program) is None]:
        pytest.skip(f"not installed: {', '.join(missing)}")
    try:
        return packages.toolbox(Progress())
    except packages.NotToBeHadError as error:
        pytest.skip(f"the examiners cannot be fetched: {error.problems[0].what}")


@pytest.fixture(scope="module")
def files() -> Iterator[Path]:
    """The image's files."""
    with tree.of_image(Progress()) as made:
        yield made


@pytest.fixture(scope="module")
def found(tools: Toolbox, files: Path, tmp_path_factory: pytest.TempPathFactory) -> Examination:
    """What OpenSCAP says of them."""
    return openscap.of_tree(tools, files, PROFILE, tmp_path_factory.mktemp("raw"))


def test_the_image_is_no_worse_than_its_bars(found: Examination) -> None:
    """Every rule of the profile has a word, nothing broke, and no more is left than the bars of a tree allow."""
    said = counts(found.findings)
    assert (len(found.findings) > 500, said[Result.ERROR], said[Result.FIXED]) == (True, 0, 0), said
    judged = judge.judged(found, exceptions.read(), datetime.now(tz=UTC).date())
    asked = [bar for bar in bars.BARS if bar.scope == PROFILE]
    scores = bars.scores([judged], [Tier.OFFLINE], asked)
    assert scores
    assert [score.outcome for score in scores if score.outcome.verdict is not CheckVerdict.PASS] == []


def test_a_server_that_is_worse_is_seen(tools: Toolbox, files: Path, found: Examination, tmp_path: Path) -> None:
    """A file that anybody may write is named, and nothing else changes its word."""
    passwd = files / "etc/passwd"
    mode = passwd.stat().st_mode
    passwd.chmod(0o666)
    try:
        worse = openscap.of_tree(tools, files, PROFILE, tmp_path)
    finally:
        passwd.chmod(mode)
    before = {finding.rule: finding.result for finding in found.findings}
    changed = {finding.rule for finding in worse.findings if finding.result is not before[finding.rule]}
    assert changed == {"file_permissions_etc_passwd"}
