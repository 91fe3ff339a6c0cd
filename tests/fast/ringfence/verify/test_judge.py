from __future__ import annotations

from dataclasses import dataclass, replace
from ipaddress import ip_address

import pytest

from infra.outcome import CheckVerdict
from infra.render.expectation import Expected
from ringfence.verify.model import Case, Layer, Observation, Place, ProbeProof, ProbeResult, Reach, Target
from ringfence.verify.probes import judge as subject

pytestmark = pytest.mark.fast

TARGET = Target("acme/db data 10.0.1.12", Place.ZONE, ip_address("10.0.1.12"), "acme/db", "data")
ROUTER = Target("gateway 10.0.0.1", Place.GATEWAY, ip_address("10.0.0.1"))
ALLOWED = Case("acme/web", TARGET, "tcp", 5432, Layer.WHOLE, Expected.ALLOWED, "sql")
DENIED = Case("acme/web", TARGET, "tcp", 22, Layer.WHOLE, Expected.DENIED, "no flow allows it", frozenset({Reach.TIMEOUT}))
FOREIGN = replace(DENIED, target=replace(TARGET, node="globex/db1"), aliases=frozenset({"acme/db"}), why="there is no path between tenants")
FRAME = replace(DENIED, layer=Layer.NETWORK, accepted=frozenset({Reach.SENT}))
PROVEN = ProbeProof("acme/web -> acme/db tcp 5432", listener=True, seconds=10)
GONE = replace(PROVEN, lost="acme/db takes no part: the login failed")


def by(*pairs: str) -> tuple[Observation, ...]:
    """Return observations, each written ``layer node``."""
    return tuple(Observation(pair.split()[1], pair.split()[0]) for pair in pairs)


@dataclass(frozen=True)
class Row:
    """A case with what was seen and what it must come to; ``says`` is a part of the reason."""

    case: Case
    seen: ProbeResult
    verdict: CheckVerdict
    says: str = ""
    proof: ProbeProof = PROVEN


P, F, E = CheckVerdict.PASS, CheckVerdict.FAIL, CheckVerdict.ERROR
TABLE = {
    "allowed and answered by the target": Row(ALLOWED, ProbeResult(Reach.OK, "acme/db"), P),
    "allowed but answered by another": Row(ALLOWED, ProbeResult(Reach.OK, "acme/web2"), F, "answered by acme/web2"),
    "allowed but answered without a token": Row(ALLOWED, ProbeResult(Reach.OK), F, "somebody without a token"),
    "allowed but dropped": Row(ALLOWED, ProbeResult(Reach.TIMEOUT), F, "never arrived"),
    "allowed but stopped by the receiver": Row(
        ALLOWED, ProbeResult(Reach.TIMEOUT, observations=by("wire acme/db")), F, "receiving server stopped it or its answer was lost"
    ),
    "allowed and received but the answer was lost": Row(
        ALLOWED, ProbeResult(Reach.TIMEOUT, observations=by("wire acme/db", "guest acme/db")), F, "a socket of acme/db received it, so"
    ),
    "allowed but refused": Row(ALLOWED, ProbeResult(Reach.REFUSED), F, "got REFUSED"),
    "allowed and no proof is needed": Row(ALLOWED, ProbeResult(Reach.OK, "acme/db"), P, proof=ProbeProof()),
    "allowed but seen by a stranger as well": Row(
        ALLOWED, ProbeResult(Reach.OK, "acme/db", observations=by("wire globex/db1")), F, "reached globex/db1"
    ),
    "allowed frame arrived": Row(replace(ALLOWED, layer=Layer.NETWORK), ProbeResult(Reach.SENT, observations=by("wire acme/db")), P),
    "allowed frame did not arrive": Row(replace(ALLOWED, layer=Layer.NETWORK), ProbeResult(Reach.SENT), F, "the network dropped it"),
    "denied and dropped": Row(DENIED, ProbeResult(Reach.TIMEOUT), P),
    "denied but reached": Row(DENIED, ProbeResult(Reach.OK, "acme/db"), F, "reached acme/db"),
    "denied but reached by somebody unknown": Row(DENIED, ProbeResult(Reach.OK), F, "serves no token"),
    "denied but refused": Row(DENIED, ProbeResult(Reach.REFUSED), F, "expected TIMEOUT, got REFUSED"),
    "denied but unreachable where a drop is expected": Row(DENIED, ProbeResult(Reach.UNREACHABLE), F, "expected TIMEOUT, got UNREACHABLE"),
    "denied and without a route": Row(replace(DENIED, accepted=frozenset({Reach.UNREACHABLE})), ProbeResult(Reach.UNREACHABLE), P),
    "denied but the wire saw it": Row(
        DENIED, ProbeResult(Reach.TIMEOUT, observations=by("wire acme/db")), F, "only the receiving server's own firewall"
    ),
    "denied but a socket saw it": Row(
        DENIED, ProbeResult(Reach.TIMEOUT, observations=by("guest acme/db")), F, "a socket of acme/db received it"
    ),
    "denied and the probe failed": Row(DENIED, ProbeResult(Reach.ERROR, errno="EMFILE"), E, "EMFILE"),
    "denied frame was dropped": Row(FRAME, ProbeResult(Reach.SENT), P),
    "denied frame arrived": Row(FRAME, ProbeResult(Reach.SENT, observations=by("wire acme/db")), F, "the network let it through"),
    "denied and the own namesake answered": Row(FOREIGN, ProbeResult(Reach.OK, "acme/db", observations=by("wire acme/db")), P),
    "denied and the own namesake dropped it": Row(FOREIGN, ProbeResult(Reach.TIMEOUT, observations=by("wire acme/db")), P),
    "denied and the stranger answered": Row(FOREIGN, ProbeResult(Reach.OK, "globex/db1"), F, "reached globex/db1"),
    "denied and the stranger saw it": Row(
        FOREIGN, ProbeResult(Reach.OK, "acme/db", observations=by("wire globex/db1")), F, "arrived at globex/db1"
    ),
    "denied and a third party saw it": Row(
        FOREIGN, ProbeResult(Reach.TIMEOUT, observations=by("wire globex/app1")), F, "reached globex/app1"
    ),
    "a router answered a ping": Row(
        replace(FRAME, target=ROUTER, protocol="icmp", port=0), ProbeResult(Reach.SENT, observations=by("reply acme/web")), F, "answered"
    ),
    "no sender": Row(DENIED, ProbeResult(Reach.TIMEOUT), E, "could send at all", replace(PROVEN, sender="")),
    "no listener": Row(DENIED, ProbeResult(Reach.TIMEOUT), E, "anybody listened", replace(PROVEN, listener=False)),
    "no receiver": Row(DENIED, ProbeResult(Reach.TIMEOUT), E, "would have seen it", replace(PROVEN, receiver=False)),
    "twin too far away": Row(DENIED, ProbeResult(Reach.TIMEOUT), E, "more than 60 s", replace(PROVEN, seconds=61)),
    "captures lost frames": Row(
        DENIED, ProbeResult(Reach.TIMEOUT), E, "lost", replace(PROVEN, missing=("acme/db lost 3 captured frames",))
    ),
    "a way through counts even without proofs": Row(DENIED, ProbeResult(Reach.OK, "acme/db"), F, "reached", ProbeProof()),
    "denied, and the target is gone": Row(DENIED, ProbeResult(Reach.TIMEOUT), E, "acme/db takes no part", GONE),
    "allowed and answered, and the target is gone": Row(ALLOWED, ProbeResult(Reach.OK, "acme/db"), E, "acme/db takes no part", GONE),
    "allowed but dropped, and the target is gone": Row(ALLOWED, ProbeResult(Reach.TIMEOUT), E, "acme/db takes no part", GONE),
    "the source is gone with its results": Row(DENIED, ProbeResult(Reach.ERROR), E, "takes no part", GONE),
    "denied but reached before the target was gone": Row(DENIED, ProbeResult(Reach.OK, "acme/db"), F, "reached acme/db", GONE),
    "the source is gone, and a stranger saw its probe": Row(
        DENIED, ProbeResult(Reach.ERROR, observations=by("wire globex/db1")), F, "reached globex/db1", GONE
    ),
    "nobody needs to listen for a ping": Row(
        replace(DENIED, protocol="icmp", port=0), ProbeResult(Reach.TIMEOUT), P, proof=replace(PROVEN, listener=None)
    ),
}


def wrong(table: dict[str, Row]) -> list[str]:
    """Return the rows that do not come to what they must."""
    found = []
    for name, row in table.items():
        outcome = subject.judge(row.case, row.seen, row.proof)
        if outcome.verdict is not row.verdict or row.says not in outcome.reason:
            found.append(f"{name}: {outcome.verdict} {outcome.reason}")
    return found


@pytest.mark.parametrize("name", TABLE)
def test_table(name: str) -> None:
    """Every row comes to its verdict, for its reason."""
    assert wrong({name: TABLE[name]}) == []


MUTANTS = {
    "forgets the sender's twin": ("if not proof.sender:", "if False:"),
    "forgets the listener": ("if proof.listener is False:", "if False:"),
    "forgets the receiver": ("if not proof.receiver:", "if False:"),
    "forgets the minute": ("if proof.seconds > SAME_MINUTE:", "if False:"),
    "forgets lost frames": ("if proof.missing:", "if False:"),
    "takes any silence": ("if seen.reach not in case.accepted and not case.aliases:", "if False:"),
    "does not look at the wire": ('case.target.node in seen.by("wire"):\n        which', "False:\n        which"),
    "does not look at sockets": ('if case.target.node and case.target.node in seen.by("guest"):', "if False:"),
    "does not look at strangers": ("if strangers:", "if False:"),
    "takes an address for an identity": ("if case.target.node and seen.owner != case.target.node:", "if False:"),
    "takes errors for a no": ("if seen.reach is Reach.ERROR and not proof.lost:", "if False:"),
    "believes the silence of the dead": ("if proof.lost:", "if False:"),
    "forgets what was seen before the end": ("_reached(case, seen) if case.expected is Expected.DENIED else", '"" if True else'),
    "believes whoever answers": ("if seen.reach is Reach.OK and (seen.owner not in case.aliases or not seen.owner):", "if False:"),
    "does not listen for echoes": ('if not case.target.node and case.source in seen.by("reply"):', "if False:"),
    "lets every allowed frame pass": ('if case.target.node in seen.by("wire"):\n            return', "if True:\n            return"),
    "lets every allowed socket pass": ("if seen.reach is not Reach.OK:", "if False:"),
}


@pytest.mark.parametrize("name", MUTANTS)
def test_broken_judges_are_caught(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A judge with one rule taken out gets at least one row wrong: the table would notice."""
    text = subject.__spec__.loader.get_source(subject.__name__)  # type: ignore[union-attr]
    before, after = MUTANTS[name]
    assert text.count(before) == 1, f"the mutant no longer fits the judge: {before}"
    namespace: dict[str, object] = {"__name__": "mutant"}
    exec(compile(text.replace(before, after), name, "exec"), namespace)  # noqa: S102 - our own source with one line changed
    monkeypatch.setattr(subject, "judge", namespace["judge"])
    assert wrong(TABLE)
