"""The collector of ``ringfence doctor``: an answer that is none is kept as such, lists are read to their end, and one way is tried."""

from __future__ import annotations

import socket
from threading import Thread
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from keystoneauth1 import exceptions

from ringfence.doctor.collect import Asking, way
from ringfence.doctor.model import Way
from ringfence.doctor.reads import NAMED, NO_ANSWER, NO_SERVICE, OK, PAGE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.fast
DATE = "Sun, 29 Nov 2026 17:00:00 GMT"
AT = 1795971600.0


class Proxy:
    """A service of a cloud; ``answer`` makes the body, or raises."""

    def __init__(self, answer: Callable[[str], Any], status: int = OK) -> None:
        self._answer, self._status = answer, status
        self.asked: list[str] = []

    def get_endpoint_data(self) -> object:
        """Tell the versions."""
        return SimpleNamespace(url="https://cloud.test/v2", api_version=(2, 0), max_microversion=None)

    def get(self, path: str, **_options: object) -> object:
        """Answer a read."""
        self.asked.append(path)
        body = self._answer(path)
        ok = self._status == OK
        return SimpleNamespace(status_code=self._status, ok=ok, json=lambda: body, text=str(body), headers={"Date": DATE})


def asking(**services: object) -> Asking:
    """Return what asks a cloud with these services, which has been asked for the versions of all of them."""
    found = Asking(SimpleNamespace(**services), "p1")  # type: ignore[arg-type]
    for name in services:
        found.service(name.replace("_", "-"))
    return found


def test_a_list_is_read_to_its_end() -> None:
    """What is on the second page may be what is left over."""
    pages = iter([[{"id": str(number)} for number in range(PAGE)], [{"id": "last"}]])
    proxy = Proxy(lambda _path: {"servers": next(pages)})
    answer = asking(compute=proxy).answer(NAMED["servers"])
    assert [row["id"] for row in answer.body["servers"]][-2:] == [str(PAGE - 1), "last"]
    assert proxy.asked[1].endswith(f"&marker={PAGE - 1}")


def test_the_project_stands_in_the_path_and_the_date_is_kept() -> None:
    """Quotas are those of the credential's project; the first date of a service is its clock."""
    proxy = Proxy(lambda _path: {"quota": {}})
    found = asking(network=proxy)
    found.answer(NAMED["network-quota"])
    assert proxy.asked == ["/quotas/p1/details"]
    assert found.clocks["network"].theirs == AT


def test_a_refusal_is_kept_with_its_status() -> None:
    """Who is refused knows nothing, which is not the same as nothing being there."""
    answer = asking(network=Proxy(lambda _path: "no", 403)).answer(NAMED["agents"])
    assert (answer.status, answer.body, answer.why) == (403, None, "no")


def test_a_service_that_is_not_in_the_catalog_is_none() -> None:
    """The check of services says so, the others skip."""
    missing = SimpleNamespace(get_endpoint_data=lambda: None)
    found = asking(key_manager=missing)
    assert found.service("key-manager") is None
    assert found.answer(NAMED["secrets"]).status == NO_SERVICE


@pytest.mark.parametrize("error", [exceptions.ConnectFailure("gone"), exceptions.DiscoveryFailure("what?"), ValueError("no JSON")])
def test_a_service_that_does_not_answer_says_why(error: Exception) -> None:
    """At the first question or at a later one: no answer is kept as none, with the client's words."""

    def fail(_path: str = "") -> object:
        raise error

    later = asking(network=Proxy(fail)).answer(NAMED["agents"])
    assert (later.status, bool(later.why)) == (NO_ANSWER, True)
    found = Asking(SimpleNamespace(network=SimpleNamespace(get_endpoint_data=fail)), "p1")  # type: ignore[arg-type]
    service = found.service("network")
    assert service is not None
    assert str(error) in service.why
    assert found.answer(NAMED["agents"]).status == NO_ANSWER


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """Listen on the loopback."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


def test_an_ssh_server_is_told_by_what_it_says_first(listener: socket.socket) -> None:
    """An open port is not yet a bastion."""

    def greet() -> None:
        link, _ = listener.accept()
        with link:
            link.sendall(b"SSH-2.0-test\r\n")

    Thread(target=greet, daemon=True).start()
    found = way(Way("127.0.0.0/8", "127.0.0.1"), listener.getsockname()[1])
    assert (found.source, found.answer) == ("127.0.0.1", "ssh")


def test_a_closed_port_refuses_and_is_a_way() -> None:
    """Where nobody listens the host itself says so."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    found = way(Way("127.0.0.1/32", "127.0.0.1"), port)
    assert (found.answer, found.control) == ("refused", "refused")
