"""``python -m benchmarks.up.bare DECLARATION`` with an :class:`Order` on standard input: build the tenant, wait until SSH answers."""

from __future__ import annotations

import os
import sys
import traceback
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from benchmarks.up import reach
from benchmarks.up.bare import build
from benchmarks.up.bare.site import Order, Site
from infra.declaration import load_platform, load_tenant
from infra.dynamic import clouds
from infra.policy.flows import expand
from infra.ssh.access import JumpHost, open_bastion

THREADS = 64
"""More than there are steps: most of them wait for others."""


def main(file: Path, order: Order) -> None:
    """Build, with a word on standard output when the servers are active and when they answer."""
    platform = load_platform(file.parent / "Pulumi.platform.yaml").platform
    declaration = load_tenant(file, platform, today=datetime.now(UTC).date())
    policy = expand(declaration, platform)
    bastion = order.facts.bastion
    jump_host = JumpHost.from_environment(bastion.address, bastion.host_key, platform.ssh_port)
    with ExitStack() as stack, ThreadPoolExecutor(THREADS) as pool:
        session = pool.submit(stack.enter_context, open_bastion(jump_host))
        addresses = build.tenant(Site(clouds.admin(), order, platform, declaration.tenant, policy, pool.submit))
        print("all servers are active", flush=True)
        reach.until_all_answer(session.result(), addresses, platform.ssh_port)
        print("all servers answer", flush=True)


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]), msgspec.json.decode(sys.stdin.buffer.read(), type=Order))
    except Exception:  # noqa: BLE001 - whatever it is: the other threads may wait for minutes
        traceback.print_exc()
        sys.stderr.flush()
        os._exit(1)
