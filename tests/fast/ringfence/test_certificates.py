"""Certificates and the snapshots that they are about, as a user keeps and checks them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from infra.neutron.snapshot import Unknown, store
from ringfence.analysis import states
from ringfence.analysis.output import write
from tests.fast.neutron.clouds import two_tenants
from tests.fast.queries.test_answers import two_zones
from tests.fast.ringfence.command import doubtful, kept

if TYPE_CHECKING:
    from pathlib import Path

    from tests.fast.ringfence.command import Run

pytestmark = pytest.mark.fast


def test_a_snapshot_and_a_certificate_are_kept_and_checked(tmp_path: Path, run: Run) -> None:
    """What `prove` writes is what `check` confirms; another snapshot under the same certificate is refused."""
    cloud, proof, copy = kept(tmp_path, two_tenants()), tmp_path / "proof.json", tmp_path / "copy.jsonl"
    other = kept(tmp_path, two_zones(), "other.jsonl")

    assert run("prove", "--state", cloud, "--certificate", proof).code == 0
    taken = run("snapshot", copy, "--state", cloud, "--json")
    assert (taken.code, taken.json["file"], copy.read_bytes()) == (0, str(copy), cloud.read_bytes())
    assert run("check", proof, copy).out.startswith("proven: ")
    good, bad = run("check", proof, copy, "--json"), run("check", proof, other, "--json")
    assert (good.code, "structure" in good.json["proven"], good.json["refused"]) == (0, True, "")
    assert (bad.code, bad.json["proven"]) == (1, [])
    assert bad.json["refused"] == "the certificate is about another snapshot"


@pytest.mark.usefixtures("tree")
def test_a_certificate_is_about_the_file_that_was_judged(tmp_path: Path, run: Run) -> None:
    """Also where rules were led to the lines of the declarations, and where another program wrote the file."""
    cloud, proof, copy = tmp_path / "cloud.jsonl", tmp_path / "proof.json", tmp_path / "copy.jsonl"
    run("snapshot", cloud, "--state", "declarations")
    records = [json.loads(line) for line in cloud.read_bytes().splitlines()]
    for rule in (rule for record in records for rule in record.get("rules", ())):
        del rule["source"]
    cloud.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="ascii")

    assert run("prove", "--state", cloud, "--certificate", proof, "--snapshot", copy).code == 0
    assert "Pulumi.acme.yaml:" in run("why", "acme/web", "acme/db", "tcp/5432", "--state", cloud).out
    assert (run("check", proof, cloud).code, copy.read_bytes()) == (0, cloud.read_bytes())


@pytest.mark.usefixtures("tree")
def test_a_certificate_without_its_snapshot_is_told_apart(tmp_path: Path, run: Run) -> None:
    """Nobody can check it, unless the state is a file, which is there anyway."""
    proof, snapshot = tmp_path / "proof.json", tmp_path / "cloud.jsonl"
    assert "--snapshot names a file" in run("prove", "--certificate", proof).err
    kept_both = run("prove", "--certificate", proof, "--snapshot", snapshot)
    assert (kept_both.code, kept_both.err) == (0, "")
    assert run("check", proof, snapshot).code == 0
    assert run("prove", "--state", snapshot, "--certificate", proof).err == ""


@pytest.mark.usefixtures("tree")
def test_a_declared_tenant_that_the_state_does_not_show_is_named(tmp_path: Path, run: Run) -> None:
    """What holds of the tenants that are there says nothing of the one that is not."""
    cloud = tmp_path / "cloud.jsonl"
    found = states.read_declarations()
    write(cloud, store.lines_of(found.only({"acme"}).snapshot()))

    done = run("prove", "--state", cloud)
    assert (done.code, "not judged  declared   globex: declared, but not in this state, so not compared" in done.out) == (0, True)
    assert run("prove", "--state", cloud, "--json").json["absent"] == ["globex"]
    assert run("prove", "--json").json["absent"] == []


def test_a_certificate_never_takes_the_place_of_what_it_is_about(tmp_path: Path, run: Run) -> None:
    """Nor is it left unsaid that none was written, where an earlier one lies in its place."""
    cloud, proof = kept(tmp_path, two_tenants()), tmp_path / "proof.json"
    before = cloud.read_bytes()
    assert run("prove", "--state", cloud, "--certificate", cloud).code == 2
    assert run("prove", "--state", cloud, "--certificate", proof, "--snapshot", tmp_path / "." / "proof.json").code == 2
    assert (cloud.read_bytes(), proof.exists()) == (before, False)
    proof.write_text("an earlier one")
    ended = run("prove", "--state", kept(tmp_path, doubtful(), "doubt.jsonl"), "--certificate", proof)
    assert (ended.code, "no certificate is written" in ended.err, proof.read_text()) == (2, True, "an earlier one")


def test_a_state_that_changes_while_it_is_judged_is_no_state(tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A certificate and a snapshot that do not belong together are never written side by side."""
    cloud, proof = kept(tmp_path, two_tenants()), tmp_path / "proof.json"
    monkeypatch.setattr(states.State, "lines", lambda _state: iter([b"something else"]))
    done = run("prove", "--state", cloud, "--certificate", proof, "--snapshot", tmp_path / "copy.jsonl")
    assert (done.code, "changed while it was judged" in done.err, proof.exists()) == (2, True, False)


def test_a_snapshot_says_which_driver_it_was_taken_for(tmp_path: Path, run: Run) -> None:
    """The driver that was asked for is in the file, whatever the state is."""
    file = tmp_path / "cloud.jsonl"
    run("snapshot", file, "--state", kept(tmp_path, two_zones(), "state.jsonl"), "--driver", "iptables_hybrid")
    assert json.loads(file.read_bytes().splitlines()[0])["driver"] == "iptables_hybrid"


ACCEPTED = "accepted: [{name: firewall_group, owner: anna, reason: it only counts, expires: %s}]\n"


def test_what_is_accepted_by_name_is_printed_by_prove_check_and_the_checker(tmp_path: Path, run: Run) -> None:
    """With owner, reason and day; a day that is over counts for nothing, and lint says so."""
    unknown = two_tenants()
    unknown.add(Unknown(type="firewall_group", id="f"))
    cloud, proof, file = kept(tmp_path, unknown), tmp_path / "proof.json", tmp_path / "accepted.yaml"
    assert run("prove", "--state", cloud).code == 2
    file.write_text(ACCEPTED % "2030-01-31", encoding="utf-8")
    ended = run("prove", "--state", cloud, "--exceptions", file, "--certificate", proof, "--today", "2030-01-31")
    assert (ended.code, "accepted, though not understood: firewall_group, by anna until 2030-01-31: it only counts" in ended.out) == (
        0,
        True,
    )
    listed = run("prove", "--state", cloud, "--exceptions", file, "--today", "2030-01-31", "--json").json["accepted"]
    assert [one["name"] for one in listed] == ["firewall_group"]
    checked = run("check", proof, cloud)
    assert (checked.code, "accepted: firewall_group" in checked.out) == (0, True)
    assert run("check", proof, cloud, "--json").json["accepted"] == ["firewall_group, by anna until 2030-01-31: it only counts"]
    late = ("--state", cloud, "--exceptions", file, "--today", "2030-02-01")
    assert run("prove", *late).code == 2
    assert "acceptance of firewall_group ran out on 2030-01-31" in run("lint", *late).out
    file.write_text(ACCEPTED.replace("firewall_group", "taas") % "2030-01-31", encoding="utf-8")
    assert "acceptance of taas matches nothing in this state" in run("lint", "--state", cloud, "--exceptions", file).out
