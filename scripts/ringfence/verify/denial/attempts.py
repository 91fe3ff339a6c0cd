"""What a stranger tries at the API, and what the owner may do with the same thing. Pure: a table of requests and how to judge them.

Every attempt has its twin: a request of the owner's, mostly the very same one, that must succeed; else a refusal may only mean that the
thing is not there or that the request was nonsense. Nothing here would do harm if it were granted: what is deleted is in use and cannot be
(409, 400), what is changed is set to what it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from infra.outcome import CheckVerdict, Outcome

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.outputs import ServerOutput
    from ringfence.verify.inventory import TenantInventory

Json = dict[str, Any]
REFUSED = frozenset({403, 404})
"""403: you may not; 404: for you there is no such thing. 400 is added where Nova checks the body's ids before it looks for an owner."""
REFUSED_BY_BODY = REFUSED | {400}
BY_QUOTA = -409
"""In place of a status: refused because the project may have none of these at all (its quota is 0), which Neutron checks before it looks
whose thing it is. A 409 for any other reason is no refusal: the thing may be there already."""
BY_KEY = -400
"""In place of a status: refused because the key of a volume transfer is another one, which Cinder says in these words alone."""
WRONG_KEY_SAID = "invalid auth key"
Change = tuple[str, "Call", "Call", frozenset[int], frozenset[int]]
"""Name, request, twin, statuses that refuse the request, statuses that grant the twin."""
OK = frozenset({200, 201, 202, 204})
CONFLICT, BAD_REQUEST = 409, 400
IN_USE = frozenset({400, 409})


class Who(StrEnum):
    """In whose name a request is made."""

    DEPLOYER = "deployer"
    READER = "reader"


@dataclass(frozen=True, slots=True)
class Call:
    """One request to a service (by openstacksdk's name of it).

    ``version`` is the API's, where it is another one than for everything else. What ``is_secret`` is answered with is not kept.
    """

    service: str
    method: str
    path: str
    body: Json | None = None
    accept: str = ""
    version: str = ""
    is_secret: bool = False


@dataclass(frozen=True, slots=True)
class Attempt:
    """A request that must be refused, and its twin, the owner's request that must not be.

    With ``hidden`` set it is a listing: it may succeed, but that id must not be in it, while it must be in the twin's. ``twin_who`` makes
    the twin's request, where that is not the one whom its kind tells.
    """

    name: str
    attacker: str
    who: Who
    call: Call
    owner: str
    twin: Call
    refused: frozenset[int] = REFUSED
    granted: frozenset[int] = OK
    hidden: str = ""
    twin_who: Who | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What the API said."""

    status: int
    text: str = ""

    def is_one_of(self, statuses: frozenset[int]) -> bool:
        """Tell whether the answer is among these statuses, or is what :data:`BY_QUOTA` or :data:`BY_KEY` stands for."""
        by_quota = BY_QUOTA in statuses and self.status == CONFLICT and '"OverQuota"' in self.text
        by_key = BY_KEY in statuses and self.status == BAD_REQUEST and WRONG_KEY_SAID in self.text.lower()
        return self.status in statuses or by_quota or by_key


def judge(attempt: Attempt, answer: Answer, twin: Answer) -> Outcome:
    """Return the outcome of an attempt; without a good twin a refusal proves nothing."""
    if attempt.hidden:
        if answer.status in OK and attempt.hidden in answer.text:
            return Outcome(attempt.name, CheckVerdict.FAIL, f"{attempt.owner}'s {attempt.hidden} is in the list", attempt.owner)
        refused = answer.status in OK or answer.is_one_of(attempt.refused)
        proven = twin.status in OK and attempt.hidden in twin.text
    else:
        if answer.status in OK or answer.status in attempt.granted - attempt.refused:
            return Outcome(attempt.name, CheckVerdict.FAIL, f"it was granted ({answer.status})", attempt.owner)
        refused, proven = answer.is_one_of(attempt.refused), twin.status in attempt.granted
    if not proven:
        return Outcome(
            attempt.name,
            CheckVerdict.ERROR,
            f"nothing proves it: the owner's own request ended with {twin.status} {twin.text[:120]}",
            attempt.owner,
        )
    if not refused:
        return Outcome(attempt.name, CheckVerdict.ERROR, f"neither granted nor refused: {answer.status} {answer.text[:120]}", attempt.owner)
    return Outcome(attempt.name, CheckVerdict.PASS, "", attempt.owner)


def show(service: str, path: str) -> Call:
    """Return a GET."""
    return Call(service, "GET", path)


def across(attacker: TenantInventory, victim: TenantInventory) -> Iterator[Attempt]:
    """Yield what one tenant's deployer and reader try on another tenant."""
    for who in Who:
        for name, call, twin in _shows(victim):
            yield Attempt(f"{attacker.name}'s {who} shows {victim.name}'s {name}", attacker.name, who, call, victim.name, twin)
        for name, call, hidden in _listings(victim):
            words = f"{attacker.name}'s {who} does not find {victim.name}'s {name} in its list"
            yield Attempt(words, attacker.name, who, call, victim.name, call, hidden=hidden)
    for name, call, twin, refused, granted in _changes(attacker, victim):
        words = f"{attacker.name}'s deployer {name.format(victim=victim.name)}"
        yield Attempt(words, attacker.name, Who.DEPLOYER, call, victim.name, twin, refused, granted)


def has_servers(tenant: TenantInventory) -> bool:
    """A tenant of networks only is asked for what it has."""
    return bool(tenant.facts.servers)


def first_server(tenant: TenantInventory) -> ServerOutput:
    """Return the facts of the first server."""
    return next(iter(tenant.facts.servers.values()))


def port_of(tenant: TenantInventory) -> str:
    """Return the port of its first NIC."""
    return next(iter(first_server(tenant).nics.values())).port_id


def network_of(tenant: TenantInventory) -> str:
    """Return the network of the first zone."""
    return next(iter(tenant.facts.zones.values())).network_id


def group_of(tenant: TenantInventory) -> str:
    """Return the first security group."""
    return next(iter(tenant.facts.groups.values()))


def _shows(victim: TenantInventory) -> Iterator[tuple[str, Call, Call]]:
    things = {}
    if has_servers(victim):
        server = first_server(victim)
        things = {
            "server": show("compute", f"/servers/{server.id}"),
            "volume": show("block_storage", f"/volumes/{server.volumes.root}"),
            "port": show("network", f"/ports/{port_of(victim)}"),
        }
    things |= {
        "network": show("network", f"/networks/{network_of(victim)}"),
        "subnet": show("network", f"/subnets/{next(iter(victim.facts.zones.values())).subnet_ids[0]}"),
        "security group": show("network", f"/security-groups/{group_of(victim)}"),
        "management network": show("network", f"/networks/{victim.facts.management.network_id}"),
    }
    yield from ((name, call, call) for name, call in things.items())


def _listings(victim: TenantInventory) -> Iterator[tuple[str, Call, str]]:
    if has_servers(victim):
        server = first_server(victim)
        yield "servers", show("compute", "/servers"), server.id
        yield "volumes", show("block_storage", "/volumes"), server.volumes.root
        yield "ports", show("network", "/ports"), port_of(victim)
    yield "networks", show("network", "/networks"), network_of(victim)
    yield "security groups", show("network", "/security-groups"), group_of(victim)


def _changes(attacker: TenantInventory, victim: TenantInventory) -> Iterator[Change]:
    if has_servers(attacker) and has_servers(victim):
        yield from _compute_changes(attacker, victim)
    if has_servers(victim):
        yield from _port_changes(victim)
        yield from _storage_changes(victim)
    yield from _network_changes(attacker, victim)


def _compute_changes(attacker: TenantInventory, victim: TenantInventory) -> Iterator[Change]:
    server, own = first_server(victim), first_server(attacker)
    path, port, volume = f"/servers/{server.id}", f"/ports/{port_of(victim)}", f"/volumes/{server.volumes.root}"
    twin = show("compute", path)
    log = Call("compute", "POST", f"{path}/action", {"os-getConsoleOutput": {"length": 1}})
    yield "reads the console of {victim}'s server", log, log, REFUSED, OK
    same = Call("compute", "PUT", path, {"server": {"description": None}})
    yield "changes {victim}'s server", same, twin, REFUSED, OK
    attach = Call("compute", "POST", f"{path}/os-volume_attachments", {"volumeAttachment": {"volumeId": own.volumes.root}})
    yield "attaches a volume to {victim}'s server", attach, twin, REFUSED, OK
    steal = Call("compute", "POST", f"/servers/{own.id}/os-volume_attachments", {"volumeAttachment": {"volumeId": server.volumes.root}})
    yield "attaches {victim}'s volume to its own server", steal, show("block_storage", volume), REFUSED_BY_BODY, OK
    plug = Call("compute", "POST", f"/servers/{own.id}/os-interface", {"interfaceAttachment": {"port_id": port_of(victim)}})
    yield "attaches {victim}'s port to its own server", plug, show("network", port), REFUSED_BY_BODY, OK
    everybody = show("compute", "/servers/detail?all_tenants=1")
    yield "lists the servers of all projects, {victim}'s too", everybody, twin, REFUSED, OK


def _port_changes(victim: TenantInventory) -> Iterator[Change]:
    """Yield what needs a server's port, or a security group that one holds: one that is on no port could be deleted by its owner."""
    port = f"/ports/{port_of(victim)}"
    change = Call("network", "PUT", port, {"port": {"description": ""}})
    yield "changes {victim}'s port", change, change, REFUSED, OK
    off = Call("network", "PUT", port, {"port": {"port_security_enabled": False, "security_groups": []}})
    yield "turns port security off on {victim}'s port", off, show("network", port), REFUSED, OK
    delete = Call("network", "DELETE", f"/security-groups/{group_of(victim)}")
    yield "deletes {victim}'s security group", delete, delete, REFUSED, IN_USE


def _network_changes(attacker: TenantInventory, victim: TenantInventory) -> Iterator[Change]:
    network, group = f"/networks/{network_of(victim)}", group_of(victim)
    description = {"description": ""}
    change = Call("network", "PUT", network, {"network": description})
    yield "changes {victim}'s network", change, change, REFUSED, OK
    delete = Call("network", "DELETE", network)
    yield "deletes {victim}'s network", delete, delete, REFUSED, IN_USE
    enter = Call("network", "POST", "/ports", {"port": {"network_id": network_of(victim), "name": "intruder"}})
    yield "creates a port on {victim}'s network", enter, show("network", network), REFUSED, OK
    rule = {"security_group_id": group, "direction": "ingress", "ethertype": "IPv4", "protocol": "tcp"}
    loosen = Call("network", "POST", "/security-group-rules", {"security_group_rule": rule})
    yield "adds a rule to {victim}'s security group", loosen, show("network", f"/security-groups/{group}"), REFUSED, OK
    share = {
        "object_type": "network",
        "object_id": network_of(victim),
        "action": "access_as_shared",
        "target_tenant": attacker.facts.project_id,
    }
    yield (
        "shares {victim}'s network with itself",
        Call("network", "POST", "/rbac-policies", {"rbac_policy": share}),
        show("network", network),
        REFUSED | {BY_QUOTA},
        OK,
    )


def _storage_changes(victim: TenantInventory) -> Iterator[Change]:
    server = first_server(victim)
    volume = f"/volumes/{server.volumes.root}"
    change = Call("block_storage", "PUT", volume, {"volume": {"metadata": {}}})
    yield "changes {victim}'s volume", change, show("block_storage", volume), REFUSED, OK
    snapshot = Call("block_storage", "POST", "/snapshots", {"snapshot": {"volume_id": server.volumes.root, "force": True}})
    yield "takes a snapshot of {victim}'s volume", snapshot, show("block_storage", volume), REFUSED_BY_BODY, OK
    clone = Call("block_storage", "POST", "/volumes", {"volume": {"size": 1, "source_volid": server.volumes.root}})
    yield "clones {victim}'s volume", clone, show("block_storage", volume), REFUSED_BY_BODY, OK
    transfer = Call("block_storage", "POST", "/volume-transfers", {"transfer": {"volume_id": server.volumes.root, "name": "taken"}})
    yield "transfers {victim}'s volume to itself", transfer, transfer, REFUSED, IN_USE
    delete = Call("block_storage", "DELETE", volume)
    yield "deletes {victim}'s volume", delete, delete, REFUSED, IN_USE
