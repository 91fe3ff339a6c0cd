"""Clocks: of this machine, of the services, and what tokens say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ringfence.doctor.model import Check, Facts, Finding, found, lacking, untold

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST_SECONDS = 5.0
"""How far two clocks may be apart; those of machines that ask a time server are within a tenth of a second."""
LEAST_LIFE_SECONDS = 900.0
"""How long a token must live: making a volume of an image is one request to Cinder, which asks others with the same token minutes later."""
SECOND = 1.0
MEND = "timedatectl set-ntp true, here and on the hosts of the API; look at it with: chronyc tracking"


def skew(facts: Facts) -> Iterator[Finding]:
    """Hold the date of answers against this machine's, and services against one another."""
    clocks = facts.seen.clocks
    if not clocks:
        yield untold("no answer had a date", MEND)
        return
    apart = {clock.service: _apart(clock.theirs, clock.before, clock.after) for clock in clocks}
    for service, seconds in apart.items():
        if abs(seconds) > MOST_SECONDS:
            yield lacking(f"the clock of {service} is {abs(seconds):.0f} s {'ahead of' if seconds > 0 else 'behind'} this machine's", MEND)
    silent = sorted(facts.seen.services.keys() - apart.keys())
    if silent:
        yield found(f"not looked at, as their answers have no date: {', '.join(silent)}")
    yield found(f"{', '.join(apart)}: at most {max(map(abs, apart.values())):.0f} s apart from this machine")


def _apart(theirs: float, before: float, after: float) -> float:
    """Return how far a clock is outside of the time in which the answer was made. A date has whole seconds, the rest is cut off."""
    return theirs - after if theirs > after else min(0.0, theirs + SECOND - before)


def token(facts: Facts) -> Iterator[Finding]:
    """A token was made now, and lives long enough."""
    seen, here = facts.seen.token, facts.seen.now
    if not seen.issued or not seen.expires:
        yield untold("the token does not say from when to when it is valid", "openstack token issue")
        return
    life = seen.expires - seen.issued
    if seen.expires <= here or seen.issued > here + MOST_SECONDS:
        yield lacking("by this machine's clock the token that was given just now is not valid", MEND)
    if life < LEAST_LIFE_SECONDS:
        yield lacking(
            f"a token lives {life / 60:.0f} min, {LEAST_LIFE_SECONDS / 60:.0f} are needed", "raise [token] expiration in keystone.conf"
        )
    else:
        yield found(f"a token lives {life / 60:.0f} min")


CHECKS = (
    Check(
        "clock",
        "This machine and the services that tell the time agree about it",
        "Flows end by the day, tokens and certificates by the second, and evidence that is from tomorrow is none.",
        (),
        skew,
    ),
    Check("token", "Tokens are valid now and live long enough", "An update would be refused in its middle.", (), token),
)
