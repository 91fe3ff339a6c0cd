"""How the effect of controls is seen on a running server: one script of questions, and the judgement of its answers. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from hardening.controls.catalogue import CATALOGUE
from hardening.controls.model import Effect, KernelModule, KernelParameter, Mode, SshSetting

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from hardening.controls.model import Control, Rendering

BEFORE: Final = """\
export PATH=/usr/sbin:/usr/bin LC_ALL=C
declare -A sshd
while read -r key value; do sshd[$key]+=$value$'\\n'; done < <(sshd -T)
values() { last=; for f; do mapfile -t v <"$f"; [ "${v[0]}" = "$last" ] || echo "${v[0]}"; last=${v[0]}; done; }
module() { m=$(modprobe -n -v "$1" 2>&1); echo "${m##*$'\\n'}"; [ ! -e "/sys/module/$2" ] || echo "$1 is loaded"; }
"""
"""Hundreds of questions: as few processes as can be, because an emulated server feels each of them."""
AFTER: Final = 'printf "\\n@@ end\\n"\n'
MARK: Final = re.compile(r"^@@ (\w+)$", re.MULTILINE)
END: Final = "end"
LISTED: Final = frozenset({"AllowUsers"})
"""Settings whose words sshd gathers from all places, and says each on a line of its own."""


@dataclass(frozen=True, slots=True)
class Unmet:
    """A control that is not in force, with what was asked; ``got`` is ``None`` where the server did not answer."""

    control: str
    effect: Effect
    got: str | None

    def __str__(self) -> str:
        """One line."""
        got = "no answer" if self.got is None else repr(self.got)
        return f"{self.control}: {self.effect.asks}: expected {self.effect.says!r}, got {got}"


def of(control: Control) -> tuple[Effect, ...]:
    """Return every effect of a control: those of what it renders, and its own."""
    return (*(effect for part in control.renders for effect in _seen(part)), *control.effects)


def at_work(controls: tuple[Control, ...], sshd: Mapping[str, str]) -> tuple[Control, ...]:
    """Return controls as a server at work is asked for them: nothing that changes it, and the values that files of its own put before.

    ``sshd``: the settings of sshd that come before the image's, by the keyword in lower case.
    """
    return tuple(
        replace(
            control,
            renders=tuple(_overridden(part, sshd) for part in control.renders),
            effects=tuple(effect for effect in control.effects if not effect.changes),
        )
        for control in controls
    )


def _overridden(part: Rendering, sshd: Mapping[str, str]) -> Rendering:
    if not isinstance(part, SshSetting) or part.keyword.lower() not in sshd:
        return part
    before = sshd[part.keyword.lower()]
    return replace(part, value=f"{before} {part.value}" if part.keyword in LISTED else before)


def settings(*texts: str) -> dict[str, str]:
    """Return what configurations of sshd say of every login, each up to its first ``Match``: the first word on a setting is the last."""
    found: dict[str, str] = {}
    for text in texts:
        for line in text.splitlines():
            keyword, _, value = line.strip().partition(" ")
            if keyword.lower() == "match":
                break
            if keyword and not keyword.startswith("#"):
                found.setdefault(keyword.lower(), value.strip())
    return found


def _seen(part: Rendering) -> Iterator[Effect]:
    match part:
        case KernelParameter(name=name, value=value):
            yield Effect(f"values /proc/sys/{name.replace('.', '/')}", value)
        case KernelModule(name=name):
            yield Effect(f"module {name} {name.replace('-', '_')}", "install /bin/false")
        case SshSetting(keyword=keyword, value=value):
            says = "\n".join(value.split()) if keyword in LISTED else value
            yield Effect(f'echo "${{sshd[{keyword.lower()}]}}"', says)
        case Mode(path=path, mode=mode):
            yield Effect(f"stat -c %a /{path}", f"{mode:o}")


def script(controls: tuple[Control, ...] = CATALOGUE) -> str:
    """Return a script for bash, run as root, that asks for all effects; it leaves nothing behind."""
    questions = (effect.asks for control in controls for effect in of(control))
    asked = (f"printf '\\n@@ %s\\n' {number}\n( {question} ) 2>/dev/null </dev/null\n" for number, question in enumerate(questions))
    return BEFORE + "".join(asked) + AFTER


def unmet(said: str, controls: tuple[Control, ...] = CATALOGUE) -> list[Unmet]:
    """Return what is not in force, from what the script printed; a question without an answer is among it."""
    parts = MARK.split(said)
    answers = dict(zip(parts[1::2], parts[2::2], strict=True))
    effects = [(control.identifier, effect) for control in controls for effect in of(control)]
    found = []
    for number, (name, effect) in enumerate(effects):
        # Of a script that did not come to its end, the last answer may be a part.
        got = answers.get(str(number)) if END in answers else None
        if got is None or _plain(got) != _plain(effect.says):
            found.append(Unmet(name, effect, None if got is None else got.strip()))
    return found


def _plain(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.strip().splitlines())
