"""What the user may choose, all by environment: where state and caches live, which ports, whether to offer them outside."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from infra import paths
from infra.errors import RingfenceError
from labcloud.profiles import PROFILES, USUAL

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from labcloud.profiles import Profile

HIDDEN = ("/etc", "/var", "/run", "/proc", "/sys", "/dev")
HIGHEST_PORT = 65535
HIGHEST_STANDARD_PORT = 9696


class LabError(RingfenceError, RuntimeError):
    """The lab cannot do what it was asked; says what to look at."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The choices of one run, from the environment.

    Attributes:
        root: The lab's own directory, ``$RINGFENCE_STATE/lab``.
        cache: What may be thrown away and made again, ``$RINGFENCE_CACHE``.
        port_offset: Added to every API port (``RINGFENCE_LAB_PORT_OFFSET``): a second lab, or a port that is taken.
        profile: Which cloud a fresh lab becomes (``RINGFENCE_LAB_PROFILE``, ``default`` or ``other``); fixed for the life of a lab.
        forward: Whether the API ports are offered on the machine's loopback (``RINGFENCE_LAB_FORWARD``, ``yes`` or ``no``).
    """

    root: Path
    cache: Path
    port_offset: int = 0
    forward: bool = True
    profile: Profile = USUAL

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Settings:
        """Read the environment; :class:`LabError` for a value that cannot work."""
        state, cache = (where(environment).expanduser().resolve() for where in (paths.state, paths.cache))
        for path, variable in ((state, paths.STATE), (cache, paths.CACHE)):
            hidden = next((name for name in HIDDEN if path.is_relative_to(name)), None)
            if hidden:
                raise LabError.of(
                    f"the lab has a private {hidden} of its own and would not see this directory",
                    where=variable,
                    expected=f"a directory outside {', '.join(HIDDEN)}",
                    got=str(path),
                )
        return cls(state / "lab", cache, _offset(environment), _forward(environment), _profile(environment))


def _offset(environment: Mapping[str, str]) -> int:
    """The shift of the ports."""
    text = environment.get("RINGFENCE_LAB_PORT_OFFSET", "0")
    if not text.isdecimal() or int(text) + HIGHEST_STANDARD_PORT > HIGHEST_PORT:
        raise LabError.of(
            "this offset leaves no valid ports",
            where="RINGFENCE_LAB_PORT_OFFSET",
            expected=f"a whole number from 0 to {HIGHEST_PORT - HIGHEST_STANDARD_PORT}",
            got=text,
        )
    return int(text)


def _forward(environment: Mapping[str, str]) -> bool:
    """Whether to offer the ports outside."""
    text = environment.get("RINGFENCE_LAB_FORWARD", "yes")
    if text not in {"yes", "no"}:
        raise LabError.of("not a choice", where="RINGFENCE_LAB_FORWARD", expected="yes or no", got=text)
    return text == "yes"


def _profile(environment: Mapping[str, str]) -> Profile:
    """Which cloud the lab is."""
    text = environment.get("RINGFENCE_LAB_PROFILE") or USUAL.name
    if text not in PROFILES:
        raise LabError.of("no such profile", where="RINGFENCE_LAB_PROFILE", expected=" or ".join(PROFILES), got=text)
    return PROFILES[text]
