"""Who is up and how SSH and Ansible reach them: only the stacks' own facts, pinned keys, and nobody left out in silence."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from infra.errors import CloudError
from infra.outputs import BastionOutput
from ringfence.verify import stacks
from ringfence.verify.stacks import NotUpError, StackFacts, StackIdentity
from tests.fast import exported

if TYPE_CHECKING:
    from tests.fast.ringfence.command import Run

pytestmark = pytest.mark.fast


def facts(*servers: str, zone: str = "app") -> StackFacts:
    """Return what a tenant's stack exports, as far as a login needs it."""
    made = {
        name: exported.server(
            name,
            management=f"172.30.0.{number}",
            host_key=f"ssh-ed25519 {name.upper()}",
            nics={zone: {"addresses": [f"10.0.0.{number}"], "mac": "", "port_id": ""}},
        )
        for number, name in enumerate(servers, 2)
    }
    return StackFacts(exported.tenant("acme", servers=made), StackIdentity("d", {}), StackIdentity("r", {}))


@pytest.fixture
def up(tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a state beside the shipped declarations, of which acme is up, and globex has a stack that made nothing."""

    def tenant(name: str) -> StackFacts:
        if name == "acme":
            return facts("web", "db")
        raise (
            NotUpError.of("the stack is not up", where=name) if name == "globex" else CloudError.of("the stack has no outputs", where=name)
        )

    monkeypatch.setenv("RINGFENCE_STATE", str(tmp_path / "a state"))
    monkeypatch.delenv("RINGFENCE_BASTION_PROXY", raising=False)
    bastion = BastionOutput("bastion", "172.24.4.9", "172.29.0.10", "ssh-ed25519 BASTION")
    monkeypatch.setattr(stacks, "platform", lambda: exported.platform(bastion=bastion))
    monkeypatch.setattr(stacks, "known", lambda: ("platform", "acme", "globex"))
    monkeypatch.setattr(stacks, "tenant", tenant)
    platform = tree / "Pulumi.platform.yaml"
    platform.write_text(platform.read_text().replace("ssh_port: 22", "ssh_port: 2022").replace("[22, 23,", "[2022, 23,"))
    return tmp_path / "a state"


def blocks(text: str) -> dict[str, dict[str, str]]:
    """Read a configuration of OpenSSH's: the options of each block by its hosts."""
    found: dict[str, dict[str, str]] = {}
    for line in text.splitlines():
        if line.startswith("Host "):
            found[line.removeprefix("Host ")] = {}
        elif line.strip() and not line.startswith("#"):
            key, _, value = line.strip().partition(" ")
            found[list(found)[-1]][key] = value
    return found


def test_a_tenants_configuration_names_its_servers_and_nobody_else(up: Path, run: Run) -> None:
    """Printed and kept are the same; hosts are called as in the cloud; the declared SSH port holds; no block is about all hosts."""
    ended = run("ssh-config", "acme")
    assert ended.code == 0
    head, _, text = ended.out.partition("\n")
    assert head.startswith("# The servers of acme")
    assert text == (up / "ssh" / "acme" / "config").read_text()
    found = blocks(text)
    assert list(found) == ["platform-bastion", "acme-web", "acme-db", "platform-bastion acme-web acme-db"]
    assert [found[host]["Port"] for host in list(found)[:3]] == ["2022"] * 3
    assert found["platform-bastion acme-web acme-db"]["StrictHostKeyChecking"] == "yes"
    assert (up / "ssh" / "acme" / "known_hosts").read_text().splitlines() == [
        "platform-bastion ssh-ed25519 BASTION",
        "acme-web ssh-ed25519 WEB",
        "acme-db ssh-ed25519 DB",
    ]


def test_a_tenant_that_is_not_up_has_no_configuration(up: Path, run: Run) -> None:
    """Whoever is asked for by name and is not there is an error, and no file is written."""
    assert [run("ssh-config", name).code for name in ("globex", "nobody")] == [2, 2]
    assert run("inventory", "--tenant", "globex").code == 2
    assert not up.exists()


def test_the_inventory_is_ansibles(up: Path, run: Run) -> None:
    """Groups by tenant and zone, variables of every host at once, and the configuration with the pinned keys for each login."""
    ended = run("inventory", "--list")
    assert ended.code == 0
    listed: dict[str, Any] = ended.json
    assert listed["tenant_acme"] == {"hosts": ["acme-db", "acme-web"], "children": ["zone_acme_app"]}
    assert listed["zone_acme_app"] == {"hosts": ["acme-db", "acme-web"]}
    assert listed["all"] == {"children": ["tenant_acme"]}
    web = listed["_meta"]["hostvars"]["acme-web"]
    option, config = shlex.split(web["ansible_ssh_common_args"])
    assert (option, Path(config).parent.parent) == ("-F", up / "ssh")
    assert web["ansible_ssh_host_key_checking"] is True
    assert "Host acme-web" in Path(config).read_text()
    assert run("inventory", "--host", "acme-web").json == web


@pytest.mark.usefixtures("up")
def test_who_is_not_up_is_named_beside_the_inventory(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stack that made nothing and a tenant without a stack are named on standard error; a stack that cannot be read ends it."""
    assert "globex is left out: the stack is not up" in run("inventory").err
    monkeypatch.setattr(stacks, "known", lambda: ("platform", "acme"))
    assert "globex is left out: it has no stack" in run("inventory").err
    monkeypatch.setattr(stacks, "tenant", lambda name: (_ for _ in ()).throw(CloudError.of("the stack has no outputs", where=name)))
    ended = run("inventory")
    assert (ended.code, ended.out) == (2, "")


def test_two_choices_of_tenants_have_two_configurations(up: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """What one run of Ansible uses is not written anew by another one that asks for less."""
    monkeypatch.setattr(stacks, "tenant", lambda name: facts(f"{name}1"))
    for question in ([], ["--tenant", "acme"], ["--tenant", "acme", "--tenant", "globex"]):
        assert run("inventory", *question).code == 0
    assert len(list((up / "ssh").glob("*/config"))) == 3


@pytest.mark.usefixtures("up")
def test_a_host_that_is_not_there_has_no_variables(run: Run) -> None:
    """Its absence is an error that names those that are there."""
    ended = run("inventory", "--host", "acme-gone")
    assert ended.code == 2
    assert "acme/web or acme/db" in ended.err
    assert run("inventory", "--list", "--host", "acme-web").code == 2


@pytest.mark.usefixtures("up")
def test_ssh_takes_the_declared_port_and_the_hosts_name(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """`ssh` is handed the configuration, the host as in the cloud, and the rest as it is; a server that is not there is named."""
    called: list[list[str]] = []

    def replace(_program: str, command: list[str]) -> None:
        called.append(command)

    monkeypatch.setattr("os.execvp", replace)
    assert run("ssh", "acme/web", "uptime").code == 0
    assert run("ssh", "bastion").code == 0
    assert [command[3:] for command in called] == [["acme-web", "uptime"], ["platform-bastion"]]
    assert all("Port 2022" in Path(command[2]).read_text() for command in called)
    assert run("ssh", "acme/gone").code == 2
