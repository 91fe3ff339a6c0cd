"""Isolation, proven: nothing passes between tenants, nothing passes that was not declared, and a certificate that others can check."""

from infra.proof.proof import prove
from infra.proof.report import Claim, Counterexample, Exposure, Judgement, Proof, Verdict

__all__ = ["Claim", "Counterexample", "Exposure", "Judgement", "Proof", "Verdict", "prove"]
