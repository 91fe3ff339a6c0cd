"""The command line as tests run it, and snapshots for it to answer about."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from infra.neutron.snapshot import Unknown
from infra.neutron.snapshot.store import dumps
from tests.fast.queries.test_answers import two_zones

if TYPE_CHECKING:
    from pathlib import Path

    from tests.fast.neutron.clouds import Cloud


@dataclass
class Ended:
    """How a command ended, and what it said."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:  # noqa: ANN401 - JSON
        """What was printed for programs."""
        return json.loads(self.out)


Run = Callable[..., Ended]


def kept(folder: Path, cloud: Cloud, name: str = "cloud.jsonl") -> Path:
    """Keep a cloud's snapshot in a file."""
    file = folder / name
    file.write_bytes(dumps(cloud.snapshot()))
    return file


def doubtful() -> Cloud:
    """Return a cloud with something in it that the model does not know."""
    cloud = two_zones()
    cloud.add(Unknown(type="firewall_group", id="f"))
    return cloud
