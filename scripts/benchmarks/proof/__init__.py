"""``./scripts/bench proof``: how fast the firewall analysis is, beside every comparable engine that installs here.

One module per group of cases; each measurement runs in a process of its own (:mod:`benchmarks.proof.worker`), so that memory is
its own and no engine warms another's caches. The cases are those of the issue: B1 canonical form and redundancy, B2 all pairs,
B3 from JSON to proof, B4 scaling, B5 edits and differences, B6 who can reach.
"""
