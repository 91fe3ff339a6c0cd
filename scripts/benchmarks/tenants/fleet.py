"""``ringfence fleet`` for a crowd: the verbs that an operator of many tenants has, run as one runs them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from infra.errors import CloudError
from infra.outcome import CheckVerdict

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

SECONDS = 3 * 3600
"""How long a verb may take for all tenants: only a verb that hangs takes longer."""
UP = ("up",)
OF_NETWORKS = (("preview", "--expect-no-changes"),)
"""What is run for tenants of networks only, once they are up."""
OF_SERVERS = (*OF_NETWORKS, ("backup",), ("verify",), ("drift",), ("status",))
"""The same for tenants with servers. Backups come before what looks at them, and the status last: it tells of verifications."""


@dataclass(frozen=True, slots=True)
class Said:
    """What a verb said of a crowd's tenants. ``seconds`` by tenant, where the verb ran something for each."""

    verb: str
    verdicts: dict[str, str]
    seconds: dict[str, float]
    bad: tuple[str, ...]

    @property
    def text(self) -> str:
        """Return the counts as words."""
        counts = Counter(self.verdicts.values())
        return f"{self.verb}: {', '.join(f'{count} {verdict}' for verdict, count in sorted(counts.items()))}"


def asked(folder: Path, verb: Sequence[str], tenants: Sequence[str], *options: str) -> Said:
    """Run a verb for the tenants of a folder. Raises :class:`CloudError` when it gives no answer at all."""
    named = () if verb[0] == "status" else tuple(tenants)
    words = (sys.executable, "-m", "ringfence", "-C", str(folder), "fleet", *verb, *named, *options, "--json")
    done = subprocess.run(words, cwd=folder, env=os.environ, capture_output=True, text=True, timeout=SECONDS, check=False)
    try:
        told: dict[str, Any] = json.loads(done.stdout)
        rows = [row for row in told["tenants"] if row["tenant"] in tenants]
    except (ValueError, KeyError, TypeError) as error:
        got = f"exit code {done.returncode}: {(done.stderr or done.stdout).strip()[-300:]}"
        raise CloudError.of("a verb gave no answer", where=f"ringfence fleet {verb[0]}", expected="JSON", got=got) from error
    return said(verb[0], rows, tenants)


def said(verb: str, rows: Sequence[dict[str, Any]], tenants: Sequence[str]) -> Said:
    """Return the rows of a verb's answer for these tenants; whoever has no row did not pass."""
    verdicts = dict.fromkeys(tenants, "no row") | {row["tenant"]: str(row["verdict"]) for row in rows}
    why = {row["tenant"]: row["said"] if isinstance(row["said"], str) else "; ".join(row["said"]) for row in rows}
    bad = [f"{verdict}: fleet {verb}: {name}: {why.get(name, '')}" for name, verdict in verdicts.items() if verdict != CheckVerdict.PASS]
    return Said(verb, verdicts, {row["tenant"]: float(row.get("seconds", 0.0)) for row in rows}, tuple(bad))
