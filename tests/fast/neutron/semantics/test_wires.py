"""Which networks are one wire."""

from __future__ import annotations

import pytest

from infra.neutron.semantics.wires import wire_of
from infra.neutron.snapshot import Network

pytestmark = pytest.mark.fast


def network(kind: str | None, number: int | None = 7, place: str | None = None) -> Network:
    """Return a network of a type."""
    fields = {"provider_network_type": kind, "provider_segmentation_id": number, "provider_physical_network": place}
    return Network(id="n", project_id="p", **fields)  # type: ignore[arg-type]  # one table of fields of three types


@pytest.mark.parametrize("kind", ["gre", "vxlan", "geneve", "Geneve"])
def test_overlays_with_one_number_are_one_wire(kind: str) -> None:
    """Neutron gives a number once; a snapshot that shows it twice is read as what it says."""
    assert wire_of(network(kind)) == (kind.lower(), "", 7)


def test_capitals_make_no_other_wire() -> None:
    """A physical network that is written in two ways is one."""
    assert wire_of(network("VLAN", 7, "Physnet1")) == wire_of(network("vlan", 7, "physnet1 "))


@pytest.mark.parametrize("kind", [None, "local", "portgroup"])
def test_a_number_of_another_type_joins_nothing(kind: str | None) -> None:
    """What it means is not known, so it is no path either: a type that no list has is "cannot tell" by its name."""
    assert wire_of(network(kind)) is None
