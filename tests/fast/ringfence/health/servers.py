"""Servers that are as they should be, as the collector brings them; tests change one answer at a time."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from infra.declaration.model import Platform
from infra.neutron.quotas.room import Gauge
from infra.outcome import CheckVerdict
from infra.sessions.reviews import Reviews
from ringfence.health.look import Look, judged
from ringfence.health.model import Answers, Finding, Host, Seen
from tests.fast.declaration.declared import PLATFORM as TREE
from tests.fast.declaration.declared import SERVICES
from tests.fast.pki.authorities import issue, request, signer
from tests.fast.sessions.test_recorded import ACCEPT, log

NOW = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)
WEB, BASTION, STORE = Host("acme", "web"), Host("platform", "platform-bastion"), Host("platform", "platform-services")
OWNERS = {"172.30.0.3": WEB, "172.29.0.10": BASTION, "172.29.0.200": STORE}
PLATFORM = Platform.model_validate(TREE | {"services": SERVICES})
AUTHORITY = signer(now=NOW - timedelta(days=200))
CERTIFICATE = issue(AUTHORITY, request(), now=NOW - timedelta(days=30))[0]
SERVED = "172.29.0.200"


def ago(**span: float) -> float:
    """A moment before now, in seconds since 1970."""
    return (NOW - timedelta(**span)).timestamp()


def clock(address: str = SERVED, *, state: str = "*", reach: str = "377", mode: str = "NTS", off: str = "-0.000400") -> dict[str, str]:
    """What chrony says of its one source."""
    return {
        "sources": f"^,{state},{address},1,6,{reach},23,0.000012,0.000012,0.000300\n",
        "authdata": f"{address},{mode},1,15,256,1200,0,0,8,100\n",
        "tracking": f"AC1D00C8,{address},2,{ago(minutes=1)},{off},0.000010,0.000020,-1.2,0.0,0.3,0.0004,0.0005,64.2,Normal\n",
    }


def updates(result: str = "done", *, hours: float = 9, left: str = "", running: str = "6.12.1") -> dict[str, str]:
    """What is known of a server's updates."""
    return {
        "updates": json.dumps({"seconds": int(ago(hours=hours)), "result": result, "restart_needed": False, "packages": []}),
        "open": f"{left}0 upgraded, 0 newly installed\n",
        "kernel": f"{running}\n/boot/vmlinuz-6.12.1\n",
    }


def store(*, used: int = 5, target: str = "/data", units: str = "active\n" * 4, last: float = 1, began: float = 1) -> dict[str, str]:
    """What the services server answers besides; ``last`` and ``began`` are hours: a line of acme/web, and a session there."""
    accept = {**ACCEPT, "submit_time": {"seconds": int(ago(hours=began)), "nanoseconds": 0}}
    others = "".join(f"{ago(minutes=3)} platform/{host.server}/2026-11-30.jsonl\n" for host in (BASTION, STORE))
    return {
        "disk": f"1B-blocks Used Mounted\n{20 * 2**30} {used * 2**30} {target}\n",
        "units": units,
        "last": f"{ago(days=3)} acme/acme-web/2026-11-27.jsonl\n{ago(hours=last)} acme/acme-web/2026-11-30.jsonl\n{others}",
        "events": log({"accept": accept}),
    }


CLIENT = {**clock(), **updates(), "certificate": CERTIFICATE}
WHOLE = Seen(
    {
        WEB: Answers(CLIENT),
        BASTION: Answers(CLIENT),
        STORE: Answers({**CLIENT, **clock("198.51.100.4"), **store()}),
    },
    STORE,
    {"platform": {"network": {"router": Gauge(8, 20), "rbac_policy": Gauge(0, -1)}}, "acme": {"compute": {"cores": Gauge(0, 0)}}},
)


def changed(host: Host, **answers: str) -> Seen:
    """The same with other answers of one server."""
    return replace(WHOLE, hosts={**WHOLE.hosts, host: Answers({**WHOLE.hosts[host].texts, **answers})})


def look(seen: Seen = WHOLE, platform: Platform = PLATFORM, reviews: Reviews | None = None) -> Look:
    """What is found."""
    mended = dict.fromkeys(seen.hosts, Finding("vulnerabilities", CheckVerdict.PASS, "0 open"))
    return judged(platform, seen, OWNERS, reviews or Reviews(), NOW, mended)
