"""The text of the units with which systemd runs the backups, and the drills that are due, every day. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import time

NAME: Final = "ringfence-backup"
DRILL: Final = "ringfence-drill"
VARIABLES: Final = (
    "PATH",
    "OS_CLOUD",
    "OS_CLIENT_CONFIG_FILE",
    "OS_CACERT",
    "PULUMI_HOME",
    "PULUMI_BACKEND_URL",
    "PULUMI_CONFIG_PASSPHRASE_FILE",
    "PULUMI_SKIP_UPDATE_CHECK",
    "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION",
)
OWN: Final = "RINGFENCE_"
"""Settings that a unit takes along from where it is made, with all that begin with :data:`OWN`; none of them is a secret."""


@dataclass(frozen=True, slots=True)
class UnitPlace:
    """Where the units run: the program, the folder of the declarations, and a file of further settings that only its owner may read."""

    program: str
    folder: str
    secrets: str


def service(place: UnitPlace, environment: Mapping[str, str], *, drills: bool) -> str:
    """Return the service of the backups: one run over all tenants. It pulls in the drills, if there are any, which begin when it has ended.

    It wants them and they come after it, so a run that failed keeps nobody from drilling, and each of the two has an outcome of its own.
    """
    wants = [f"Wants={DRILL}.service"] if drills else []
    return _service(place, environment, ("Backups of ringfence's tenants", wants), "backup run --queue")


def drill(place: UnitPlace, environment: Mapping[str, str]) -> str:
    """Return the service of the drills that are due."""
    return _service(place, environment, ("Drills of ringfence's backups", [f"After={NAME}.service"]), "backup drill --due --queue")


def _service(place: UnitPlace, environment: Mapping[str, str], unit: tuple[str, list[str]], words: str) -> str:
    """Return a service that ends by itself. It may take long, and is not ended by a clock."""
    description, more = unit
    taken = [name for name in sorted(environment) if environment[name] and (name in VARIABLES or name.startswith(OWN))]
    settings = [f"Environment={_quoted(f'{name}={environment[name]}')}" for name in taken]
    lines = [
        "[Unit]",
        f"Description={description}",
        "After=network-online.target",
        "Wants=network-online.target",
        *more,
        "",
        "[Service]",
        "Type=oneshot",
        "TimeoutStartSec=infinity",
        f"WorkingDirectory={_escaped(place.folder)}",
        *settings,
        f"EnvironmentFile=-{_escaped(place.secrets)}",
        f"ExecStart={_quoted(place.program).replace('$', '$$')} {words}",
        "# What a stop leaves undone, the next run does; the first signal lets servers go that are held still.",
        "KillSignal=SIGINT",
        "KillMode=mixed",
        "TimeoutStopSec=120",
        "",
    ]
    return "\n".join(lines)


def timer(times: Iterable[time]) -> str:
    """Return the timer: at each declared time of day, and at once after a time that the machine slept through."""
    moments = [f"OnCalendar=*-*-* {moment:%H:%M}:00 UTC" for moment in sorted(set(times))]
    lines = ["[Unit]", "Description=Backups of ringfence's tenants, every day", "", "[Timer]", *moments, "Persistent=true"]
    return "\n".join([*lines, "", "[Install]", "WantedBy=timers.target", ""])


def _escaped(text: str) -> str:
    """Write a path for systemd, to which a percent sign begins a specifier (systemd.unit)."""
    return text.replace("%", "%%")


def _quoted(text: str) -> str:
    """Write one word, whatever it holds (systemd.syntax, quoting); a dollar sign begins a variable in a command line."""
    text = _escaped(text).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'
