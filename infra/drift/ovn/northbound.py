"""OVN's northbound database as ``ovn-nbctl --format=json list TABLE`` prints it: rows by table and id, and by the names that Neutron gives.

Neutron names a switch and a router ``neutron-ID``, a switch's port by the port's id, a router's port ``lrp-ID``, a port group ``pg_ID``
and an address set ``ag_ID_ip4``, each with the id of its own record (neutron/common/ovn/utils.py).
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from infra.errors import CloudError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Row = dict[str, Any]

TABLES = (
    "ACL",
    "Address_Set",
    "Logical_Router",
    "Logical_Router_Policy",
    "Logical_Router_Port",
    "Logical_Router_Static_Route",
    "Logical_Switch",
    "Logical_Switch_Port",
    "NAT",
    "Port_Group",
    "Static_MAC_Binding",
)
"""What is compared, in the order in which it is asked for."""
DROP_GROUP = "neutron_pg_drop"
ID = "_uuid"
PAIR = 2


def switch_name(network: str) -> str:
    """Return the name of a network's switch."""
    return f"neutron-{network}"


router_name = switch_name


def router_port_name(port: str) -> str:
    """Return the name of a router's port."""
    return f"lrp-{port}"


def group_name(group: str) -> str:
    """Return the name of a security group's port group."""
    return f"pg-{group}".replace("-", "_")


def address_set_name(group: str, family: str) -> str:
    """Return the name of an address group's set of a family, ``ip4`` or ``ip6``."""
    return f"ag-{group}-{family}".replace("-", "_")


@dataclass(frozen=True, slots=True)
class Northbound:
    """The rows of every table, by id."""

    tables: Mapping[str, Mapping[str, Row]]
    named: Mapping[str, Mapping[str, list[Row]]] = field(default_factory=dict)

    @classmethod
    def of(cls, tables: Mapping[str, Mapping[str, Row]]) -> Northbound:
        """Index the rows by name."""
        named: dict[str, dict[str, list[Row]]] = {}
        for table, rows in tables.items():
            for row in rows.values():
                if isinstance(row.get("name"), str):
                    named.setdefault(table, {}).setdefault(row["name"], []).append(row)
        return cls(tables, named)

    def rows(self, table: str) -> Mapping[str, Row]:
        """Return the rows of a table. Raises :class:`CloudError` when it was not asked for."""
        if table not in self.tables:
            raise CloudError.of("OVN did not tell what has to be compared", where=f"table {table}", hint="see what the command prefix runs")
        return self.tables[table]

    def called(self, table: str, name: str) -> list[Row]:
        """Return the rows with a name."""
        self.rows(table)
        return self.named.get(table, {}).get(name, [])

    def of_row(self, row: Row, column: str, table: str) -> Iterator[Row]:
        """Yield the rows of another table that a column names. Raises :class:`CloudError` for one that is not there."""
        rows = self.rows(table)
        for id_ in many(row, column):
            if id_ not in rows:
                raise CloudError.of(
                    "OVN names a row that it does not have",
                    where=f"{column} of {row.get('name') or row[ID]}",
                    got=str(id_),
                    hint="compare once more",
                )
            yield rows[id_]


def read(text: str) -> Northbound:
    """Read what ``ovn-nbctl`` prints for :data:`TABLES`, one after the other. Raises :class:`CloudError` for anything else."""
    decoder, tables, place = json.JSONDecoder(), [], 0
    text = text.strip()
    try:
        while place < len(text):
            answer, place = decoder.raw_decode(text, place)
            tables.append({row[ID]: row for row in _rows(answer)})
            while place < len(text) and text[place].isspace():
                place += 1
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise _strange(f"{type(error).__name__}: {error}") from error
    if len(tables) != len(TABLES):
        raise _strange(f"{len(tables)} tables")
    return Northbound.of(dict(zip(TABLES, tables, strict=True)))


def _strange(got: str) -> CloudError:
    hint = "see what the command prefix runs"
    return CloudError.of(
        "this is not what ovn-nbctl prints", where="ovn-nbctl", expected=f"{len(TABLES)} tables as JSON", got=got, hint=hint
    )


def _rows(answer: Row) -> Iterator[Row]:
    headings = answer["headings"]
    for values in answer["data"]:
        yield {heading: _value(value) for heading, value in zip(headings, values, strict=True)}


def _value(value: Any) -> Any:  # noqa: ANN401 - JSON
    """Return a value of the database (RFC 7047, 5.1): an id as a text, a set as a list, a map as a dictionary, all else as it is."""
    if isinstance(value, list) and len(value) == PAIR:
        match value[0]:
            case "uuid" | "named-uuid":
                return str(value[1])
            case "set":
                return [_value(one) for one in value[1]]
            case "map":
                return {_value(key): _value(one) for key, one in value[1]}
    if isinstance(value, (list, dict)):
        message = f"no value of a database: {value!r}"
        raise TypeError(message)
    return value


def many(row: Row, column: str) -> list[Any]:
    """Return a column that holds any number of values: one alone is printed without its set. Raises ``KeyError`` when there is none."""
    value = row[column]
    return value if isinstance(value, list) else [value]


def is_empty(value: object) -> bool:
    """Tell whether a column says nothing."""
    return value in ([], {}, "", 0, False, None)
