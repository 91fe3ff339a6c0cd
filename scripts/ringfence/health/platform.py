"""How the platform's services are: what runs, the store, sessions that nobody reviewed, quotas. Pure."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from infra.declaration import names
from infra.outcome import CheckVerdict
from infra.policy.services import Service, declared_services
from infra.sessions.recorded import sessions
from infra.sessions.reviews import unreviewed
from ringfence.health.judges import DAY, ago, guarded
from ringfence.health.model import Finding, Host
from ringfence.health.questions import ABSENT, DATA, UNITS, taken

if TYPE_CHECKING:
    from collections.abc import Mapping

    from infra.neutron.quotas.room import Room
    from infra.sessions.recorded import Session
    from infra.sessions.reviews import Reviews
    from ringfence.health.judges import Known

GIB = 2**30


def of_platform(known: Known, rooms: Mapping[str, Room | str]) -> tuple[Finding, ...]:
    """Return what is found of the services server and of each project's quotas."""
    return (
        guarded("services", lambda: running(known)),
        guarded("store", lambda: store(known)),
        *(guarded(f"quotas of {project}", lambda: quotas(project, room, known)) for project, room in rooms.items()),  # noqa: B023 - called here
    )


def running(known: Known) -> Finding:
    """Every declared service runs."""
    declared = declared_services(known.platform)
    states = known.store.text("units").split()
    if len(states) != len(declared):
        return Finding("services", CheckVerdict.ERROR, f"{len(declared)} services were asked for, {len(states)} answers came")
    down = [f"{service} is {state}" for service, state in zip(declared, states, strict=True) if state != "active"]
    mend = f"systemctl status {' '.join(UNITS[service] for service in declared)}, on {names.SERVICES}"
    if down:
        return Finding("services", CheckVerdict.FAIL, "; ".join(down), mend)
    return Finding("services", CheckVerdict.PASS, f"{', '.join(declared)} are up")


def store(known: Known) -> Finding:
    """The store is mounted, and has room."""
    size, used, target = taken(known.store.text("disk"))
    if target != DATA:
        return Finding("store", CheckVerdict.FAIL, "the store is not mounted: what is kept would fill the root", "openstack volume list")
    share = 100 * used / size
    said = f"{used / GIB:.1f} of {size / GIB:.1f} GiB taken ({share:.0f} %)"
    full = share > known.limits.store
    mend = "raise services.store, or keep less: packages.cache, logs.size, sessions.size; then pulumi up -s platform" if full else ""
    return Finding("store", CheckVerdict.FAIL if full else CheckVerdict.PASS, said, mend)


def quotas(project: str, room: Room | str, known: Known) -> Finding:
    """No quota of a project is nearly used up. One that is nothing and of which nothing is used is nobody's need."""
    check = f"quotas of {project}"
    if isinstance(room, str):
        return Finding(check, CheckVerdict.ERROR, room)
    gauges = {name: gauge for part in room.values() for name, gauge in part.items() if gauge.limit > 0 or (gauge.limit == 0 and gauge.used)}
    if not gauges:
        return Finding(check, CheckVerdict.PASS, "no quota has a limit")
    shares = {name: 100 * gauge.used / gauge.limit if gauge.limit else 100.0 for name, gauge in gauges.items()}
    tight = {name: gauge for name, gauge in gauges.items() if shares[name] > known.limits.quota}
    said = [f"{name} {gauge.used} of {gauge.limit}" for name, gauge in tight.items()]
    if tight:
        return Finding(check, CheckVerdict.FAIL, ", ".join(said), "ringfence doctor names what raises them")
    most = max(shares, key=lambda name: shares[name])
    return Finding(check, CheckVerdict.PASS, f"the fullest is {most}, {gauges[most].used} of {gauges[most].limit}")


def unreviewed_sessions(known: Known, reviews: Reviews, owners: Mapping[str, Host], hosts: tuple[Host, ...]) -> dict[Host | None, Finding]:
    """Return by server what waits for its review; what came from an address that is no server's is under nothing, if there is any."""
    if Service.SESSIONS not in declared_services(known.platform):
        return dict.fromkeys(hosts, Finding("sessions", CheckVerdict.NOT_APPLICABLE, "the platform does not declare it"))
    found: dict[Host | None, list[Session]] = {host: [] for host in hosts}

    def read() -> Finding:
        text = known.store.text("events")
        for session in unreviewed(sessions("" if text.strip() == ABSENT else text), reviews):
            found.setdefault(owners.get(session.address), []).append(session)
        return Finding("sessions", CheckVerdict.PASS, "read")

    untold = guarded("sessions", read)
    if untold.verdict is CheckVerdict.ERROR:
        return dict.fromkeys(hosts, untold)
    return {host: _waiting(waiting, known) for host, waiting in found.items() if host in hosts or host is None}


def _waiting(waiting: list[Session], known: Known) -> Finding:
    if not waiting:
        return Finding("sessions", CheckVerdict.PASS, "none waits for a review")
    oldest = min(waiting, key=lambda session: session.began)
    age = known.now - oldest.began
    late = age > known.limits.review * DAY
    said = f"{len(waiting)} without a review, the oldest {oldest.id}, {ago(max(age, timedelta()))}"
    return Finding(
        "sessions", CheckVerdict.FAIL if late else CheckVerdict.PASS, said, f"ringfence sessions review {oldest.id} --by NAME --note TEXT"
    )
