"""What the proof reasons about: segments, routers, endpoints and filters, with no word of any cloud's API in it.

:mod:`infra.neutron.semantics.compile` builds a :class:`Fabric` from a snapshot. Everything is by index into tuples, so that 100,000
endpoints cost arrays and not objects; what only a few endpoints are asked for (addresses, filters) is computed on demand by the
builder's functions.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection

    import numpy as np
    import numpy.typing as npt

    from infra.ranges import Range, Ranges
    from infra.reachability.acceptance import Acceptance

UNFILTERED = -1
"""Class of endpoints that no filter guards: everything passes, both ways."""


@dataclass(frozen=True, slots=True)
class Party:
    """Somebody whose servers are to be kept apart; the platform is kept apart from nobody, but watched.

    ``name`` is what people call it and means one party only. ``domain`` is where its project is, ``trusted`` why it is the platform's.
    """

    id: str
    name: str
    platform: bool
    domain: str = ""
    trusted: str = ""


@dataclass(frozen=True, slots=True)
class Segment:
    """A layer-2 domain. ``external``: the outside world is attached to it; ``public``: and addresses on it are public by definition.

    ``prefixes`` are its subnets'. ``routed`` are the addresses on it to which the outside world delivers although it is not public: a
    physical router is its gateway.
    """

    id: str
    name: str
    external: bool = False
    public: bool = False
    routed: Ranges = ()
    prefixes: Ranges = ()


class Hop(NamedTuple):
    """One line of a routing table. ``next_hop`` ``None``: the prefix is on the segment itself; else the packet goes to that address."""

    prefix: Range
    segment: int
    next_hop: int | None


@dataclass(frozen=True, slots=True)
class Router:
    """A router: its addresses as (segment, family, address), and its routing table, longest prefix wins.

    An address that several routers may answer for is listed with each of them.

    ``routable`` are the addresses behind it that the outside world may send to without translation; ``masquerade`` are the (family,
    address) pairs under which its servers appear outside. ``translated`` are the sources in whose place it puts those: with any other a
    packet leaves as it is. ``server``: it is a host that forwards, and others may answer for its addresses as well.
    """

    id: str
    name: str
    interfaces: tuple[int, ...]
    addresses: tuple[tuple[int, int, int], ...]
    hops: tuple[Hop, ...]
    routable: Ranges = ()
    masquerade: tuple[tuple[int, int], ...] = ()
    translated: Ranges = ()
    server: bool = False


@dataclass(frozen=True, slots=True)
class PublicAddress:
    """A public address translated to an endpoint: every port, or the layer-4 interval ``[lo, hi)`` moved by ``shift``.

    ``l4_lo`` and ``l4_hi`` are what the outside sends to; the endpoint sees them moved by ``shift``.
    """

    family: int
    address: int
    endpoint: int
    private: int
    l4_lo: int
    l4_hi: int
    shift: int = 0


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a rule comes from, as text for people: its id and what its source says; ``expires`` is the last day of a flow that has one."""

    rule: str
    group: str
    text: str = ""
    flow: str = ""
    owner: str = ""
    reason: str = ""
    file: str = ""
    line: int = 0
    expires: str = ""


@dataclass(frozen=True, slots=True)
class Allow:
    """One rectangle that a filter lets pass: peers in ``[first, last]`` of the family, layer 4 in ``[l4_lo, l4_hi)``."""

    family: int
    first: int
    last: int
    l4_lo: int
    l4_hi: int
    rule: int
    implicit: bool = False
    link: bool = False


class Direction(StrEnum):
    """Seen from the endpoint."""

    INGRESS = "ingress"
    EGRESS = "egress"


class Builder(Protocol):
    """What the fabric asks its builder for, endpoint by endpoint."""

    def addresses(self, endpoint: int) -> Ranges:
        """Addresses that the endpoint itself has, address pairs included, whatever else it may send from."""

    def sources(self, endpoint: int) -> Ranges:
        """Addresses that the endpoint can send from."""

    def roaming(self) -> Collection[int]:
        """Endpoints that may send from more than the addresses that they were given."""

    def targets(self, endpoint: int) -> Ranges:
        """Addresses at which the endpoint takes packets."""

    def groups_of(self, filter_class: int) -> frozenset[str]:
        """Ids of the groups that a class of filters is made of."""

    def allows(self, filter_class: int, direction: Direction) -> tuple[Allow, ...]:
        """Everything that the class lets pass in one direction; the same object for the same class."""

    def ingress_near(self, filter_class: int, near: Ranges) -> list[Allow]:
        """What the rules of a filtered class let in from ``near``, peers cut down to it: cheap where hardly any rule concerns it."""

    def origin(self, rule: int) -> Origin:
        """Where a rule comes from."""

    def dhcp_answers(self) -> tuple[tuple[int, int, int], ...]:
        """(family, l4_lo, l4_hi) that filtered endpoints take from unfiltered neighbours without a rule."""


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Ports with a server behind them, as columns of equal length.

    ``party``, ``segment`` and ``filter_class`` (or :data:`UNFILTERED`) are int64 indexes.
    """

    ids: tuple[str, ...]
    names: tuple[str, ...]
    party: npt.NDArray[np.int64]
    segment: npt.NDArray[np.int64]
    filter_class: npt.NDArray[np.int64]

    def __len__(self) -> int:
        """Number of endpoints."""
        return len(self.ids)


@dataclass(frozen=True, slots=True)
class Fabric:
    """A whole cloud. ``outside_ranges`` are the addresses of its public segments.

    ``floods``: what a server sends to all of its segment comes to others on its host without their filters being asked.
    ``unknowns`` are sentences about what the model does not understand; ``assumptions`` what it takes for granted.
    ``accepted`` is what it does not understand and an operator answers for.
    """

    digest: str
    profile: str
    parties: tuple[Party, ...]
    segments: tuple[Segment, ...]
    routers: tuple[Router, ...]
    endpoints: Endpoints
    public: tuple[PublicAddress, ...]
    outside_ranges: Ranges
    builder: Builder
    floods: bool = False
    unknowns: tuple[str, ...] = ()
    assumptions: tuple[str, ...] = ()
    accepted: tuple[Acceptance, ...] = ()
