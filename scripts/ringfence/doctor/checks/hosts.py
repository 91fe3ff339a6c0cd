"""Hosts of a service: which of them work, for Nova and for Cinder alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ringfence.doctor.model import found, lacking

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ringfence.doctor.model import Finding, Json


class Service(NamedTuple):
    """A program that runs on hosts, the command that switches it on and off there, and what a host does with it."""

    program: str
    command: str
    does: str


def ready(rows: Sequence[Json], service: Service) -> Iterator[Finding]:
    """Judge the hosts as the API lists them: at least one works, and none is down without being switched off."""
    for row in rows:
        if row["state"] != "up" and row["status"] == "enabled":
            mend = f"restart {service.program} on {row['host']}, or: {service.command} --disable {row['host']} {service.program}"
            yield lacking(f"{service.program} on {row['host']} is {row['state']}", mend)
    works = [row for row in rows if row["state"] == "up" and row["status"] == "enabled"]
    if works:
        yield found(f"{len(works)} of {len(rows)}")
    else:
        yield lacking(f"no host {service.does}", f"{service.command} --enable HOST {service.program}")
