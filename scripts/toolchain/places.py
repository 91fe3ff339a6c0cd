"""Where the toolchain keeps what it makes: results in the cache (may be deleted at any time), secrets and stacks in the state."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from infra import paths

if TYPE_CHECKING:
    from collections.abc import Mapping

HERE = Path(__file__).parent
TREE = HERE.parent.parent


@dataclass(frozen=True, slots=True)
class Places:
    """The two folders outside the work tree (``infra.paths``)."""

    cache: Path
    state: Path

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> Places:
        """Take them from the environment."""
        return cls(cache=paths.cache(environ).absolute(), state=paths.state(environ).absolute())

    @property
    def toolchain(self) -> Path:
        """The folder of finished parts, each named by what it was made from."""
        return self.cache / "toolchain"

    @property
    def stacks(self) -> Path:
        """The folder of Pulumi's stacks and of the passphrase that encrypts their secrets."""
        return self.state / "pulumi"
