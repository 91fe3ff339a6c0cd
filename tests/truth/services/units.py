"""What systemd would do with a unit of the image, as far as the daemons need it: folders, account, command, mounts of single files."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

SECTIONS = ("usr/lib/systemd/system/{}", "etc/systemd/system/{}.d/ringfence.conf")


@dataclass(frozen=True, slots=True)
class Unit:
    """The settings of a unit with its drop-in, in their order; an empty value takes back what was said before (systemd.syntax(7))."""

    name: str
    settings: dict[str, list[str]] = field(default_factory=dict)

    @classmethod
    def read(cls, tree: Path, name: str) -> Unit:
        """Read a unit of the tree; one that is in no file is a mistake of the image."""
        found = [tree / place.format(name) for place in SECTIONS if (tree / place.format(name)).is_file()]
        if (whole := tree / "etc/systemd/system" / name).is_file() and not whole.is_symlink():
            found[0] = whole  # in place of the package's
        assert found, f"{name} is not in the image"
        unit = cls(name)
        for file in found:
            for line in file.read_text(encoding="utf-8").replace("\\\n", " ").splitlines():
                key, equals, value = line.partition("=")
                if not equals or key.startswith(("#", ";")):
                    continue
                known = unit.settings.setdefault(key.strip(), [])
                known.append(value.strip()) if value.strip() else known.clear()
        return unit

    def all(self, key: str) -> list[str]:
        """Every value of a setting."""
        return self.settings.get(key, [])

    def last(self, key: str, default: str = "") -> str:
        """The value that holds."""
        return (self.all(key) or [default])[-1]

    @property
    def conditions(self) -> list[str]:
        """Files without which it does not start."""
        return self.all("ConditionPathExists")

    def folders(self) -> list[tuple[str, str]]:
        """Folders that are made for it, with their modes."""
        kinds = {"RuntimeDirectory": "run", "StateDirectory": "var/lib", "LogsDirectory": "var/log", "CacheDirectory": "var/cache"}
        return [
            (f"{place}/{name}", self.last(f"{kind}Mode", "0755"))
            for kind, place in kinds.items()
            for value in self.all(kind)
            for name in value.split()
        ]

    def mounts(self) -> list[tuple[str, str]]:
        """Files that it sees in another place; each may be absent."""
        pairs = [pair.removeprefix("-") for value in self.all("BindReadOnlyPaths") for pair in value.split()]
        return [(source, target) for source, _, target in (pair.partition(":") for pair in pairs)]

    def commands(self, key: str) -> list[list[str]]:
        """Command lines of ``ExecStart`` and the like; those with ``!`` or ``+`` keep root, others get the account of the unit."""
        return [self._command(line) for line in self.all(key)]

    def _command(self, line: str) -> list[str]:
        words = shlex.split(line)
        program = words[0].lstrip("-:@+!")
        keeps_root = any(letter in words[0][: len(words[0]) - len(program)] for letter in "+!")
        account = self.last("User")
        become = (
            []
            if keeps_root or not account
            else ["setpriv", f"--reuid={account}", f"--regid={self.last('Group', account)}", "--clear-groups"]
        )
        return [*become, program, *words[1:]]
