"""What the cloud has, as its APIs say it: listed once for all tenants, as the operator's admin, page by page. Judged elsewhere."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from infra import cinder
from infra.drift.found import Asked, Found
from infra.drift.made import ids_of_all
from infra.errors import CloudError
from infra.neutron.sources.listing import OK, pages
from ringfence.verify.cloud import copies, identity, keys

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from openstack.connection import Connection
    from openstack.proxy import Proxy
    from requests import Response

    from infra.drift.found import Json, Rows
    from infra.drift.made import Made
    from ringfence.verify.inventory import Inventory
    from ringfence.verify.stacks import StackFacts

VERSIONS = {"compute": "2.90", "block-storage": cinder.VERSION, "volume": cinder.VERSION, "volumev3": cinder.VERSION}


@dataclass(frozen=True, slots=True)
class Parties:
    """Whose the cloud is: the platform's project, what every stack made, and as whom a tenant's secrets may be seen, by its name."""

    platform: str
    made: Mapping[str, Made]
    identities: Mapping[str, StackFacts]

    @classmethod
    def of(cls, inventory: Inventory, identities: Mapping[str, StackFacts]) -> Parties:
        """Return the parties of an inventory."""
        return cls(str(inventory.platform_facts.project_id), inventory.made, identities)

    def asked(self) -> Asked:
        """Return what services are asked for by its id."""
        stacks, secrets = tuple(self.made.values()), frozenset(str(facts.facts.project_id) for facts in self.identities.values())
        of = partial(ids_of_all, stacks)
        return Asked(self.platform, of("projects"), of("users"), of("images"), secrets)


def collect(cloud: Connection, parties: Parties) -> Found:
    """Ask all services at the same time; of Keystone, Glance and Barbican what concerns the projects and accounts that the stacks made.

    Raises :class:`CloudError` when Nova, Neutron or Cinder do not answer; of what the others do not show, the reason is kept.
    """
    network, by_id = cloud.network, parties.asked()
    with ThreadPoolExecutor(8) as pool:
        asked = {
            "ports": pool.submit(listed, network, "/ports", "ports"),
            "groups": pool.submit(listed, network, "/security-groups", "security_groups"),
            "servers": pool.submit(listed, cloud.compute, "/servers/detail", "servers", all_tenants="1"),
            "volumes": pool.submit(listed, cloud.block_storage, "/volumes/detail", "volumes", all_tenants="1"),
            "networks": pool.submit(listed, network, "/networks", "networks"),
            "subnets": pool.submit(listed, network, "/subnets", "subnets"),
            "routers": pool.submit(listed, network, "/routers", "routers"),
            "address_groups": pool.submit(_optional, network, "/address-groups", "address_groups"),
            "subnet_pools": pool.submit(listed, network, "/subnetpools", "subnetpools"),
            "rbac": pool.submit(listed, network, "/rbac-policies", "rbac_policies"),
            "floating_ips": pool.submit(_floating_ips, network),
            "trunks": pool.submit(_optional, network, "/trunks", "trunks"),
            "volume_types": pool.submit(_volume_types, cloud.block_storage),
            "projects": pool.submit(_projects, cloud.identity),
        }
        volumes = asked["volumes"]
        questions = {
            **identity.questions(cloud.identity, by_id.projects | {parties.platform}, by_id.users),
            **copies.questions(cloud, by_id.projects, by_id.images, _of_all),
            "secrets": lambda: keys.of_tenants(parties.identities),
            "platform_secrets": lambda: keys.of_platform(cloud, volumes.result(), parties.platform),
        }
        told = {name: pool.submit(_told, question) for name, question in questions.items()}
    answers = {name: future.result() for name, future in told.items()}
    return Found(
        **{name: future.result() for name, future in asked.items()},
        **{name: answer.rows for name, answer in answers.items()},
        untold={name: answer.untold for name, answer in answers.items() if answer.untold},
        absent={name: answer.absent for name, answer in answers.items() if answer.absent},
        at=datetime.now(UTC),
        asker=str(cloud.current_user_id or ""),
        asked=by_id,
    )


@dataclass(frozen=True, slots=True)
class _Answer:
    """What a question came to, or why it came to nothing."""

    rows: Rows = ()
    untold: str = ""
    absent: str = ""


def _told(question: Callable[[], Rows]) -> _Answer:
    try:
        return _Answer(question())
    except keys.NoKeyManagerError as error:
        return _Answer(absent=error.problems[0].what)
    except CloudError as error:
        return _Answer(untold=str(error))


@dataclass(frozen=True, slots=True)
class _Versioned:
    """A service that is asked in the version of its API whose fields are read here."""

    proxy: Proxy

    def get(self, url: str, *, params: Json) -> Response:
        """Send a GET request."""
        answer: Response = self.proxy.get(url, params=params, microversion=VERSIONS.get(str(self.proxy.service_type)))
        return answer


def _get(service: Proxy, path: str) -> Json:
    answer = _Versioned(service).get(path, params={})
    if answer.status_code != OK:
        raise CloudError.of("the API refused to answer", where=path, expected="200", got=f"{answer.status_code} {answer.text[:200]}")
    body: Json = answer.json()
    return body


def listed(service: Proxy, path: str, key: str, **params: Any) -> Rows:  # noqa: ANN401 - query parameters
    """Return all rows of a listing."""
    return tuple(pages(_Versioned(service), (path, key), _untold, extra=params))


def _optional(service: Proxy, path: str, key: str) -> Rows:
    """Return the rows of an extension of the API; a cloud that has not got it has no such objects."""
    return tuple(pages(_Versioned(service), (path, key), _untold, optional=True))


def _of_all(service: Proxy, path: str, key: str) -> Rows:
    """Return all rows of a listing, of whatever project."""
    return listed(service, path, key, all_tenants="1")


def _projects(identity: Proxy) -> Rows:
    """Return all projects; Keystone does not page."""
    return tuple(pages(_Versioned(identity), ("/projects", "projects"), _untold, paged=False))


def _untold(_key: str, _count: int) -> None:
    """Tell nobody how far a listing is."""


def _floating_ips(network: Proxy) -> Rows:
    """Return all floating IPs. The list shows a forwarding without its port, so forwardings are read one by one where there are any."""
    found = listed(network, "/floatingips", "floatingips")
    for row in found:
        if row.get("port_forwardings"):
            row["port_forwardings"] = _get(network, f"/floatingips/{row['id']}/port_forwardings")["port_forwardings"]
    return found


def _volume_types(storage: Proxy) -> Rows:
    """Return the volume types with their encryption, an empty one for those that do not encrypt."""
    types = listed(storage, "/types", "volume_types", is_public="None")
    return tuple({**row, "encryption": _get(storage, f"/types/{row['id']}/encryption")} for row in types)
