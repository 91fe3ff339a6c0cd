"""Who is trusted: projects are told by id and domain, and a name by itself opens nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from infra.errors import QuestionError
from infra.neutron.semantics.compile import compile_fabric
from infra.neutron.semantics.parties import Trust, labels, place, trusted, trusting
from infra.neutron.snapshot import Header, Project, Role, Source
from infra.neutron.snapshot.store import from_records
from infra.proof import Claim, Verdict, prove
from tests.fast.neutron.clouds import two_tenants

if TYPE_CHECKING:
    from infra.neutron.snapshot import Snapshot

pytestmark = pytest.mark.fast

OURS = Project(id="p1", name="platform", domain_id="default", domain="Default")
STRANGER = Project(id="x1", name="platform", domain_id="customers", domain="customers")
UNTOLD = Project(id="u1", name="platform")
UNTOLD_TWIN = Project(id="u2", name="platform")
SERVICE = Project(id="s1", name="service", domain_id="default")
ACME = Project(id="a1", name="acme", domain_id="default")
OTHER_ACME = Project(id="a2", name="acme", domain_id="customers")

CASES: dict[str, tuple[tuple[Project, ...], Trust, set[str], int]] = {
    "the name in the domain": ((OURS, ACME), Trust(), {"p1"}, 0),
    "the name in another domain beside it": ((OURS, STRANGER), Trust(), {"p1"}, 0),
    "the name in another domain alone": ((STRANGER, ACME), Trust(), set(), 0),
    "the name in the domain that is declared by its name": ((OURS, STRANGER), Trust(domain="customers"), {"x1"}, 0),
    "a domain that calls itself as another's id": (
        (OURS, Project(id="x2", name="platform", domain_id="d2", domain="default")),
        Trust(),
        {"p1"},
        0,
    ),
    "no domain told": ((UNTOLD, ACME), Trust(), set(), 1),
    "twins whose domains are not told": ((UNTOLD, UNTOLD_TWIN), Trust(), set(), 2),
    "twins of which one is named": ((UNTOLD, UNTOLD_TWIN), Trust(named=frozenset({"u2"})), {"u2"}, 0),
    "declared ids, and then no name": ((OURS, STRANGER, SERVICE), Trust(declared=frozenset({"s1"})), {"s1"}, 0),
    "a service project beside the platform": ((OURS, SERVICE), Trust(named=frozenset({"s1"})), {"p1", "s1"}, 0),
}


def roles(projects: tuple[Project, ...], trust: Trust) -> tuple[set[str], int]:
    """Return who is trusted, and how many doubts there are."""
    snapshot = from_records(Header(format=1, origin="cloud"), trusting(projects, trust))
    return {project.id for project in snapshot.projects if project.role is Role.PLATFORM}, len(snapshot.unknowns)


@pytest.mark.parametrize("case", CASES)
def test_who_is_trusted(case: str) -> None:
    """By id, or by name and domain; what cannot be told is said and trusted by nobody."""
    projects, trust, expected, doubts = CASES[case]
    assert roles(projects, trust) == (expected, doubts)


def test_every_trusted_project_says_why() -> None:
    """The reason is kept in the snapshot, and stands when it is read again."""
    snapshot = from_records(Header(format=1, origin="cloud"), trusting((OURS, SERVICE), Trust(named=frozenset({"s1"}))))
    reasons = {project.id: project.trusted for project in snapshot.projects}
    assert reasons == {"p1": "it is named platform in the domain Default", "s1": "its id was named as the platform's"}
    assert trusted(snapshot, Trust(domain="elsewhere")) == snapshot


def test_an_id_that_is_nobodys_is_refused_with_the_ids_of_that_name() -> None:
    """A name in place of an id is no answer to the question who is meant."""
    with pytest.raises(QuestionError, match="p1, x1"):
        list(trusting((OURS, STRANGER), Trust(named=frozenset({"platform"}))))


EARLIER: dict[str, tuple[tuple[Project, ...], set[str], int]] = {
    "one project of the name": ((Project(id="p", name="platform", role=Role.PLATFORM),), {"p"}, 0),
    "a role that was given to the name in every domain": (
        tuple(Project(id=p.id, name=p.name, domain_id=p.domain_id, role=Role.PLATFORM) for p in (OURS, STRANGER)),
        {"p1"},
        0,
    ),
    "two of the name, and no domain": (
        tuple(Project(id=p.id, name=p.name, role=Role.PLATFORM) for p in (UNTOLD, UNTOLD_TWIN)),
        set(),
        2,
    ),
    "another name, which somebody chose": ((Project(id="o", name="operations", role=Role.PLATFORM),), {"o"}, 0),
    "no role": ((OURS,), set(), 0),
}


@pytest.mark.parametrize("case", EARLIER)
def test_roles_of_an_earlier_snapshot_are_judged_again(case: str) -> None:
    """Earlier releases trusted the name alone, and wrote no reason."""
    projects, expected, doubts = EARLIER[case]
    snapshot = trusted(from_records(Header(format=1, origin="cloud"), projects), Trust())
    assert ({p.id for p in snapshot.projects if p.role is Role.PLATFORM}, len(snapshot.unknowns)) == (expected, doubts)


def test_a_stranger_called_platform_is_a_tenant() -> None:
    """Its server beside a tenant's is a leak, whatever its project is called."""
    cloud = two_tenants()
    cloud.add(Project(id="x1", name="platform", domain_id="customers"))
    cloud.port("spy", "acme-app", "x1", "10.0.0.66", groups=("acme-open",))
    proof = prove(compile_fabric(cloud.snapshot()))
    broken = {judgement.claim for judgement in proof.judgements if judgement.verdict is Verdict.BROKEN}
    assert Claim.PACKETS in broken
    assert any("platform (x1)" in (e.source_party, e.target_party) for j in proof.judgements for e in j.counterexamples)


def snapshot_of(*projects: Project) -> Snapshot:
    """Return a cloud of projects and nothing else."""
    return from_records(Header(format=1, origin="cloud"), projects)


PLACED: dict[str, tuple[tuple[Project, ...], dict[str, str], set[str], int]] = {
    "the project in the domain": ((ACME, OTHER_ACME), {"acme": "a1"}, {"a2"}, 0),
    "a project in another domain only": ((OTHER_ACME,), {}, {"a2"}, 0),
    "no domain told": ((Project(id="a", name="acme"),), {"acme": "a"}, set(), 0),
    "twins whose domains are not told": ((Project(id="a", name="acme"), Project(id="b", name="acme")), {}, set(), 2),
    "a stranger called platform": ((ACME, STRANGER), {"acme": "a1"}, {"x1"}, 0),
}


@pytest.mark.parametrize("case", PLACED)
def test_which_project_is_a_declared_tenants(case: str) -> None:
    """One in the domain, or nobody; a namesake is named."""
    projects, ids, namesakes, doubts = PLACED[case]
    found = place(snapshot_of(*projects), ("acme",), Trust())
    assert (found.ids, {project.id for project in found.namesakes}, len(found.doubts)) == (ids, namesakes, doubts)


def test_labels_mean_one_project_each() -> None:
    """A name that several have is written with the id, also where somebody else is called just that."""
    named = [Project(id="a", name="acme"), Project(id="b", name="acme"), Project(id="c", name="acme (a)"), Project(id="d", name="globex")]
    found = labels(named)
    assert len(set(found.values())) == len(named)
    assert (found["b"], found["d"]) == ("acme (b)", "globex")


def test_the_declared_of_two_namesakes_keeps_its_name() -> None:
    """So that it is compared with its own state of another day."""
    ours = Project(id="a", name="acme", source=Source(tenant="acme"))
    assert labels([Project(id="b", name="acme"), ours]) == {"a": "acme", "b": "acme (b)"}
    assert labels([STRANGER, Project(id="p", name="platform", role=Role.PLATFORM)]) == {"p": "platform", "x1": "platform (x1)"}
