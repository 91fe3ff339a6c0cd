"""A bastion of the image: the way to management, on the port and to the prefix that it was told, and to nothing else."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from tests.truth.image.machine import DEFAULT_ROUTE, Card
from tests.truth.image.server import Server, new_machine

if TYPE_CHECKING:
    from collections.abc import Iterator

OPERATOR = "172.29.0.1"
BASTION = Card("backbone", "fa:16:3e:00:00:01", "172.29.0.6", OPERATOR, 24, DEFAULT_ROUTE)
MANAGED, OUTSIDE = "172.30.0.9", "192.0.2.9"
SSH_PORT, OTHER_PORT = 2222, 80
ENDED_BY_LIMIT = 124


@dataclass(slots=True)
class Listeners:
    """Listeners behind the bastion; each writes down who came and greets with its own name."""

    process: subprocess.Popen[str]

    def stop(self) -> set[str]:
        """Names of the listeners that anybody reached."""
        output, _ = self.process.communicate("stop\n")
        return set(output.split())


@pytest.fixture(scope="module")
def bastion(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A bastion with one card, SSH on a port of its own, allowed to go on to the management pool."""
    properties = {
        "ringfence_role": "bastion",
        "ringfence_management_mac": BASTION.mac,
        "ringfence_ssh_from": f"{OPERATOR}/32",
        "ringfence_ssh_port": str(SSH_PORT),
        "ringfence_forward_to": "172.30.0.0/16",
    }
    machine = new_machine(tmp_path_factory.mktemp("bastion"), (BASTION,), properties)
    made = Server(machine, BASTION.address, OPERATOR, SSH_PORT)
    made.namespace.up()
    try:
        made.namespace.run("sh", "-ec", f"ip address add {MANAGED}/32 dev lo; ip address add {OUTSIDE}/32 dev lo")
        made.start()
        yield made
    finally:
        made.machine.off(gently=False)
        made.namespace.down()


@pytest.fixture
def listeners(bastion: Server) -> Listeners:
    """Listeners on both addresses and both ports, proven up before they are returned."""
    command = bastion.namespace.command("python3", "-c", _LISTEN, MANAGED, OUTSIDE, str(SSH_PORT), str(OTHER_PORT))
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "up\n"
    return Listeners(process)


def test_the_operator_enters_on_the_port_that_was_told(bastion: Server) -> None:
    """SSH listens where the property says, and nowhere else."""
    assert bastion.done("id -un").strip() == "ringfence"
    assert bastion.fates((BASTION.address, 22, OPERATOR)) == ["TIMEOUT"]
    # The image says less, and of this setting sshd takes the last word that it reads.
    assert bastion.done("sudo sshd -T | grep ^maxstartups").split() == ["maxstartups", "30:30:100"]
    assert [line.split()[4] for line in bastion.done("sudo ss -H -lntu").splitlines()] == [f"*%mgmt0:{SSH_PORT}"]


def test_it_leads_to_management_by_ssh_and_nowhere_else(bastion: Server, listeners: Listeners) -> None:
    """SSH to the pool is reached; another port is refused by sshd, another prefix dropped by the filter: the receivers saw nobody."""
    assert "managed" in bastion.ssh("", "-W", f"{MANAGED}:{SSH_PORT}").stdout
    for address, port in ((MANAGED, OTHER_PORT), (OUTSIDE, OTHER_PORT), ("127.0.0.1", SSH_PORT + 1)):
        refused = bastion.ssh("", "-o", "LogLevel=INFO", "-W", f"{address}:{port}")
        assert (refused.returncode, "administratively prohibited" in refused.stderr) == (255, True), (address, port, refused.stderr)
    dropped = bastion.ssh("", "-W", f"{OUTSIDE}:{SSH_PORT}", limit=25)
    assert (dropped.returncode, dropped.stdout) == (ENDED_BY_LIMIT, "")
    assert listeners.stop() == {f"managed:{SSH_PORT}"}


def test_its_filter_holds_without_sshd(bastion: Server, listeners: Listeners) -> None:
    """From a shell on the bastion itself the same addresses and ports are reached, and no others."""
    allowed, *others = (f"{address}/{port}" for address in (MANAGED, OUTSIDE) for port in (SSH_PORT, OTHER_PORT))
    script = _TRIES.format(allowed=allowed, others=" ".join(others), count=len(others))
    assert bastion.done("bash -s", text=script) == "managed"
    assert listeners.stop() == {f"managed:{SSH_PORT}"}


_TRIES = """
for other in {others}; do (exec 3<>/dev/tcp/$other) 2>/dev/null & done
until [ "$(ss -Htn state syn-sent | wc -l)" -eq {count} ]; do sleep 0.2; done
exec 3<>/dev/tcp/{allowed}
head -c 7 <&3
kill $(jobs -p)
"""
"""All others are tried before the allowed one is: whoever answers that one had the others' time to answer as well."""

_LISTEN = """
import select, socket, sys
names = dict(zip(sys.argv[1:3], ("managed", "outside")))
sockets = {}
for address, name in names.items():
    for port in sys.argv[3:]:
        s = socket.create_server((address, int(port)))
        sockets[s] = f"{name}:{port}"
print("up", flush=True)
while True:
    for s in select.select([sys.stdin, *sockets], [], [])[0]:
        if s is sys.stdin:
            sys.exit()
        peer, _ = s.accept()
        print(sockets[s], flush=True)
        peer.sendall(sockets[s].encode())
        peer.close()
"""
