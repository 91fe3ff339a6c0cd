"""Runs the bare script as a program of its own, as anybody would run a script."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec

from benchmarks.up.bare.site import Facts, Order
from infra.declaration import load_platform, load_tenant
from infra.errors import CloudError
from infra.paths import automation_key
from infra.policy.flows import expand
from ringfence.complaint import complaint

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PROGRAM = "benchmarks.up.bare"


def order(file: Path) -> Order:
    """Return what the script needs besides the declaration: what the platform offers, and numbers that are worked out beforehand."""
    from infra.components.quotas import project_limits  # noqa: PLC0415 - imports the engine's SDK
    from ringfence.verify import stacks  # noqa: PLC0415 - asks the engine

    platform = load_platform(file.parent / "Pulumi.platform.yaml").platform
    declaration = load_tenant(file, platform, today=datetime.now(UTC).date())
    limits = asdict(project_limits(declaration.tenant, expand(declaration, platform), platform))
    key = automation_key().with_suffix(".pub").read_text(encoding="utf-8").strip()
    return Order(msgspec.convert(stacks.platform(), Facts, from_attributes=True), limits, key)


def script(file: Path, wanted: Order, say: Callable[[str], None]) -> None:
    """Run the script to its end. Raises :class:`CloudError` with its last words when it fails; interrupted, it is ended at once."""
    lines: list[str] = []
    with subprocess.Popen(
        [sys.executable, "-m", PROGRAM, str(file)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    ) as process:
        try:
            if process.stdin and process.stdout:
                # A script that ended before it read its order has said why: that is told, and not the pipe.
                with contextlib.suppress(BrokenPipeError):
                    process.stdin.write(msgspec.json.encode(wanted).decode())
                with contextlib.suppress(BrokenPipeError):
                    process.stdin.close()
                for line in process.stdout:
                    lines.append(line)
                    say(line)
        except BaseException:
            process.kill()
            raise
    if process.returncode:
        raise CloudError.of("the bare script failed", where=PROGRAM, expected="an exit code of 0", got=complaint("".join(lines)))
