"""All controls. Importing this module refuses a catalogue that contradicts itself."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from hardening.controls import accounts, confinement, files, integrity, kernel, ssh
from hardening.controls.model import Control, ControlError, KernelModule, KernelParameter, Line, SshSetting, Text

if TYPE_CHECKING:
    from collections.abc import Iterable

FAMILIES: Final = {
    "Network": kernel.NETWORKING,
    "Processes": (*kernel.PROCESSES, *confinement.CONTROLS),
    "Kernel modules": kernel.MODULES,
    "SSH": ssh.CONTROLS,
    "Accounts and sessions": accounts.CONTROLS,
    "Files and logs": (*files.CONTROLS, *integrity.CONTROLS),
}


def checked(controls: Iterable[Control]) -> tuple[Control, ...]:
    """Return the controls. Raises :class:`ControlError` when two have one name, or make the same thing of the image."""
    found = tuple(controls)
    for what, keys in (
        ("is the name of", [one.identifier for one in found]),
        ("is rendered by", [_place(part) for one in found for part in one.renders]),
    ):
        if twice := [key for key, count in Counter(keys).items() if count > 1]:
            raise ControlError(f"{twice[0]} {what} two controls")
    return found


def _place(part: object) -> str:
    """Return what of the image a rendering decides: nothing else may decide it too."""
    match part:
        case KernelParameter(name=name) | KernelModule(name=name):
            return f"{type(part).__name__} {name}"
        case SshSetting(keyword=keyword):
            return f"sshd {keyword.lower()}"
        case Text(path=path):
            return path
        case Line(path=path, text=text):
            return f"{path}: {text}"
    return repr(part)


CATALOGUE: Final = checked(control for family in FAMILIES.values() for control in family)
