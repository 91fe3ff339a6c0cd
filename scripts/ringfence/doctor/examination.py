"""Every check on one set of facts. What a check needs and nobody answered makes it "cannot tell", whatever its judge would say. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.outcome import CheckVerdict
from ringfence.doctor.checks import CHECKS
from ringfence.doctor.model import DECLARATION, STACKS, Check, Examined, Facts, Finding, found, skipped, untold
from ringfence.doctor.reads import NAMED, NO_ANSWER, NO_SERVICE, OK

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

BAD = frozenset({CheckVerdict.FAIL, CheckVerdict.ERROR})
REFUSED = frozenset({401, 403})
LOG_IN = "export OS_CLOUD=NAME, an entry of clouds.yaml with the role admin; what the API says to this one: "
HOLDS, LACKING, UNTOLD = 0, 1, 2
"""Exit codes: nothing is lacking, something is, something could not be told."""


def examine(facts: Facts, checks: Sequence[Check] = CHECKS) -> tuple[Examined, ...]:
    """Make every check."""
    return tuple(Examined(check, _findings(check, facts)) for check in checks)


def doubtful(examined: Sequence[Examined]) -> bool:
    """Tell whether something is lacking by what the stacks made: it may be a tenant's who is being made at this moment."""
    return any(each.verdict is CheckVerdict.FAIL and STACKS in each.check.needs for each in examined)


def standing(first: Sequence[Examined], later: Sequence[Examined]) -> tuple[Examined, ...]:
    """Return what is wrong by what the stacks had made, and by what they have made a moment later, of the same answers of the cloud.

    What is being made is in the cloud first and in its stack a moment later; what is being removed goes the other way.
    """
    return tuple(_both(one, other) for one, other in zip(first, later, strict=True))


def _both(first: Examined, later: Examined) -> Examined:
    kept = tuple(finding for finding in later.findings if finding.verdict not in BAD or finding in first.findings)
    return Examined(later.check, kept or (found("nothing that both answers of the engine agree about"),))


def exit_code(examined: Sequence[Examined]) -> int:
    """Return 1 when something is lacking, else 2 when something could not be told or nothing was looked at, else 0."""
    verdicts = {each.verdict for each in examined}
    if CheckVerdict.FAIL in verdicts:
        return LACKING
    return UNTOLD if CheckVerdict.ERROR in verdicts or CheckVerdict.PASS not in verdicts else HOLDS


def _findings(check: Check, facts: Facts) -> tuple[Finding, ...]:
    unanswered = tuple(_unanswered(check, facts))
    if unanswered:
        return unanswered
    try:
        findings = tuple(check.judge(facts))
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        return (
            untold(
                f"the cloud's answer is of another shape than is known: {type(error).__name__}: {error}",
                f"look at it: {'; '.join(NAMED[need].by_hand for need in check.needs if need in NAMED) or 'ringfence doctor --json'}",
            ),
        )
    return findings or (untold("the check found nothing to say", "this is a defect of ringfence: report it with ringfence doctor --json"),)


def _unanswered(check: Check, facts: Facts) -> Iterator[Finding]:
    """Yield what a check needs and nobody answered, each thing once."""
    if DECLARATION in check.needs and facts.declared.platform is None:
        yield skipped("there is no declaration of the platform without mistakes: see the check declarations")
    if STACKS in check.needs and facts.made is None:
        yield untold(f"what the stacks made is not told: {facts.why}", "pulumi stack ls, in the folder of Pulumi.yaml")
    for need in check.needs:
        if need in NAMED:
            yield from _answer(need, facts)


def _answer(need: str, facts: Facts) -> Iterator[Finding]:
    read, answer = NAMED[need], facts.seen.answers.get(need)
    if answer is None:
        yield untold(f"nobody asked: {read.by_hand}", read.by_hand)
    elif answer.status == NO_SERVICE:
        yield skipped(f"there is no {read.service}: see the check services")
    elif answer.status in REFUSED:
        yield untold(f"the API refuses ({answer.status}): {read.by_hand}", f"{LOG_IN}{read.by_hand}")
    elif answer.status == NO_ANSWER:
        yield untold(f"no answer: {answer.why}", read.by_hand)
    elif answer.status != OK:
        yield untold(f"the API answers {answer.status}: {read.by_hand}", read.by_hand)
    elif not isinstance(answer.body, dict) or not isinstance(answer.body.get(read.key), (list, dict)):
        yield untold(f"the answer has no {read.key}: {read.by_hand}", read.by_hand)
    elif answer.body.get("truncated"):
        yield untold(f"the API lists a part only: {read.by_hand}", f"raise list_limit of {read.service}, or look by hand: {read.by_hand}")
