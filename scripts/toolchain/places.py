"""Where the toolchain keeps what it makes: results in the cache (may be deleted at any time), secrets and stacks in the state."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

HERE = Path(__file__).parent
TREE = HERE.parent.parent


@dataclass(frozen=True, slots=True)
class Places:
    """The two folders outside the work tree; see the XDG base directory specification."""

    cache: Path
    state: Path

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> Places:
        """Take ``RINGFENCE_CACHE`` and ``RINGFENCE_STATE``, else the XDG variables, else the defaults below the home folder."""
        home = Path(environ.get("HOME") or "/root")
        return cls(
            cache=_first(environ, "RINGFENCE_CACHE", "XDG_CACHE_HOME", home / ".cache"),
            state=_first(environ, "RINGFENCE_STATE", "XDG_STATE_HOME", home / ".local/state"),
        )

    @property
    def toolchain(self) -> Path:
        """The folder of finished parts, each named by what it was made from."""
        return self.cache / "toolchain"

    @property
    def stacks(self) -> Path:
        """The folder of Pulumi's stacks and of the passphrase that encrypts their secrets."""
        return self.state / "pulumi"


def _first(environ: Mapping[str, str], own: str, xdg: str, default: Path) -> Path:
    if given := environ.get(own):
        return Path(given).absolute()
    return Path(environ.get(xdg) or default) / "ringfence"
