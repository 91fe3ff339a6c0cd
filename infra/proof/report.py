"""What a proof says: claims with one of three verdicts, and counterexamples that a person can follow link by link."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from infra.packets.text import format_point
from infra.ranges import show_address

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from infra.reachability.acceptance import Acceptance
    from infra.reachability.fabric import Origin, Party


class Verdict(StrEnum):
    """Three answers, never two: what cannot be told is not proven."""

    HOLDS = "holds"
    BROKEN = "does not hold"
    UNKNOWN = "cannot tell"

    @property
    def exit_code(self) -> int:
        """0, 1 or 2, for the shell."""
        return list(Verdict).index(self)


class Claim(StrEnum):
    """What is proven, see docs/proof.md.

    ``structure``: no path joins two tenants' private addresses, whatever the filters say. ``packets``: nothing passes between two
    tenants by private addresses, filters included. ``public``: by public addresses a tenant reaches no more of another than
    everybody does. ``management``: nothing passes between tenant and platform by private addresses but what is declared.
    ``declared``: every server's filters allow exactly what is declared.
    """

    STRUCTURE = "structure"
    PACKETS = "packets"
    PUBLIC = "public"
    MANAGEMENT = "management"
    DECLARED = "declared"


@dataclass(frozen=True, slots=True)
class Packet:
    """One packet, as its source sends it. ``l4`` is a point of the layer-4 axis."""

    family: int
    source: int
    destination: int
    l4: int

    def __str__(self) -> str:
        """Render as ``tcp/22 from 10.0.0.5 to 10.0.1.9``."""
        source, destination = (show_address(self.family, value) for value in (self.source, self.destination))
        return f"{format_point(self.l4)} from {source} to {destination}"


@dataclass(frozen=True, slots=True)
class Counterexample:
    """A packet that should not pass, with the links that carry it and the rules that let it through.

    ``rules`` is empty for a path that only the groups still close (``open`` is then false).
    """

    claim: Claim
    source: str
    source_party: str
    target: str
    target_party: str
    packet: Packet
    open: bool
    links: tuple[str, ...] = ()
    rules: tuple[Origin, ...] = ()
    text: str = ""


@dataclass(frozen=True, slots=True)
class Difference:
    """Traffic of one endpoint that is allowed and not declared (``extra``), or declared and not allowed (``missing``)."""

    endpoint: str
    party: str
    direction: str
    extra: str = ""
    missing: str = ""
    rules: tuple[Origin, ...] = ()


@dataclass(frozen=True, slots=True)
class Exposure:
    """A service that every public address may reach: through ``address``, layer 4 in ``[l4_lo, l4_hi)`` as seen from outside."""

    endpoint: int
    name: str
    party: str
    family: int
    address: int
    l4_lo: int
    l4_hi: int


@dataclass(frozen=True, slots=True)
class Judgement:
    """The verdict on one claim."""

    claim: Claim
    verdict: Verdict
    text: str
    counterexamples: tuple[Counterexample, ...] = ()
    differences: tuple[Difference, ...] = ()


@dataclass(frozen=True, slots=True)
class Proof:
    """All judgements on one snapshot under one driver profile.

    ``parties`` says who was trusted and why. ``certifier`` writes the certificate, when there is something to certify: it is called when
    somebody wants one, as writing it takes longer than the verdict.
    """

    digest: str
    profile: str
    judgements: tuple[Judgement, ...]
    unknowns: tuple[str, ...]
    assumptions: tuple[str, ...]
    accepted: tuple[Acceptance, ...] = ()
    exposures: tuple[Exposure, ...] = ()
    counts: dict[str, int] = field(default_factory=dict)
    parties: tuple[Party, ...] = ()
    certifier: Callable[[], dict[str, object]] | None = None

    @property
    def certificate(self) -> dict[str, object] | None:
        """What an independent checker needs, written anew at every call; ``None`` when tenants are not kept apart, or more is amiss."""
        return self.certifier() if self.certifier else None

    @property
    def verdict(self) -> Verdict:
        """The worst of the claims: a counterexample outweighs what cannot be told.

        But where only ``structure`` is broken, groups alone keep tenants apart, and the answer is whether they do: a path outweighs no
        doubt about that.
        """
        broken = {judgement.claim for judgement in self.judgements if judgement.verdict is Verdict.BROKEN}
        verdicts = {judgement.verdict for judgement in self.judgements}
        return Verdict.UNKNOWN if broken == {Claim.STRUCTURE} and Verdict.UNKNOWN in verdicts else worst(verdicts)


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """Return "does not hold" before "cannot tell" before "holds"; of nothing, nothing can be told."""
    found = set(verdicts)
    if Verdict.BROKEN in found:
        return Verdict.BROKEN
    return Verdict.HOLDS if found == {Verdict.HOLDS} else Verdict.UNKNOWN
