"""Where sabotage happens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from infra.declaration import names

if TYPE_CHECKING:
    from tests.live.stage import Stage


@dataclass(frozen=True, slots=True)
class Scene:
    """Where sabotage happens: a tenant with a server that is allowed to talk to another one, and a second tenant."""

    stage: Stage
    tenant: str
    other: str
    source: str
    target: str

    def port(self, server: str, zone: str | None = None) -> str:
        """Return the id of a server's port in its first zone."""
        nics = self.stage.tenant(self.tenant).facts.servers[server.partition("/")[2]].nics
        return str(nics[zone or next(iter(nics))].port_id)

    def port_name(self) -> str:
        """Return the name of the target's port in its first zone."""
        return names.port(self.tenant, self.target.partition("/")[2], self.stage.plan.nodes[self.target].nics[0].label)

    def words(self) -> dict[str, str]:
        """Return what stands for itself in the words that name a sabotage."""
        zone = self.stage.plan.nodes[self.target].nics[0].label
        return {"tenant": self.tenant, "other": self.other, "group": self.group(), "zone": zone, "port": self.port_name()}

    @property
    def project(self) -> str:
        """The tenant's project."""
        return str(self.stage.tenant(self.tenant).facts.project_id)

    def network(self, tenant: str = "") -> str:
        """Return the id of the network of the target's first zone, or of another tenant's first zone."""
        facts = self.stage.tenant(tenant or self.tenant).facts.zones
        return str((facts[self.stage.plan.nodes[self.target].nics[0].label] if not tenant else next(iter(facts.values()))).network_id)

    def group(self) -> str:
        """Return the key of the group of the target's zone."""
        return f"zone-{self.stage.plan.nodes[self.target].nics[0].label}"
