"""What is really in force, told by hashes of what the kernel and the disk hold; the deployer compares, the server does not judge itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hardening.agent import packet_filter, store, units
from hardening.agent.generation import POLICY, digest, found, wanted
from hardening.agent.states import waiting
from hardening.bundle import Bundle, digest_of
from hardening.bundle import digest as bundle_digest

if TYPE_CHECKING:
    from hardening.agent.paths import Paths


def show(paths: Paths) -> dict[str, Any]:
    """What is confirmed, what waits, and what is really in force.

    ``drift`` is true when the kernel holds another packet filter, ``changed`` names the files that are not as they were handed over.
    """
    pending = waiting(paths)
    text, source = packet_filter.next_boots(paths)
    staged = pending.folder(paths) if pending else None
    policy = store.read(f"{staged}/{POLICY}") if staged else text
    ruleset, drift = packet_filter.in_kernel(policy)
    asked, names = wanted(staged or paths.confirmed)
    files = found(paths.files)
    return {
        "sha256": bundle_digest(Bundle(text)) if source == "policy" else None,
        "source": source,
        "pending_sha256": digest(staged) if staged else None,
        "drift": drift,
        "bundle_sha256": digest_of(policy, files, names) if staged or source == "policy" else None,
        "files": [facts._asdict() for facts in files],
        "changed": sorted({facts.path for facts in {*asked} ^ {*files}}),
        "units": {name: state.get("ActiveState", "") for name, state in units.states(names).items()},
        "ruleset": ruleset,
    }
