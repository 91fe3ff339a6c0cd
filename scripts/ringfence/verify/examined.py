"""What examiners said of the guest image (``./scripts/examine``), for whoever reads the report. It is no part of the verdict."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from infra import paths
from infra.outcome import CheckVerdict
from ringfence.verify.inside import image_files

if TYPE_CHECKING:
    from collections.abc import Iterable

Json = dict[str, Any]
OURS = "exception"
"""Figures about exceptions are what we make of an examiner's words."""
NOT_EXAMINED = "not examined: ./scripts/examine lets programs from outside look at the image, and this page shows what they said"
UNREADABLE = (OSError, ValueError, LookupError, TypeError, AttributeError)


@dataclass(frozen=True, slots=True)
class Said:
    """What one examiner said of the image, in its own words, and of the image beside it, where there is one."""

    name: str
    tier: str
    words: str
    unexcused: str
    before: str


@dataclass(frozen=True, slots=True)
class Excepted:
    """A finding that may stay, with reason, owner and last day."""

    examiner: str
    rule: str
    reason: str
    owner: str
    expires: str


@dataclass(frozen=True, slots=True)
class Examined:
    """The last examination on this machine; ``why`` says in plain words why there is none. It is no part of the verdict.

    ``doubt`` says why it may not be about the servers' image; it is empty where the image is known to be theirs.
    """

    image: str = ""
    when: str = ""
    beside: str = ""
    said: tuple[Said, ...] = ()
    exceptions: tuple[Excepted, ...] = ()
    why: str = NOT_EXAMINED
    doubt: str = ""

    def plain(self) -> Json:
        """Return it as plain values."""
        if self.why:
            return {"untold": self.why}
        runs = [
            {"examiner": one.name, "tier": one.tier, "said": one.words, "open": one.unexcused, "before": one.before} for one in self.said
        ]
        told = {"image": self.image, "when": self.when, "beside": self.beside, "runs": runs, "exceptions": len(self.exceptions)}
        return told | ({"doubt": self.doubt} if self.doubt else {})


def of(told: Json) -> Examined:
    """Read what ``./scripts/examine`` wrote. Raises ``LookupError``, ``TypeError`` or ``ValueError`` when it is something else."""
    beside: Json = told.get("beside") or {}
    earlier = _by_name(beside.get("runs", ()))
    said = tuple(
        Said(" ".join(name[:2]), name[2], _words(run), _open(run), _words(earlier[name]) if name in earlier else "")
        for name, run in _by_name(told["runs"]).items()
    )
    exceptions = tuple(
        Excepted(str(one["examiner"]), str(one["rule"]), str(one["reason"]), str(one["owner"]), str(one["expires"]))
        for one in told["exceptions"]
    )
    return Examined(str(told["image"]), str(told["when"]), str(beside.get("image", "")), said, exceptions, "")


def _by_name(runs: Iterable[Json]) -> dict[tuple[str, str, str], Json]:
    return {(str(run["examiner"]), str(run["scope"]), str(run["tier"])): run for run in runs}


def _words(run: Json) -> str:
    counted = [f"{number} {word}" for word, number in run["counts"].items() if number]
    return ", ".join(counted + [f"{name} {value:g}" for name, value in run.get("figures", {}).items() if OURS not in name])


def _open(run: Json) -> str:
    return str(sum(finding["verdict"] in {CheckVerdict.FAIL, CheckVerdict.ERROR} for finding in run["findings"]))


def doubt(examined: str, digest: str, servers: str) -> str:
    """Say why an examination may not be about the servers' image, nothing when it is.

    ``examined`` is the name of the examined image, ``digest`` its SHA-256, ``servers`` the beginning of that of the servers' image; both
    are empty where they are not known.
    """
    if not servers:
        return "cannot tell whether the servers were made from this image: no stack says which they were made from"
    if not digest:
        return f"cannot tell whether the servers were made from this image: no image {examined} is on this machine"
    if not digest.startswith(servers):
        return f"the servers were made from another image: SHA-256 {servers}..., and that of this one is {digest[: len(servers)]}..."
    return ""


def read(servers: str) -> Examined:
    """Return the last examination that is kept on this machine; one that cannot be read says so in its place.

    ``servers`` is the beginning of the SHA-256 of the image that the servers were made from.
    """
    file = paths.state() / "examine" / "examine.json"
    if not file.exists():
        return Examined()
    try:
        found = of(json.loads(file.read_text(encoding="utf-8")))
    except UNREADABLE as error:
        return Examined(why=f"cannot tell: {file} cannot be read: {type(error).__name__}: {error}")
    return replace(found, doubt=doubt(found.image, image_files.sha256_of(found.image), servers))
