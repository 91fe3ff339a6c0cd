"""What the exact answers say about the platform's services: their flows, their reasons, their lines, and nothing beyond them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.fast.ringfence.offering import offer

if TYPE_CHECKING:
    from pathlib import Path

    from tests.fast.ringfence.command import Run

pytestmark = pytest.mark.fast
SERVER = "platform/platform-services"


@pytest.fixture
def offering(tree: Path) -> Path:
    """The shipped declarations, with these services of the platform; returns the platform's file."""
    return offer(tree, sessions=None)


def line_of(file: Path, text: str) -> int:
    """The line of a file that begins with a text."""
    return next(number for number, line in enumerate(file.read_text().splitlines(), 1) if line.strip().startswith(text))


def test_why_names_the_service_its_reason_and_its_line(offering: Path, run: Run) -> None:
    """Both ends of the way name the platform's declaration; what is not offered is not allowed."""
    ended = run("why", "acme/web", SERVER, "tcp/443")
    place = f"flow services.packages, Pulumi.platform.yaml:{line_of(offering, 'packages:')}: servers without a route"
    assert (ended.code, ended.out.count(place)) == (0, 2)
    assert run("why", "acme/web", SERVER, "tcp/30344").code == 1
    assert run("why-not", "acme/web", SERVER, "tcp/30344").code == 0


@pytest.mark.usefixtures("offering")
def test_can_tells_what_a_server_may_open_and_that_the_services_server_opens_nothing(run: Run) -> None:
    """One way only, and nothing but what is declared: sessions are not."""
    passes = run("can", "acme/web", SERVER)
    assert (passes.code, "tcp/443, tcp/4460, tcp/6514, udp/123 from" in passes.out) == (0, True)
    back = run("can", SERVER, "acme/web")
    assert (back.code, "nothing passes" in back.out) == (1, True)


@pytest.mark.usefixtures("offering")
def test_the_matrix_has_the_services_and_no_tenant_reaches_another_through_them(run: Run) -> None:
    """Each management network to the services server, on the services' ports, and nowhere else."""
    cells = run("matrix", "--json").json["cells"]
    for tenant in ("acme", "globex"):
        sent = [(cell["to"], cell["services"]) for cell in cells if cell["from"] == f"{tenant} on {tenant}-management"]
        assert sent == [("platform on platform-backbone", ["tcp/443", "tcp/4460", "tcp/6514", "udp/123"])]
    apart = {frozenset((cell["from"].partition(" ")[0], cell["to"].partition(" ")[0])) for cell in cells}
    assert frozenset(("acme", "globex")) not in apart
