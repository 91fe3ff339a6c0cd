"""What the controls make of the image, as data that the build writes. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from hardening.controls.catalogue import CATALOGUE
from hardening.controls.model import Group, JournalSetting, KernelModule, KernelParameter, Line, Link, Mode, Package, SshSetting, Text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from hardening.controls.model import Control, Rendering

SSHD: Final = """\
# SSH server of every ringfence server. What differs between servers (address, port, forwarding) is written at first boot into
# sshd_config.d/10-ringfence.conf, which comes before the rest and so wins.
Include /run/ringfence/files/ssh/*.conf
Include /etc/ssh/sshd_config.d/*.conf
"""
LAST: Final = frozenset({"MaxStartups"})
"""Settings of which sshd takes the last word and not the first (servconf.c of OpenSSH 10.0): ours comes before what differs."""
SYSCTL, MODPROBE, SSHD_CONFIG, JOURNALD = (
    "etc/sysctl.d/60-ringfence.conf",
    "etc/modprobe.d/hardening.conf",
    "etc/ssh/sshd_config",
    "etc/systemd/journald.conf",
)


@dataclass(frozen=True, slots=True)
class Rendered:
    """Everything that the build of the image does for the controls; paths are relative to the root."""

    files: tuple[Text, ...]
    lines: tuple[Line, ...]
    modes: tuple[Mode, ...]
    groups: tuple[Group, ...]
    links: tuple[Link, ...]
    packages: tuple[str, ...]


def rendered(controls: tuple[Control, ...] = CATALOGUE) -> Rendered:
    """Return what controls make of the image."""
    return Rendered(
        files=(
            Text(SYSCTL, sysctl(controls)),
            Text(MODPROBE, "".join(_grouped(controls, _module))),
            Text(SSHD_CONFIG, "".join((*_grouped(controls, _ssh_last), "\n", SSHD, *_grouped(controls, _ssh)))),
            Text(JOURNALD, "[Journal]\n" + "".join(_grouped(controls, _journal))),
            *(part for part in _parts(controls) if isinstance(part, Text)),
        ),
        lines=tuple(part for part in _parts(controls) if isinstance(part, Line)),
        modes=tuple(part for part in _parts(controls) if isinstance(part, Mode)),
        groups=tuple(part for part in _parts(controls) if isinstance(part, Group)),
        links=tuple(part for part in _parts(controls) if isinstance(part, Link)),
        packages=tuple(part.name for part in _parts(controls) if isinstance(part, Package)),
    )


def sysctl(controls: tuple[Control, ...] = CATALOGUE) -> str:
    """Return the image's file of kernel parameters (sysctl.d(5))."""
    return "".join(_grouped(controls, lambda part: f"{part.name} = {part.value}\n" if isinstance(part, KernelParameter) else ""))


def _parts(controls: tuple[Control, ...]) -> Iterator[Rendering]:
    return (part for control in controls for part in control.renders)


def _grouped(controls: tuple[Control, ...], line: Callable[[Rendering], str]) -> Iterator[str]:
    """Yield the lines of a kind, below the title of the control that they belong to."""
    for control in controls:
        if lines := "".join(map(line, control.renders)):
            yield f"\n# {control.title}.\n{lines}"


def _module(part: Rendering) -> str:
    """Neither an alias nor a name loads it."""
    return f"blacklist {part.name}\ninstall {part.name} /bin/false\n" if isinstance(part, KernelModule) else ""


def _ssh(part: Rendering) -> str:
    return f"{part.keyword} {part.value}\n" if isinstance(part, SshSetting) and part.keyword not in LAST else ""


def _ssh_last(part: Rendering) -> str:
    return f"{part.keyword} {part.value}\n" if isinstance(part, SshSetting) and part.keyword in LAST else ""


def _journal(part: Rendering) -> str:
    return f"{part.name}={part.value}\n" if isinstance(part, JournalSetting) else ""


def edited(text: str, lines: tuple[Line, ...]) -> str:
    """Return a file of Debian's with lines in the place of others, or after them. Raises ``ValueError`` for a line that is not there."""
    found = text.splitlines()
    for line in lines:
        if not line.instead_of:
            found.append(line.text)
            continue
        places = [number for number, old in enumerate(found) if old.startswith(line.instead_of)]
        if not places:
            raise ValueError(f"/{line.path}: no line begins with {line.instead_of!r}")
        found[places[0]] = line.text
    return "\n".join(found) + "\n"
