"""What the first declarations say: flags before what was seen, and everything that nobody can know asked for at once. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_network
from typing import TYPE_CHECKING

from infra.declaration.platform import DOMAIN
from infra.errors import Problem, QuestionError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from ipaddress import IPv4Network, IPv6Network

    from ringfence.initial.seen import Seen

LEAST_MEMORY = 512
"""MiB that the guest image needs to run a service beside itself."""
TYPES = ("encrypted", "ringfence", "ringfence-encrypted", "ringfence-luks")
"""Names for the volume type, the first that the cloud does not have."""
LISTED = 12


@dataclass(frozen=True, slots=True)
class Asked:
    """What was given as flags; empty where nothing was."""

    region: str = ""
    external_network: str = ""
    flavor: str = ""
    operators: tuple[str, ...] = ()
    image: str = ""
    backbone: str = ""
    pool: str = ""


@dataclass(frozen=True, slots=True)
class Chosen:
    """Everything that the platform's declaration needs and no template can say; an empty prefix or image is the template's own."""

    region: str
    external_network: str
    flavor: str
    operators: tuple[str, ...]
    volume_type: str
    domain: str = ""
    project: str = ""
    image: str = ""
    backbone: str = ""
    pool: str = ""


def choose(asked: Asked, seen: Seen) -> Chosen:
    """Choose for a platform. Raises :class:`QuestionError` with everything that is missing."""
    sizes = [size.name for size in seen.sizes if size.memory >= LEAST_MEMORY]
    outside = [one.name for one in seen.outside]
    chosen = Chosen(
        region=asked.region or seen.region,
        external_network=asked.external_network or (outside[0] if len(outside) == 1 else ""),
        flavor=asked.flavor or (sizes[0] if sizes else ""),
        operators=asked.operators,
        volume_type=next((name for name in TYPES if name not in seen.volume_types), TYPES[-1]),
        domain=seen.domain if seen.domain != DOMAIN else "",
        project=seen.project,
        image=asked.image,
        backbone=asked.backbone,
        pool=asked.pool,
    )
    if missing := [*_missing(chosen, seen), *_unseen(asked, seen)]:
        raise QuestionError(*missing)
    return chosen


def _missing(chosen: Chosen, seen: Seen) -> Iterator[Problem]:
    looked = f"one of those in the cloud {seen.cloud}" if seen.cloud else "no cloud was looked at: name it, or export OS_CLOUD"
    wanted = (
        ("--region", chosen.region, "the region of the platform", looked, ()),
        ("--external-network", chosen.external_network, "the cloud's network towards the outside", looked, list(map(str, seen.outside))),
        ("--flavor", chosen.flavor, f"a flavor with {LEAST_MEMORY} MiB or more for the bastion", looked, list(map(str, seen.sizes))),
        (
            "--operators",
            "".join(chosen.operators),
            "the prefix from which operators reach the bastion, such as that of your office or VPN",
            "no cloud can tell it: name it, once per prefix",
            (),
        ),
    )
    for flag, value, expected, hint, offered in wanted:
        if not value:
            yield Problem("this has to be said", flag, expected, _listed(offered), hint)


def _unseen(asked: Asked, seen: Seen) -> Iterator[Problem]:
    """Yield what was named and is not in the cloud that was looked at."""
    offers = (
        ("--external-network", asked.external_network, [one.name for one in seen.outside], "network towards the outside"),
        ("--flavor", asked.flavor, [one.name for one in seen.sizes], "flavor"),
    )
    for flag, value, names, what in offers:
        if seen.cloud and value and value not in names:
            yield Problem(f"the cloud {seen.cloud} has no such {what}", flag, _listed(names) or f"a {what}; it has none", value)
    if asked.region and seen.region and asked.region != seen.region:
        yield Problem("the credential is for another region", "--region", seen.region, asked.region)


def _listed(names: Sequence[str]) -> str:
    more = [f"{len(names) - LISTED} more"] if len(names) > LISTED else []
    return ", ".join([*names[:LISTED], *more])


def overlaps(seen: Seen, external_network: str, prefixes: dict[str, str]) -> Iterator[Problem]:
    """Yield the management prefixes (by flag) that the external network uses itself: a packet to them would have two ways to go.

    What is no prefix is left to those who judge the declaration.
    """
    taken = [prefix for one in seen.outside if one.name == external_network for prefix in one.prefixes]
    for flag, prefix in prefixes.items():
        own = _network(prefix)
        for other in map(_network, taken):
            if own and other and own.version == other.version and own.overlaps(other):
                what = f"the prefix overlaps the subnet {other} of {external_network}"
                yield Problem(what, flag, "a private prefix that nobody else uses", prefix, f"name another one with {flag}")


def _network(text: str) -> IPv4Network | IPv6Network | None:
    try:
        return ip_network(text)
    except ValueError:
        return None
