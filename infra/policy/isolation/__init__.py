"""Isolation, proven: nothing passes between tenants, nothing passes that was not declared, and a certificate that others can check."""

from infra.policy.isolation.fabric import Fabric
from infra.policy.isolation.intent import Card, Declared, Intent
from infra.policy.isolation.proof import prove
from infra.policy.isolation.report import Claim, Counterexample, Exposure, Judgement, Proof, Verdict

__all__ = ["Card", "Claim", "Counterexample", "Declared", "Exposure", "Fabric", "Intent", "Judgement", "Proof", "Verdict", "prove"]
