"""Key rows: counted and deleted by SQL that a real database runs, for one project and no other."""

from __future__ import annotations

import shlex
import sqlite3
import sys
from typing import TYPE_CHECKING

import pytest

from infra.errors import CloudError
from infra.offboarding.proof import KeyRows
from ringfence.offboarding import keystore

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.fast
OURS, OTHERS = "0" * 32, "f" * 32
RUN = (
    "import sqlite3, sys; base = sqlite3.connect(sys.argv[1], isolation_level=None)\nfor row in base.execute(sys.stdin.read()): print(*row)"
)
TABLES = """
CREATE TABLE projects (id, external_id); CREATE TABLE secrets (id, project_id, deleted);
CREATE TABLE kek_data (id, project_id); CREATE TABLE encrypted_data (id, secret_id, kek_id, cypher_text);
"""


@pytest.fixture
def base(tmp_path: Path) -> sqlite3.Connection:
    """Return Barbican's tables with two projects: ours has a secret that is marked as deleted and one that is not, the other has one."""
    made = sqlite3.connect(tmp_path / "barbican", isolation_level=None)
    made.executescript(TABLES)
    made.executemany("INSERT INTO projects VALUES (?, ?)", [(1, OURS), (2, OTHERS)])
    made.executemany("INSERT INTO secrets VALUES (?, ?, ?)", [(11, 1, 1), (12, 1, 0), (21, 2, 0)])
    made.executemany("INSERT INTO kek_data VALUES (?, ?)", [(1, 1), (2, 2)])
    made.executemany("INSERT INTO encrypted_data VALUES (?, ?, ?, 'x')", [(1, 11, 1), (2, 12, 1), (3, 21, 2)])
    return made


def command(folder: Path) -> str:
    """Return a command that runs SQL in the base."""
    return shlex.join([sys.executable, "-I", "-S", "-c", RUN, str(folder / "barbican")])


def test_the_rows_of_one_project_go_and_those_of_the_other_stay(base: sqlite3.Connection, tmp_path: Path) -> None:
    """What is only marked as deleted is there, and counts."""
    assert keystore.rows(command(tmp_path), OURS) == [KeyRows("encrypted_data", 2, 1), KeyRows("kek_data", 1, 1)]
    assert keystore.delete(command(tmp_path), OURS) == 3
    assert [row[0] for row in base.execute("SELECT id FROM encrypted_data")] == [3]
    assert [row[0] for row in base.execute("SELECT project_id FROM kek_data")] == [2]


def test_a_database_that_does_not_answer_is_an_error(base: sqlite3.Connection, tmp_path: Path) -> None:
    """Never a table without rows."""
    base.execute("DROP TABLE kek_data")
    for wrong in (command(tmp_path), "false", "true", "no-such-program", "echo many"):
        with pytest.raises(CloudError, match="does not answer"):
            keystore.rows(wrong, OURS)


def test_an_id_that_is_none_never_becomes_sql(tmp_path: Path) -> None:
    """It comes from a cloud."""
    with pytest.raises(CloudError, match="no id of a project"):
        keystore.rows(command(tmp_path), "x' OR '1' = '1")
