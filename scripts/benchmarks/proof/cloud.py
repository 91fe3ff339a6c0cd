"""B2 and B3: whole clouds, from a snapshot to the proof, with everything that the model knows about Neutron."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from netaddr import IPNetwork

from benchmarks.measure import Row, peak_mib, repeated
from benchmarks.snapshots import snapshot_file
from benchmarks.synthetic import Shape, header, records
from infra.neutron.semantics.compile import compile_fabric
from infra.neutron.snapshot.store import from_records, load
from infra.proof import prove

if TYPE_CHECKING:
    from pathlib import Path

    from infra.neutron.snapshot import Snapshot
    from infra.proof import Proof
    from infra.reachability.fabric import Fabric

SERVERS_PER_TENANT = 20
RULES_PER_TENANT = 200


def all_pairs(engine: str, size: int, repeats: int) -> Row:
    """All pairs of ``size`` servers: "compiled" starts from the compiled model, the plain engine from records in memory."""
    shape = Shape(tenants=size // SERVERS_PER_TENANT, rules=RULES_PER_TENANT)
    snapshot = from_records(header(), records(shape))
    fabric = compile_fabric(snapshot)
    call = (lambda: prove(fabric)) if engine.endswith("compiled") else lambda: prove(compile_fabric(snapshot))
    times, proof = repeated(call, repeats)
    return Row(
        case="B2", engine=engine, size=size, unit="servers", times=times, peak_mib=peak_mib(), answers={"verdicts": _verdicts(proof)}
    )


def end_to_end(engine: str, size: int, repeats: int) -> Row:
    """``size`` rules from a file of JSON lines to verdicts on all claims between tenants; the baseline only reads and parses."""
    path = snapshot_file(Shape(tenants=size // RULES_PER_TENANT, rules=RULES_PER_TENANT))
    if engine == "ringfence":
        times, (_, _, proof) = repeated(lambda: _prove_file(path), repeats)
        answers = {"verdicts": _verdicts(proof)}
    else:
        times, count = repeated(lambda: _read_naively(path), repeats)
        answers = {"rules": str(count)}
    note = "" if engine == "ringfence" else "reads and parses only, proves nothing"
    return Row(case="B3", engine=engine, size=size, unit="rules", times=times, peak_mib=peak_mib(), answers=answers, note=note)


def _prove_file(path: Path) -> tuple[Snapshot, Fabric, Proof]:
    """Return everything that was built on the way, so that freeing a million records does not count as part of the answer."""
    snapshot = load(path)
    fabric = compile_fabric(snapshot)
    return snapshot, fabric, prove(fabric)


def _verdicts(proof: Proof) -> str:
    return ", ".join(f"{judgement.claim}: {judgement.verdict}" for judgement in proof.judgements)


def _read_naively(path: Path) -> int:
    """Read the file as a script would: the standard library's JSON and one netaddr object per prefix."""
    rules = 0
    with path.open() as file:
        for line in file:
            for rule in json.loads(line).get("rules", ()):
                rules += 1
                if prefix := rule.get("remote_ip_prefix"):
                    IPNetwork(prefix)
    return rules
