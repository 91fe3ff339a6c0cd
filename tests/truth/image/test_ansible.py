"""Ansible as it is published, on servers of the image: through a bastion, with pinned keys, by the inventory that ringfence prints.

A bastion and a server boot in one network namespace, which routes between them as the platform's routers do.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent
from typing import TYPE_CHECKING

import pytest

from infra import paths
from infra.ssh.access import JumpHost, Target
from ringfence import ssh_config
from ringfence.ansible_inventory import inventory
from ringfence.logins import Login
from tests.truth.image.machine import APP, BACKBONE, MANAGEMENT, Machine, Namespace, config_drive
from tests.truth.image.policies import POLICY, PORT
from tests.truth.image.server import Server, new_machine
from tests.truth.image.test_bastion import BASTION, OPERATOR
from tests.truth.image.test_boot import SLOW

if TYPE_CHECKING:
    from collections.abc import Iterator

ANSIBLE = "ansible-core==2.19.14"
SECONDS = 900
HOST = "acme-web"
SERVICE = {
    "DEBIAN/control": """\
        Package: greeter
        Version: 1.0
        Architecture: all
        Maintainer: nobody <nobody@example.org>
        Depends: python3-minimal
        Description: Greets whoever connects
        """,
    "usr/lib/greeter/greet.py": f"""\
        import socket
        with socket.create_server(("", {PORT})) as door:
            while True:
                with door.accept()[0] as way:
                    way.sendall(b"greetings")
        """,
    "usr/lib/systemd/system/greeter.service": """\
        [Unit]
        Description=Greets whoever connects
        [Service]
        ExecStart=/usr/bin/python3 /usr/lib/greeter/greet.py
        DynamicUser=yes
        [Install]
        WantedBy=multi-user.target
        """,
}
PAGE = (Path(__file__).resolve().parents[3] / "docs" / "applications.md").read_text(encoding="utf-8")
PLAYBOOK = re.findall(r"^```yaml\n(.*?)^```", PAGE, flags=re.MULTILINE | re.DOTALL)[0]
"""The page's own."""
PLACE = "/var/tmp"  # noqa: S108 - a folder in a server, which has one tenant
RAW = (HOST, "-b", "-m", "raw", "-a")


@dataclass(frozen=True, slots=True)
class Controller:
    """Ansible in the namespace, with the inventory of a folder."""

    namespace: Namespace
    programs: Path
    folder: Path

    def run(self, program: str, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
        """Run one of Ansible's programs."""
        environment = {"ANSIBLE_HOME": str(self.folder / "a"), "ANSIBLE_NOCOLOR": "1", "ANSIBLE_TIMEOUT": "300", **settings}
        words = [f"{name}={value}" for name, value in environment.items()]
        command = ["env", "-C", str(self.folder), *words, str(self.programs / program), "-i", "inventory", *arguments]
        return subprocess.run(self.namespace.command(*command), capture_output=True, text=True, timeout=SECONDS, check=False)

    def copy(self, file: str, target: str) -> None:
        """Bring a file to the server, as the page does."""
        config = self.folder / "ssh" / "acme" / "config"
        command = self.namespace.command("ssh", "-F", str(config), HOST, f"cat > {target}")
        subprocess.run(command, input=(self.folder / file).read_bytes(), check=True, timeout=SECONDS)

    def done(self, program: str, *arguments: str) -> str:
        """Return what a run printed that must succeed."""
        ended = self.run(program, *arguments)
        assert ended.returncode == 0, ended.stdout + ended.stderr
        return ended.stdout


@pytest.fixture(scope="module")
def programs() -> Path:
    """Give Ansible's programs, installed from the package registry into the cache."""
    environment = paths.cache() / "ansible-venv" / ANSIBLE.partition("==")[2]
    if not (environment / "bin" / "ansible").exists():
        subprocess.run([sys.executable, "-m", "venv", str(environment)], check=True, timeout=SECONDS)
        install = [str(environment / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", ANSIBLE]
        subprocess.run(install, check=True, timeout=SECONDS)
    return environment / "bin"


@pytest.fixture(scope="module")
def controller(programs: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Controller]:
    """Give Ansible beside a bastion and a server that have booted, with their keys in the inventory."""
    bastion_properties = {"ringfence_role": "bastion", "ringfence_management_mac": BASTION.mac, "ringfence_ssh_from": f"{OPERATOR}/32"}
    first = new_machine(
        tmp_path_factory.mktemp("way"),
        (BASTION,),
        {**bastion_properties, "ringfence_ssh_port": "22", "ringfence_forward_to": "172.30.0.0/16"},
    )
    properties = {"ringfence_role": "server", "ringfence_management_mac": MANAGEMENT.mac, "ringfence_ssh_from": f"{BASTION.address}/32"}
    second = new_machine(tmp_path_factory.mktemp("web"), (APP, MANAGEMENT), properties)
    public = (first.folder / "key.pub").read_text(encoding="utf-8").strip()
    config_drive(second.folder / "config.iso", (APP, MANAGEMENT), public, properties)
    shared = Namespace(first.namespace.name, (BASTION, APP, MANAGEMENT))
    second.namespace = Namespace(shared.name, (APP, MANAGEMENT))
    with tempfile.TemporaryDirectory(prefix="rf-") as made, pytest.MonkeyPatch.context() as patch:
        patch.setenv(paths.STATE, made)
        shared.up()
        try:
            shared.run("sh", "-ec", f"ip address delete {BACKBONE}/32 dev lo; ip route replace 172.30.0.0/28 dev {MANAGEMENT.tap}")
            shared.run("sysctl", "-qw", "net.ipv4.ip_forward=1")
            keys = started(first, second)
            yield _prepared(Controller(shared, programs, Path(made)), first.folder / "key", *keys)
        finally:
            for machine in (first, second):
                machine.off(gently=False)
            shared.down()


def started(bastion: Machine, server: Machine) -> tuple[str, str]:
    """Start both side by side and return the host keys that their consoles tell."""
    server.on()
    key = Server(bastion, BASTION.address, OPERATOR).start()
    server.wait_for_console("ringfence-ready")
    return key, server.wait_for_console("ringfence-hostkey: ").removeprefix("ringfence-hostkey: ")


def _prepared(controller: Controller, key: Path, bastion_key: str, server_key: str) -> Controller:
    """Write the inventory, a package and a playbook."""
    folder = controller.folder
    login = Login("acme", "web", Target(MANAGEMENT.address, server_key), {"app": (APP.address,)})
    config = ssh_config.write("acme", JumpHost(BASTION.address, bastion_key, key), {login.host: login.target})
    (folder / "listed.json").write_text(json.dumps(inventory([login], config)), encoding="utf-8")
    script = folder / "inventory"
    script.write_text(f"#!/bin/sh\nexec cat {folder}/listed.json\n", encoding="utf-8")
    script.chmod(0o755)
    for name, text in SERVICE.items():
        file = folder / "deb" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(dedent(text), encoding="utf-8")
    subprocess.run(
        ["dpkg-deb", "--root-owner-group", "--build", "deb", "greeter.deb"], cwd=folder, check=True, capture_output=True, timeout=300
    )
    (folder / "greeter.yaml").write_text(PLAYBOOK, encoding="utf-8")
    (folder / "policy").write_text(POLICY.replace(BACKBONE, BASTION.address), encoding="utf-8")
    return controller


def test_every_host_answers_through_the_bastion(controller: Controller) -> None:
    """A command runs by the automation's account, and as root by sudo, which asks for no password."""
    assert "ringfence" in controller.done("ansible", "tenant_acme", "-m", "raw", "-a", "id -un")
    assert "uid=0(root)" in controller.done("ansible", *RAW, "id")


def test_modules_need_more_than_the_images_python(controller: Controller) -> None:
    """What the page says of them: the image's Python is a minimal one, and the error tells what is missing."""
    ended = controller.run("ansible", HOST, "-m", "ping")
    assert ended.returncode != 0
    assert "No module named" in ended.stdout + ended.stderr


def test_a_package_is_installed_and_its_service_reached_by_a_flow_alone(controller: Controller) -> None:
    """The service runs, and is reached only when the guest's policy lets its flow in."""
    controller.copy("greeter.deb", f"{PLACE}/greeter.deb")
    controller.done("ansible-playbook", "greeter.yaml")
    server = Server(Machine(controller.namespace, controller.folder), MANAGEMENT.address)
    assert "active" in controller.done("ansible", *RAW, "systemctl is-active greeter")
    assert server.reach(APP.address, PORT, APP.gateway) == "TIMEOUT"
    controller.copy("policy", f"{PLACE}/policy")
    controller.done("ansible", *RAW, f"/usr/lib/ringfence/apply-policy stage {PLACE}/policy")
    controller.done("ansible", *RAW, "/usr/lib/ringfence/apply-policy confirm")
    assert server.reach(APP.address, PORT, APP.gateway, timeout=SLOW) == "OK greetings"


@pytest.mark.parametrize("host", ["platform-bastion", HOST])
def test_a_server_with_another_key_is_nobodys(controller: Controller, host: str) -> None:
    """Neither hop is entered when its key is not the pinned one, even where Ansible is told not to look at keys."""
    known = controller.folder / "ssh" / "acme" / "known_hosts"
    before = known.read_text(encoding="utf-8")
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(controller.folder / host)], check=True, timeout=300)
    other = " ".join((controller.folder / f"{host}.pub").read_text(encoding="utf-8").split()[:2])
    lines = [f"{host} {other}" if line.startswith(f"{host} ") else line for line in before.splitlines()]
    known.write_text("\n".join(lines) + "\n", encoding="utf-8")
    try:
        for folder in ("a/cp", "ssh/acme"):
            _close(controller.folder / folder)
        ended = controller.run("ansible", HOST, "-m", "raw", "-a", "true", ANSIBLE_HOST_KEY_CHECKING="False")
    finally:
        known.write_text(before, encoding="utf-8")
    assert ended.returncode != 0
    assert "UNREACHABLE" in ended.stdout


def _close(folder: Path) -> None:
    """Forget logins that are kept open: they have been checked already."""
    for file in folder.iterdir() if folder.is_dir() else ():
        if file.is_socket():
            subprocess.run(
                ["ssh", "-o", f"ControlPath={file}", "-O", "exit", "nobody"], check=False, capture_output=True, timeout=300, env=os.environ
            )
