"""The bastion's packet filter: what its first boot makes of the properties that its server is given, held against its rules."""

from __future__ import annotations

import re

import pytest

from infra.policy.bastion import bastion_rules
from infra.policy.rules import Direction
from tests.fast.policy.tenants import PLATFORM
from tests.fast.render.bastion import ruleset

pytestmark = pytest.mark.fast
NEW = re.compile(
    r'(?P<way>[io])ifname "mgmt0" ip [sd]addr \{ (?P<peers>[^}]*) \} tcp dport (?P<port>\d+) ct state \{ new, established \} accept'
)


def test_the_bastions_filter_and_its_security_group_open_the_same() -> None:
    """SSH in from the operators and out to the management addresses: what may begin, in both, and nothing else."""
    text = ruleset(PLATFORM)
    begun = {
        (Direction.INGRESS if found["way"] == "i" else Direction.EGRESS, peer, int(found["port"]))
        for found in NEW.finditer(text)
        for peer in found["peers"].split(", ")
    }
    assert begun == {(rule.direction, str(rule.peer), rule.match.first) for rule in bastion_rules(PLATFORM)}
    assert text.count("new, established") == len(Direction)
    assert text.count("policy drop;") == 3


def test_several_operators_are_all_told() -> None:
    """Each prefix is in the filter."""
    bastion = PLATFORM.bastion.model_copy(update={"allowed_from": (*PLATFORM.bastion.allowed_from, PLATFORM.backbone.cidr)})
    text = ruleset(PLATFORM.model_copy(update={"bastion": bastion}))
    assert f'iifname "mgmt0" ip saddr {{ {PLATFORM.backbone.cidr}, {PLATFORM.bastion.allowed_from[0]} }} tcp dport 22' in text
