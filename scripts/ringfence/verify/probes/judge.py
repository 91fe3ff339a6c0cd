"""Hold what was seen against what was expected. Pure: every verdict follows from the case, the observation and the proof alone.

The order matters. First what is wrong whatever was expected (a probe that did not run, a stranger who saw it), then the "yes", then the
"no", and a "no" only counts when its twins prove that a "yes" would have been noticed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.outcome import CheckVerdict, Outcome
from infra.render.expectation import Expected
from ringfence.verify.model import Layer, Reach

if TYPE_CHECKING:
    from ringfence.verify.model import Case, ProbeProof, ProbeResult

SAME_MINUTE = 60.0
"""Seconds: how far a "no" and its twins may be apart."""


def judge(case: Case, seen: ProbeResult, proof: ProbeProof) -> Outcome:
    """Return the outcome of a case."""
    verdict, reason = _verdict(case, seen, proof)
    return Outcome(case.name, verdict, reason, case.source.partition("/")[0])


def _verdict(case: Case, seen: ProbeResult, proof: ProbeProof) -> tuple[CheckVerdict, str]:
    if seen.reach is Reach.ERROR and not proof.lost:
        return CheckVerdict.ERROR, f"the probe itself failed ({seen.errno or 'no result'})"
    strangers = (seen.by("wire") | seen.by("guest")) - {case.target.node, case.source} - case.aliases
    if strangers:
        return CheckVerdict.FAIL, f"reached {', '.join(sorted(strangers))}, who must not see it ({case.why})"
    if proof.lost:
        # What was seen before the end was seen; what was not seen proves nothing, and neither does a "yes" of somebody who is gone.
        reached = _reached(case, seen) if case.expected is Expected.DENIED else ""
        return (CheckVerdict.FAIL, reached) if reached else (CheckVerdict.ERROR, proof.lost)
    if case.expected is Expected.ALLOWED:
        return _allowed(case, seen)
    return _denied(case, seen, proof)


def _allowed(case: Case, seen: ProbeResult) -> tuple[CheckVerdict, str]:
    """A "yes" needs the target itself: its token, or its observation of the probe."""
    if case.layer is Layer.NETWORK:
        if case.target.node in seen.by("wire"):
            return CheckVerdict.PASS, ""
        return CheckVerdict.FAIL, f"the network dropped it; flow {case.why} allows it"
    if seen.reach is not Reach.OK:
        return CheckVerdict.FAIL, f"expected OK by flow {case.why}, got {seen.reach}; {_how_far(case, seen)}"
    if case.target.node and seen.owner != case.target.node:
        return CheckVerdict.FAIL, f"answered by {seen.owner or 'somebody without a token'} instead of {case.target.node}"
    return CheckVerdict.PASS, ""


def _how_far(case: Case, seen: ProbeResult) -> str:
    """Say where an allowed probe was lost, as far as the observations tell: a frame on the wire does not tell a drop from a lost answer."""
    if case.target.node in seen.by("guest"):
        return f"a socket of {case.target.node} received it, so its answer was lost"
    if case.target.node in seen.by("wire"):
        return "it arrived on the wire, so the receiving server stopped it or its answer was lost"
    return "it never arrived"


def _denied(case: Case, seen: ProbeResult, proof: ProbeProof) -> tuple[CheckVerdict, str]:
    reached = _reached(case, seen)
    if reached:
        return CheckVerdict.FAIL, reached
    doubt = _doubt(proof)
    if doubt:
        return CheckVerdict.ERROR, doubt
    if seen.reach is Reach.OK:
        # The own tenant's server with the same address answered, and proved by its token that it is not the target.
        return CheckVerdict.PASS, ""
    if seen.reach not in case.accepted and not case.aliases:
        wanted = " or ".join(sorted(case.accepted))
        return CheckVerdict.FAIL, f"expected {wanted}, got {seen.reach}: somebody answered ({case.why})"
    return CheckVerdict.PASS, ""


def _reached(case: Case, seen: ProbeResult) -> str:
    """Say how a denied probe got through, or nothing."""
    if seen.reach is Reach.OK and (seen.owner not in case.aliases or not seen.owner):
        return f"reached {seen.owner or 'somebody who serves no token'}; {case.why}"
    if case.target.node and case.target.node in seen.by("guest"):
        return f"a socket of {case.target.node} received it; {case.why}"
    if case.target.node and case.target.node in seen.by("wire"):
        which = "the network let it through" if case.layer is Layer.NETWORK else "only the receiving server's own firewall stopped it"
        return f"arrived at {case.target.node}: {which}; {case.why}"
    if not case.target.node and case.source in seen.by("reply"):
        return f"{case.target.name} answered; {case.why}"
    return ""


def _doubt(proof: ProbeProof) -> str:
    """Say why a "no" proves nothing, or nothing."""
    if proof.missing:
        return f"nothing proves it: {'; '.join(proof.missing)}"
    if proof.seconds > SAME_MINUTE:
        return f"its twins are {proof.seconds:.0f} s away, more than {SAME_MINUTE:.0f} s"
    if not proof.sender:
        return "nothing proves that the source could send at all"
    if proof.listener is False:
        return "nothing proves that anybody listened at the target"
    if not proof.receiver:
        return "nothing proves that the target would have seen it"
    return ""
