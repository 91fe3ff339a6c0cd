"""What ``ovn-nbctl`` prints, read: ids, sets and maps, one value without its set; and nothing else."""

from __future__ import annotations

import json

import pytest

from infra.drift.ovn import northbound
from infra.errors import CloudError

pytestmark = pytest.mark.fast
EMPTY = json.dumps({"headings": ["_uuid"], "data": []})
PRINTED = {
    "headings": ["_uuid", "name", "ports", "acls", "external_ids", "tag"],
    "data": [
        [["uuid", "u1"], "pg", ["set", [["uuid", "a"], ["uuid", "b"]]], ["uuid", "c"], ["map", [["neutron:x", "1"]]], ["set", []]],
    ],
}


def printed(first: str) -> str:
    """Return what is printed for all tables, with something in the first one."""
    return "\n".join([first, *[EMPTY] * (len(northbound.TABLES) - 1)])


def test_values_are_read_as_the_database_means_them() -> None:
    """RFC 7047, section 5.1."""
    row = northbound.read(printed(json.dumps(PRINTED))).rows("ACL")["u1"]
    assert row == {"_uuid": "u1", "name": "pg", "ports": ["a", "b"], "acls": "c", "external_ids": {"neutron:x": "1"}, "tag": []}
    assert (northbound.many(row, "acls"), northbound.many(row, "tag")) == (["c"], [])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ovn-nbctl: unix:/run/ovn/ovnnb_db.sock: database connection failed",
        EMPTY,
        printed("{}"),
        printed('{"headings": ["_uuid"], "data": [[["uuid", "u"], 2]]}'),
        printed('{"headings": ["name"], "data": [["x"]]}'),
        printed('{"headings": ["_uuid", "x"], "data": [[["uuid", "u"], ["new", 1, 2]]]}'),
        printed('{"headings": ["_uuid", "x"], "data": [[["uuid", "u"], {"a": 1}]]}'),
        printed(EMPTY) + EMPTY,
        printed(EMPTY) + "{",
    ],
)
def test_anything_else_is_an_error(text: str) -> None:
    """Never a table without rows."""
    with pytest.raises(CloudError, match="not what ovn-nbctl prints"):
        northbound.read(text)


def test_a_row_that_is_named_and_not_there_is_an_error() -> None:
    """A part of the database is not the database."""
    found = northbound.read(printed(json.dumps(PRINTED)))
    with pytest.raises(CloudError, match="does not have"):
        list(found.of_row(found.rows("ACL")["u1"], "acls", "Port_Group"))
