"""A project full of security group rules and ports, made with requests for many objects at once, and taken away again."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from infra.errors import CloudError, Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from openstack.connection import Connection

Json = dict[str, Any]
NAME = "ringfence-bench-reading"
PREFIX = "10.96.0.0/16"
RULES_OF_A_GROUP = 200
PORTS_AT_ONCE = 100
SIDE_BY_SIDE = 4
TOLD = 10
"""How often progress is told for one kind of object."""
UNLIMITED = dict.fromkeys(("network", "subnet", "port", "security_group", "security_group_rule"), -1)
FINE = range(200, 300)
GONE = 404


@dataclass(frozen=True, slots=True)
class Size:
    """How many rules and ports a cloud is filled with."""

    rules: int
    ports: int

    def groups(self) -> list[int]:
        """Return the number of rules of each group."""
        whole, rest = divmod(self.rules, RULES_OF_A_GROUP)
        return [RULES_OF_A_GROUP] * whole + ([rest] if rest else [])

    def batches(self) -> list[int]:
        """Return the number of ports of each request."""
        whole, rest = divmod(self.ports, PORTS_AT_ONCE)
        return [PORTS_AT_ONCE] * whole + ([rest] if rest else [])


def rules(group: str, project: str, count: int) -> list[Json]:
    """Return rules of a group, no two alike (RFC 5737 gives no block that is large enough: the sources are private)."""
    return [
        {
            "security_group_id": group,
            "project_id": project,
            "direction": "ingress",
            "ethertype": "IPv4",
            "protocol": "tcp",
            "port_range_min": 1024 + number,
            "port_range_max": 1024 + number,
            "remote_ip_prefix": f"10.97.{number % 256}.0/24",
        }
        for number in range(count)
    ]


class Filling:
    """What is made in a project of its own. ``tell`` is told how far it is."""

    def __init__(self, cloud: Connection, tell: Callable[[str], None]) -> None:
        self._cloud, self._tell = cloud, tell
        self._project = ""

    def fill(self, size: Size) -> None:
        """Make everything. Raises :class:`CloudError` when the cloud refuses something."""
        self._project = str(self._cloud.create_project(NAME, domain_id="default", description="made by scripts/bench reading")["id"])
        self._asked("PUT", f"/quotas/{self._project}", {"quota": UNLIMITED})
        network = self._asked("POST", "/networks", {"network": {"name": NAME, "project_id": self._project}})["network"]["id"]
        subnet = {"network_id": network, "cidr": PREFIX, "ip_version": 4, "project_id": self._project, "enable_dhcp": False}
        self._asked("POST", "/subnets", {"subnet": subnet})
        groups = list(self._each("groups", self._group, enumerate(size.groups()), len(size.groups())))
        orders = [(network, groups[number % len(groups)] if groups else None, count) for number, count in enumerate(size.batches())]
        list(self._each("requests for ports", self._ports, orders, len(orders)))

    def _group(self, order: tuple[int, int]) -> str:
        number, count = order
        body = {"security_group": {"name": f"{NAME}-{number}", "project_id": self._project}}
        group = str(self._asked("POST", "/security-groups", body)["security_group"]["id"])
        self._asked("POST", "/security-group-rules", {"security_group_rules": rules(group, self._project, count)})
        return group

    def _ports(self, order: tuple[str, str | None, int]) -> None:
        network, group, count = order
        port = {"network_id": network, "project_id": self._project, "name": NAME, "security_groups": [group] if group else []}
        self._asked("POST", "/ports", {"ports": [port] * count})

    def clear(self) -> None:
        """Take away what this run or an earlier one has made, and the project last: whoever is interrupted goes on with the same."""
        for project in [str(row["id"]) for row in self._cloud.search_projects(NAME)]:
            for what in ("ports", "networks", "security-groups"):
                key = what.replace("-", "_")
                found = [str(row["id"]) for row in self._asked("GET", f"/{what}?project_id={project}&fields=id", None)[key]]
                list(self._each(f"{what} to delete", partial(self._gone, what), found, len(found)))
            self._cloud.delete_project(project)

    def _gone(self, what: str, identifier: str) -> None:
        self._asked("DELETE", f"/{what}/{identifier}", None, fine=(*FINE, GONE))

    def _each(self, what: str, act: Callable[[Any], Any], orders: Iterable[Any], total: int) -> Iterator[Any]:
        """Do something for each order, some side by side, and yield what came of it."""
        with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
            for number, result in enumerate(pool.map(act, orders), 1):
                if number == total or not number % max(total // TOLD, 1):
                    self._tell(f"{number} of {total} {what}")
                yield result

    def _asked(self, verb: str, path: str, body: Json | None, fine: Iterable[int] = FINE) -> Json:
        answer = self._cloud.network.request(path, verb, json=body)
        if answer.status_code not in fine:
            raise CloudError(Problem("the cloud refuses it", f"{verb} {path}", "2xx", f"{answer.status_code}: {answer.text[:300]}"))
        return dict(answer.json()) if answer.content else {}
