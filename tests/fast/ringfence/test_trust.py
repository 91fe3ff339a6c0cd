"""Whom the verbs trust, and that they say so: by `--platform ID`, by the platform's declaration, never by a name alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from infra.neutron.snapshot import Project, Role
from tests.fast.neutron.clouds import Cloud, two_tenants
from tests.fast.ringfence.command import kept

if TYPE_CHECKING:
    from pathlib import Path

    from tests.fast.ringfence.command import Run

pytestmark = pytest.mark.fast


def with_service() -> Cloud:
    """Two tenants, and a port of a service project on the network of one: an amphora of a load balancer."""
    cloud = two_tenants()
    cloud.project("service")
    cloud.port("amphora", "acme-app", "service", "10.0.0.70", groups=("acme-open",))
    return cloud


def test_a_service_project_is_named(tmp_path: Path, run: Run) -> None:
    """It is a tenant until somebody says that it is the platform's; who is trusted is printed with the reason."""
    cloud = kept(tmp_path, with_service())
    assert run("prove", "--state", cloud).code == 1
    named = run("prove", "--state", cloud, "--platform", "service")
    assert named.code == 0
    assert "trusted: service (id service): its id was named as the platform's" in named.out
    told = run("prove", "--state", cloud, "--platform", "service", "--json").json["parties"]
    assert {party["id"] for party in told if party["platform"]} == {"platform", "service"}


def test_a_certificate_under_other_roles_is_about_the_snapshot_that_is_written(tmp_path: Path, run: Run) -> None:
    """The file has other roles than were judged, so its certificate belongs to the one that has them."""
    cloud, proof, judged = kept(tmp_path, with_service()), tmp_path / "proof.json", tmp_path / "judged.jsonl"
    assert run("prove", "--state", cloud, "--platform", "service", "--certificate", proof, "--snapshot", judged).code == 0
    assert run("check", proof, cloud).code == 1
    checked = run("check", proof, judged)
    assert checked.code == 0
    assert 'trusted: "service" (id "service", domain "not told")' in checked.out


def test_an_id_that_nobody_has_is_an_error(tmp_path: Path, run: Run) -> None:
    """What was meant is not what is judged: nothing is."""
    ended = run("prove", "--state", kept(tmp_path, with_service()), "--platform", "nobody")
    assert ended.code == 2
    assert "no project of the state has this id" in ended.err


def test_two_projects_of_the_platforms_name_are_told_by_id(tmp_path: Path, run: Run) -> None:
    """As long as nothing tells them apart nothing holds; the next step is in the answer."""
    cloud = two_tenants()
    cloud.add(Project(id="other", name="platform", role=Role.PLATFORM))
    file = kept(tmp_path, cloud)
    doubted = run("prove", "--state", file)
    assert doubted.code != 0
    assert "platform, other" in doubted.out
    assert "--platform ID" in doubted.out
    assert run("prove", "--state", file, "--platform", "platform").code == 0


def test_declared_ids_are_trusted_and_then_no_name(tmp_path: Path, run: Run, tree: Path) -> None:
    """A declaration that names ids needs no name."""
    declaration = tree / "Pulumi.platform.yaml"
    declaration.write_text(declaration.read_text().replace("    region: RegionOne\n", "    region: RegionOne\n    projects: [ops]\n", 1))
    cloud = with_service()
    cloud.add(Project(id="ops", name="operations"))
    told = run("prove", "--state", kept(tmp_path, cloud), "--json").json["parties"]
    assert {party["id"] for party in told if party["platform"]} == {"ops"}


def test_a_bastion_that_is_opened_is_found_by_all_who_compare(tmp_path: Path, run: Run, tree: Path) -> None:
    """Also where the snapshot says of the rule that it was asked for."""
    del tree
    cloud = tmp_path / "cloud.jsonl"
    assert run("snapshot", cloud, "--state", "declarations").code == 0
    assert [run(verb, "--state", cloud).code for verb in ("prove", "lint")] == [0, 0]
    cloud.write_text(cloud.read_text().replace('"remote_ip_prefix":"172.24.4.0/24"', '"remote_ip_prefix":"0.0.0.0/0"'))
    assert [run(verb, "--state", cloud).code for verb in ("prove", "lint")] == [1, 1]
    assert run("diff", "declarations", cloud).code == 1
