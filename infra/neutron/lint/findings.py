"""What a finding is: a closed set of kinds, each with a level and a sentence for the catalogue of rules."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """SARIF's levels (OASIS SARIF 2.1.0, 3.27.10): an error opens something, a warning is debt, a note is worth knowing."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


class FindingKind(StrEnum):
    """What is wrong with a rule, a group or the wiring."""

    DUPLICATE = "duplicate"
    CONTAINED = "contained"
    COVERED = "covered"
    DEAD = "dead"
    UNATTACHED = "unattached"
    OVER_WIDE = "over-wide"
    EXPIRED = "expired"
    OWNERLESS = "ownerless"
    FAMILY_GAP = "family-gap"
    DRIVER_DIFFERENCE = "driver-difference"
    UNPROTECTED = "unprotected"
    ADDRESS_PAIR = "address-pair"
    UNDECLARED = "undeclared"
    MISSING = "missing"
    NAMESAKE = "namesake"
    EXCEPTION_EXPIRED = "exception-expired"
    EXCEPTION_UNUSED = "exception-unused"


CATALOGUE = {
    FindingKind.DUPLICATE: (Level.WARNING, "Another rule of the group allows exactly the same."),
    FindingKind.CONTAINED: (Level.WARNING, "One other rule of the group allows all of this and more."),
    FindingKind.COVERED: (Level.NOTE, "Several other rules of the group together allow all of this."),
    FindingKind.DEAD: (Level.WARNING, "The rule lets no packet pass: its remote end has no member."),
    FindingKind.UNATTACHED: (Level.NOTE, "No port has this group."),
    FindingKind.OVER_WIDE: (Level.NOTE, "The rule admits far more private addresses than there are servers."),
    FindingKind.EXPIRED: (Level.ERROR, "The flow behind the rule has run out."),
    FindingKind.OWNERLESS: (Level.WARNING, "No flow, and so nobody, asked for this rule."),
    FindingKind.FAMILY_GAP: (Level.ERROR, "IPv6 is open to everybody where IPv4 is not."),
    FindingKind.DRIVER_DIFFERENCE: (Level.ERROR, "The firewall driver enforces something else than the rule says."),
    FindingKind.UNPROTECTED: (Level.ERROR, "Port security is off: no group filters the port, and it may send from any address."),
    FindingKind.ADDRESS_PAIR: (Level.WARNING, "The port may send from addresses that are not its own."),
    FindingKind.UNDECLARED: (Level.ERROR, "Something is plugged into a tenant, opened or lent, and no declaration has it."),
    FindingKind.MISSING: (Level.ERROR, "Something is declared, and the state does not have it."),
    FindingKind.NAMESAKE: (Level.NOTE, "Another project has the name of a declared one; nothing declared is allowed to it."),
    FindingKind.EXCEPTION_EXPIRED: (Level.ERROR, "An exception has run out."),
    FindingKind.EXCEPTION_UNUSED: (Level.WARNING, "An exception matches nothing any more."),
}
"""Level and description of every kind; SARIF's catalogue of rules is made from it."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding, with the place to look at: the declaration's line where there is one, else the group's name."""

    kind: FindingKind
    text: str
    project: str = ""
    group: str = ""
    rule: str = ""
    flow: str = ""
    owner: str = ""
    file: str = ""
    line: int = 0

    @property
    def level(self) -> Level:
        """How bad it is."""
        return CATALOGUE[self.kind][0]
