"""A cloud that changes while it is read: what is late is read, what is gone is left out, what dangles is named."""

from __future__ import annotations

from threading import Barrier
from typing import TYPE_CHECKING, Any

import pytest

from infra.errors import CloudError, Problem
from infra.neutron.sources.ahead import CHUNK, side_by_side
from infra.neutron.sources.listing import PAGE, pages
from tests.fast.neutron.api import Answer, Connection, Service, read, unknowns

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.fast


class Changing(Service):
    """A service in which something happens between two reads: ``hidden`` from lists and there by its id, or ``gone`` by then."""

    def __init__(self, service: Service, *, hidden: tuple[str, ...] = (), gone: tuple[str, ...] = ()) -> None:
        super().__init__(service.collections)
        self.hidden, self.gone = hidden, gone

    def get(self, url: str, *, params: dict[str, Any]) -> Answer:
        """Answer a read of a list, or of one object."""
        *_, collection, last = url.split("/")
        collection = collection.replace("-", "_")
        if collection in self.collections and last != "detail":
            found = next((item for item in self.collections[collection] if item.get("id") == last and last not in self.gone), None)
            return Answer({"object": found}) if found else Answer({}, 404)
        body = super().get(url, params=params)
        listed = {key: [item for item in items if item.get("id") not in self.hidden] for key, items in body.json().items()}
        return Answer(listed, body.status_code)


def changing(**changes: tuple[str, ...]) -> Connection:
    """Return a cloud that changes while it is read."""
    connection = Connection()
    connection.network.collections["vpnservices"] = []
    connection.network = Changing(connection.network, **changes)
    return connection


@pytest.mark.parametrize("identifier", ["n", "s", "g"])
def test_what_was_made_after_its_list_was_read_is_read_by_its_id(identifier: str) -> None:
    """A port of a network, subnet or group that is not in the lists: the snapshot has both."""
    snapshot = read(changing(hidden=(identifier,)))
    assert (len(snapshot.networks), len(snapshot.subnets), len(snapshot.security_groups), len(snapshot.ports)) == (1, 1, 1, 1)
    assert snapshot.unknowns == ()


def test_what_is_gone_with_all_that_it_referred_to_is_left_out() -> None:
    """A port was listed, and is deleted by now with its group: nothing is corrupt."""
    snapshot = read(changing(hidden=("g",), gone=("g", "port-0")))
    assert (snapshot.ports, snapshot.security_groups, snapshot.unknowns) == ((), (), ())


def test_every_thing_that_is_not_understood_stays_where_one_object_has_several() -> None:
    """Records of kind unknown are told apart by more than an id."""
    connection = Connection()
    connection.network.collections["vpnservices"] = []
    connection.network.collections["ports"][0] |= {"odd": 1, "strange": 2}
    assert sorted(unknowns(connection)) == ["field:port.odd", "field:port.strange"]


def test_what_dangles_all_the_same_is_named() -> None:
    """The port is there and names a group that is not: nobody can tell what guards it."""
    snapshot = read(changing(hidden=("g",), gone=("g",)))
    assert [(unknown.type, unknown.id) for unknown in snapshot.unknowns] == [("dangling:ports", "port-0")]
    assert "security_groups g" in snapshot.unknowns[0].reason


def test_a_list_goes_on_where_the_object_that_a_page_ended_with_is_gone() -> None:
    """The API refuses its id as a marker: the list is begun anew, and nothing is read twice."""
    connection = Connection(ports=2 * PAGE + 5)
    connection.network.collections["vpnservices"] = []
    fine = connection.network.get
    refused: list[str] = []

    def get(url: str, *, params: dict[str, Any]) -> Answer:
        if params.get("marker") == f"port-{PAGE - 1}" and not refused:
            refused.append(params["marker"])
            return Answer({}, 404)
        return fine(url, params=params)

    connection.network.get = get  # type: ignore[method-assign]
    assert (len({port.id for port in read(connection).ports}), len(refused)) == (2 * PAGE + 5, 1)


@pytest.mark.parametrize("optional", [False, True])
def test_an_object_that_is_gone_is_no_end_of_an_extensions_list(optional: bool) -> None:  # noqa: FBT001 - a parameter of the test
    """The API answers "not found" for both: a page before says that the extension is there."""
    rows = [{"id": str(number)} for number in range(4)]

    class Paging:
        """Two objects a page; the object that the first page ends with is gone before the second is asked for."""

        gone = False

        def get(self, _url: str, *, params: dict[str, Any]) -> Answer:
            marker = params.get("marker")
            if marker == "1":
                self.gone = True
                return Answer({}, 404)
            left = [row for row in rows if not (self.gone and row["id"] == "1")]
            begin = next((place + 1 for place, row in enumerate(left) if row["id"] == marker), 0)
            links = [{"rel": "next"}] if len(left) > begin + 2 else []
            return Answer({"trunks": left[begin : begin + 2], "trunks_links": links})

    found = pages(Paging(), ("/trunks", "trunks"), lambda _key, _count: None, optional=optional)
    assert [row["id"] for row in found] == ["0", "1", "2", "3"]


def test_lists_are_read_side_by_side_and_handed_on_in_order() -> None:
    """A slow first list lets the others run; an error comes where its list would be, and ends the readers."""
    started = Barrier(2, timeout=60)

    def slow() -> Iterator[int]:
        started.wait()
        yield from range(3 * CHUNK)

    assert [name for name, _ in side_by_side({"first": slow, "second": slow}, 2)] == ["first"] * 3 * CHUNK + ["second"] * 3 * CHUNK

    def broken() -> Iterator[int]:
        yield 1
        raise CloudError(Problem("the cloud did not answer", where="/ports"))

    taken: list[str] = []
    with pytest.raises(CloudError, match="/ports"):
        taken.extend(name for name, _ in side_by_side({"fine": lambda: range(5), "broken": broken, "long": lambda: range(100 * CHUNK)}, 3))
    assert set(taken) <= {"fine"}
