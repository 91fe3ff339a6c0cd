"""Names that are joined with hyphens: no two things in the cloud come out with one name, in one tenant or in two."""

from __future__ import annotations

import inspect
from itertools import product
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from infra.declaration import addresses, joined, names
from infra.declaration.folder import load_folder
from infra.errors import DeclarationError
from tests.fast.declaration import declared
from tests.fast.declaration.declared import TODAY, changed, written

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from infra.declaration.folder import Declarations

NO_NAMES_OF_TENANTS = {"zone_group", "server_group", "image", "further_router", "tags", "tag_list", "group_rule", "sessions", "loopback"}


def tree(zone: str = "app", server: str = "", disk: str = "", external: str = "") -> dict[str, Any]:
    """Return a small tenant with the names that are given."""
    return {
        "region": "north",
        "labels": {"classification": "internal", "service": "shop"},
        "zones": {zone: {"cidr": "10.0.0.0/24"}},
        "servers": {server: {"zones": {zone: 11}, "flavor": "small", "root": 2, "data": {disk: {"size": 1}} if disk else {}}}
        if server
        else {},
        "externals": {external: {"cidrs": ["192.0.2.0/24"]}} if external else {},
    }


def folder(place: Path, tenants: Mapping[str, dict[str, Any]], platform: Mapping[str, Any] | None = None) -> Declarations:
    """Load a folder with these tenants."""
    written(place, "platform", "ringfence:platform", changed(declared.PLATFORM, platform or {}))
    for name, content in tenants.items():
        written(place, name, "ringfence:tenant", content)
    return load_folder(place, today=TODAY)


def test_every_name_that_is_given_to_something_is_looked_at(tmp_path: Path) -> None:
    """Each function of the module of names has its result among the names that are held against each other."""
    tenant = folder(tmp_path, {"acme": tree("app", "web", "db", "partner")}).tenants[0].tenant
    known = {one.name for one in joined.resources(tenant)}
    sample = {"tenant": "acme", "owner": "acme", "zone": "app", "server": "web", "name": "web", "disk": "db"}
    sample |= {"peer_set": "partner", "key": "zone-app", "family": "4"}
    functions = {name: one for name, one in vars(names).items() if inspect.isfunction(one) and name not in NO_NAMES_OF_TENANTS}
    silent = [name for name, one in functions.items() if one(*(sample[key] for key in inspect.signature(one).parameters)) not in known]
    assert len(functions) > 12
    assert not silent


MEETING: dict[str, tuple[str, dict[str, Any], str, dict[str, Any]]] = {
    "two networks": ("acme", tree("prod-app"), "acme-prod", tree("app")),
    "two servers": ("a", tree("app", "b-c"), "a-b", tree("app", "c")),
    "a server and a router": ("acme", tree("app", "prod-edge"), "acme-prod", tree("app")),
    "a server and a management network": ("acme", tree("app", "prod-management"), "acme-prod", tree("app")),
    "a network and a server": ("acme", tree("prod-web"), "acme-prod", tree("app", "web")),
    "a network and a tenant": ("acme", tree("prod"), "acme-prod", tree("app")),
    "a router and a tenant": ("acme", tree("app"), "acme-edge", tree("app")),
    "a user and a tenant": ("acme", tree("app"), "acme-reader", tree("app")),
    "two ports": ("acme", tree("app", "prod-web"), "acme-prod", tree("app", "web")),
    "a port and a network": ("acme", tree("web", "prod-x"), "acme-prod", tree("x-web")),
    "two volumes": ("acme", tree("app", "prod-web", "db"), "acme-prod", tree("zone", "web", "db")),
    "a volume and a port": ("acme", tree("app", "x-web", "db"), "acme-x", tree("db", "web")),
    "two groups": ("a", tree("x-zone-z"), "a-zone-x", tree("z")),
    "two address groups": ("acme", tree("app", external="prod-partner"), "acme-prod", tree("zone", external="partner")),
    "a subnet and an address group": ("acme", tree("prod-partner"), "acme-prod", tree("app", external="partner")),
}


@pytest.mark.parametrize("name", MEETING)
def test_names_that_meet_across_tenants_are_a_mistake_of_both(name: str, tmp_path: Path) -> None:
    """Both files and both lines are told once, both tenants are left out, and a third one is judged as ever."""
    one, first, other, second = MEETING[name]
    found = folder(tmp_path, {one: first, other: second, "third": tree()})
    assert [left.tenant.name for left in found.tenants] == ["third"]
    assert set(found.left) == {one, other}
    (problem,) = found.problems
    assert all(f"Pulumi.{stack}.yaml:" in problem.got for stack in (one, other))
    assert "would be called" in problem.what
    with pytest.raises(DeclarationError, match="joined with a hyphen"):
        found.whole()


APART = {
    "one name in two tenants": ("acme", tree("app", "web", "db", "partner"), "globex", tree("app", "web", "db", "partner")),
    "one tenant's name at the beginning of another's": ("acme", tree("app", "web"), "acme-prod", tree("app", "web")),
    "a name that begins with another tenant's last part": ("acme", tree("prodapp"), "acme-prod", tree("app")),
}


@pytest.mark.parametrize("name", APART)
def test_names_that_only_look_alike_are_no_mistake(name: str, tmp_path: Path) -> None:
    """The twins of the refusals."""
    one, first, other, second = APART[name]
    assert not folder(tmp_path, {one: first, other: second}).problems


def test_whatever_the_names_two_tenants_share_none(tmp_path: Path) -> None:
    """Over all ways to put hyphens between a few words: what is accepted has no name twice, and what is refused has one."""
    words = ("a", "b", "a-b", "b-a", "a-b-a")
    seen = set()
    for number, (one, other, zone, second, server) in enumerate(product(("a", "b-a"), ("a-b", "b"), words, words, words)):
        place = tmp_path / str(number)
        place.mkdir()
        if server in {zone, second} or number % 5:
            continue
        found = folder(place, {one: tree(zone, server), other: tree(second)})
        every = [names_of(one, zone, server), names_of(other, second)]
        assert bool(every[0] & every[1]) is bool(found.problems)
        seen.add(bool(found.problems))
    assert seen == {True, False}


def names_of(tenant: str, zone: str, server: str = "") -> set[str]:
    """Return what the cloud calls things of a tenant, written out once more."""
    zones = {f"{tenant}-{zone}", f"{tenant}-{zone}-4", f"{tenant}-{zone}-6", f"{tenant}-zone-{zone}"}
    fixed = {tenant, *(f"{tenant}-{part}" for part in ("edge", "management", "backbone", "deployer", "reader", "automation"))}
    fixed |= {f"{tenant}-internet-4", f"{tenant}-internet-6"}
    if not server:
        return zones | fixed
    parts = (server, f"server-{server}", f"{server}-{zone}", f"{server}-management", f"{server}-root")
    return zones | fixed | {f"{tenant}-{part}" for part in parts}


def test_a_tenant_may_not_come_to_the_clouds_own_network(tmp_path: Path) -> None:
    """The external network's name is the cloud's; nobody's zone comes to it."""
    found = folder(tmp_path, {"acme": tree("app")}, {"external_network": "acme-app"})
    assert found.left == ("acme",)
    assert "as the network of the platform is" in found.problems[0].what


WORDS = ["internet", "any", "all", "bastion", "management", "platform", "cloud", "outside", "declarations", "ringfence"]


@pytest.mark.parametrize("word", WORDS)
def test_a_word_with_a_meaning_is_nobodys_name(word: str, tmp_path: Path) -> None:
    """Neither a tenant's nor a zone's, a server's or an external's."""
    if word != names.PLATFORM:
        (problem,) = folder(tmp_path, {word: tree()}).problems
        assert problem.what == f"no tenant may be called {word}"
        (tmp_path / f"Pulumi.{word}.yaml").unlink()
    for content in (tree(zone=word), tree(server=word), tree(external=word)):
        (problem,) = folder(tmp_path, {"acme": content}).problems
        assert problem.what == f"{word} has a meaning of its own"


@pytest.mark.parametrize("word", ["edge", "backbone"])
def test_no_server_is_called_as_the_tenants_router_is(word: str, tmp_path: Path) -> None:
    """A card says by one name which server or router it is plugged into. A zone may be called so: its network is no router."""
    (problem,) = folder(tmp_path, {"acme": tree(server=word)}).problems
    assert problem.what == f"{word} has a meaning of its own"
    assert not folder(tmp_path, {"acme": tree(zone=word)}).problems


ROOM: dict[str, tuple[dict[str, Any], str]] = {
    "the pool": ({"pool": {"cidr": "172.30.0.0/27", "prefix": 28}}, "pool.cidr: the pool has no management subnet"),
    "the backbone": (
        {"backbone.cidr": "172.29.0.0/29", "backbone.router": 1, "backbone.bastion": 2, "backbone.routers": 3},
        "the backbone has no",
    ),
    "the routers": ({"backbone.max_routes": 3}, "backbone.routers: the platform's routers have no place"),
}


@pytest.mark.parametrize("name", ROOM)
def test_more_tenants_than_the_platform_has_room_for_are_its_mistake(name: str, tmp_path: Path) -> None:
    """Two fit and the third is left out; the mistake is the platform's, at the line of what is too small."""
    changes, what = ROOM[name]
    tenants = {stack: tree() for stack in ("a", "b", "c")}
    found = folder(tmp_path, dict(list(tenants.items())[:2]), changes)
    assert not found.problems
    found = folder(tmp_path, tenants, changes)
    assert [one.tenant.name for one in found.tenants] == ["a", "b"]
    assert found.left == ("c",)
    (problem,) = found.problems
    assert what in str(problem)
    assert problem.where.startswith("Pulumi.platform.yaml:")


@pytest.mark.parametrize("prefix", [26, 28, 29])
def test_servers_have_cards_until_the_management_subnet_is_full(prefix: int, tmp_path: Path) -> None:
    """Network, router and broadcast address are not theirs: a /28 has room for 13, and the next one is a mistake at its line."""
    platform = declared.platform(tmp_path, {"pool.prefix": prefix}).platform
    most = addresses.most_servers(platform)
    segment = next(platform.pool.cidr.subnets(new_prefix=prefix))
    assert most == {26: 61, 28: 13, 29: 5}[prefix] == len(list(addresses.segment_hosts(segment)))
    assert segment.broadcast_address not in set(addresses.segment_hosts(segment))
    content = tree()
    content["servers"] = {f"s{number}": {"zones": {"app": number + 2}, "flavor": "small", "root": 2} for number in range(most)}
    assert not folder(tmp_path, {"acme": content}, {"pool.prefix": prefix}).problems
    content["servers"]["last"] = {"zones": {"app": most + 2}, "flavor": "small", "root": 2}
    (problem,) = folder(tmp_path, {"acme": content}, {"pool.prefix": prefix}).problems
    assert "servers.last: the management network has no address" in str(problem)


def test_the_mistakes_of_all_files_come_in_one_go_whatever_is_wrong_with_the_platforms(tmp_path: Path) -> None:
    """A platform that cannot be read hides no tenant's mistakes."""
    written(tmp_path, "platform", "ringfence:platform", changed(declared.PLATFORM, {"image": 5}))
    written(tmp_path, "acme", "ringfence:tenant", changed(declared.TENANT, {"zones.app.cidr": "banana"}))
    (tmp_path / "Pulumi.globex.yaml").write_text(yaml.safe_dump({"konfig": {}}))
    with pytest.raises(DeclarationError) as refused:
        load_folder(tmp_path, today=TODAY)
    assert [problem.where.partition(":")[0] for problem in refused.value.problems] == [
        "Pulumi.platform.yaml",
        "Pulumi.acme.yaml",
        "Pulumi.globex.yaml",
    ]
