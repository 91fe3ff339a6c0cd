"""What is left in a project: removed stage by stage, spared where it is known, and told when it does not go."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from unittest.mock import Mock, create_autospec

import pytest
from openstack.block_storage.v3._proxy import Proxy as Blocks
from openstack.block_storage.v3.volume import Volume
from openstack.compute.v2._proxy import Proxy as Compute
from openstack.compute.v2.server import Server
from openstack.compute.v2.volume_attachment import VolumeAttachment

from infra.dynamic import leftovers, ring_fence
from infra.errors import CloudError

if TYPE_CHECKING:
    from infra.dynamic.base import Lifecycle, Props

pytestmark = pytest.mark.fast


class Project:
    """A connection that says in which project it works."""

    current_project_id = "p"


def test_leftovers_of_another_project_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """A credential that is not the tenant's removes nothing."""
    monkeypatch.setattr(leftovers, "STAGES", (lambda _cloud, _project: pytest.fail("it looked"),))
    with pytest.raises(CloudError, match="another project"):
        leftovers.remove(Project(), "q")  # type: ignore[arg-type]


def test_leftovers_go_stage_by_stage_until_nothing_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """Servers before volumes before networks before keys, each asked for again until it is gone."""
    left = {"servers": 2, "storage": 1, "network": 3, "keys": 1}
    log: list[str] = []

    def stage(name: str) -> Any:  # noqa: ANN401 - a stage as leftovers.STAGES holds them
        def find(_cloud: object, _project: str) -> list[Any]:
            def remove() -> None:
                left[name] -= 1
                log.append(name)

            return [leftovers.Item("i", name, remove)] if left[name] else []

        find.__name__ = name
        return find

    monkeypatch.setattr(leftovers, "STAGES", tuple(map(stage, left)))
    monkeypatch.setattr(leftovers, "POLL_SECONDS", 0)
    leftovers.remove(Project(), "p")  # type: ignore[arg-type]
    assert log == ["servers"] * 2 + ["storage"] + ["network"] * 3 + ["keys"]


def test_a_recovery_spares_what_is_known_and_what_has_another_name() -> None:
    """After a run that broke off, only things with the stack's names that the stack does not have are removed."""
    props: Props = {"tenant": "acme", "recover": ["known"]}
    found = [("known", "acme-web"), ("unknown", "acme-web"), ("unknown", "by-hand"), ("unknown", "acmex-web")]
    spared = [leftovers.is_spared(props, leftovers.Item(id_, name, lambda: None)) for id_, name in found]
    assert spared == [True, False, True, True]


@pytest.mark.parametrize("lifecycle", [leftovers.LeftoversLifecycle(), ring_fence.RingFenceRemainsLifecycle()], ids=["inside", "fence"])
def test_a_recovery_is_a_change_and_its_end_is_none(lifecycle: Lifecycle) -> None:
    """The run after a crash sweeps; the one after that has nothing to do."""
    calm: Props = dict.fromkeys((*lifecycle.identity, *lifecycle.content), "x")
    crashed = {**calm, "recover": []}
    assert lifecycle.diff("id", calm, crashed).changes
    assert lifecycle.diff("id", crashed, crashed).changes
    assert not lifecycle.diff("id", crashed, {**calm, "recover": None}).changes


def test_leftovers_that_do_not_go_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """A destroy that leaves something must not look like one that worked."""

    def servers(_cloud: object, _project: str) -> list[Any]:
        return [leftovers.Item("i", "acme-web", lambda: None)]

    monkeypatch.setattr(leftovers, "STAGES", (servers,))
    monkeypatch.setattr(leftovers, "WAIT_SECONDS", -1)
    with pytest.raises(CloudError, match="1 servers of the project do not go away"):
        leftovers.remove(Project(), "p")  # type: ignore[arg-type]


class Owned:
    """A Neutron in which a project owns a server's port with its public address, and two groups with a rule each."""

    def __init__(self) -> None:
        self.network = self

    def ports(self, project_id: str) -> list[Any]:
        """List the port."""
        assert project_id == "p"
        return [SimpleNamespace(id="port", name="acme-web-app")]

    def ips(self, project_id: str) -> list[Any]:
        """List its public address, and one that is nobody's."""
        assert project_id == "p"
        return [SimpleNamespace(id="address", port_id="port"), SimpleNamespace(id="spare", port_id=None)]

    def security_groups(self, project_id: str) -> list[Any]:
        """List the groups."""
        assert project_id == "p"
        return [SimpleNamespace(id="default", name="default"), SimpleNamespace(id="group", name="acme-server-web")]

    def security_group_rules(self, project_id: str) -> list[Any]:
        """List a rule in each."""
        assert project_id == "p"
        return [SimpleNamespace(id=f"rule of {group.id}", security_group_id=group.id) for group in self.security_groups(project_id)]

    def networks(self, project_id: str) -> list[Any]:
        """List nothing."""
        assert project_id == "p"
        return []

    address_groups = subnets = networks

    def delete_ip(self, *_: object, **__: object) -> None:
        """Delete nothing; listing must not."""
        pytest.fail("it was deleted while it was listed")

    delete_port = delete_security_group_rule = delete_security_group = delete_ip


def test_what_has_no_name_goes_by_what_it_belongs_to() -> None:
    """A rule or an address whose answer was lost is swept, or Neutron refuses to make it again; rules go before their group."""
    found = {item.id: item.name for item in leftovers.network(Owned(), "p")}  # type: ignore[arg-type]  # a stand-in for the connection
    assert found == {
        "address": "acme-web-app",
        "spare": "",
        "port": "acme-web-app",
        "rule of group": "acme-server-web",
        "group": "acme-server-web",
    }
    assert list(found).index("rule of group") < list(found).index("group")


class Barbican:
    """A Barbican with one order and two secrets, that deletes what exists and nothing else."""

    def __init__(self) -> None:
        self.key_manager, self.left = self, {"/orders/o", "/secrets/s", "/secrets/t"}

    def get(self, path: str, params: dict[str, int], *, raise_exc: bool) -> Any:  # noqa: ANN401 - an answer
        """List a collection by the addresses of its members."""
        assert params
        assert raise_exc
        kind = path.removeprefix("/")
        rows = [{f"{kind[:-1]}_ref": f"http://barbican.test/v1{name}"} for name in sorted(self.left) if name.startswith(path)]
        return SimpleNamespace(json=lambda: {kind: rows})

    def delete(self, path: str, *, raise_exc: bool) -> Any:  # noqa: ANN401 - an answer
        """Delete a member."""
        assert not raise_exc
        found = path in self.left
        self.left.discard(path)
        return SimpleNamespace(status_code=204 if found else 404, raise_for_status=lambda: None)


def test_keys_are_deleted_by_their_ids() -> None:
    """Orders and secrets are listed by their addresses, and deleted where they are; a second time is no error."""
    cloud = Barbican()
    items = list(leftovers.keys(cloud, "p"))  # type: ignore[arg-type]
    for item in (*items, *items):
        item.delete()
    assert [item.id for item in items] == ["o", "s", "t"]
    assert cloud.left == set()


class Network:
    """A Neutron that has one thing of every kind, and a default group."""

    def __init__(self) -> None:
        self.network, self.deleted = self, list[str]()

    def __getattr__(self, method: str) -> Any:  # noqa: ANN401 - any of the client's methods
        if method.startswith("delete_"):
            return lambda _thing, **_named: self.deleted.append(method.removeprefix("delete_"))
        default = [SimpleNamespace(id="default", name="default")] if method == "security_groups" else []
        links = {"port_id": "ports", "security_group_id": "security_groups"}
        return lambda project_id: [*default, SimpleNamespace(id=method, name=f"{project_id}-x", **links)]


def test_nothing_of_a_project_is_left_in_the_network() -> None:
    """Users before what they use: address groups last, after the rules that name them."""
    cloud = Network()
    for item in leftovers.network(cloud, "p"):  # type: ignore[arg-type]
        item.delete()
    assert cloud.deleted == ["ip", "port", "subnet", "network", "security_group_rule", "security_group", "address_group"]


def test_a_data_volume_whose_attachment_was_lost_is_taken_from_its_server_once() -> None:
    """Nova would refuse to attach it again. The root volume stays, and what is being taken is not taken again."""
    states = {"root": ("in-use", True), "data": ("in-use", False), "leaving": ("detaching", False)}
    compute, blocks = create_autospec(Compute, instance=True), create_autospec(Blocks, instance=True)
    compute.servers.return_value = [Server(id="server", name="acme-db")]
    compute.volume_attachments.return_value = [VolumeAttachment(volume_id=volume) for volume in states]
    blocks.get_volume.side_effect = lambda volume: Volume(id=volume, status=states[volume][0], is_bootable=states[volume][1])
    found = list(leftovers.attachments(Mock(compute=compute, block_storage=blocks), "p"))
    for item in found:
        item.delete()
    assert [(item.id, item.name) for item in found] == [("server/data", "acme-db"), ("server/leaving", "acme-db")]
    compute.delete_volume_attachment.assert_called_once_with("server", "data", ignore_missing=True)


def test_a_volume_is_deleted_once_it_has_settled() -> None:
    """Cinder refuses one that is being made or is at a server; it is found again until it can go, but not once it is going."""
    blocks = create_autospec(Blocks, instance=True)
    blocks.backups.return_value = blocks.snapshots.return_value = []
    states = ["creating", "downloading", "attaching", "in-use", "detaching", "available", "error", "deleting"]
    blocks.volumes.return_value = [Volume(id=status, name=f"acme-{status}", status=status) for status in states]
    found = list(leftovers.storage(Mock(block_storage=blocks), "p"))
    for item in found:
        item.delete()
    assert [item.id for item in found] == states[:-1]
    assert [call.args[0] for call in blocks.delete_volume.call_args_list] == ["available", "error"]


def test_backups_go_leaf_first_and_only_when_nobody_works_on_them() -> None:
    """Cinder refuses one that an increment stands upon: in a chain one goes in each round."""
    blocks = Mock()
    rows = {"base": ("available", True), "leaf": ("available", False), "failed": ("error", False), "new": ("creating", False)}
    blocks.backups.return_value = [
        Mock(id=name, status=status, has_dependent_backups=dependents) for name, (status, dependents) in rows.items()
    ]
    blocks.snapshots.return_value = blocks.volumes.return_value = []
    found = list(leftovers.storage(Mock(block_storage=blocks), "p"))
    assert [item.id for item in found] == list(rows)
    for item in found:
        item.delete()
    assert [call.args[0] for call in blocks.delete_backup.call_args_list] == ["leaf", "failed"]


def test_a_recovery_spares_backups_and_restored_volumes() -> None:
    """No stack made them, and no recovery takes them for the leftovers of one."""
    for name in ("ringfence.acme-db-root.2026-11-30", "ringfence.restored.b1"):
        assert leftovers.is_spared({"recover": [], "tenant": "acme"}, leftovers.Item("id", name, Mock()))
    assert not leftovers.is_spared({"recover": [], "tenant": "acme"}, leftovers.Item("id", "acme-db-root", Mock()))
