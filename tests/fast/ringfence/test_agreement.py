"""Verbs never contradict one another: answers that one counts and another leaves out are said, and names that one prints all accept."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.fast.neutron.clouds import Cloud, allow, two_tenants
from tests.fast.queries.test_answers import two_zones
from tests.fast.ringfence.command import kept

if TYPE_CHECKING:
    from pathlib import Path

    from tests.fast.ringfence.command import Run

pytestmark = pytest.mark.fast


def both_only_send(*, back: bool = True) -> Cloud:
    """Return two tenants on one shared network whose groups let UDP out, to each other's address, and nothing in."""
    cloud = Cloud()
    cloud.network("shared", "alfa", "10.9.0.0/24", shared=True)
    for tenant, own, other in (("alfa", "10.9.0.11", "10.9.0.12"), ("beta", "10.9.0.12", "10.9.0.11")):
        cloud.project(tenant)
        rules = [allow("egress", f"{other}/32", "udp")] if back or tenant == "alfa" else []
        cloud.group(f"{tenant}-c", tenant, *rules)
        cloud.server(f"{tenant}-web", tenant)
        cloud.port(f"{tenant}-card", "shared", tenant, own, groups=(f"{tenant}-c",), device_id=f"{tenant}-web")
    return cloud


QUESTIONS = {
    "can": ["can", "alfa", "beta"],
    "can, one service": ["can", "alfa", "beta", "udp/53"],
    "why": ["why", "alfa/alfa-card", "beta/beta-card", "udp/53"],
    "why, everything": ["why", "alfa", "beta"],
    "who can reach": ["who-can-reach", "beta", "udp/53"],
    "why not": ["why-not", "alfa", "beta", "udp/53"],
}


@pytest.mark.parametrize("question", QUESTIONS.values(), ids=QUESTIONS)
def test_what_passes_only_as_answers_is_said_where_it_is_left_out(question: list[str], tmp_path: Path, run: Run) -> None:
    """Two servers that may only send talk to each other once both do: prove counts that, and the others name it."""
    state = ("--state", kept(tmp_path, both_only_send()))
    assert run("prove", *state).code == 1
    people, programs = run(*question, *state), run(*question, *state, "--json")
    assert people.code == (0 if question[0] == "why-not" else 1)
    assert "alfa/alfa-card -> beta/beta-card: udp" in people.out
    assert "passes as answers" in people.out
    assert [(one["source"], one["target"]) for one in programs.json["answers"]] == [("alfa/alfa-card", "beta/beta-card")]


@pytest.mark.parametrize("question", QUESTIONS.values(), ids=QUESTIONS)
def test_where_no_answer_passes_none_is_said(question: list[str], tmp_path: Path, run: Run) -> None:
    """One side alone that sends is answered by nobody, and prove says so too."""
    state = ("--state", kept(tmp_path, both_only_send(back=False)))
    assert {j["claim"]: j["verdict"] for j in run("prove", *state, "--json").json["judgements"]}["packets"] == "holds"
    assert run(*question, *state, "--json").json["answers"] == []


def test_what_is_heard_by_all_of_a_network_passes_for_every_verb(tmp_path: Path, run: Run) -> None:
    """A multicast that one tenant may send and whose sender another admits passes by nobody's address."""
    cloud = Cloud()
    cloud.network("shared", "alfa", "10.9.0.0/24", shared=True)
    rules = {"alfa": allow("egress", "224.0.0.18/32", "udp"), "beta": allow("ingress", "10.9.0.0/24", "udp")}
    for number, tenant in enumerate(rules, 11):
        cloud.project(tenant)
        cloud.group(f"{tenant}-c", tenant, rules[tenant])
        cloud.server(f"{tenant}-web", tenant)
        cloud.port(f"{tenant}-card", "shared", tenant, f"10.9.0.{number}", groups=(f"{tenant}-c",), device_id=f"{tenant}-web")
    state = ("--state", kept(tmp_path, cloud))
    assert run("prove", *state).code == 1
    assert [run(verb, "alfa", "beta", *state).code for verb in ("can", "why")] == [0, 0]
    assert run("can", "beta", "alfa", *state).code == 1


def test_other_protocols_are_no_answers(tmp_path: Path, run: Run) -> None:
    """UDP that passes says nothing about TCP."""
    assert run("can", "alfa", "beta", "tcp/53", "--state", kept(tmp_path, both_only_send()), "--json").json["answers"] == []


def test_of_too_many_pairs_it_is_said_that_nobody_looked(tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Null is not "none"."""
    monkeypatch.setattr("infra.queries.replies.MOST_PAIRS", 0)
    state = ("--state", kept(tmp_path, both_only_send()))
    assert run("can", "alfa", "beta", *state, "--json").json["answers"] is None
    assert "answers of connection tracking are left out" in run("can", "alfa", "beta", *state).out


@pytest.mark.parametrize("cloud", [two_zones, two_tenants, both_only_send])
def test_every_name_that_a_verb_prints_every_verb_accepts(cloud: type[Cloud], tmp_path: Path, run: Run) -> None:
    """Ends of passages, endpoints of a proof, rows of a matrix; several that nothing tells apart as well."""
    made = cloud()
    for number in (21, 22):
        made.server(f"twin{number}", "acme" if cloud is not both_only_send else "alfa")
        network, tenant, group = (
            ("app", "acme", "web")
            if cloud is two_zones
            else ("acme-app", "acme", "")
            if cloud is two_tenants
            else ("shared", "alfa", "alfa-c")
        )
        address = f"10.{9 if tenant == 'alfa' else 0}.0.{number}"
        made.port(f"twin{number}-port", network, tenant, address, groups=(group,) if group else (), device_id=f"twin{number}")
    state = ("--state", kept(tmp_path, made), "--json")
    names = set()
    for question in (["can", "acme", "acme"], ["can", "alfa", "beta"], ["can", "internet", "acme"], ["can", "acme", "internet"]):
        ended = run(*question, *state)
        for key in ("passes", "answers") if ended.code < 2 else ():
            names |= {one[end] for one in ended.json[key] for end in ("source", "target")}
    names |= set(run("matrix", *state).json["rows"]) | set(run("matrix", "--by", "tenants", *state).json["rows"])
    for judgement in run("prove", *state).json["judgements"]:
        for example in judgement["counterexamples"]:
            names |= {f"{example[f'{end}_party']}/{example[end]}" for end in ("source", "target")}
    assert names
    for name in names:
        assert run("can", name, "internet", *state).code in {0, 1}, name


def test_a_name_of_several_means_them_all(tmp_path: Path, run: Run) -> None:
    """And no others: with another number it is nobody's name."""
    cloud = two_zones()
    for number in (21, 22):
        cloud.server(f"twin{number}", "acme")
        cloud.port(f"twin{number}-port", "app", "acme", f"10.0.0.{number}", groups=("web",), device_id=f"twin{number}")
    state = ("--state", kept(tmp_path, cloud))
    said = run("can", "acme/web-port and 2 alike", "acme/db", "tcp/5432", *state)
    assert (said.code, "acme/web-port and 2 alike -> acme/db-port" in said.out) == (0, True)
    assert run("can", "acme/web-port and 7 alike", "acme/db", *state).code == 2


def test_why_without_a_service_is_about_all_of_them(tmp_path: Path, run: Run) -> None:
    """The packets are in the answer."""
    ended = run("why", "acme/web", "acme/db", "--state", kept(tmp_path, two_zones()))
    assert (ended.code, "tcp/5432-5433 from 10.0.0.11 to 10.0.1.12" in ended.out) == (0, True)
