"""How a server is, by its answers: time, logs, updates, certificate. What it does not answer is "cannot tell". Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, timedelta
from typing import TYPE_CHECKING

from infra.declaration import addresses, names
from infra.errors import RingfenceError
from infra.outcome import CheckVerdict
from infra.pki.certificates import facts
from infra.policy.services import Service, declared_services
from ringfence.health.model import Answers, Finding, Host, of_error
from ringfence.health.questions import last_lines, last_run, offset, open_updates, source

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from infra.declaration.model import Platform
    from infra.declaration.services import Limits, Services

DAY = timedelta(days=1)
SKEW = timedelta(minutes=10)
"""How far the cloud's clock may be ahead."""
LISTED = 5
"""Packages that are named."""


@dataclass(frozen=True, slots=True)
class Known:
    """What judges know besides a server's answers: the platform, what the store answered, the moment, and when servers were made."""

    platform: Platform
    store: Answers
    now: datetime
    made: Mapping[Host, datetime | str] = field(default_factory=dict)

    @property
    def services(self) -> Services:
        """What the platform declares; nobody asks where it declares nothing."""
        if self.platform.services is None:
            raise LookupError
        return self.platform.services

    @property
    def limits(self) -> Limits:
        """From where on fault is found."""
        return self.services.limits


def guarded(check: str, judge: Callable[[], Finding]) -> Finding:
    """Return what a judge says; where an answer is missing or not understood, that this cannot be told."""
    try:
        return judge()
    except RingfenceError as error:
        return Finding(check, CheckVerdict.ERROR, of_error(error))
    except (LookupError, ValueError, TypeError, ArithmeticError) as error:
        return Finding(check, CheckVerdict.ERROR, f"the answer is not understood: {type(error).__name__}: {error}")


def of_server(host: Host, answers: Answers, known: Known) -> tuple[Finding, ...]:
    """Return what is found of a server by its own answers and by what the store has of it."""
    declared = declared_services(known.platform)
    parts: dict[str, tuple[bool, Callable[[], Finding]]] = {
        "time": (Service.TIME in declared, lambda: clock(host, answers, known)),
        "logs": (Service.LOGS in declared, lambda: log(host, known)),
        "updates": (Service.PACKAGES in declared, lambda: updates(host, answers, known)),
        "certificate": (True, lambda: certificate(host, answers, known)),
    }
    return tuple(
        guarded(check, judge) if offered else Finding(check, CheckVerdict.NOT_APPLICABLE, "the platform does not declare it")
        for check, (offered, judge) in parts.items()
    )


def clock(host: Host, answers: Answers, known: Known) -> Finding:
    """Follows the source that is declared, which proves who it is and still answers, and is not far off."""
    found = source(answers.text("sources"), answers.text("authdata"))
    if found is None:
        return Finding("time", CheckVerdict.FAIL, "follows no source", "chronyc -n sources, on the server")
    away = offset(answers.text("tracking"))
    declared = known.services.time.upstream if known.services.time else ()
    store = host == Host(names.PLATFORM, names.SERVICES)
    allowed = {str(each.address): each.nts is not None for each in declared}
    wanted = allowed if store else {str(addresses.services_address(known.platform)): True}
    said = f"{found.address} {'by NTS' if found.authenticated else 'without NTS'}, {away * 1000:.1f} ms off"
    faults = [
        fault
        for fault, there in (
            ("follows a source that is not declared", found.address not in wanted),
            ("its source proves nothing", wanted.get(found.address, True) and not found.authenticated),
            ("its source does not answer any more", not found.answers),
            (f"more than {known.limits.offset} ms off", away * 1000 > known.limits.offset),
        )
        if there
    ]
    return Finding("time", CheckVerdict.FAIL if faults else CheckVerdict.PASS, "; ".join([said, *faults]))


def log(host: Host, known: Known) -> Finding:
    """Its last line arrived not long ago."""
    name = host.server if host.tenant == names.PLATFORM else names.server(host.tenant, host.server)  # as its certificate has it
    last = last_lines(known.store.text("last")).get((host.tenant, name))
    if last is None:
        return Finding("logs", CheckVerdict.FAIL, "no line of it has ever arrived", "systemctl status ringfence-logs, on the server")
    hours = (known.now - last) / timedelta(hours=1)
    late = hours > known.limits.silence
    mend = "systemctl status ringfence-logs, on the server" if late else ""
    return Finding("logs", CheckVerdict.FAIL if late else CheckVerdict.PASS, f"last line {ago(known.now - last)}", mend)


def updates(host: Host, answers: Answers, known: Known) -> Finding:
    """Security updates were installed not long ago, nothing was left open, and what runs is what is installed."""
    run = last_run(answers.text("updates"))
    if run is None:
        return never_updated(known.made.get(host, "the cloud was not asked for its age"), known)
    age = known.now - run["at"]
    left = open_updates(answers.text("open"))
    running, installed = answers.text("kernel").split()
    old = installed.rpartition("/vmlinuz-")[2] != running
    more = f" and {len(left) - LISTED} more" if len(left) > LISTED else ""
    said = f"{len(left)} open{': ' if left else ''}{', '.join(left[:LISTED])}{more}, last run {ago(age)}"
    faults = [
        fault
        for fault, there in (
            (f"the last run failed ({run['result']})", run["result"] != "done"),
            (f"more than {known.limits.updates} days ago", age > known.limits.updates * DAY),
            ("the last run left some open", bool(left)),
            (f"kernel {running} runs, another one is installed: restart it", old and age > DAY),
        )
        if there
    ]
    mend = "sudo /usr/lib/ringfence/security-updates now, on the server" if faults else ""
    return Finding("updates", CheckVerdict.FAIL if faults else CheckVerdict.PASS, "; ".join([said, *faults]), mend)


def never_updated(made: datetime | str, known: Known) -> Finding:
    """Tell of a server without any updates: a new one waits for its first whole window; behind that nobody knows what is open."""
    said = "security updates have not run yet, so what is open is not known"
    hint = "they begin by themselves in the declared window; at once: sudo /usr/lib/ringfence/security-updates now"
    service = known.services.packages
    if service is None or isinstance(made, str) or made > known.now + SKEW:
        why = made if isinstance(made, str) else f"the cloud says that it was made on {made:%Y-%m-%d %H:%M} UTC"
        return Finding("updates", CheckVerdict.ERROR, f"{said} ({why})", hint)
    opens = made.astimezone(UTC).replace(hour=service.updates.hour, minute=0, second=0, microsecond=0)
    opens += DAY if opens < made else timedelta()
    if known.now < opens + timedelta(minutes=service.updates.minutes):
        return Finding("updates", CheckVerdict.SKIPPED, f"not yet due: the first window is on {opens:%Y-%m-%d %H:%M} UTC")
    return Finding("updates", CheckVerdict.ERROR, f"{said}; the first window was on {opens:%Y-%m-%d %H:%M} UTC", hint)


def certificate(host: Host, answers: Answers, known: Known) -> Finding:
    """Its certificate is good, and stays so for a while."""
    told = facts(answers.text("certificate"))
    life, serial = told.life, f"{told.serial:x}"
    left = life.end - known.now
    mend = f"pulumi up -s {host.tenant} --refresh"
    if serial in known.services.revoked:
        return Finding("certificate", CheckVerdict.FAIL, f"is revoked, serial number {serial}", mend)
    if known.now < life.start:
        return Finding("certificate", CheckVerdict.FAIL, f"is not valid before {life.start:%Y-%m-%d %H:%M}", mend)
    if left <= timedelta():
        return Finding("certificate", CheckVerdict.FAIL, f"ended on {life.end:%Y-%m-%d}", mend)
    soon = left < known.limits.certificate * DAY
    said = f"good until {life.end:%Y-%m-%d}, serial number {serial}"
    return Finding("certificate", CheckVerdict.FAIL if soon else CheckVerdict.PASS, said, mend if soon else "")


def ago(age: timedelta) -> str:
    """Return how long ago something was, as people say it; what is to come is the clocks' difference."""
    minutes = round(age / timedelta(minutes=1))
    if minutes < 0:
        return f"{-minutes} min ahead of this machine's clock"
    hours = minutes // 60
    return f"{minutes} min ago" if hours < 1 else f"{hours} h ago" if hours < 48 else f"{hours // 24} days ago"  # noqa: PLR2004 - two days
