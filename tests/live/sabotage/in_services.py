"""Ways to break the platform's services inside the services server, and what a tenant's server has of them. Every one undoes itself."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from hardening.operators import declared as sessions
from hardening.services import clock, logs, packages
from hardening.services.logs import STORE
from ringfence.verify.inventory import SERVICES
from tests.live.tools import inside, ruleset

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from tests.live.sabotage.scene import Scene

    Way = Callable[[Scene], AbstractContextManager[None]]

FILES = "/run/ringfence/files"
ASIDE = "/run/sabotage"
LISTENER = "import socket, time; one = socket.create_server(('', 8080)); time.sleep(86400)"


def off(unit: str) -> Way:
    """Stop a unit of the services server."""
    return lambda scene: inside(scene.stage, SERVICES, ("systemctl", "stop", unit), ("systemctl", "start", unit))


@contextlib.contextmanager
def _edited(scene: Scene, node: str, path: str, command: str) -> Iterator[None]:
    """Change a file that was handed over, by a command that gets its path as ``$1``; the same file comes back, with owner and mode."""
    file, kept = f"{FILES}/{path}", f"{ASIDE}/{path}"
    run = scene.stage.link(node).run
    run("sh", "-ec", f'mkdir -p "$(dirname "$2")" && cp -a "$1" "$2" && {command}', "sh", file, kept)
    try:
        yield
    finally:
        run("sh", "-ec", 'cat "$2" > "$1" && chown --reference="$2" "$1" && chmod --reference="$2" "$1" && rm "$2"', "sh", file, kept)


def another_authority(scene: Scene) -> AbstractContextManager[None]:
    """Let the services server believe one more authority: its own certificate is at hand."""
    return _edited(scene, SERVICES, "pki/ca.pem", 'cat "$(dirname "$1")/certificate.pem" >> "$1"')


def another_port(scene: Scene) -> AbstractContextManager[None]:
    """Let the store of logs answer elsewhere from its next start on."""
    return _edited(scene, SERVICES, STORE, r'sed -i "s/6514/6515/" "$1"')


def readable_key(scene: Scene) -> AbstractContextManager[None]:
    """Let every account of the services server read its key."""
    return _edited(scene, SERVICES, "pki/key.pem", 'chmod 0644 "$1"')


def another_upstream(scene: Scene) -> AbstractContextManager[None]:
    """Let a tenant's server ask somebody else for the time, without proof."""
    return _edited(scene, scene.target, "chrony/chrony.conf", 'echo "server 192.0.2.123" >> "$1"')


def anothers_operators(scene: Scene) -> AbstractContextManager[None]:
    """Let another tenant's operators into a tenant's server."""
    return _edited(scene, scene.target, "ssh/principals/rf-admin", f'echo "{scene.other}-admin" >> "$1"')


def unrecorded(scene: Scene) -> AbstractContextManager[None]:
    """Let a tenant's server record nothing of what operators do."""
    return _edited(scene, scene.target, "sudo/operators", 'echo "Defaults !log_input, !log_output" >> "$1"')


def without_relay(scene: Scene) -> AbstractContextManager[None]:
    """Stop what keeps a tenant's recordings until the store has them."""
    return inside(scene.stage, scene.target, ("systemctl", "stop", sessions.RELAY), ("systemctl", "start", sessions.RELAY))


def silent(scene: Scene) -> AbstractContextManager[None]:
    """Stop what sends a tenant's lines to the store."""
    return inside(scene.stage, scene.target, ("systemctl", "stop", logs.UNIT), ("systemctl", "start", logs.UNIT))


def open_filter(scene: Scene) -> AbstractContextManager[None]:
    """Let everything pass the packet filter of the services server."""
    return ruleset(scene.stage, SERVICES)


def second_listener(scene: Scene) -> AbstractContextManager[None]:
    """Let one more program of the services server wait for connections."""
    start = ("systemd-run", "--quiet", "--unit=sabotage", "python3", "-c", LISTENER)
    return inside(scene.stage, SERVICES, start, ("systemctl", "stop", "sabotage"))


def forwards(scene: Scene) -> AbstractContextManager[None]:
    """Let the services server hand on packets between tenants."""
    return inside(scene.stage, SERVICES, ("sysctl", "-w", "net.ipv4.ip_forward=1"), ("sysctl", "-w", "net.ipv4.ip_forward=0"))


CHANGED = "is not as it was handed over"
AT_SERVICES: dict[str, tuple[Way, str]] = {
    "store of logs off": (off(logs.STORE_UNIT), f"{logs.STORE_UNIT} is inactive"),
    "store of sessions off": (off(sessions.STORE), f"{sessions.STORE} is inactive"),
    "time off": (off(clock.UNIT), f"{clock.UNIT} is inactive"),
    "proxy for packages off": (off(packages.UNIT), f"{packages.UNIT} is inactive"),
    "one more authority": (another_authority, f"pki/ca.pem {CHANGED}"),
    "store of logs on another port": (another_port, f"{STORE} {CHANGED}"),
    "key that everybody reads": (readable_key, f"pki/key.pem {CHANGED}"),
    "packet filter open": (open_filter, "flushed or changed by hand"),
    "second listener": (second_listener, ":8080, which nobody declared"),
    "services server that forwards": (forwards, "forwarding is on"),
}
"""What is broken in the services server at the same time."""
AT_TENANT: dict[str, tuple[Way, str]] = {
    "time of somebody else": (another_upstream, f"chrony/chrony.conf {CHANGED}"),
    "another tenant's operators": (anothers_operators, f"ssh/principals/rf-admin {CHANGED}"),
    "nothing recorded": (unrecorded, f"sudo/operators {CHANGED}"),
    "no relay": (without_relay, f"{sessions.RELAY} is inactive"),
    "no lines sent": (silent, f"{logs.UNIT} is inactive"),
}
"""What is broken in a tenant's server at the same time."""
