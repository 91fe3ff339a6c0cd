"""The rows of the key manager's database that hold the tenant's keys: counted, and deleted, by somebody who may.

Barbican marks what is deleted and keeps it for up to 90 days, and the key that wraps a project's secrets for ever.
``RINGFENCE_KEYSTORE_SQL`` is a command that reads SQL and prints rows with tabs between, as the clients of MySQL and MariaDB do
(``mysql --batch --skip-column-names barbican``). Only the rows of this project are deleted, and of these only what is key material: the
wrapped secrets, and the key that wraps them.
"""

from __future__ import annotations

import re
import shlex
import subprocess

from infra.errors import CloudError
from infra.offboarding.proof import KeyRows

VARIABLE = "RINGFENCE_KEYSTORE_SQL"
SKIP = f"nobody may read the key manager's database: {VARIABLE} is not set; Barbican keeps deleted keys for up to 90 days"
SECONDS = 120
PROJECT = re.compile(r"[0-9a-f-]{32,36}")
OF_PROJECT = "(SELECT id FROM projects WHERE external_id = '{}')"
COUNT, DELETE = "SELECT COUNT(*) FROM {} WHERE {};", "DELETE FROM {} WHERE {};"
TABLES = {
    "encrypted_data": "secret_id {not_} IN (SELECT id FROM secrets WHERE project_id IN {ours})",
    "kek_data": "project_id {not_} IN {ours}",
}
"""Tables with key material, in the order in which rows may go; what makes a row the project's."""


def rows(command: str, project: str) -> list[KeyRows]:
    """Count the rows of the project and of all others, deleted ones included. Raises :class:`CloudError`."""
    found = []
    for table in TABLES:
        counts = [_asked(command, COUNT.format(table, _where(table, project, not_=not_))) for not_ in ("", "NOT")]
        if not all(count.isdecimal() for count in counts):
            raise _wrong(f"a number of rows in {table}", " and ".join(counts))
        found.append(KeyRows(table, int(counts[0]), int(counts[1])))
    return found


def delete(command: str, project: str) -> int:
    """Delete the project's rows and return how many there were. Raises :class:`CloudError`."""
    before = sum(each.ours for each in rows(command, project))
    for table in TABLES:
        _asked(command, DELETE.format(table, _where(table, project)))
    return before


def _where(table: str, project: str, *, not_: str = "") -> str:
    if not PROJECT.fullmatch(project):
        raise CloudError.of("this is no id of a project", where=VARIABLE, expected="hexadecimal digits", got=project)
    return TABLES[table].format(not_=not_, ours=OF_PROJECT.format(project))


def _asked(command: str, sql: str) -> str:
    try:
        done = subprocess.run(shlex.split(command), input=sql, capture_output=True, text=True, timeout=SECONDS, check=False)
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        raise _wrong("exit code 0", f"{type(error).__name__}: {error}") from error
    if done.returncode:
        raise _wrong("exit code 0", done.stderr.strip()[-300:] or str(done.returncode))
    return done.stdout.strip()


def _wrong(expected: str, got: str) -> CloudError:
    hint = "see what the command does with `SELECT 1;` on its input"
    return CloudError.of("the key manager's database does not answer", where=VARIABLE, expected=expected, got=got, hint=hint)
