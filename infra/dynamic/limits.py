"""How much a project may hold, over compute, block storage and network.

The provider's quota resources leave the numbers behind when they are deleted (their delete is a no-op); this one resets them.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, ClassVar

from pulumi import Input, Output, ResourceOptions
from pulumi.dynamic import CreateResult, ReadResult, Resource, UpdateResult

from infra.dynamic.base import Lifecycle, Props, required
from infra.dynamic.clouds import admin

if TYPE_CHECKING:
    from keystoneauth1.adapter import Adapter


@dataclass(frozen=True, slots=True)
class Limits:
    """Numbers per service, by the names of the services' own quota APIs."""

    compute: dict[str, int]
    volume: dict[str, int]
    network: dict[str, int]


SERVICES = tuple(Limits.__slots__)


@dataclass(frozen=True, slots=True)
class QuotaApi:
    """Where a service keeps the quota of a project, and the key of its JSON body."""

    client: Adapter
    path: str
    key: str


def quota_api(service: str, project_id: str) -> QuotaApi:
    """Return the quota API of one of :data:`SERVICES`."""
    cloud = admin()
    if service == "network":
        return QuotaApi(cloud.network, f"/quotas/{project_id}", "quota")
    client = cloud.compute if service == "compute" else cloud.block_storage
    return QuotaApi(client, f"/os-quota-sets/{project_id}", "quota_set")


class ProjectLimitsLifecycle(Lifecycle):
    """Set, read and reset the quotas of one project."""

    identity: ClassVar[tuple[str, ...]] = ("project_id",)
    content: ClassVar[tuple[str, ...]] = SERVICES

    def create(self, props: Props) -> CreateResult:
        """Set the numbers of all services."""
        project_id = required(props, "project_id", "limits")
        for service in SERVICES:
            api = quota_api(service, project_id)
            body = {name: int(number) for name, number in props[service].items()}
            api.client.put(api.path, json={api.key: body}, raise_exc=True)
        return CreateResult(project_id, dict(props))

    def read(self, id_: str, props: Props) -> ReadResult:
        """Read back the numbers that were declared; others are the cloud's."""
        found: Props = {}
        for service in SERVICES:
            api = quota_api(service, id_)
            quota = api.client.get(api.path, raise_exc=True).json()[api.key]
            found[service] = {name: quota.get(name) for name in props[service]}
        return ReadResult(id_, {**props, **found})

    def update(self, _id: str, _olds: Props, _news: Props) -> UpdateResult:
        """Set the new numbers."""
        return UpdateResult(self.create(_news).outs)

    def delete(self, _id: str, _props: Props) -> None:
        """Go back to the cloud's defaults, so that no record of the project stays in any service."""
        for service in SERVICES:
            api = quota_api(service, _id)
            api.client.delete(api.path, raise_exc=False)


class ProjectLimits(Resource, module="ringfence", name="ProjectLimits"):
    """The project may hold this much and no more."""

    project_id: Output[str]

    def __init__(self, name: str, project_id: Input[str], limits: Limits, opts: ResourceOptions | None = None) -> None:
        """Declare the limits of a project."""
        super().__init__(ProjectLimitsLifecycle(), name, {"project_id": project_id, **asdict(limits)}, opts)
