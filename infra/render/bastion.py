"""The bastion's rules as the properties of its server: the first boot makes its packet filter of them, and it keeps that one for good.

``hardening.firstboot`` reads them from the config drive; ``docs/image.md`` lists them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.policy.bastion import MANAGEMENT_FLOW, bastion_rules
from infra.policy.rules import Direction

if TYPE_CHECKING:
    from infra.declaration.model import Platform


def properties(platform: Platform) -> dict[str, str]:
    """Return who may open SSH on the bastion, on which port, and where it may open SSH itself."""
    rules = [rule for rule in bastion_rules(platform) if rule.origin.flow == MANAGEMENT_FLOW]
    peers = {direction: ",".join(str(rule.peer) for rule in rules if rule.direction is direction) for direction in Direction}
    return {
        "ringfence_role": "bastion",
        "ringfence_ssh_from": peers[Direction.INGRESS],
        "ringfence_ssh_port": str(platform.ssh_port),
        "ringfence_forward_to": peers[Direction.EGRESS],
    }
