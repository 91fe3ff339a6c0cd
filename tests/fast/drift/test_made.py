"""What the engine keeps of a stack, read as ids by kind and name."""

from __future__ import annotations

from typing import Any

import pytest

from infra.drift.made import Made, ids_of_all, names_of_all

pytestmark = pytest.mark.fast


def kept(type_: str, name: str, id_: str, **more: object) -> dict[str, Any]:
    """Return a resource as the engine exports it."""
    return {"urn": f"urn:pulumi:acme::ringfence::a:b$c:d${type_}::{name}", "type": type_, "id": id_, "outputs": {}, **more}


EXPORT = {
    "version": 3,
    "deployment": {
        "resources": [
            {"urn": "urn:pulumi:acme::ringfence::pulumi:pulumi:Stack::ringfence-acme", "type": "pulumi:pulumi:Stack"},
            kept("openstack:networking/port:Port", "acme-db-data", "new", outputs={"macAddress": "fa:16:3e:00:00:01"}),
            kept("openstack:networking/port:Port", "acme-db-data", "old", delete=True),
            kept("openstack:networking/secGroupRule:SecGroupRule", "db-ingress-tcp-22-fd00::b/128", "r"),
            kept("openstack:networking/router:Router", "acme-edge", ""),
            kept("pulumi-python:dynamic/ringfence:RouterLeg", "acme-app-4", "router/port"),
            kept(
                "pulumi-python:dynamic/ringfence:ManagementRoute",
                "acme-management",
                "router/10.0.0.0",
                outputs={"router_id": "router", "destination": "172.30.0.0/28", "next_hop": "172.29.0.5"},
            ),
        ]
    },
}


def test_resources_are_found_by_name_and_by_id() -> None:
    """The id is the cloud's; the name is the stack's."""
    made = Made.of(EXPORT)
    port = made.get("ports", "acme-db-data")
    assert port is not None
    assert (port.id, port.outputs["macAddress"]) == ("new", "fa:16:3e:00:00:01")
    assert made.ids("ports") == {"new": port}
    assert made.router_interfaces() == {"port": "router"}
    assert made.routes() == {("router", "172.30.0.0/28", "172.29.0.5")}


def test_what_waits_for_its_deletion_is_not_made() -> None:
    """A replacement that broke off leaves the old object in the cloud: it is undeclared, not the stack's."""
    assert ids_of_all([Made.of(EXPORT)], "ports") == {"new"}


def test_what_has_no_id_is_not_made() -> None:
    """A creation that broke off has no object."""
    assert Made.of(EXPORT).get("routers", "acme-edge") is None
    assert names_of_all([Made.of(EXPORT)], "routers") == set()


@pytest.mark.parametrize("export", [{}, {"deployment": None}, {"deployment": {"resources": None}}])
def test_a_stack_without_anything_made_nothing(export: dict[str, Any]) -> None:
    """A stack that was never up has no resources."""
    assert Made.of(export) == Made()


def test_a_name_with_an_address_in_it_is_whole() -> None:
    """Addresses have colons as URNs do."""
    assert names_of_all([Made.of(EXPORT)], "rules") == {"db-ingress-tcp-22-fd00::b/128"}


def test_what_the_engine_keeps_of_an_update_is_read() -> None:
    """The configuration of the last one, when it was, and what it was at work with when it was cut off."""
    settings = {"type": "pulumi:providers:pulumi-python", "urn": "u", "id": "i", "inputs": {"ringfence:tenant": "{}", "other": "x"}}
    pending = [{"resource": {"urn": "urn:pulumi:acme::ringfence::a:b:C::acme-web"}, "type": "creating"}]
    deployment = {"resources": [settings], "pending_operations": pending, "manifest": {"time": "2026-01-01T00:00:00Z"}}
    made = Made.of({"deployment": deployment})
    assert (made.settings, made.pending, made.time) == ({"ringfence:tenant": "{}"}, ("acme-web",), "2026-01-01T00:00:00Z")
    assert Made.of(EXPORT).pending == ("acme-db-data",)
