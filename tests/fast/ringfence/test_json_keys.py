"""The keys of everything that ringfence writes for programs: `--json` of every verb, certificate, snapshot, SARIF and errors."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import msgspec
import pytest
import typer.main

from infra.neutron import snapshot as records
from infra.neutron.snapshot import Project, Unknown
from infra.outcome import CheckVerdict, Outcome
from ringfence import application
from ringfence.analysis.states import ALONE
from ringfence.health import collect, look
from ringfence.verify import examined, stacks
from ringfence.verify.report import files
from ringfence.verify.result import Check, Kind, State
from ringfence.verify.stacks import StackFacts, StackIdentity
from tests.fast import exported
from tests.fast.key_paths import hold, key_paths
from tests.fast.neutron.clouds import Cloud, allow, two_tenants
from tests.fast.queries.test_answers import two_zones
from tests.fast.ringfence.command import doubtful, kept
from tests.fast.ringfence.health.servers import OWNERS, WHOLE
from tests.fast.ringfence.health.servers import look as healthy
from tests.fast.ringfence.offering import offer
from tests.fast.ringfence.test_agreement import both_only_send
from tests.fast.ringfence.verify.inventories import inventory
from tests.fast.ringfence.verify.test_controls import EXAMINED
from tests.fast.ringfence.verify.test_controls import a_result as of_controls
from tests.fast.ringfence.verify.test_report import result

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.fast.ringfence.command import Run

pytestmark = pytest.mark.fast
KEYS = Path(__file__).parent / "json_keys"
ACCEPTED = "accepted: [{name: firewall_group, owner: anna, reason: it only counts, expires: 2030-01-31}]\n"


def accepting() -> Cloud:
    """Return two tenants that are apart, beside something unknown that somebody accepts."""
    cloud = two_tenants()
    cloud.add(Unknown(type="firewall_group", id="f"))
    cloud.add(Project(id="another", name="acme", domain_id="elsewhere"))
    return cloud


def peered() -> Cloud:
    """Return two tenants with a router between them, which their groups let through."""
    cloud = two_tenants()
    cloud.router("peering", "globex")
    cloud.network("between", "globex", "10.7.0.0/24", shared=True)
    cloud.leg("peering", "between", "10.7.0.1")
    for tenant, host in (("acme", "11"), ("globex", "12")):
        cloud.port(f"{tenant}-between", "between", tenant, f"10.7.0.{host}", groups=(f"{tenant}-open",), device_id=f"{tenant}-web")
    return cloud


def changed() -> Cloud:
    """Return two zones with another rule."""
    cloud = two_zones()
    cloud.group("db", "acme", allow("ingress", "10.0.0.0/8", "tcp", (5430, 5433)))
    return cloud


Asked = tuple[list[str], list["Callable[[], Cloud]"]]
DAY = ["--today", "2030-01-31"]
QUESTIONS: dict[str, list[Asked]] = {
    "can": [(["can", "acme/web", "acme/db"], [two_zones]), (["can", "alfa", "beta"], [both_only_send])],
    "who-can-reach": [(["who-can-reach", "acme/db", "tcp/5432"], [two_zones]), (["who-can-reach", "beta", "udp/53"], [both_only_send])],
    "why": [(["why", "acme/web", "acme/db"], [two_zones]), (["why", "alfa", "beta"], [both_only_send])],
    "why-not": [
        (["why-not", "internet", "acme/db", "tcp/5432"], [two_zones]),
        (["why-not", "alfa", "beta", "udp/53"], [both_only_send]),
        (["why-not", "acme/web", "acme/db", "tcp/5432"], [two_zones]),
    ],
    "matrix": [(["matrix"], [two_zones]), (["matrix", "--by", "tenants"], [doubtful])],
    "diff": [(["diff"], [two_zones, changed])],
    "prove": [(["prove"], [two_tenants]), (["prove"], [peered]), (["prove", "--exceptions", "accepted.yaml", *DAY], [accepting])],
    "lint": [(["lint", "--each"], [two_zones]), (["lint", "--exceptions", "accepted.yaml", *DAY], [accepting])],
}


@pytest.mark.usefixtures("tree")
@pytest.mark.parametrize("verb", QUESTIONS)
def test_no_key_of_a_verbs_answer_gets_another_name(verb: str, tmp_path: Path, run: Run) -> None:
    """Answers of one verb about several clouds, so that every list in them has an entry somewhere."""
    Path("accepted.yaml").write_text(ACCEPTED, encoding="utf-8")
    found: list[str] = []
    for question, clouds in QUESTIONS[verb]:
        files = [kept(tmp_path, cloud(), f"{number}.jsonl") for number, cloud in enumerate(clouds)]
        states = [str(file) for file in files] if verb == "diff" else ["--state", str(files[0])]
        alone = [] if "--exceptions" in question else [ALONE]
        told = run(*question, *states, *alone, "--json")
        assert "errors" not in told.json, told.err
        found += key_paths(told.json)
    hold(KEYS / f"{verb}.txt", found)


def test_no_key_of_findings_for_code_hosts_gets_another_name(tree: Path, tmp_path: Path, run: Run) -> None:
    """SARIF's own names, and ours beside them; with a finding that has a line of a declaration."""
    file = tmp_path / "findings.sarif"
    text = (tree / "Pulumi.acme.yaml").read_text(encoding="utf-8")
    (tree / "Pulumi.acme.yaml").write_text(text.replace("owner: ", "expires: 2026-01-31, owner: ", 1), encoding="utf-8")
    run("lint", "--today", "2026-02-01", "--sarif", file)
    hold(KEYS / "lint-sarif.txt", key_paths(json.loads(file.read_bytes())))


CERTIFICATE_MAPS = {"claims", "tenants", "tenants.*[].routers", "tenants.*[].networks", "outside.routers", "outside.networks", "closed"}


def test_no_key_of_a_certificate_gets_another_name(tmp_path: Path, run: Run) -> None:
    """Also of what a certificate says where groups alone keep tenants apart, and of what is accepted."""
    apart, unknown = kept(tmp_path, two_tenants(), "apart.jsonl"), kept(tmp_path, accepting(), "unknown.jsonl")
    closed = both_only_send(back=False)
    closed.add(Unknown(type="firewall_group", id="f"))
    accepted, proof = tmp_path / "accepted.yaml", tmp_path / "proof.json"
    accepted.write_text(ACCEPTED, encoding="utf-8")
    found: list[str] = []
    for state in (apart, unknown, kept(tmp_path, closed, "closed.jsonl")):
        proof.unlink(missing_ok=True)
        run("prove", "--state", state, "--certificate", proof, "--exceptions", accepted, "--today", "2030-01-31")
        found += key_paths(json.loads(proof.read_bytes()), CERTIFICATE_MAPS)
    hold(KEYS / "certificate.txt", found)
    hold(KEYS / "check.txt", key_paths(run("check", proof, tmp_path / "closed.jsonl", "--json").json))


def test_no_field_of_a_snapshots_records_gets_another_name() -> None:
    """Every record that a snapshot may have, with every field of it, whether it is written or left out as the default."""
    hold(
        KEYS / "snapshot-records.txt",
        (path for record in get_args(records.AnyRecord) for path in _fields(record, record.__struct_config__.tag)),
    )


def _fields(record: type[msgspec.Struct], path: str) -> Iterator[str]:
    for field in msgspec.structs.fields(record):
        place = f"{path}.{field.encode_name}"
        yield place
        inner = msgspec.inspect.type_info(field.type)
        yield from _inside(inner, place)


def _inside(inner: msgspec.inspect.Type, place: str) -> Iterator[str]:
    if isinstance(inner, msgspec.inspect.UnionType):
        for one in inner.types:
            yield from _inside(one, place)
    elif isinstance(inner, msgspec.inspect.VarTupleType | msgspec.inspect.ListType):
        yield from _inside(inner.item_type, f"{place}[]")
    elif isinstance(inner, msgspec.inspect.StructType):
        yield from _fields(inner.cls, place)


def test_no_key_of_a_verification_gets_another_name() -> None:
    """The written report, which is `verify --json` but for the folder that it lies in."""
    bad = Check(Kind.CLOUD, Outcome("rules of acme", CheckVerdict.FAIL, "undeclared", "acme"))
    found = result(bad)
    found.state = State(look.plain(healthy()))
    found.checks += of_controls().checks[:1]
    found.examined, found.asked = replace(examined.of(EXAMINED), doubt="another image"), frozenset(Kind)
    hold(KEYS / "verify.txt", key_paths(files.plain(found), {"counts", "seconds"}))


def test_no_key_of_the_other_answers_gets_another_name(tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of those that need no question: a snapshot's digest, the automation's key, what is up, and errors."""
    monkeypatch.setenv("RINGFENCE_STATE", str(tmp_path))
    state = kept(tmp_path, two_zones())
    hold(KEYS / "snapshot.txt", key_paths(run("snapshot", tmp_path / "copy.jsonl", "--state", state, "--json").json))
    hold(KEYS / "keys.txt", key_paths(run("keys", "--json").json))
    hold(KEYS / "errors.txt", key_paths(run("prove", "--state", "nowhere", "--json").json))


@pytest.fixture
def acme_is_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let one tenant's stack be up, and no other."""
    up = next(tenant for tenant in inventory().tenants if tenant.name == "acme")

    def tenant(name: str) -> StackFacts:
        if name != "acme":
            raise stacks.NotUpError.of("the stack is not up", where=name, hint=f"pulumi up -s {name}")
        return StackFacts(up.facts, StackIdentity("d", {}), StackIdentity("r", {}))

    monkeypatch.setenv("RINGFENCE_STATE", str(tmp_path))
    monkeypatch.setattr(stacks, "tenant", tenant)
    monkeypatch.setattr(stacks, "known", lambda: ("acme", "platform"))
    monkeypatch.setattr(stacks, "platform", exported.platform)


@pytest.mark.usefixtures("acme_is_up")
def test_no_key_of_what_is_told_of_stacks_gets_another_name(run: Run, tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The status, with one tenant up, asked and verified, and how SSH and Ansible reach its servers."""
    files.write(result())
    offer(tree)
    monkeypatch.setattr(collect, "seen", lambda *_: (WHOLE, OWNERS))
    hold(KEYS / "status.txt", key_paths(run("status", "--json").json))
    hold(KEYS / "ssh-config.txt", key_paths(run("ssh-config", "acme", "--json").json, {"hosts"}))
    told = run("inventory", "--tenant", "acme", "--json").json
    fixed = {name: value for name, value in told.items() if name in {"_meta", "all"}}
    hold(KEYS / "inventory.txt", key_paths(fixed, {"_meta.hostvars", "_meta.hostvars.*.ringfence_addresses"}))


def test_no_key_of_what_is_written_at_first_gets_another_name(tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """From flags alone, into an empty folder."""
    monkeypatch.chdir(tmp_path)
    flags = ("--region", "RegionOne", "--external-network", "public", "--flavor", "small", "--operators", "198.51.100.0/24")
    hold(KEYS / "init.txt", key_paths(run("init", "initech", "--no-cloud", *flags, "--json").json))


def test_every_verb_that_prints_json_has_its_keys_held() -> None:
    """A new verb needs a file of its keys, made by a test that uses ``hold``."""
    commands = typer.main.get_command(application.application()).commands  # type: ignore[attr-defined]  # typer ships click without its types
    told = {name for name, command in commands.items() if any("--json" in parameter.opts for parameter in command.params)}
    assert {name for name in told if not (KEYS / f"{name}.txt").exists()} == set()
