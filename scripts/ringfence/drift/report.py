"""What a comparison of all layers came to: every difference by its object, and what was not compared, by name. Pure.

It is made of the checks of a verification (:mod:`ringfence.verify.run`) and compares nothing itself.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from infra.outcome import CheckVerdict, Deviation, DeviationKind
from ringfence.drift import remedies
from ringfence.verify.result import Kind

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ringfence.verify.result import Check, Result

HOLDS, DIFFERS, UNKNOWN = 0, 1, 2


class Layer(StrEnum):
    """Where something is; each is compared with what should have made it so."""

    STACK = "stack"
    API = "api"
    DATA_PLANE = "dataplane"
    GUEST = "guest"
    STORAGE = "storage"


LAYERS = {
    Kind.STACK: Layer.STACK,
    Kind.CLOUD: Layer.API,
    Kind.DATA_PLANE: Layer.DATA_PLANE,
    Kind.GUEST: Layer.GUEST,
    Kind.STORAGE: Layer.STORAGE,
}
"""The part of a verification that compares each layer; the others send packets or try the API, and compare nothing."""
COMPARED = {
    Layer.STACK: "declarations of today ↔ what the stacks were last brought up with",
    Layer.API: "declarations and stacks ↔ the cloud's APIs",
    Layer.DATA_PLANE: "what Neutron says ↔ OVN's northbound database",
    Layer.GUEST: "declarations and image ↔ inside of the servers",
    Layer.STORAGE: "declarations ↔ raw storage",
}
ELSEWHERE = {
    Layer.STACK: "files and keys that a stack keeps sealed",
    Layer.API: "roles in the whole system of accounts that no stack made, quotas, QoS",
    Layer.DATA_PLANE: "the flows that OVN makes of its northbound database on each host",
    Layer.STORAGE: "whether what servers write is legible in the raw storage (nothing is written here; `ringfence verify --only storage`)",
}
"""What no drift looks at although its layer is compared."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference. ``control`` is what has to be so. ``first_seen`` and ``not_before`` are what the journal tells."""

    layer: Layer
    owner: str
    control: str
    deviation: Deviation
    remedy: str
    first_seen: str = ""
    not_before: str = ""

    @property
    def key(self) -> str:
        """Tell it from every other one, in this run and in all others."""
        one = self.deviation
        words = (self.layer, self.owner, self.control, one.object_kind, one.id, one.text)
        return sha256("\0".join(words).encode()).hexdigest()[:16]

    def plain(self) -> dict[str, Any]:
        """Return it as plain values."""
        one = self.deviation
        return {
            "layer": str(self.layer),
            "owner": self.owner,
            "control": self.control,
            "difference": str(one.kind),
            "kind": one.object_kind,
            "id": one.id,
            "name": one.name,
            "text": one.text,
            "since": one.since,
            "by": one.by,
            "first_seen": self.first_seen,
            "not_before": self.not_before,
            "put_back": self.remedy,
            "key": self.key,
        }


@dataclass(frozen=True, slots=True)
class Untold:
    """A control that could not be compared, with why; ``skipped`` when that is no fault."""

    layer: Layer
    owner: str
    control: str
    reason: str
    skipped: bool

    def plain(self) -> dict[str, Any]:
        """Return it as plain values."""
        verdict = CheckVerdict.SKIPPED if self.skipped else CheckVerdict.ERROR
        return {"layer": str(self.layer), "owner": self.owner, "control": self.control, "verdict": str(verdict), "reason": self.reason}


@dataclass(frozen=True, slots=True)
class Records:
    """The file with what layer ``api`` compared: one that this run wrote, or, with ``judged_on``, one that it compared instead of a cloud.

    ``taken`` is when the cloud was listed, ``judged_on`` the day on which expiry was judged, ``by`` who chose that day.
    """

    file: str
    sha256: str
    cloud: str
    region: str
    taken: str
    judged_on: str = ""
    by: str = ""

    def __str__(self) -> str:
        """Return a sentence."""
        if not self.judged_on:
            return f"records kept in {self.file} (sha256 {self.sha256})"
        where = ", ".join(filter(None, (self.cloud, self.region and f"region {self.region}"))) or "a cloud that is not named"
        return f"no cloud was asked: {self.file} has {where} as of {self.taken}; expiry judged as on {self.judged_on} ({self.by})"

    def plain(self) -> dict[str, str]:
        """Return it as plain values."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Report:
    """A whole run; ``compared`` counts the controls of each layer that were compared, with and without a difference."""

    tenants: tuple[str, ...]
    started: str
    finished: str
    seconds: float
    layers: tuple[Layer, ...]
    compared: Mapping[Layer, int]
    differences: tuple[Difference, ...] = ()
    untold: tuple[Untold, ...] = ()
    about: Mapping[str, str] = field(default_factory=dict)
    acceptances: tuple[str, ...] = ()
    """What is to be said of acceptances that ran out, or that match nothing."""
    took: Mapping[str, float] = field(default_factory=dict)
    """Seconds by layer, and of the logins; what ran side by side counts twice."""
    records: Records | None = None

    @property
    def errors(self) -> tuple[Untold, ...]:
        """What could not be told."""
        return tuple(each for each in self.untold if not each.skipped)

    @property
    def exit_code(self) -> int:
        """0 without a difference, 1 with one, 2 when that cannot be told."""
        if self.differences:
            return DIFFERS
        return HOLDS if sum(self.compared.values()) and not self.errors else UNKNOWN

    @property
    def gaps(self) -> list[str]:
        """Name what was not compared, each with why."""
        left = [f"{layer} (left out)" for layer in Layer if layer not in self.layers]
        empty = [f"{layer} (there was nothing to compare)" for layer in self.layers if self._is_silent(layer)]
        skips: dict[tuple[Layer, str], list[str]] = {}
        for each in self.untold:
            if each.skipped:
                skips.setdefault((each.layer, each.reason), []).append(each.control)
        said = [f"{layer}: {_first(controls)} ({reason})" for (layer, reason), controls in skips.items()]
        return [*left, *empty, *said, *(ELSEWHERE[layer] for layer in self.layers if layer in ELSEWHERE and self.compared.get(layer))]

    def _is_silent(self, layer: Layer) -> bool:
        return not self.compared.get(layer) and not any(each.layer is layer for each in self.untold)

    @property
    def headline(self) -> str:
        """Return the one sentence; it claims no more than was compared."""
        seen = ", ".join(layer for layer in self.layers if self.compared.get(layer))
        unseen = f"; {self.records}" if self.records and self.records.judged_on else ""
        unseen += f"; not compared: {'; '.join(self.gaps)}" if self.gaps else ""
        unknown = f"{_counted(len(self.errors), 'control')} could not be compared" if self.errors else ""
        if self.differences:
            return f"DRIFT: {_counted(len(self.differences), 'difference')}{f', {unknown}' if unknown else ''}{unseen}"
        if unknown or not seen:
            return f"CANNOT TELL: {unknown or 'nothing was compared'}{unseen}"
        return f"no difference in {seen}{unseen}"

    def plain(self) -> dict[str, Any]:
        """Return it as plain values."""
        return {
            "headline": self.headline,
            "exit_code": self.exit_code,
            "tenants": list(self.tenants),
            "started": self.started,
            "finished": self.finished,
            "seconds": self.seconds,
            "layers": [self._layer(layer) for layer in Layer],
            "differences": [each.plain() for each in self.differences],
            "untold": [each.plain() for each in self.untold],
            "not_compared": self.gaps,
            "acceptances": list(self.acceptances),
            "about": dict(self.about),
            "records": self.records.plain() if self.records else None,
        }

    def _layer(self, layer: Layer) -> dict[str, Any]:
        own = [each for each in self.untold if each.layer is layer]
        return {
            "layer": str(layer),
            "compares": COMPARED[layer],
            "asked": layer in self.layers,
            "seconds": self.took.get(layer, 0.0),
            "compared": self.compared.get(layer, 0),
            "differences": sum(each.layer is layer for each in self.differences),
            "cannot_tell": sum(not each.skipped for each in own),
            "skipped": sum(each.skipped for each in own),
        }


def _first(controls: Sequence[str]) -> str:
    return controls[0] if len(controls) == 1 else f"{len(controls):,} controls, the first of them {controls[0]}"


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def of_result(result: Result, layers: Iterable[Layer]) -> Report:
    """Return what a verification found, as differences of these layers."""
    asked = tuple(layer for layer in Layer if layer in set(layers))
    checks = [check for check in result.checks if LAYERS.get(check.kind) in asked]
    seen = Counter(LAYERS[check.kind] for check in checks if check.outcome.verdict in {CheckVerdict.PASS, CheckVerdict.FAIL})
    differences = (each for check in checks if check.outcome.verdict is CheckVerdict.FAIL for each in _differences(check))
    untold = (_untold(check) for check in checks if check.outcome.verdict in {CheckVerdict.ERROR, CheckVerdict.SKIPPED})
    return Report(
        result.tenants,
        result.started,
        result.finished,
        result.seconds.get("all", 0.0),
        asked,
        seen,
        _joined(differences),
        tuple(untold),
        result.about.plain(),
        took={LAYERS[kind]: result.seconds[kind] for kind in LAYERS if kind in result.seconds}
        | {"login": result.seconds.get("login", 0.0)},
    )


def _differences(check: Check) -> Iterable[Difference]:
    """Yield every deviation of a check that failed; one that names no object is a difference all the same."""
    outcome, layer = check.outcome, LAYERS[check.kind]
    nameless = Deviation(DeviationKind.DIFFERENT, "", "", outcome.check, outcome.reason)
    for one in outcome.deviations or (nameless,):
        yield Difference(layer, outcome.tenant, outcome.check, one, remedies.of(check.kind, outcome.tenant, one))


def _untold(check: Check) -> Untold:
    outcome = check.outcome
    return Untold(LAYERS[check.kind], outcome.tenant, outcome.check, outcome.reason, outcome.verdict is CheckVerdict.SKIPPED)


def _joined(found: Iterable[Difference]) -> tuple[Difference, ...]:
    """Return every difference once: one of an object that two parties share is found for both."""
    once: dict[tuple[object, ...], Difference] = {}
    for each in found:
        one = each.deviation
        once.setdefault((each.layer, one.object_kind, one.id, one.text, *(() if one.id else (each.owner,))), each)
    return tuple(once.values())


def with_history(report: Report, seen: Mapping[str, tuple[str, str]]) -> Report:
    """Return the report with what the journal tells of each difference, by its key."""
    told: Sequence[Difference] = [
        replace(each, first_seen=seen[each.key][0], not_before=seen[each.key][1]) if each.key in seen else each
        for each in report.differences
    ]
    return replace(report, differences=tuple(told))
