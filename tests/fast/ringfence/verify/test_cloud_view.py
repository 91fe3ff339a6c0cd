"""The one listing of the cloud: every page of it, once for all tenants."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from infra.drift import comparison
from infra.drift.found import KINDS
from infra.errors import CloudError
from infra.outcome import CheckVerdict
from ringfence.verify.cloud import discovery, keys, view
from tests.fast.drift.views import cloud
from tests.fast.ringfence.verify.inventories import inventory

if TYPE_CHECKING:
    from collections.abc import Mapping

    from infra.drift.found import Found

pytestmark = pytest.mark.fast
SERVICES = ("network", "compute", "block-storage", "identity", "image", "key-manager")
COPIES = {"nobody has a copy of what it stores", "nobody has a copy of what its servers store"}
ACCOUNTS = "its accounts are as declared, and nothing else lets anybody act as one"
DELEGATED = "nobody else has a key or a trust for its project"
NOT_TOLD = {
    "role_assignments": {
        "only its two accounts have a role in its project",
        "only declared administrators have a role in its project",
        ACCOUNTS,
    },
    "credentials": {ACCOUNTS, DELEGATED},
    "OS-TRUST": {ACCOUNTS, DELEGATED},
    "backups": COPIES,
    "images": {"nobody has a copy of what it stores", "images are as they were made, and lent to nobody"},
    "secrets": {"nobody is on the access lists of its volumes' keys"},
}
"""What cannot be told when a service does not show something."""
PATHS = {
    "security-groups": "groups",
    "address-groups": "address_groups",
    "rbac-policies": "rbac",
    "floatingips": "floating_ips",
    "types": "volume_types",
    "subnetpools": "subnet_pools",
    "detail": "",
    "role_assignments": "assignments",
    "role_inferences": "implied_roles",
    "OS-TRUST": "trusts",
    "volume-transfers": "transfers",
}
BODIES = {
    "assignments": "role_assignments",
    "implied_roles": "role_inferences",
    "groups": "security_groups",
    "rbac": "rbac_policies",
    "floating_ips": "floatingips",
    "subnet_pools": "subnetpools",
}


@dataclass
class Service:
    """A service that pages as the API does and counts what it is asked."""

    service_type: str
    rows: Mapping[str, tuple[dict[str, Any], ...]]
    page: int = 1000
    absent: frozenset[str] = frozenset()
    refused: str = ""
    asked: list[str] = field(default_factory=list)
    more: dict[str, Any] = field(default_factory=dict)

    def get(self, path: str, params: dict[str, Any], microversion: str | None = None) -> SimpleNamespace:
        """Answer a listing."""
        del microversion
        self.asked.append(path)
        first, *rest = path.strip("/").split("/")
        if first in {self.refused, *self.absent}:
            return SimpleNamespace(status_code=404 if first in self.absent else 403, text="")
        kind = PATHS.get(first, first)
        if rest and rest[-1] == "encryption":
            row = next(row for row in self.rows["volume_types"] if row["id"] == rest[0])
            return answer(row["encryption"])
        if rest and first in {"images", "secrets"}:
            return self._image(rest[0]) if first == "images" else self._access(rest[0])
        if first == "users":
            return self._user(*rest)
        if rest and rest[-1] == "port_forwardings":
            return answer({"port_forwardings": [{"internal_port_id": "p"}]})
        return self._page(kind, params)

    def subnets(self, **_: str) -> list[SimpleNamespace]:
        """Answer the one question that goes through the client's own words."""
        self.asked.append("/subnets")
        return []

    def _access(self, secret: str) -> SimpleNamespace:
        """Answer who may read a secret of the operator's project."""
        found = [row["acl"] for row in self.rows["platform_secrets"] if row["id"] == secret]
        return answer(found[0]) if found else SimpleNamespace(status_code=404, text="")

    def _image(self, image: str) -> SimpleNamespace:
        """Answer about one image."""
        found = [row for row in self.rows["platform_images"] if row["id"] == image]
        return answer(found[0]) if found else SimpleNamespace(status_code=404, text="")

    def _user(self, user: str, key: str = "") -> SimpleNamespace:
        """Answer what is asked about one user."""
        if not key:
            found = [row for row in self.rows["users"] if row["id"] == user]
            return answer({"user": found[0]}) if found else SimpleNamespace(status_code=404, text="")
        kind = {"groups": "memberships"}.get(key, key)
        return answer({key: [row for row in self.rows[kind] if row["user_id"] == user]})

    def _page(self, kind: str, params: dict[str, Any]) -> SimpleNamespace:
        rows = self.rows.get(kind, ())
        if user := params.get("user.id"):
            rows = tuple(row for row in self.rows["account_roles"] if row["user"]["id"] == user)
        found = [row for row in rows if all(row.get(key) in values for key, values in params.items() if isinstance(values, list))]
        ids = [row["id"] for row in found]
        start = ids.index(params["marker"]) + 1 if "marker" in params else 0
        part = found[start : start + self.page] if self.service_type != "identity" else found
        body: dict[str, Any] = {BODIES.get(kind, kind): part, **self.more}
        if len(part) < len(found[start:]):
            body[f"{BODIES.get(kind, kind)}_links"] = [{"rel": "next"}]
        return answer(body)


def answer(body: object) -> SimpleNamespace:
    """Return what the API answers when all is well."""
    return SimpleNamespace(status_code=200, json=lambda: body, text="")


def connection(**settings: Any) -> Any:  # noqa: ANN401 - what openstacksdk connects
    """Return the cloud of the tests' inventory."""
    _, found = cloud(inventory())
    rows = {kind: found.rows(kind) for kind in KINDS}
    services = {service.replace("-", "_"): service for service in SERVICES}
    made = {name: Service(type_, rows, **settings) for name, type_ in services.items()}
    return SimpleNamespace(**made, service_catalog=[], current_user_id="user-operator")


@pytest.fixture(autouse=True)
def _as_deployers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the tenants' deployers see their secrets; how they are asked, the tests of the keys show."""
    _, found = cloud(inventory())
    monkeypatch.setattr(keys, "of_tenants", lambda _: found.secrets)


def collect(services: Any) -> Found:  # noqa: ANN401 - what openstacksdk connects
    """List the cloud of the tests' inventory."""
    made, _ = cloud(inventory())
    return view.collect(services, view.Parties("project-platform", made.made, {}))


def asked(services: Any) -> int:  # noqa: ANN401 - what openstacksdk connects
    """Count the questions."""
    return sum(len(getattr(services, name.replace("-", "_")).asked) for name in SERVICES)


def test_every_row_of_every_page_is_read() -> None:
    """A listing in pages of two has the rows of one in a single page."""
    _, found = cloud(inventory())
    whole = collect(connection())
    paged = collect(connection(page=2))
    for kind in KINDS:
        assert [row["id"] for row in paged.rows(kind)] == [row["id"] for row in whole.rows(kind)] == [row["id"] for row in found.rows(kind)]


def test_questions_do_not_grow_with_servers_and_what_is_not_ours() -> None:
    """The cloud is listed once: twenty listings, the encryption of each volume type, and what is the stacks' own of other services."""
    services, tenants, accounts, keys = connection(), 2, 4, 1
    projects = tenants + 1
    found = collect(services)
    inherited, images = 1, 2 * tenants + 1
    assert asked(services) == 20 + len(found.volume_types) + projects + inherited + 4 * accounts + images + keys


def test_a_listing_says_what_was_asked_for_by_its_id() -> None:
    """Each of them was in a question, and whoever keeps the listing knows of whom nobody asked. Nobody's secrets were asked for here."""
    services = connection()
    by_id = collect(services).asked
    assert by_id is not None
    paths = [path for name in SERVICES for path in getattr(services, name.replace("-", "_")).asked]
    assert {path.removeprefix("/users/") for path in paths if path.startswith("/users/") and path.count("/") == 2} == by_id.users
    assert {path.removeprefix("/images/") for path in paths if path.startswith("/images/")} == by_id.images
    assert (by_id.platform, sorted(by_id.projects), sorted(by_id.secrets)) == ("project-platform", ["project-acme", "project-globex"], [])


def test_survey_asks_for_all_tenants_together() -> None:
    """What the stacks did not export is three questions, however many tenants and servers there are."""
    services = connection()
    found = discovery.complete(inventory(), services)
    assert asked(services) == 3
    assert [tenant.router for tenant in found.tenants] == ["172.30.0.1", "172.30.0.17"]
    assert [str(found.outer[name]) for name in ("acme", "globex")] == ["172.24.4.60", "172.24.4.61"]


def test_extension_that_a_cloud_has_not_got_is_empty() -> None:
    """A cloud without trunks and address groups has none."""
    found = collect(connection(absent=frozenset({"trunks", "address-groups"})))
    assert found.trunks == found.address_groups == ()


@pytest.mark.parametrize("path", ["ports", "trunks", "rbac-policies", "servers", "volumes", "projects"])
def test_refused_listing_is_an_error(path: str) -> None:
    """What may not be listed is not empty: nothing can be told."""
    with pytest.raises(CloudError, match="did not answer"):
        collect(connection(refused=path))


def test_forwardings_are_read_whole() -> None:
    """The list of floating IPs does not say to which port a forwarding leads."""
    services = connection()
    services.network.rows["floating_ips"][0]["port_forwardings"] = [{"protocol": "tcp"}]
    assert collect(services).floating_ips[0]["port_forwardings"] == [{"internal_port_id": "p"}]


@pytest.mark.parametrize(
    ("refused", "kinds"),
    [
        ("role_assignments", {"assignments", "account_roles"}),
        ("role_inferences", {"implied_roles"}),
        ("users", {"users", "memberships", "application_credentials"}),
        ("credentials", {"credentials"}),
        ("OS-TRUST", {"trusts"}),
        ("backups", {"backups"}),
        ("images", {"images", "platform_images"}),
        ("secrets", {"platform_secrets"}),
    ],
)
def test_what_keystone_does_not_show_is_told_and_the_rest_is_compared(refused: str, kinds: set[str]) -> None:
    """A credential that may not read roles still compares networks; of whom it cannot tell, it does not say that nobody is there."""
    made, _ = cloud(inventory())
    found = collect(connection(refused=refused))
    assert found.untold.keys() == kinds
    with pytest.raises(CloudError, match="did not tell"):
        found.rows(next(iter(kinds)))
    outcomes = list(comparison.compare(made, found, made.tenants))
    errors = {outcome.check.partition(" ")[2] for outcome in outcomes if outcome.verdict is CheckVerdict.ERROR}
    wanted = NOT_TOLD.get(refused, {ACCOUNTS})
    assert (errors, {outcome.verdict for outcome in outcomes}) == (wanted, {CheckVerdict.ERROR, CheckVerdict.PASS})


def test_a_part_of_a_list_is_no_list() -> None:
    """Keystone says when its limit cut a list off."""
    services = connection()
    services.identity.more = {"truncated": True}
    assert {"assignments", "credentials", "trusts"} <= collect(services).untold.keys()


def test_no_secret_of_a_credential_is_kept() -> None:
    """Its blob holds the key itself."""
    services = connection()
    services.identity.rows["credentials"] = ({"id": "c", "user_id": "u", "project_id": None, "type": "ec2", "blob": "{'secret': 's'}"},)
    assert collect(services).credentials == ({"id": "c", "user_id": "u", "project_id": None, "type": "ec2"},)


@pytest.mark.parametrize(("status", "members"), [(200, ["p"]), (403, None)])
def test_members_of_a_shared_image_are_read_and_a_refusal_is_told(status: int, members: list[str] | None) -> None:
    """Only of one that is shared: no other has any."""
    services, asked_for = connection(), []
    services.image.rows["platform_images"][0]["visibility"] = "shared"
    real = services.image.get

    def get(path: str, params: dict[str, Any]) -> SimpleNamespace:
        asked_for.append(path)
        if not path.endswith("/members"):
            found: SimpleNamespace = real(path, params)
            return found
        return SimpleNamespace(status_code=status, json=lambda: {"members": [{"member_id": "p", "status": "pending"}]}, text="")

    services.image.get = get
    found = collect(services)
    assert "/images/image/members" in asked_for
    assert found.platform_images[0]["members"] == members if members else "platform_images" in found.untold
