"""Examiners at a booted server: ``python -m tests.truth.image.examination PLAN`` (as root), which ``./scripts/examine`` runs.

The server is the one of the image's tests. The examiners come as a disk that it may only read; what they write goes into its memory and
from there into the plan's folder. One JSON object on standard output says the rest (``examiners.plan.Told``).
"""

from __future__ import annotations

import base64
import gzip
import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import msgspec

from examiners import openscap
from examiners.model import Examiner, Tier
from examiners.packages import LYNIS, Toolbox
from examiners.plan import BOOT, IMAGE, MEMORY, Plan, Told
from tests.truth import netns
from tests.truth.image.machine import APP, BACKBONE, ELSEWHERE, MANAGEMENT, Machine, Namespace, config_drive, run
from tests.truth.image.server import Server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MOUNTED, WRITTEN = Path("/run/exam"), Path("/run/exam-results")
LIMIT = 4 * 3600
"""Seconds that one examiner may take on an emulated server beside other work."""
MEBIBYTES = 1024
INTERRUPTED = 130
STANDS = {
    "bastion": (BACKBONE, MANAGEMENT.tap, MANAGEMENT.address),
    "backbone": (ELSEWHERE, MANAGEMENT.tap, MANAGEMENT.address),
    "management-neighbour": (MANAGEMENT.gateway, MANAGEMENT.tap, MANAGEMENT.address),
    "zone": (APP.gateway, APP.tap, APP.address),
    "zone-ipv6": ("", APP.tap, APP.address6),
}
"""Own address, NIC and target of each place that nmap stands at."""
SCANS = {"tcp": ("-sS", "-p-", "--min-rate", "2000"), "udp": ("-sU", "--top-ports", "100", "--min-rate", "50")}


@dataclass(slots=True)
class Examination:
    """One server, and what was heard of it so far."""

    plan: Plan
    server: Server
    figures: dict[Tier, dict[str, float]] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    broken: dict[str, str] = field(default_factory=dict)

    @property
    def seen(self) -> Toolbox:
        """The examiners as the server sees them."""
        return Toolbox(Path(self.plan.tools), MOUNTED)

    def go(self) -> Told:
        """Boot, and once more where the second boot is examined; what is asked of a server that has booted again is never asked before."""
        boots = (Tier.BOOTED, Tier.REBOOTED) if Tier.REBOOTED in self.plan.tiers else (Tier.BOOTED,)
        for tier in boots:
            say(f"{tier}: power on")
            self.server.start()
            if tier in self.plan.tiers:
                self.look(tier)
            self.server.machine.off(gently=True)
        declared: dict[str, tuple[str, ...]] = {stand: ("tcp/22",) if stand == "bastion" else () for stand in STANDS}
        return Told(self.figures, declared, self.seconds, self.broken)

    def look(self, tier: Tier) -> None:
        """Let every examiner of the plan look at the server that has just booted."""
        cpu = round(self.server.boot_cpu_seconds, 1)
        self.figures[tier] = {BOOT: cpu, MEMORY: self.memory(), IMAGE: Path(self.plan.image).stat().st_size / 1e6}
        if not self.plan.examiners:
            return
        raw = Path(self.plan.folder, tier)
        shutil.rmtree(raw, ignore_errors=True)  # results of an earlier run are no answer of this one
        raw.mkdir(parents=True)
        self.mount()
        for name, step in self.steps(raw):
            self.attempt(f"{name} {tier}", step)

    def attempt(self, name: str, step: Callable[[], None]) -> None:
        """Run one examiner; one that breaks is told and keeps no other from its work."""
        began = time.monotonic()
        say(f"{name} ...")
        try:
            step()
        except (AssertionError, OSError, ValueError, subprocess.SubprocessError) as error:
            self.broken[name] = f"{type(error).__name__}: {error}"[-1500:]
        self.seconds[name] = round(time.monotonic() - began, 1)
        say(f"{name}: {self.broken.get(name, 'done')} ({self.seconds[name]:.0f} s)")

    def steps(self, raw: Path) -> Iterator[tuple[str, Callable[[], None]]]:
        """The examiners of the plan; those at the network first, as those inside leave the server busy."""
        wanted = self.plan.examiners
        if Examiner.SSH_AUDIT in wanted:
            yield "ssh-audit management", lambda: self.ssh_audit(raw)
        if Examiner.SYSTEMD in wanted:
            yield "systemd units", lambda: self.systemd(raw)
        if Examiner.NMAP in wanted:
            for stand in STANDS:
                yield f"nmap {stand}", partial(self.nmap, raw, stand)
        if Examiner.OPENSCAP in wanted:
            for profile in self.plan.profiles:
                yield f"openscap {profile}", partial(self.openscap, raw, profile)
        if Examiner.LYNIS in wanted:
            yield "lynis system", lambda: self.lynis(raw)

    def mount(self) -> None:
        """Show the examiners to the server: nothing of the disk may be a device or gain rights."""
        device = f"/dev/vd{chr(ord('b') + len(self.server.machine.disks))}"
        self.inside(f"mkdir -p {MOUNTED} {WRITTEN} && mount -t ext4 -o ro,nosuid,nodev {device} {MOUNTED}")

    def inside(self, script: str) -> str:
        """Run a script of the shell as root in the server; it must succeed."""
        done = self.server.ssh("sudo sh", text=script, limit=LIMIT)
        assert done.returncode == 0, f"exit code {done.returncode}: {(done.stderr or done.stdout)[-1000:]}"
        return done.stdout

    def fetch(self, name: str, target: Path) -> None:
        """Take a result out of the server's memory."""
        packed = self.inside(f"gzip -c {WRITTEN}/{name} | base64 -w 0 && rm {WRITTEN}/{name}")
        target.write_bytes(gzip.decompress(base64.b64decode(packed)))

    def memory(self) -> float:
        """MiB that are used, as free(1) counts them."""
        fields = dict(line.split(":") for line in self.server.done("cat /proc/meminfo").splitlines())
        total, available = (int(fields[name].split()[0]) for name in ("MemTotal", "MemAvailable"))
        return round((total - available) / 1024, 1)

    def openscap(self, raw: Path, profile: str) -> None:
        """Evaluate a profile; the code tells that it came to its end."""
        words = " ".join(openscap.command(self.seen, profile, f"{WRITTEN}/results.xml"))
        code = int(self.inside(f"cd {WRITTEN}; LC_ALL=C.UTF-8 {words} >log 2>&1; echo $?"))
        self.fetch("log", raw / f"{profile}.log")
        assert code in openscap.ANSWERED, f"exit code {code}: {(raw / f'{profile}.log').read_text()[-800:]}"
        self.fetch("results.xml", raw / f"{profile}.xml")

    def lynis(self, raw: Path) -> None:
        """Audit the system with the profile that comes with Lynis."""
        files = f"--log-file {WRITTEN}/lynis.log --report-file {WRITTEN}/lynis.dat"
        settings = f"--usecwd --no-colors --quick --profile ./default.prf --plugindir ./plugins {files}"
        self.inside(f"cd {MOUNTED}/{LYNIS}; LC_ALL=C.UTF-8 sh ./lynis audit system {settings} >{WRITTEN}/said 2>&1 || true")
        for name, target in (("said", "lynis.out"), ("lynis.log", "lynis.log"), ("lynis.dat", "lynis.dat")):
            self.fetch(name, raw / target)

    def systemd(self, raw: Path) -> None:
        """Ask the manager about all units that it knows, and about each of our own."""
        (raw / "systemd.json").write_text(self.inside("systemd-analyze security --json=short --no-pager"), encoding="utf-8")
        own = "systemctl list-unit-files --no-legend 'ringfence-*.service' | cut -d ' ' -f 1 | grep -v '@'"
        each = f"for unit in $({own}); do systemd-analyze security --no-pager $unit | grep Overall; done"
        (raw / "systemd.txt").write_text(self.inside(each), encoding="utf-8")

    def ssh_audit(self, raw: Path) -> None:
        """Ask from the bastion's address."""
        words = (self.plan.ssh_audit, "-m", "ssh_audit.ssh_audit", "--json", "--timeout", "300", "-p", str(self.server.port))
        done = self.server.namespace.run(*words, self.server.address, check=False)
        (raw / "ssh-audit.json").write_text(done.stdout, encoding="utf-8")
        (raw / "ssh-audit.code").write_text(f"{done.returncode}\n", encoding="utf-8")
        assert done.returncode >= 0, done.stderr

    def nmap(self, raw: Path, stand: str) -> None:
        """All TCP ports and the usual UDP ports, seen from one place."""
        source, nic, target = STANDS[stand]
        tools = Path(self.plan.tools)
        common = ("-n", "--max-retries", "2", "-e", nic, *(("-S", source) if source else ()), *(("-6",) if ":" in target else ()))
        for protocol, options in SCANS.items():
            out = raw / f"nmap-{stand}-{protocol}.xml"
            program = Toolbox(tools, tools).program("usr/bin/nmap")
            words = ("env", f"NMAPDIR={tools}/usr/share/nmap", *program, *common, *options, "-oX", str(out), target)
            self.server.namespace.run(*words)


def say(text: str) -> None:
    """Tell a person what goes on."""
    sys.stderr.write(f"{time.strftime('%H:%M:%S')} {text}\n")
    sys.stderr.flush()


def examine(plan: Plan, folder: Path) -> Told:
    """Make a server of the plan's image, examine it, and take it away."""
    run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / "key"))
    run("qemu-img", "convert", "-O", "qcow2", plan.image, str(folder / "root.qcow2"))
    run("qemu-img", "resize", "-q", str(folder / "root.qcow2"), "3G")
    cards = (APP, MANAGEMENT)
    properties = {"ringfence_role": "server", "ringfence_management_mac": MANAGEMENT.mac, "ringfence_ssh_from": f"{BACKBONE}/32"}
    config_drive(folder / "config.iso", cards, (folder / "key.pub").read_text(encoding="utf-8").strip(), properties)
    shown = (Path(plan.disk),) if plan.disk else ()
    server = Server(Machine(Namespace(netns.name("examine"), cards), folder, shown=shown, mebibytes=MEBIBYTES))
    server.namespace.up()
    try:
        return Examination(plan, server).go()
    finally:
        server.machine.off(gently=False)
        server.namespace.down()


def main() -> None:
    """Read the plan, examine, tell."""
    plan = msgspec.json.decode(Path(sys.argv[1]).read_bytes(), type=Plan)
    os.environ["LC_ALL"] = "C.UTF-8"
    try:
        with TemporaryDirectory() as folder:
            told = examine(plan, Path(folder))
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    sys.stdout.buffer.write(msgspec.json.encode(told))


if __name__ == "__main__":
    main()
