"""The lock of Neutron's repair, with the real library and a real ovsdb-server."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.truth.neutron import environment
from tests.truth.neutron.daemons import Ovn

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.truth


@pytest.fixture
def ovn(tmp_path: Path) -> Iterator[Ovn]:
    """OVN's databases."""
    with Ovn(tmp_path) as databases:
        yield databases.begin()


def test_a_fast_answer_is_not_lost(ovn: Ovn) -> None:
    """The library as it comes loses every answer that is faster than itself; in the lab's order it loses none."""
    command = (str(environment.python()), str(Path(__file__).with_name("lock.py")), str(ovn.folder / "nb.sock"))
    path = str(environment.ROOT / "scripts")
    done = subprocess.run(command, env=os.environ | {"PYTHONPATH": path}, capture_output=True, text=True, timeout=120, check=False)
    assert done.stdout == "0 10\n", done.stderr
