"""Whom a server believes the time from: daemons of their own, beside the one that sets its clock, ask the services server side by side.

None of them may set anything. Those that must not follow have had their answer, and whoever should follow does so in the same minute.
"""

from __future__ import annotations

import secrets
import shlex
from dataclasses import dataclass
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
start() {
    mkdir "$1"
    cat >"$1/conf" <<END
server $SERVER iburst $2
$3
authselectmode $4
port 0
cmdport 0
bindcmdaddress $1/socket
pidfile $1/pid
END
    aa-exec -p unconfined -- chronyd -x -d -u root -f "$1/conf" >"$1/said" 2>&1 &
}
set -e
umask 077  # chronyd makes its socket in a folder of its own only
"""
"""Begins daemons, each in a folder of its own: the folder, how the server is asked, whom it trusts, and whether proof is required.

The server's own daemon is held to the places of its files (AppArmor). These have theirs elsewhere, so they run without its profile.
"""
ENDED = "Fatal error"
ASK = 'for at; do for what in sources authdata; do echo "$at,$what,$(chronyc -h "$at/socket" -c -n "$what" 2>&1 | head -n 1)"; done; done'
"""Every daemon's word of its only source; something else before it listens."""
RIGHT, WRONG, PLAIN, GULLIBLE = "right-authority", "wrong-authority", "plain", "gullible"
STATE, REACH, ATTEMPTS, COOKIES = 1, 5, 6, 8
"""Columns of ``chronyc -c sources`` (state, reach) and ``authdata`` (attempts, cookies)."""
COLUMNS = 10
"""How many there are of either."""
SELECTED = "*"
DAEMONS = {RIGHT: ("nts", "require"), WRONG: ("nts", "require"), PLAIN: ("", "require"), GULLIBLE: ("", "ignore")}


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


@dataclass(frozen=True, slots=True)
class Said:
    """What a daemon says of its source: whether it follows it, whether answers arrived, how often keys were asked for, and its cookies."""

    follows: bool = False
    answered: bool = False
    asked: bool = False
    cookies: bool = False


def said(host: Host, folder: str) -> dict[str, Said]:
    """Ask every daemon; one that does not listen yet has said nothing."""
    places = " ".join(f"{folder}/{name}" for name in DAEMONS)
    rows = [line.split(",") for line in host.check_output("sh -c %s sh " + places, ASK).splitlines()]
    lines = {(row[0].rpartition("/")[2], row[1]): row[2:] for row in rows if len(row) > COLUMNS}
    return {name: _said(lines.get((name, "sources")), lines.get((name, "authdata"))) for name in DAEMONS}


def _said(source: list[str] | None, proof: list[str] | None) -> Said:
    if source is None or proof is None:
        return Said()
    return Said(source[STATE] == SELECTED, source[REACH] != "0", proof[ATTEMPTS] != "0", proof[COOKIES] != "0")


def test_only_the_platforms_authority_makes_a_server_believe_the_time(opened: Opened, hosts: dict[str, Host], folder: str) -> None:
    """Another authority brings no cookies; answers without proof arrive and do not count, and one that believes them follows them."""
    services = opened.inventory.platform.services
    if services is None or services.time is None:
        pytest.skip("the platform offers no time")
    host, address = next(iter(hosts.values())), services_address(opened.inventory.platform)
    host.check_output(f"cp {seen(AUTHORITY)} {folder}/{RIGHT}.pem && printf %s '{strangers_authority()}' >{folder}/{WRONG}.pem")
    script = [f"SERVER={address}{START}"]
    for name, (how, mode) in DAEMONS.items():
        trusted = f"nosystemcert\nntstrustedcerts {folder}/{name}.pem" if how else ""
        script.append(shlex.join(["start", f"{folder}/{name}", how, trusted, mode]))
    host.check_output("sh -c %s", "\n".join(script))

    def answered() -> bool:
        assert ENDED not in host.check_output(f"cat {folder}/*/said")
        now = said(host, folder)
        return now[RIGHT].follows and now[GULLIBLE].follows and now[PLAIN].answered and now[WRONG].asked

    assert eventually(answered), host.check_output(f"tail -n 5 {folder}/*/said")
    now = said(host, folder)
    assert {name: (each.follows, each.cookies) for name, each in now.items()} == {
        RIGHT: (True, True),
        WRONG: (False, False),
        PLAIN: (False, False),
        GULLIBLE: (True, False),
    }
