"""How much a project may hold, over compute, block storage and network.

The provider's quota resources leave the numbers behind when they are deleted (their delete is a no-op); these reset them. A tenant's
project is the stack's own: it holds so much and no more. The platform's is the operator's: others may use it, so it is only given room.
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
UNLIMITED = -1


@dataclass(frozen=True, slots=True)
class QuotaApi:
    """Where a service keeps the quota of a project, the key of its JSON body, and the last word of the path to the defaults."""

    client: Adapter
    path: str
    key: str
    usual: str


def quota_api(service: str, project_id: str) -> QuotaApi:
    """Return the quota API of one of :data:`SERVICES`."""
    cloud = admin()
    if service == "network":
        return QuotaApi(cloud.network, f"/quotas/{project_id}", "quota", "default")
    client = cloud.compute if service == "compute" else cloud.block_storage
    return QuotaApi(client, f"/os-quota-sets/{project_id}", "quota_set", "defaults")


def quota(service: str, project_id: str) -> dict[str, int]:
    """Return the numbers of a project as they are now."""
    api = quota_api(service, project_id)
    numbers: dict[str, int] = api.client.get(api.path, raise_exc=True).json()[api.key]
    return numbers


def is_less(number: int, than: int) -> bool:
    """Compare two limits; a negative one is none."""
    return number >= 0 and not 0 <= than <= number


class ProjectLimitsLifecycle(Lifecycle):
    """Set, read and reset the quotas of one project."""

    identity: ClassVar[tuple[str, ...]] = ("project_id",)
    content: ClassVar[tuple[str, ...]] = SERVICES

    def create(self, props: Props) -> CreateResult:
        """Set the numbers of all services."""
        project_id = required(props, "project_id", "limits")
        for service in SERVICES:
            put(service, project_id, props[service])
        return CreateResult(project_id, dict(props))

    def read(self, id_: str, props: Props) -> ReadResult:
        """Read back the numbers that were declared; others are the cloud's."""
        found: Props = {}
        for service in SERVICES:
            numbers = quota(service, id_)
            found[service] = {name: numbers.get(name) for name in props[service]}
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


class ProjectRoomLifecycle(Lifecycle):
    """See that a project may hold at least so much; never take room away, and give back what was given.

    ``before`` is what the quotas were that were raised, by service.
    """

    identity: ClassVar[tuple[str, ...]] = ("project_id",)
    content: ClassVar[tuple[str, ...]] = SERVICES

    def create(self, props: Props) -> CreateResult:
        """Raise what is too low; what the cloud has no quota for needs none."""
        project_id = required(props, "project_id", "room")
        return CreateResult(project_id, {**props, "before": {service: raised(service, project_id, props[service]) for service in SERVICES}})

    def read(self, id_: str, props: Props) -> ReadResult:
        """Read back what is too low; where there is enough room, it is what was asked for."""
        found: Props = {}
        for service in SERVICES:
            numbers = quota(service, id_)
            low = {name: numbers[name] for name, wanted in props[service].items() if is_less(numbers.get(name, UNLIMITED), int(wanted))}
            found[service] = {**props[service], **low}
        return ReadResult(id_, {**props, **found})

    def update(self, _id: str, _olds: Props, _news: Props) -> UpdateResult:
        """Raise what has become too low, and remember what was before the first time."""
        made = self.create(_news).outs or {}
        before = {service: {**made["before"][service], **_olds.get("before", {}).get(service, {})} for service in SERVICES}
        return UpdateResult({**made, "before": before})

    def delete(self, _id: str, _props: Props) -> None:
        """Put back what was before; what are the cloud's defaults then needs no record of the project."""
        for service, numbers in _props.get("before", {}).items():
            if numbers:
                put(service, _id, numbers)
                api = quota_api(service, _id)
                usual = api.client.get(f"{api.path}/{api.usual}", raise_exc=True).json()[api.key]
                if usual == quota(service, _id):
                    api.client.delete(api.path, raise_exc=False)


def raised(service: str, project_id: str, wanted: dict[str, int]) -> dict[str, int]:
    """Raise the quotas that are lower than wanted, and return what they were."""
    numbers = quota(service, project_id)
    low = {name: int(number) for name, number in wanted.items() if is_less(numbers.get(name, UNLIMITED), int(number))}
    if low:
        put(service, project_id, low)
    return {name: numbers[name] for name in low}


def put(service: str, project_id: str, numbers: dict[str, int]) -> None:
    """Set quotas of a project."""
    api = quota_api(service, project_id)
    api.client.put(api.path, json={api.key: {name: int(number) for name, number in numbers.items()}}, raise_exc=True)


class ProjectRoom(Resource, module="ringfence", name="ProjectRoom"):
    """The project may hold this much at least."""

    project_id: Output[str]

    def __init__(self, name: str, project_id: Input[str], limits: Limits, opts: ResourceOptions | None = None) -> None:
        """Declare the room of a project."""
        super().__init__(ProjectRoomLifecycle(), name, {"project_id": project_id, **asdict(limits)}, opts)
