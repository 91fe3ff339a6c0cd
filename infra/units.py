"""The text of the units with which systemd runs ringfence at set times, on a machine of the operators. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

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
"""Settings that a unit takes along from where it is made, with all that begin with :data:`OWN`; none of them is a secret.

One of ours that is set and empty says something as well: without ``RINGFENCE_NO_CLOUD`` no stack is built.
"""


@dataclass(frozen=True, slots=True)
class UnitPlace:
    """Where the units run: the program, the folder of the declarations, and a file of further settings that only its owner may read."""

    program: str
    folder: str
    secrets: str


@dataclass(frozen=True, slots=True)
class Task:
    """What a service does: commands one after the other until one fails, each a program and its words.

    ``more`` are further lines of its section Unit. ``stopping`` says what a stop does to it; it has ``seconds`` for that.
    """

    description: str
    commands: tuple[tuple[str, str], ...]
    stopping: str
    seconds: int
    more: tuple[str, ...] = ()


def service(place: UnitPlace, environment: Mapping[str, str], task: Task) -> str:
    """Return a service that ends by itself. It may take long, and is not ended by a clock."""
    taken = [name for name in sorted(environment) if name.startswith(OWN) or (environment[name] and name in VARIABLES)]
    settings = [f"Environment={_quoted(f'{name}={environment[name]}')}" for name in taken]
    lines = [
        "[Unit]",
        f"Description={task.description}",
        "After=network-online.target",
        "Wants=network-online.target",
        *task.more,
        "",
        "[Service]",
        "Type=oneshot",
        "TimeoutStartSec=infinity",
        f"WorkingDirectory={_escaped(place.folder)}",
        *settings,
        f"EnvironmentFile=-{_escaped(place.secrets)}",
        *(f"ExecStart={_quoted(program).replace('$', '$$')} {words}" for program, words in task.commands),
        f"# {task.stopping}",
        "KillSignal=SIGINT",
        "KillMode=mixed",
        f"TimeoutStopSec={task.seconds}",
        "",
    ]
    return "\n".join(lines)


def timer(description: str, moments: Iterable[str]) -> str:
    """Return the timer: at each moment (systemd.time, calendar events), and at once after one that the machine slept through."""
    lines = ["[Unit]", f"Description={description}", "", "[Timer]", *(f"OnCalendar={each}" for each in moments), "Persistent=true"]
    return "\n".join([*lines, "", "[Install]", "WantedBy=timers.target", ""])


def _escaped(text: str) -> str:
    """Write a path for systemd, to which a percent sign begins a specifier (systemd.unit)."""
    return text.replace("%", "%%")


def _quoted(text: str) -> str:
    """Write one word, whatever it holds (systemd.syntax, quoting); a dollar sign begins a variable in a command line."""
    text = _escaped(text).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'
