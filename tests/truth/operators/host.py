"""A host that is a mount, network, process and name space over the guest's tree; everything of it is gone when its first process ends."""

from __future__ import annotations

import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from hardening.bundle import encode

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hardening.bundle import Bundle

LIFE = 6 * 3600
"""Seconds after which a host ends by itself, whatever became of the test."""
PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
START = """
set -e
mount -t tmpfs -o mode=755 tmpfs {place}
mkdir {place}/upper {place}/work {place}/tree
mount -t overlay -o lowerdir={tree},upperdir={place}/upper,workdir={place}/work overlay {place}/tree
mount -t proc proc {place}/tree/proc
mount -t tmpfs -o mode=755 tmpfs {place}/tree/dev
for device in null zero full random urandom tty; do cp -a /dev/$device {place}/tree/dev/; done
mkdir {place}/tree/dev/pts
ln -s pts/ptmx {place}/tree/dev/ptmx
ln -s /proc/self/fd {place}/tree/dev/fd
mount -t devpts -o newinstance,ptmxmode=0666,mode=620,gid=5 devpts {place}/tree/dev/pts
mount -t tmpfs -o mode=755 tmpfs {place}/tree/run
mount -t tmpfs -o mode=1777 tmpfs {place}/tree/tmp
hostname {name}
ip link set lo up
echo ready
exec chroot {place}/tree sleep {life}
"""


LENGTH = 12
"""All hosts are in one prefix of this length, so that none needs a route."""
DELIVER = """
import sys
sys.path.insert(0, "/usr/lib/ringfence/python")
from hardening.agent import checks, generation, store
from hardening.agent.paths import Paths
from hardening.bundle import decode
paths, bundle = Paths.from_environment(), decode(sys.stdin.read())
folder = f"{paths.generations}/delivered"
store.remove(folder)
store.make_folder(paths.run)
store.make_folder(paths.generations)
generation.lay(folder, bundle)
checks.refuse_bad_files(paths, folder, bundle)
store.switch(paths.confirmed, "generations/delivered")
store.switch(paths.files, f"{paths.confirmed}/{generation.FILES}")
"""


@dataclass(frozen=True, slots=True)
class Done:
    """How a program ended."""

    status: int
    out: str
    err: str


@dataclass(frozen=True, slots=True)
class Host:
    """A running host."""

    name: str
    first: subprocess.Popen[str]
    address: str

    @property
    def root(self) -> Path:
        """Its file system, seen from outside."""
        return Path("/proc", self.inside, "root")

    @property
    def inside(self) -> str:
        """The first process inside, which is the only child of ``unshare``."""
        children = Path(f"/proc/{self.first.pid}/task/{self.first.pid}/children").read_text(encoding="ascii").split()
        return children[0]

    def command(self, *words: str) -> tuple[str, ...]:
        """Return what runs a program on the host."""
        environment = (f"PATH={PATH}", "HOME=/root", "LC_ALL=C.UTF-8")
        return ("nsenter", "-t", self.inside, "-m", "-n", "-p", "-u", "-r", "-w", "env", "-i", *environment, *words)

    def run(self, *words: str, text: str = "", seconds: float = 180) -> Done:
        """Run a program to its end."""
        done = subprocess.run(
            self.command(*words), input=text, capture_output=True, text=True, errors="replace", check=False, timeout=seconds
        )
        return Done(done.returncode, done.stdout, done.stderr)

    def must(self, *words: str, text: str = "") -> str:
        """Run a program that has to succeed, and return what it said."""
        done = self.run(*words, text=text)
        assert done.status == 0, f"{self.name}: {' '.join(words)}: {done.err or done.out}"
        return done.out

    def start(self, log: str, *words: str) -> None:
        """Start a program that stays; what it says goes to a file."""
        self.must("sh", "-c", f'"$@" >>{log} 2>&1 </dev/null &', "sh", *words)

    def write(self, path: str, text: str, mode: int = 0o644) -> None:
        """Write a file as root, with the folders above it."""
        target = self.root / path.removeprefix("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
        target.chmod(mode)

    def read(self, path: str) -> str:
        """Read a file; nothing where there is none."""
        target = self.root / path.removeprefix("/")
        return target.read_text(encoding="utf-8", errors="replace") if target.exists() else ""

    def deliver(self, bundle: Bundle) -> None:
        """Put files into force as the guest's agent does, after the checks that it makes."""
        self.must("python3", "-IS", "-c", DELIVER, text=encode(bundle))

    def end(self) -> None:
        """End the host and everything that runs on it."""
        self.first.kill()
        self.first.communicate()


def begin(name: str, address: str, tree: Path, lan: str) -> Host:
    """Start a host with one card on the bridge of namespace ``lan``."""
    place = "/mnt"  # hidden by a mount in the host's own mount space, and nowhere else
    script = START.format(place=place, tree=tree, name=name, life=LIFE)
    command = (
        "setpriv",
        "--pdeathsig",
        "KILL",
        "unshare",
        "--mount",
        "--net",
        "--uts",
        "--ipc",
        "--pid",
        "--fork",
        "--kill-child",
        "sh",
        "-c",
        script,
    )
    first = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert first.stdout
    assert first.stdout.readline() == "ready\n", name
    host = Host(name, first, address)
    card = f"to-{name}"[:15]
    for words in (
        f"ip -n {lan} link add {card} type veth peer name mgmt0 netns {host.inside}",
        f"ip -n {lan} link set {card} master lan up",
        f"nsenter -t {host.inside} -n ip address add {address}/{LENGTH} dev mgmt0",
        f"nsenter -t {host.inside} -n ip link set mgmt0 up",
    ):
        subprocess.run(words.split(), check=True, capture_output=True, text=True)
    return host


def etc_hosts(hosts: Mapping[str, str], own: str) -> str:
    """Return ``/etc/hosts`` as the first boot writes it, with the other hosts' names besides."""
    others = "".join(f"{address} {name}\n" for name, address in hosts.items() if name != own)
    return f"127.0.0.1 localhost\n127.0.1.1 {own}\n{others}"


def eventually(question: object, seconds: float = 120) -> bool:
    """Tell whether the answer becomes yes within the time."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if question():  # type: ignore[operator]
            return True
        time.sleep(0.1)
    return False
