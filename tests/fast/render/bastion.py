"""The packet filter that the bastion runs, made as the bastion makes it: from its config drive, by the program of the image."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hardening.firstboot.config_drive import parse_meta_data, parse_network_data
from hardening.firstboot.nftables import base_policy
from hardening.firstboot.plan import make_plan
from infra.render.bastion import properties
from tests.fast.hardening.image import drives

if TYPE_CHECKING:
    from infra.declaration.model import Platform


def ruleset(platform: Platform) -> str:
    """Return the ruleset of a platform's bastion."""
    given = {name.removeprefix("ringfence_"): value for name, value in properties(platform).items()}
    network, meta = drives.text(drives.bastion_network()), drives.text(drives.bastion_meta(**given))
    return base_policy(make_plan(parse_network_data(network), parse_meta_data(meta)))
