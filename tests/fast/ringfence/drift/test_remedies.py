"""The command that puts a difference back."""

from __future__ import annotations

from dataclasses import replace

import pytest

from infra.outcome import Deviation, DeviationKind
from ringfence.drift import remedies
from ringfence.verify.result import Kind
from tests.fast.ringfence.drift.made import EXTRA

pytestmark = pytest.mark.fast
ASSIGNMENT = "https://cloud/identity/v3/projects/p/users/u/roles/r"
IN_SYSTEM = "https://cloud/identity/v3/system/users/u/roles/r"
FROM_DOMAIN = "https://cloud/identity/v3/OS-INHERIT/domains/d/users/u/roles/r/inherited_to_projects"


def of(**changes: object) -> str:
    """Return what puts back a deviation that differs from an undeclared port."""
    return remedies.of(Kind.CLOUD, "acme", replace(EXTRA, **changes))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "command"),
    [
        ({}, "openstack port delete p-1"),
        ({"object_kind": "application credential"}, "as its user: openstack application credential delete p-1"),
        ({"object_kind": "role assignment", "id": ASSIGNMENT}, "openstack role remove --user u --project p r"),
        ({"object_kind": "role assignment", "id": FROM_DOMAIN}, "openstack role remove --user u --domain d --inherited r"),
        ({"object_kind": "role assignment", "id": IN_SYSTEM}, "openstack role remove --user u --system all r"),
        ({"object_kind": "role assignment", "id": '{"x": 1}'}, 'take away the role assignment {"x": 1}'),
        ({"object_kind": "something new"}, "take away the something new p-1"),
        ({"part": True}, "pulumi up --refresh -s acme"),
        ({"part": True, "undo": "openstack security group rule delete r-1"}, "openstack security group rule delete r-1"),
        ({"kind": DeviationKind.MISSING}, "pulumi up --refresh -s acme"),
        ({"kind": DeviationKind.DIFFERENT}, "pulumi up --refresh -s acme"),
        ({"id": "x; rm -rf /"}, "openstack port delete 'x; rm -rf /'"),
    ],
)
def test_each_kind_of_difference_has_its_command(changes: dict[str, object], command: str) -> None:
    """What is undeclared goes by its id, what is declared comes by its stack, and nothing from outside is a word of a shell."""
    assert of(**changes) == command


def test_an_object_whose_part_is_undeclared_is_never_taken_away() -> None:
    """A group with a rule too much is a declared group."""
    one = Deviation(DeviationKind.UNDECLARED, "security group", "g", "acme-db", "undeclared rule in acme-db", part=True)
    assert "delete g" not in remedies.of(Kind.CLOUD, "acme", one)


@pytest.mark.parametrize(
    ("name", "command"), [("acme/web", "ringfence ssh acme/web"), ("platform/bastion", "ringfence ssh bastion, or replace")]
)
def test_what_is_wrong_inside_a_server_names_the_way_in(name: str, command: str) -> None:
    """Of the bastion by its own name."""
    one = Deviation(DeviationKind.DIFFERENT, "server", "s", name, "a file differs")
    assert command in remedies.of(Kind.GUEST, name.partition("/")[0], one)
