"""A look into a restored data disk, by a login at the server that the disk was copied from.

The copy is a throw-away: its journal may be played, and it gets another label at once, so that a server that restarts meanwhile does not
take it for its own disk.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.errors import GuestError
from ringfence.backups.stillness import MARKER, device

if TYPE_CHECKING:
    from infra.ssh.access import Session

UNTOLD = "cannot tell"
SECONDS = 3600.0
LABEL = "ringfence-drill"
WHOLE = "file system"
"""The last check: without it the look came to no end."""
READY = "mountpoint -q /data && ! mountpoint -q /run/ringfence-drill"
LOOK = f"""set -u
device=$1 wanted=$2 place=/run/ringfence-drill
label() {{ e2label "$device" {LABEL} 2>&1; }}
short() {{ echo "$1" | tail -n 5 | tr '\\n' ' '; }}
for i in $(seq 600); do [ -b "$device" ] && break; sleep 0.5; done
if ! said=$(label); then echo "file system|cannot tell|$(short "$said")"; exit 0; fi
mkdir -p $place
if ! said=$(mount -o ro,nodev,nosuid,noexec "$device" $place 2>&1); then echo "file system|bad|$(short "$said")"; exit 0; fi
found=$(sha256sum <$place/{MARKER} | cut -d' ' -f1)
if [ "$found" = "$wanted" ]; then echo "marker|good|"; else echo "marker|bad|its digest is $found, and $wanted was written"; fi
number=$(grep -vc '^#' $place/{MARKER})
if [ "$number" -gt 0 ]; then
    said=$(cd $place && grep -v '^#' {MARKER} | sha256sum --quiet --strict -c 2>&1) && same=1 || same=0
    if [ $same = 1 ]; then echo "files|good|$number files are as they were"; else echo "files|bad|$(short "$said")"; fi
fi
umount $place
label >/dev/null
if said=$(e2fsck -fn "$device" 2>&1); then echo "file system|good|"; else echo "file system|bad|$(short "$said")"; fi
"""


class ByLogin:
    """Looks over a login at the server."""

    def __init__(self, session: Session) -> None:
        """Use a login."""
        self._session = session

    def ready(self) -> str:
        """Return why the server must not have another disk now: without its own it would take the copy for that."""
        try:
            done = self._session.run(("sudo", "-n", "sh", "-c", READY), timeout=SECONDS)
        except GuestError as error:
            return str(error)
        return "" if done.status == 0 else "the server has not mounted its own data disk, and would take the copy for that"

    def look(self, volume: str, marker: str) -> list[tuple[str, str, str]]:
        """Mount the copy, compare, and check its file system."""
        try:
            done = self._session.run(("sudo", "-n", "sh", "-c", LOOK, "sh", device(volume), marker), timeout=SECONDS)
        except GuestError as error:
            return [("compared", UNTOLD, str(error))]
        checks = [told(line) for line in done.stdout.splitlines() if line.count("|") > 1]
        if done.status or not any(check == WHOLE for check, _, _ in checks):
            checks.append(("compared", UNTOLD, f"the look ended with {done.status}: {done.stderr.strip()[-200:]}"))
        return checks


def told(line: str) -> tuple[str, str, str]:
    """Return check, verdict and what is said of a line of the look."""
    check, verdict, said = line.split("|", 2)
    return check, verdict, said.strip()
