"""A plan that opens a path is refused before anything is declared to the engine."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from shutil import copy

import pytest

from infra.components import isolation
from infra.components.isolation import refuse_open_paths, warnings
from infra.declaration.folder import files, load_folder, stacks
from infra.errors import DeclarationError, OpenPathError
from infra.neutron.sources.declared import OUTSIDE
from infra.proof import Verdict

pytestmark = pytest.mark.fast

ROOT = Path(__file__).resolve().parents[3]
TODAY = date(2026, 11, 23)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a copy of the declarations that may be changed."""
    for path in ROOT.glob("Pulumi.*.yaml"):
        copy(path, tmp_path)
    return tmp_path


def test_the_shipped_declarations_are_isolated(folder: Path) -> None:
    """What is in the tree may be provisioned."""
    assert refuse_open_paths(load_folder(folder, today=TODAY)).verdict is Verdict.HOLDS


def test_a_partner_prefix_that_holds_another_tenant_is_refused(folder: Path) -> None:
    """A flow from a prefix in which another tenant's public address lies is a path from that tenant."""
    acme, globex = folder / "Pulumi.acme.yaml", folder / "Pulumi.globex.yaml"
    acme.write_text(acme.read_text().replace("198.51.100.0/24", OUTSIDE.replace("/15", "/24")))
    out = "      out: {from: app1, to: internet, protocol: tcp, ports: [8443], reason: calls the partner, owner: tracking team}\n"
    globex.write_text(globex.read_text().replace("    flows:\n", f"    flows:\n{out}", 1))
    with pytest.raises(OpenPathError, match=r"tcp/8443 .*globex/globex-app1-app -> acme/acme-web-app"):
        refuse_open_paths(load_folder(folder, today=TODAY))


def test_another_tenants_mistakes_do_not_stop_this_one(folder: Path) -> None:
    """A tenant whose declaration is broken is left out, and its mistakes are kept for who wants the whole."""
    (folder / "Pulumi.globex.yaml").write_text("config: {ringfence:tenant: {}}\n")
    found = load_folder(folder, today=TODAY)
    assert [one.tenant.name for one in found.tenants] == ["acme"]
    assert refuse_open_paths(found).verdict is Verdict.HOLDS
    with pytest.raises(DeclarationError):
        found.whole()


def test_another_tenants_mistake_is_a_warning_with_its_name(folder: Path) -> None:
    """Whoever provisions one tenant, or the platform, hears of the other's mistake."""
    (folder / "Pulumi.globex.yaml").write_text("config:\n\tringfence:tenant: {}\n")
    found = load_folder(folder, today=TODAY)
    for stack in ("acme", "platform"):
        assert ["Pulumi.globex.yaml" in text for text in warnings(found, stack)] == [True]


@pytest.mark.parametrize(("name", "stops"), [("acme-prod", True), ("ac", False), ("acmeprod", False)])
def test_a_mistake_stops_others_exactly_where_names_may_be_the_same(folder: Path, name: str, stops: bool) -> None:  # noqa: FBT001 - a case
    """What cannot be read may claim every name that begins with its own; then nobody can say who is whose."""
    (folder / f"Pulumi.{name}.yaml").write_text("config: {ringfence:tenant: [}")
    found = load_folder(folder, today=TODAY)
    if not stops:
        assert refuse_open_paths(found).verdict is Verdict.HOLDS
        return
    with pytest.raises(DeclarationError, match="whether acme-prod and acme are kept apart cannot be told"):
        refuse_open_paths(found)


def test_a_mistake_beside_readable_names_stops_nobody_whose_names_are_others(folder: Path) -> None:
    """`acme-prod` with a mistake in a flow: its names are known, and none of them is one of acme's, unless it is."""
    text = (folder / "Pulumi.globex.yaml").read_text().replace("protocol: tcp", "protocol: tpc", 1)
    (folder / "Pulumi.acme-prod.yaml").write_text(text)
    found = load_folder(folder, today=TODAY)
    assert (found.left, found.undecidable()) == (("acme-prod",), ())
    assert refuse_open_paths(found, "acme").verdict is Verdict.HOLDS
    acme = folder / "Pulumi.acme.yaml"
    acme.write_text(acme.read_text().replace("zones:\n", "zones:\n      prod-app: {cidr: 10.0.7.0/24}\n", 1))
    with pytest.raises(DeclarationError, match="would be called acme-prod-app"):
        refuse_open_paths(load_folder(folder, today=TODAY), "acme")


def test_a_stack_that_is_left_out_itself_is_not_provisioned(folder: Path) -> None:
    """Also where the mistake shows only beside the others: a pool without room for it, for example."""
    (folder / "Pulumi.globex.yaml").write_text("config: {ringfence:tenant: {}}\n")
    found = load_folder(folder, today=TODAY)
    assert refuse_open_paths(found, "acme").verdict is Verdict.HOLDS
    with pytest.raises(DeclarationError, match=r"Pulumi\.globex\.yaml"):
        refuse_open_paths(found, "globex")


def test_an_expired_flow_is_told_to_its_own_tenant_and_stops_nobody(folder: Path) -> None:
    """It allows nothing, so what is provisioned is narrower than before."""
    acme = folder / "Pulumi.acme.yaml"
    acme.write_text(acme.read_text().replace("2027-12-31", "2026-11-22"))
    found = load_folder(folder, today=TODAY)
    assert refuse_open_paths(found).verdict is Verdict.HOLDS
    assert ["flow stock of acme expired on 2026-11-22" in text for text in warnings(found, "acme")] == [True]
    assert not list(warnings(found, "globex"))


def test_a_platform_without_tenants_may_be_provisioned(folder: Path) -> None:
    """It comes first: nobody is there yet to be kept apart, and nothing is called isolated."""
    for tenant in ("acme", "globex"):
        (folder / f"Pulumi.{tenant}.yaml").unlink()
    found = load_folder(folder, today=TODAY)
    assert found.tenants == ()
    assert refuse_open_paths(found).verdict is Verdict.UNKNOWN


@pytest.mark.parametrize("amiss", ["unknown", "broken"])
def test_a_platform_without_tenants_is_refused_for_anything_else(folder: Path, monkeypatch: pytest.MonkeyPatch, amiss: str) -> None:
    """That nobody is there excuses neither what is not understood nor a claim that is broken."""
    for tenant in ("acme", "globex"):
        (folder / f"Pulumi.{tenant}.yaml").unlink()
    found = load_folder(folder, today=TODAY)
    proof = refuse_open_paths(found)
    broken = replace(proof.judgements[0], verdict=Verdict.BROKEN)
    wrong = {"unknown": replace(proof, unknowns=("a trunk",)), "broken": replace(proof, judgements=(broken,))}[amiss]
    monkeypatch.setattr(isolation, "prove", lambda *_: wrong)
    with pytest.raises(OpenPathError):
        refuse_open_paths(found)


def test_the_platform_is_no_tenant(folder: Path) -> None:
    """The stacks of a folder are its tenants, by name."""
    assert stacks(folder) == ("acme", "globex")


def test_a_folder_that_cannot_be_read_is_no_folder_without_declarations(tmp_path: Path) -> None:
    """Not there, or not to be read: nobody can say that nothing is declared."""
    with pytest.raises(OSError, match="gone"):
        files(tmp_path / "gone")
