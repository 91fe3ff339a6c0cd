"""Whom a server believes the time from: daemons of their own, beside the one that sets its clock, ask the services server side by side.

None of them may set anything. Those that must not follow have had their answer, and whoever should follow does so in the same minute.
"""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from hardening.services.credentials import AUTHORITY, seen
from infra.declaration import names
from infra.declaration.addresses import services_address
from infra.pki.certificates import Subject, authority
from infra.pki.lives import Life
from tests.live.operators import eventually

if TYPE_CHECKING:
    from collections.abc import Iterator

    from testinfra.host import Host

    from ringfence.verify.open import Opened

pytestmark = pytest.mark.live
START = """
set -e
umask 077  # chronyd makes its socket in a folder of its own only
mkdir "$1/$2"
cat >"$1/$2/conf" <<END
server $3 iburst $4
$5
authselectmode $6
port 0
cmdport 0
bindcmdaddress $1/$2/socket
pidfile $1/$2/pid
END
exec chronyd -x -d -u root -f "$1/$2/conf" >"$1/$2/said" 2>&1 &
"""
"""A daemon in a folder of its own: folder, name, server, how it is asked, whom it trusts, and whether proof is required."""
RIGHT, WRONG, PLAIN, GULLIBLE = "right-authority", "wrong-authority", "plain", "gullible"
STATE, REACH, ATTEMPTS, COOKIES = 1, 5, 6, 8
"""Columns of ``chronyc -c sources`` (state, reach) and ``authdata`` (attempts, cookies)."""
SELECTED = "*"


def strangers_authority() -> str:
    """Return the certificate of an authority that has signed nothing here."""
    now = datetime.now(UTC)
    life = Life(now - timedelta(hours=1), now + timedelta(days=1))
    return authority(Subject(names.PLATFORM, names.PLATFORM), ec.generate_private_key(ec.SECP256R1()), 1, life)


@pytest.fixture
def folder(hosts: dict[str, Host]) -> Iterator[str]:
    """Give a folder on the first server; the daemons that run in it end with the test."""
    host, made = next(iter(hosts.values())), f"/run/chrony-of-a-test-{secrets.token_hex(4)}"
    host.check_output(f"install -d -m 0700 {made}")
    yield made
    host.check_output(f"for pid in {made}/*/pid; do kill $(cat $pid); done; rm -r {made}")


def row(host: Host, folder: str, name: str, question: str) -> list[str]:
    """Return what a daemon says of its only source; nothing before it listens."""
    done = host.run(f"chronyc -h {folder}/{name}/socket -c -n {question}")
    lines = done.stdout.splitlines() if done.rc == 0 else []
    return lines[0].split(",") if lines else []


def test_only_the_platforms_authority_makes_a_server_believe_the_time(opened: Opened, hosts: dict[str, Host], folder: str) -> None:
    """Another authority brings no cookies; answers without proof arrive and do not count, and one that believes them follows them."""
    services = opened.inventory.platform.services
    if services is None or services.time is None:
        pytest.skip("the platform offers no time")
    host, address = next(iter(hosts.values())), services_address(opened.inventory.platform)
    host.check_output(f"cp {seen(AUTHORITY)} {folder}/right.pem && printf %s '{strangers_authority()}' >{folder}/wrong.pem")
    daemons = {
        RIGHT: ("nts", f"ntstrustedcerts {folder}/right.pem", "require"),
        WRONG: ("nts", f"ntstrustedcerts {folder}/wrong.pem", "require"),
        PLAIN: ("", "", "require"),
        GULLIBLE: ("", "", "ignore"),
    }
    for name, (how, trusted, mode) in daemons.items():
        trust = f"nosystemcert\n{trusted}" if trusted else ""
        host.check_output("sh -c %s sh %s %s %s %s %s %s", START, folder, name, str(address), how, trust, mode)

    def answered() -> bool:
        followed = [row(host, folder, name, "sources")[STATE : STATE + 1] == [SELECTED] for name in (RIGHT, GULLIBLE)]
        plain, wrong = row(host, folder, PLAIN, "sources"), row(host, folder, WRONG, "authdata")
        return all(followed) and plain[REACH : REACH + 1] not in ([], ["0"]) and wrong[ATTEMPTS : ATTEMPTS + 1] not in ([], ["0"])

    assert eventually(answered), host.check_output(f"tail -n 5 {folder}/*/said")
    told = {name: (row(host, folder, name, "sources")[STATE], row(host, folder, name, "authdata")[COOKIES] != "0") for name in daemons}
    assert told[RIGHT] == (SELECTED, True)
    assert told[GULLIBLE] == (SELECTED, False)
    assert [told[name][0] == SELECTED or told[name][1] for name in (WRONG, PLAIN)] == [False, False], told
