"""Secrets and their access lists, as the project that has them sees them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from keystoneauth1.exceptions.catalog import EndpointNotFound

from infra.dynamic import clouds
from infra.errors import CloudError
from ringfence.verify.cloud import keys

pytestmark = pytest.mark.fast
LIST = {"read": {"project-access": True}}
REFUSED, GONE = 403, 404


class Barbican:
    """A key manager with some secrets, which gives a few at a time."""

    def __init__(self, count: int, page: int = 100, told: int | None = None, status: int = 200) -> None:
        """Keep what it has; ``told`` is how many it says that there are."""
        self.secrets = [f"key-{number}" for number in range(count)]
        self.page, self.told, self.status = page, count if told is None else told, status
        self.gone: set[str] = set()

    def get(self, path: str, params: dict[str, Any]) -> SimpleNamespace:
        """Answer a question."""
        if path == "/secrets":
            part = self.secrets[params["offset"] :][: self.page]
            rows = [{"secret_ref": f"https://barbican/v1/secrets/{id_}", "name": None} for id_ in part]
            return SimpleNamespace(status_code=self.status, json=lambda: {"secrets": rows, "total": self.told})
        return SimpleNamespace(status_code=GONE if path.split("/")[2] in self.gone else self.status, json=lambda: LIST)


class Missing:
    """A service that the catalogue has not got."""

    def get(self, _path: str, **_: object) -> None:
        """Find no endpoint."""
        raise EndpointNotFound


def told(barbican: object, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the ids of the secrets that are told of a tenant."""
    monkeypatch.setattr(clouds.Credential, "of", lambda values: values)
    monkeypatch.setattr(clouds, "deployer", lambda _: SimpleNamespace(key_manager=barbican))
    facts: Any = SimpleNamespace(deployer=SimpleNamespace(values={}), facts=SimpleNamespace(project_id="project-acme"))
    rows = keys.of_tenants({"acme": facts})
    assert all((row["project_id"], row["acl"]) == ("project-acme", LIST) for row in rows)
    return [row["id"] for row in rows]


def test_every_page_of_secrets_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Barbican counts them, and gives some at a time."""
    assert told(Barbican(7, page=3), monkeypatch) == [f"key-{number}" for number in range(7)]
    assert told(Barbican(0), monkeypatch) == []


def test_a_secret_that_goes_meanwhile_is_not_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its volume was deleted between two questions; a key that a volume needs is then missed by the comparison."""
    barbican = Barbican(3)
    barbican.gone.add("key-1")
    assert told(barbican, monkeypatch) == ["key-0", "key-2"]


@pytest.mark.parametrize("barbican", [Barbican(3, status=REFUSED), Barbican(3, told=4)], ids=["refused", "fewer than it says"])
def test_secrets_that_are_not_all_told_are_an_error(barbican: Barbican, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody takes a part for all."""
    with pytest.raises(CloudError):
        told(barbican, monkeypatch)


def test_a_cloud_without_a_key_manager_is_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """That is no refusal."""
    with pytest.raises(keys.NoKeyManagerError):
        told(Missing(), monkeypatch)


def test_only_the_keys_of_the_platforms_own_volumes_are_asked_for() -> None:
    """The operator's project may hold other secrets and volumes without a key; a key that is gone has no row."""
    barbican = Barbican(0)
    barbican.gone.add("key-lost")
    owners = (("platform", "key-0"), ("platform", "key-lost"), ("platform", None), ("acme", "key-9"))
    told: tuple[dict[str, Any], ...] = tuple({"os-vol-tenant-attr:tenant_id": owner, "encryption_key_id": key} for owner, key in owners)
    volumes = (*told, {"os-vol-tenant-attr:tenant_id": "platform"})
    cloud: Any = SimpleNamespace(key_manager=barbican)
    assert keys.of_platform(cloud, volumes, "platform") == ({"id": "key-0", "name": None, "project_id": "platform", "acl": LIST},)
