"""The packet filter of a generation: refused where it would be open, loaded by the image's own scripts, compared with the kernel."""

from __future__ import annotations

import json
import os
import re
from typing import TYPE_CHECKING, Any

from hardening.agent.paths import EXIT_REFUSED, PolicyError
from hardening.agent.processes import checked, run
from hardening.agent.store import read

if TYPE_CHECKING:
    import subprocess

    from hardening.agent.paths import Paths

DIRECTIONS = {"input", "forward", "output"}


def open_directions(chains: str) -> set[str]:
    """Directions that are not dropped by default, told from ``nft list chains inet``."""
    return DIRECTIONS - set(re.findall(r"hook (input|forward|output) [^;]*; policy drop", chains))


def comparable(ruleset: dict[str, Any]) -> list[Any]:
    """A ruleset of ``nft -j -s list ruleset`` without what differs between two loads of one text: handles and the tool's version."""
    return [_without_handles(item) for item in ruleset.get("nftables", []) if "metainfo" not in item]


def _without_handles(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    if isinstance(value, dict):
        return {key: _without_handles(item) for key, item in value.items() if key != "handle"}
    if isinstance(value, list):
        return [_without_handles(item) for item in value]
    return value


def refuse_open_policy(text: str) -> None:
    """Load the text where it does no harm and look at it: it must load, and drop by default in all directions."""
    result = in_scratch_namespace("nft -f - && nft list chains inet", text)
    if result.returncode:
        raise PolicyError(EXIT_REFUSED, f"the policy does not load: {result.stderr.strip()}")
    if missing := open_directions(result.stdout):
        raise PolicyError(EXIT_REFUSED, f"the policy does not drop by default: {', '.join(sorted(missing))}")


def in_scratch_namespace(script: str, text: str) -> subprocess.CompletedProcess[str]:
    """Run a shell script that reads the policy, in a network namespace that has nothing but ``lo``."""
    return run("unshare", "--net", "sh", "-c", script, text=text)


def replace(paths: Paths, text: str) -> str:
    """Put a packet filter in the place of what is loaded; what the kernel said against it, or nothing."""
    result = run(f"{paths.lib}/replace-ruleset", text=text)
    return f"the kernel refused the policy: {result.stderr.strip()}" if result.returncode else ""


def reload(paths: Paths) -> str:
    """Load what the next boot would load; the name of the source that is in force."""
    return checked(run(f"{paths.lib}/load-firewall")).strip()


def next_boots(paths: Paths) -> tuple[str, str]:
    """Text and source of the packet filter that the next boot would load."""
    candidates = (
        (f"{paths.confirmed}/policy.nft", "policy"),
        (f"{paths.etc}/base.nft", "base"),
        (f"{paths.lib}/deny-all.nft", "deny"),
    )
    path, source = next((path, source) for path, source in candidates if os.path.exists(path))  # noqa: PTH110
    return read(path), source


def in_kernel(wanted: str) -> tuple[dict[str, Any], bool]:
    """What the kernel holds, and whether it is another ruleset than ``wanted`` would be."""
    ruleset = json.loads(checked(run("nft", "-j", "-s", "list", "ruleset")))
    expected = json.loads(checked(in_scratch_namespace("nft -f - && nft -j -s list ruleset", wanted)))
    return ruleset, comparable(ruleset) != comparable(expected)
