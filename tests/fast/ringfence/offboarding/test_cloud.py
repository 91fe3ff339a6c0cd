"""What is asked of a cloud as the admin, and what is taken from a tenant's project."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest

from infra.dynamic.leftovers import Item
from infra.errors import CloudError
from infra.offboarding import proof
from infra.offboarding.inventory import Inventory
from infra.outcome import CheckVerdict
from ringfence import engine
from ringfence.offboarding import identities, listing, noting, removing
from ringfence.offboarding.identities import Deployer
from ringfence.offboarding.raw import Scanned
from tests.fast.ringfence.offboarding.clouds import Service

pytestmark = pytest.mark.fast
OURS, OTHERS = "p1", "p2"
BLANK = Inventory(tenant="acme", project=OURS, region="r", classification="internal", taken="", resources={}, media=(), lent=("acme-edge",))
USERS = [{"id": id_, "name": f"acme-{id_}", "default_project_id": OURS} for id_ in ("u1", "u2", "u8")] + [{"id": "u9", "name": "acme-u2"}]
"""Two accounts of the project, one of a stranger who works in it most, and one that has a name of them."""
CINDER, BACKUP = "os-vol-tenant-attr:tenant_id", "os-backup-project-attr:project_id"


def cloud(**changed: Any) -> Any:  # noqa: ANN401 - as the client
    """Return a cloud with two projects."""
    volumes = [{"id": "v1", CINDER: OURS, "encryption_key_id": "k1", "size": 2}, {"id": "v9", CINDER: OTHERS, "encryption_key_id": "k9"}]
    services: dict[str, Service] = {
        "compute": Service({"/servers/detail": {"servers": [{"id": "s1", "tenant_id": OURS, "status": "ACTIVE"}, {"id": "s9"}]}}),
        "block_storage": Service(
            {
                "/volumes/detail": {"volumes": volumes},
                "/snapshots/detail": {"snapshots": []},
                "/backups/detail": {"backups": [{"id": "b1", BACKUP: OURS, "encryption_key_id": "k2"}]},
                "/volume-transfers/detail": {"transfers": []},
            }
        ),
        "image": Service({"/images": {"images": [{"id": "i1", "owner": OURS, "protected": True}, {"id": "i9", "owner": OTHERS}]}}),
        "network": Service(
            {
                "/ports": {"ports": [{"id": "n1", "project_id": OURS}]},
                "/floatingips": {"floatingips": []},
                "/networks": {"networks": [{"id": "w9", "project_id": OTHERS, "name": "acme"}]},
                "/subnets": {"subnets": []},
                "/routers": {"routers": [{"id": "r1", "project_id": OTHERS, "name": "acme-edge"}]},
                "/security-groups": {"security_groups": []},
                "/rbac-policies": {"rbac_policies": [{"id": "a1", "project_id": OTHERS, "target_tenant": OURS}]},
            }
        ),
        "identity": Service(
            {
                "/users": {"users": USERS},
                "/projects": {"projects": [{"id": OURS}, {"id": OTHERS}]},
                "/credentials": {"credentials": [{"id": "c1", "project_id": OURS, "user_id": "u9", "type": "ec2"}]},
                "/role_assignments": {
                    "role_assignments": [
                        {"scope": {"project": {"id": OURS}}, "user": {"id": "u1"}, "role": {"id": "member"}},
                        {"scope": {"project": {"id": OURS}}, "user": {"id": "u9"}, "role": {"id": "member"}},
                        {"scope": {"project": {"id": OURS}}, "group": {"id": "g9"}, "role": {"id": "reader"}},
                        {
                            "scope": {"domain": {"id": "d"}, identities.INHERITED: "projects"},
                            "user": {"id": "u8"},
                            "role": {"id": "reader"},
                        },
                    ]
                },
                "/users/u1/application_credentials": {
                    "application_credentials": [{"id": "keep", "project_id": OURS}, {"id": "a2", "project_id": OURS}]
                },
                "/users/u2/application_credentials": {"application_credentials": []},
                "/OS-TRUST/trusts": {"trusts": [{"id": "t1", "project_id": OURS}, {"id": "t9", "project_id": OTHERS}]},
            }
        ),
        "key_manager": Service({"/secrets/k9": {}}),
    }
    return SimpleNamespace(**(services | changed))


def test_everything_of_the_tenant_is_listed_and_so_is_what_others_have() -> None:
    """By its project, by what is lent to it, and by the names of what the platform made for it: a name alone counts nowhere else."""
    found = {each.kind: each for each in listing.listings(cloud(), BLANK)}
    assert {kind: each.ours for kind, each in found.items() if each.ours} == {
        "servers": ("s1",),
        "servers that were deleted softly": ("s1",),
        "volumes": ("v1",),
        "backups": ("b1",),
        "images": ("i1",),
        "hidden images": ("i1",),
        "ports": ("n1",),
        "routers": ("r1",),
        "sharings": ("a1",),
        "users": ("u1", "u2", "u8"),
        "projects": (OURS,),
        "credentials": ("c1",),
        "role assignments": found["role assignments"].ours,
    }
    assert len(found["role assignments"].ours) == 3
    assert (found["networks"].others, found["secrets"].others) == (1, 1)
    assert not any(each.untold for each in found.values())


def test_a_service_that_does_not_answer_is_an_error_and_a_secret_that_is_left_is_found() -> None:
    """Of its kinds alone."""
    one = Inventory(tenant="acme", project="gone", region="", classification="", taken="", resources={"secrets": ("k1", "k9")}, media=())
    broken = Service({}, status=500)
    found = {each.claim: each for each in proof.listed(listing.listings(cloud(image=broken), one))}
    wrong = {claim for claim, each in found.items() if each.verdict is CheckVerdict.ERROR}
    assert wrong == {"glance lists no images of the tenant", "glance lists no hidden images of the tenant"}
    assert "k9" in found["barbican lists no secrets of the tenant"].said
    silent = Service({"/secrets/k1": {}}, status=503)
    found = {each.claim: each for each in proof.listed(listing.listings(cloud(key_manager=silent), one))}
    assert found["barbican lists no secrets of the tenant"].verdict is CheckVerdict.ERROR


def test_a_part_of_a_list_is_no_list() -> None:
    """Keystone says that it cut it."""
    bodies: list[dict[str, Any]] = [{"users": [], "truncated": True}, {"users": [], "links": {"next": "more"}}, {"else": []}]
    for body in bodies:
        with pytest.raises(CloudError):
            listing.whole(Service({"/users": body}), "/users", "users")  # type: ignore[arg-type]


def test_an_inventory_has_every_copy_with_its_key_and_who_has_a_role_from_above() -> None:
    """Servers that run are noted, for the cordon and its end."""
    barbican = Service({"/secrets": {"secrets": [{"secret_ref": "http://barbican/v1/secrets/k3"}], "total": 1}})
    deployer: Any = SimpleNamespace(key_manager=barbican)
    found = noting.noted(cloud(), deployer, BLANK, lambda: Scanned(None, "nobody may"))
    assert {(each.kind, each.id, each.key) for each in found.media} == {
        ("volume", "v1", "k1"),
        ("backup", "b1", "k2"),
        ("image", "i1", ""),
    }
    assert found.resources["secrets"] == ("k1", "k2", "k3")
    assert (found.running, found.users) == (("s1",), ("u1", "u2", "u8"))
    assert found.untold == ("nobody may", "a role from above the project: user u8 as reader")


def test_everybody_loses_the_project_but_the_credential_that_removes_it() -> None:
    """The tokens of its user go by writing the password that it has; an inherited role is not the project's to take."""
    one = cloud()
    assert identities.revoke(one, OURS, ("acme-u1", "acme-u2"), Deployer("u1", "keep", "hunter2")) == 6
    assert one.identity.changes == [
        "DELETE /users/u1/application_credentials/a2",
        "DELETE /credentials/c1",
        "DELETE /OS-TRUST/trusts/t1",
        f"DELETE /projects/{OURS}/users/u9/roles/member",
        f"DELETE /projects/{OURS}/groups/g9/roles/reader",
        "PATCH /users/u2 ['enabled']",
        "PATCH /users/u1 ['password']",
    ]
    assert "hunter2" not in repr(Deployer("u1", "keep", "hunter2"))


def test_the_deployers_password_is_read_from_the_stack(monkeypatch: pytest.MonkeyPatch) -> None:
    """As the engine opens a secret; a stack without one is an error."""
    urn = "urn:pulumi:acme::ringfence::pulumi-python:dynamic/ringfence:GeneratedSecret::acme-deployer"
    row = {"type": identities.SECRET_TYPE, "urn": urn, "outputs": {"value": {"plaintext": json.dumps("hunter2")}}}
    exported = {"deployment": {"resources": [row]}}
    monkeypatch.setattr(engine, "answer", lambda *_, **__: json.dumps(exported))
    assert identities.password("acme") == "hunter2"
    exported["deployment"]["resources"] = []
    with pytest.raises(CloudError, match="no password"):
        identities.password("acme")


def test_what_is_deleted_is_waited_for_and_what_never_goes_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """A leaf goes before what it stands upon; only while nothing changes the patience runs."""
    there, now = ["full", "leaf"], [0.0]
    monkeypatch.setattr("time.sleep", lambda _: now.__setitem__(0, now[0] + 600))

    def look() -> list[Item]:
        return [Item(id_, id_, lambda id_=id_: there.remove(id_) if id_ == there[-1] else None) for id_ in tuple(there)]  # type: ignore[misc]

    assert removing.emptied("backups", look, lambda: now[0]) == 2
    there.append("stuck")
    with pytest.raises(CloudError, match="1 backups do not go away"):
        removing.emptied("backups", lambda: [Item("stuck", "", lambda: None)], lambda: now[0])


def test_a_protected_image_is_unprotected_and_servers_are_stopped_and_started(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the tenant's."""
    one = cloud()
    for item in removing.images(one, BLANK):
        item.delete()
    assert one.image.changes == ["PATCH /images/i1", "DELETE /images/i1"] * 2
    assert removing.power(one, ["s1"], on=False) + removing.power(one, ["s1"], on=True) == 2
    assert one.compute.changes == ["POST /servers/s1/action os-stop", "POST /servers/s1/action os-start"]
    assert [item.id for item in removing.soft_deleted(one, BLANK)] == ["s1"]
    off = cloud(compute=Service({"/servers/detail": {"servers": [{"id": "s1", "tenant_id": OURS, "status": "SHUTOFF"}]}}))
    removing.stopped(off, ["s1"])
    starting = cloud(
        compute=Service({"/servers/detail": {"servers": [{"id": "s1", "status": "SHUTOFF", "OS-EXT-STS:task_state": "powering-on"}]}})
    )
    now = iter(range(0, 9000, 800))
    monkeypatch.setattr("time.sleep", lambda _: None)
    with pytest.raises(CloudError, match="do not stop"):
        removing.stopped(starting, ["s1"], lambda: float(next(now)))
    assert starting.compute.changes == ["POST /servers/s1/action os-stop"]
    now = iter(range(0, 9000, 1000))
    with pytest.raises(CloudError, match="do not stop"):
        removing.stopped(one, ["s1"], lambda: float(next(now)))
