"""``scripts/demo``: which steps there are, and what is said at the end."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING

from infra import paths
from infra.declaration import load_platform, names
from infra.declaration.envelope import PREFIX, SUFFIX
from infra.errors import RingfenceError
from ringfence import keys
from ringfence.demo import TENANTS, stacks, times, upkeep
from ringfence.demo.screen import PERIOD, clock, screen
from ringfence.demo.steps import Plan, Step
from ringfence.verify.result import Kind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ringfence.demo.steps import Log

LAB = "lab"
IMAGE_LINK = "guest-image.qcow2"
INTERRUPTED = 130
VERIFY = "verify"


def build_toolchain(log: Log) -> None:
    """The Pulumi engine and its plug-in."""
    log.run([str(stacks.ROOT / "scripts/toolchain/build")], cwd=stacks.ROOT, env=os.environ)


def install_packages(log: Log) -> None:
    """Debian's packages for the image and the lab. The engine needs none of them, so it is compiled meanwhile."""
    log.run([str(stacks.ROOT / "scripts/setup"), "packages"], cwd=stacks.ROOT, env=os.environ)


def build_image(log: Log) -> None:
    """The guest image, and a link to it for a plain `pulumi up`."""
    log.run([str(stacks.ROOT / "scripts/image"), "build"], cwd=stacks.ROOT, env=os.environ)
    done = subprocess.run([str(stacks.ROOT / "scripts/image"), "path"], capture_output=True, text=True, check=True)
    link = paths.state() / IMAGE_LINK
    link.parent.mkdir(parents=True, exist_ok=True)
    link.unlink(missing_ok=True)
    link.symlink_to(done.stdout.strip())


def bring_up_lab(log: Log) -> None:
    """The lab cloud, unless the user has chosen a cloud."""
    if os.environ.get("OS_CLOUD", LAB) != LAB:
        log.say(f"not needed: OS_CLOUD={os.environ['OS_CLOUD']}")
        return
    log.run([str(stacks.ROOT / "scripts/lab"), "up"], cwd=stacks.ROOT, env=os.environ)


def records_sessions() -> bool:
    """Tell whether the platform declares that operators' sessions are recorded: then servers have to believe somebody's authority."""
    services = load_platform(stacks.ROOT / f"{PREFIX}{names.PLATFORM}{SUFFIX}").platform.services
    return services is not None and services.sessions is not None


def bring_up_platform(log: Log) -> None:
    """Backbone, bastion, encrypted volume type, image."""
    keys.ensure()
    env = stacks.environment()
    if records_sessions():
        log.run([str(stacks.ROOT / ".venv/bin/ringfence"), "operator", "authority"], cwd=stacks.ROOT, env=env)
    stacks.forget_other_clouds(env, log)
    stacks.up(names.PLATFORM, env, log)


def tenant_step(name: str) -> Step:
    """One tenant's stack."""
    return Step(name, f"tenant {name}", lambda log: stacks.up(name, stacks.environment(), log), (names.PLATFORM,))


def verify(log: Log) -> None:
    """Every part, those too that run only where they are named; and the report."""
    parts = [word for kind in Kind for word in ("--only", str(kind))]
    log.run([str(stacks.ROOT / ".venv/bin/ringfence"), "verify", *TENANTS, *parts], cwd=stacks.ROOT, env=stacks.environment())


def steps(part: str) -> list[Step]:
    """Return the steps in the order in which they are shown."""
    building = [
        Step("toolchain", "Pulumi engine and OpenStack plug-in", build_toolchain),
        Step("packages", "Debian packages", install_packages),
        Step("image", "guest image", build_image, ("packages",)),
        Step("lab", "lab cloud", bring_up_lab, ("packages",)),
        Step(names.PLATFORM, "platform", bring_up_platform, ("toolchain", "image", "lab")),
        *map(tenant_step, TENANTS),
    ]
    return building if part == "build" else [*building, Step(VERIFY, "verification", verify, TENANTS), *upkeep.steps(VERIFY)]


def conclusion(part: str, logs: Mapping[str, Log]) -> str:
    """Say what was built, what was proven, what was backed up, drilled and compared, where the report is, and what to try next."""
    servers = {name: stacks.outputs(name)["tenant"]["servers"] for name in TENANTS}
    lines = ["", "Built: a platform with its bastion, and the tenants"]
    lines += [f"  {name}: {', '.join(found)}, each on encrypted volumes, {len(found)} servers" for name, found in servers.items()]
    if part != "build":
        told = reversed(logs[VERIFY].file.read_text().splitlines())
        report = next((line for line in told if line.startswith("report: ")), "report: none")
        lines += ["Proven: every path between them that no flow allows is closed, and every flow works (verification passed)"]
        lines += [f"{report[0].upper()}{report[1:]}", *upkeep.conclusion(logs)]
    lines += ["", 'Next:  eval "$(./scripts/env)"', "       pulumi preview -s acme", "       ringfence ssh acme/web"]
    return "\n".join(lines)


def main(part: str) -> int:
    """Run the demonstration: 0 when all went well, 1 when a step failed, 130 when interrupted."""
    began = time.monotonic()
    plan = Plan(steps(part), paths.state() / "demo")
    try:
        with screen(plan.steps) as show:
            good = plan.run(show, PERIOD)
        if good:
            print(conclusion(part, {step.name: step.log for step in plan.steps}))
    except KeyboardInterrupt:
        print("\ninterrupted; the same command goes on from here", file=sys.stderr)
        times.keep(times.of(part, plan.steps, os.environ, good=False))
        os._exit(INTERRUPTED)  # the steps' threads still wait for programs that were interrupted as well
    except RingfenceError as error:
        print(error, file=sys.stderr)
        good = False
    for step in plan.steps:
        if step.error:
            print(f"\n{step.title} failed\n{step.error}", file=sys.stderr)
    times.keep(times.of(part, plan.steps, os.environ, good=good))
    print(f"\n{clock(time.monotonic() - began)} minutes")
    return 0 if good else 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1] if len(sys.argv) > 1 else "all"))
