"""``verify`` and ``lint`` agree: whatever one names of a cloud, the other names in a snapshot of it, or the snapshot cannot show it."""

from __future__ import annotations

import pytest

from infra.errors import SnapshotError
from infra.neutron.lint.wiring import wiring
from tests.fast.drift import broken, broken_copies, broken_identity, broken_services, broken_wiring
from tests.fast.drift.snapshots import snapshot
from tests.fast.drift.views import cloud
from tests.fast.neutron.lint.states import declared
from tests.fast.ringfence.verify.inventories import inventory

pytestmark = pytest.mark.fast
INVENTORY, OFFERING = inventory(), inventory(services=True)
WAYS = broken.WAYS | broken_wiring.WAYS | broken_services.WAYS | broken_identity.WAYS | broken_copies.WAYS

RULES = "what rules let pass is compared as sets of packets, by the claim `declared` of the proof"
STORAGE = "a snapshot has no volumes"
IDENTITY = "a snapshot has no users, roles and credentials"
SERVERS = "of a server a snapshot has its name and its project"
LABELS = "a snapshot has no labels"
FIELDS = "a snapshot names a field that it does not know, and nothing is proven over it"
GIVEN = "what the cloud gave when the stack made it, the stack alone knows"
STATE = "whether a port is up at the moment is no part of a snapshot"
UNSEEN = {
    **dict.fromkeys(broken_identity.WAYS, IDENTITY),
    **dict.fromkeys(broken_copies.WAYS, STORAGE),
    "rule by hand": RULES,
    "rule of IPv6 by hand": RULES,
    "rule removed": RULES,
    "rule that admits the twin of an address group": RULES,
    "rule that admits a group": RULES,
    "default rules back": RULES,
    "rule on the bastion": RULES,
    "address group widened": RULES,
    "address group narrowed": RULES,
    "address group of another project": RULES,
    "address group renamed": RULES,
    "server off": SERVERS,
    "bastion off": SERVERS,
    "server of another flavor": SERVERS,
    "server with another key": SERVERS,
    "server from an image": SERVERS,
    "server with user data": SERVERS,
    "server's metadata": SERVERS,
    "server without its volume": STORAGE,
    "volume of another on a server": STORAGE,
    "plain volume": STORAGE,
    "volume retyped": STORAGE,
    "volume lost": STORAGE,
    "volume of another project": STORAGE,
    "volume from a snapshot": STORAGE,
    "volume given away": STORAGE,
    "volume for several": STORAGE,
    "volume attached twice": STORAGE,
    "root from another image": STORAGE,
    "encryption taken off the type": STORAGE,
    "weaker cipher": STORAGE,
    "volume type lost": STORAGE,
    "volume type of another back end": STORAGE,
    "labels lost": LABELS,
    "labels of a volume lost": LABELS,
    "nic that learns MACs": FIELDS,
    "trusted nic": FIELDS,
    "port not filtered": FIELDS,
    "port behind another": FIELDS,
    "DHCP options on a port": "options of DHCP reach nobody: it is off on every declared subnet, and on is a finding",
    "network with private VLANs": FIELDS,
    "network with tags inside": FIELDS,
    "network that is transparent": FIELDS,
    "conntrack helper": FIELDS,
    "network with other MTU": GIVEN,
    "router advertisements": "a snapshot has no mode of router advertisements",
    "other MAC": GIVEN,
    "other address outside": GIVEN,
    "port down": STATE,
    "floating IP that is another": GIVEN,
    "floating IP to another address": "Neutron leads a public address to an address of its port, and these are compared",
    "leg with an address pair": "nothing filters a router's port, so the pair opens nothing",
    "services server that answers everybody": RULES,
    "services server that answers on another port": RULES,
    "services server that may open anything": RULES,
    "services server that nobody may ask": RULES,
    "bastion that may open more of the services server": RULES,
    "tenant's servers that may open more of the services server": RULES,
    "services server off": SERVERS,
    "store that is not encrypted": STORAGE,
    "store that others may attach": STORAGE,
    "store of another tenant": STORAGE,
    "pool for everybody who names none": "a snapshot does not say which pool is the default",
}
"""Ways that only the comparison by the stacks' ids finds, with the reason."""


@pytest.mark.parametrize("services", [False, True])
def test_both_say_nothing_of_a_cloud_that_is_as_declared(*, services: bool) -> None:
    """The rows of the API, read as a snapshot, are those that the declarations describe."""
    _, found = cloud(OFFERING if services else INVENTORY)
    assert frozenset(finding.text for finding in wiring(snapshot(found), declared(services=services))) == frozenset()


@pytest.mark.parametrize("name", WAYS)
def test_what_verify_names_lint_names_too(name: str) -> None:
    """A way that leaves the list of those which a snapshot cannot show leaves it here too."""
    is_services = name in broken_services.WAYS
    _, found = cloud(OFFERING if is_services else INVENTORY)
    try:
        texts = [finding.text for finding in wiring(snapshot(WAYS[name][0](found)), declared(services=is_services))]
    except SnapshotError as partial:
        texts = [str(partial)]
    assert bool(texts) is (name not in UNSEEN), texts


def test_every_reason_is_about_a_way() -> None:
    """A way that was renamed takes its reason along."""
    assert UNSEEN.keys() <= WAYS.keys()
