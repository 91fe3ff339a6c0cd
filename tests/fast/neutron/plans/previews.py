"""Previews for tests: resources by name, as the engine would print them."""

from __future__ import annotations

import json
from typing import Any

from infra.neutron.plans.preview import UNKNOWN

Json = dict[str, Any]


class Preview:
    """A preview under construction: resources by name, references as ``{"ref": name}``."""

    def __init__(self) -> None:
        self.steps: list[Json] = []
        self._types: dict[str, str] = {}

    def urn(self, name: str) -> str:
        """Return a resource's URN."""
        return f"urn:pulumi:t::ringfence::{self._types[name]}::{name}"

    def add(self, name: str, kind: str, /, *, op: str = "create", identifier: str = "", provider: str = "admin", **inputs: object) -> None:
        """Add a step; a value ``ref:<name>`` is unknown and depends on that resource, also inside lists of objects."""
        self._types[name] = kind
        dependencies: dict[str, list[str]] = {}
        known = {key: self._value(value, dependencies.setdefault(key, [])) for key, value in inputs.items()}
        state = {
            "urn": self.urn(name),
            "type": kind,
            "id": identifier,
            "inputs": known,
            "propertyDependencies": dependencies,
            "provider": f"{self.urn(provider)}::{UNKNOWN}" if provider in self._types else "",
            "stackTrace": [],
        }
        step = {"op": op, "urn": self.urn(name), "newState": state}
        if op in {"same", "update"}:  # as the engine prints them: the id is in the old state only
            step["newState"] = {**state, "id": ""}
            step["oldState"] = {**state, "outputs": {"id": identifier}}
        self.steps.append(step)

    def remove(self, identifier: str, kind: str = "openstack:networking/secGroupRule:SecGroupRule", **inputs: object) -> None:
        """Add a step that deletes something."""
        self.steps.append({"op": "delete", "urn": "u", "oldState": {"urn": "u", "type": kind, "id": identifier, "inputs": inputs}})

    def _value(self, value: object, dependencies: list[str]) -> object:
        if isinstance(value, str) and value.startswith("ref:"):
            dependencies.append(self.urn(value.removeprefix("ref:")))
            return UNKNOWN
        if isinstance(value, list):
            return [self._value(item, dependencies) for item in value]
        if isinstance(value, dict):
            return {key: self._value(item, dependencies) for key, item in value.items()}
        return value

    def data(self) -> bytes:
        """Return what the engine would print."""
        return json.dumps({"config": {}, "steps": self.steps, "duration": 1}).encode()


def third_tenant() -> Preview:
    """A tenant as the components create it, on the platform of the two-tenants cloud."""
    plan = Preview()
    net, dynamic = "openstack:networking/", "pulumi-python:dynamic/ringfence:"
    plan.add("admin", "pulumi:providers:openstack", cloud="lab")
    plan.add("initech", "openstack:identity/project:Project", name="initech")
    plan.add("password", "pulumi:providers:openstack", tenantId="ref:initech")
    plan.add("credential", "openstack:identity/applicationCredential:ApplicationCredential", provider="password", name="c")
    plan.add("deployer", "pulumi:providers:openstack", applicationCredentialId="ref:credential")
    plan.add("pool", net + "subnetPool:SubnetPool", prefixes=["172.30.0.0/16"])
    plan.add("m-net", net + "network:Network", name="initech-management", portSecurityEnabled=True)
    plan.add(
        "m-sub", net + "subnet:Subnet", networkId="ref:m-net", subnetpoolId="ref:pool", prefixLength=28, noGateway=True, enableDhcp=False
    )
    plan.add("m-router", net + "router:Router", name="initech-management")
    plan.add("m-leg", net + "port:Port", networkId="ref:m-net", fixedIps=[{"subnetId": "ref:m-sub"}])
    plan.add("b-leg", net + "port:Port", networkId="backbone", fixedIps=[{"subnetId": "backbone-0"}])
    plan.add("m-in", dynamic + "RouterLeg", router_id="ref:m-router", port_id="ref:m-leg")
    plan.add("b-in", net + "routerInterface:RouterInterface", routerId="ref:m-router", portId="ref:b-leg")
    plan.add("back", dynamic + "ManagementRoute", router_id="platform-router", destination="ref:m-sub", next_hop="ref:b-leg")
    plan.add(
        "share",
        net + "rbacPolicyV2:RbacPolicyV2",
        objectType="network",
        objectId="ref:m-net",
        action="access_as_shared",
        targetTenant="ref:initech",
    )
    plan.add("edge", net + "router:Router", name="initech-edge", externalNetworkId="public")
    plan.add("app", net + "network:Network", provider="deployer", name="initech-app")
    plan.add("app-4", net + "subnet:Subnet", provider="deployer", networkId="ref:app", cidr="10.0.0.0/24", gatewayIp="10.0.0.1")
    plan.add("app-6", net + "subnet:Subnet", provider="deployer", networkId="ref:app", cidr="fd00:5::/64", gatewayIp="fd00:5::1")
    plan.add("app-in", dynamic + "RouterLeg", router_id="ref:edge", subnet_id="ref:app-4")
    plan.add("everybody", net + "addressGroupV2:AddressGroupV2", provider="deployer", addresses=["0.0.0.0/1", "128.0.0.0/1"])
    plan.add("web", net + "secGroup:SecGroup", provider="deployer", name="initech-web", deleteDefaultRules=True)
    plan.add(
        "https",
        net + "secGroupRule:SecGroupRule",
        provider="deployer",
        direction="ingress",
        ethertype="IPv4",
        protocol="tcp",
        portRangeMin=443,
        portRangeMax=443,
        description="flow shop",
        securityGroupId="ref:web",
        remoteAddressGroupId="ref:everybody",
    )
    fixed = [{"subnetId": "ref:app-4", "ipAddress": "10.0.0.11"}, {"subnetId": "ref:app-6", "ipAddress": "fd00:5::11"}]
    plan.add(
        "card",
        net + "port:Port",
        provider="deployer",
        name="initech-web-app",
        networkId="ref:app",
        fixedIps=fixed,
        securityGroupIds=["ref:web"],
    )
    plan.add(
        "m-card",
        net + "port:Port",
        provider="deployer",
        networkId="ref:m-net",
        fixedIps=[{"subnetId": "ref:m-sub"}],
        securityGroupIds=["ref:web"],
    )
    plan.add(
        "vm",
        "openstack:compute/instance:Instance",
        provider="deployer",
        name="initech-web",
        networks=[{"port": "ref:card"}, {"port": "ref:m-card"}],
    )
    plan.add("float", net + "floatingIp:FloatingIp", provider="deployer", pool="public", portId="ref:card")
    return plan
