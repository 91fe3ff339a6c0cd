"""What a tenant's stack declares, seen by an engine that only remembers."""

from __future__ import annotations

import functools
from typing import Any

import pulumi
import pytest
from pulumi.runtime import rpc

from hardening.bundle import Bundle, bundle_of
from infra.delivery.papers import Issuer
from infra.dynamic.certificates import AUTHORITY_DAYS
from infra.outputs import PlatformOutput, decoded
from tests.fast.components import recording
from tests.fast.components.recording import PLATFORM_FACTS

pytestmark = pytest.mark.fast
TENANTS = ("acme", "globex")
MADE_BY_ADMIN = {"Project", "User", "RoleAssignment", "Router", "RbacPolicyV2", "SubnetRoute"}
ADMINS_SHARED_KINDS = {"Network", "Subnet", "Port"}
"""Kinds that the admin makes for the management segment and the deployer for the zones."""


@functools.cache
def tenant(name: str) -> recording.RecordingCloud:
    """Record a tenant once for all tests that only look."""
    return recording.tenant(name)


@pytest.mark.parametrize("name", TENANTS)
def test_every_resource_is_named_after_its_tenant(name: str) -> None:
    """Names are an interface: resource name and name in the cloud agree and begin with the tenant's."""
    named = [resource for resource in tenant(name).resources if "name" in resource.inputs]
    assert named
    for resource in named:
        if resource.kind != "ApplicationCredential":
            assert resource.inputs["name"] == resource.name
        assert resource.name.startswith(name)


@pytest.mark.parametrize("name", TENANTS)
def test_every_provider_resource_has_one_of_the_three_identities(name: str) -> None:
    """No resource falls back to a default provider, which would take its credential from the environment."""
    identities = {"admin", f"{name}-deployer", f"{name}-deployer-login"}
    resources = [resource for resource in tenant(name).resources if resource.type.startswith("openstack:")]
    assert {resource.provider for resource in resources} == identities


@pytest.mark.parametrize("kind", ["Project", "User"])
def test_project_and_users_are_in_the_platforms_domain(kind: str) -> None:
    """Keystone would put them into its first domain, where whoever judges the cloud does not look for them."""
    assert {resource.inputs.get("domainId") for resource in tenant("acme").of(kind)} == {"domain-id"}


def test_a_platform_of_an_earlier_version_leaves_the_domain_to_keystone() -> None:
    """As it did when its tenants were made: they are not made anew."""
    earlier = {key: value for key, value in PLATFORM_FACTS.items() if key != "domain_id"}
    assert decoded(PlatformOutput, earlier, "platform").domain_id is None
    assert decoded(PlatformOutput, PLATFORM_FACTS, "platform").domain_id == "domain-id"


@pytest.mark.parametrize("name", TENANTS)
def test_the_admin_makes_the_ring_fence_and_nothing_inside_it(name: str) -> None:
    """Servers, volumes, groups and zones are the deployer's; project, routers and the management segment the admin's."""
    for resource in tenant(name).resources:
        if not resource.type.startswith("openstack:") or resource.kind == "ApplicationCredential":
            continue
        in_management = resource.name in {f"{name}-management", f"{name}-backbone"} and resource.kind in ADMINS_SHARED_KINDS
        expected = "admin" if resource.kind in MADE_BY_ADMIN or in_management else f"{name}-deployer"
        assert (resource.kind, resource.name, resource.provider) == (resource.kind, resource.name, expected)


@pytest.mark.parametrize("name", TENANTS)
def test_every_port_of_a_server_has_groups_port_security_and_fixed_addresses(name: str) -> None:
    """A port without explicit groups would get the default group; the management port carries the management group only."""
    ports = [port for port in tenant(name).of("Port") if port.provider != "admin"]
    assert len(ports) == 4
    for port in ports:
        groups = port.inputs["securityGroupIds"]
        if port.name.endswith("-management"):
            assert groups == [f"{name}-management-id"]
        else:
            assert groups
            assert port.inputs["portSecurityEnabled"] is True
            assert all(fixed["ipAddress"] for fixed in port.inputs["fixedIps"])


def test_management_has_no_gateway_and_one_route() -> None:
    """The segment leads to the backbone and nowhere else, and hands out no addresses by itself."""
    cloud = tenant("acme")
    (segment,) = (subnet for subnet in cloud.of("Subnet") if subnet.name == "acme-management")
    assert segment.inputs["noGateway"] is True
    assert segment.inputs["enableDhcp"] is False
    assert [route.inputs["destinationCidr"] for route in cloud.of("SubnetRoute")] == ["172.29.0.0/24"]
    (router,) = (router for router in cloud.of("Router") if router.name == "acme-management")
    assert "externalNetworkId" not in router.inputs


@pytest.mark.parametrize("name", TENANTS)
def test_default_rules_are_removed_from_every_group(name: str) -> None:
    """Neutron gives a new group two egress rules that allow everything."""
    groups = tenant(name).of("SecGroup")
    assert groups
    assert all(group.inputs["deleteDefaultRules"] is True for group in groups)
    assert len(tenant(name).of("EmptyDefaultGroup")) == 1


@pytest.mark.parametrize("name", TENANTS)
def test_all_volumes_are_of_the_encrypted_type(name: str) -> None:
    """Root and data volumes name their type; the cloud's default type might be a plain one."""
    volumes = tenant(name).of("Volume")
    assert len(volumes) == 3
    assert {volume.inputs["volumeType"] for volume in volumes} == {"encrypted"}


@pytest.mark.parametrize("name", TENANTS)
def test_data_volumes_come_after_the_root_volume_that_the_server_waits_for(name: str) -> None:
    """A cloud makes a few volumes at a time, and a server is not kept waiting by those that it does not boot from."""
    recorded = tenant(name)
    roots = {volume.name for volume in recorded.of("Volume") if volume.name.endswith("-root")}
    data = {volume.name for volume in recorded.of("Volume")} - roots
    assert roots
    assert data
    assert {name: recorded.waits[name] & roots for name in data} == {name: {f"{name.rpartition('-')[0]}-root"} for name in data}
    assert not any(recorded.waits[root] & data for root in roots)


@pytest.mark.parametrize("name", TENANTS)
def test_cards_are_in_the_order_that_the_guest_expects(name: str) -> None:
    """Zones in the order of the declaration, management last: the guest names its cards by it."""
    for server in tenant(name).of("Instance"):
        ports = [card["port"] for card in server.inputs["networks"]]
        assert ports[-1] == f"{server.name}-management-id"
        assert len(ports) == len(set(ports)) >= 2
        assert server.inputs["configDrive"] is True
        assert "userData" not in server.inputs


@pytest.mark.parametrize("name", TENANTS)
def test_labels_are_on_everything_that_can_carry_them(name: str) -> None:
    """Neutron resources carry tags, Nova's and Cinder's metadata."""
    for resource in tenant(name).resources:
        if resource.kind in {"Network", "Subnet", "Router", "Port", "SecGroup", "FloatingIp", "Project"}:
            assert f"tenant={name}" in resource.inputs["tags"]
            assert any(tag.startswith("classification=") for tag in resource.inputs["tags"])
        if resource.kind in {"Instance", "Volume"}:
            assert resource.inputs["metadata"]["tenant"] == name
            assert resource.inputs["metadata"]["zone"]


@pytest.mark.parametrize("name", TENANTS)
def test_secrets_do_not_reach_the_plain_outputs(name: str) -> None:
    """The plain outputs are for everybody who may read the stack."""
    outputs = tenant(name).outputs
    assert "generated" in str(outputs["deployer_credential"])
    assert "generated" not in str(outputs["tenant"])


def test_no_server_and_no_other_tenant_is_named_twice() -> None:
    """Both tenants use the same addresses; nothing of one is named in the other's stack."""
    assert not [resource.name for resource in tenant("acme").resources if "globex" in str(resource)]


def test_outputs_have_the_published_shape() -> None:
    """The command line and the live tests read these keys."""
    facts = tenant("globex").outputs["tenant"]
    assert set(facts) == {"name", "region", "project_id", "deployer", "edge_router_id", "management", "zones", "groups", "servers"}
    server = facts["servers"]["db1"]
    assert set(server) == {"id", "management", "management_port_id", "host_key", "public", "nics", "volumes"}
    assert set(server["nics"]["app"]) == {"port_id", "mac", "addresses"}
    assert server["volumes"] == {"root": "globex-db1-root-id", "data": {"db": "globex-db1-db-id"}}
    assert server["public"] is None
    assert facts["servers"]["app1"]["public"] == "172.24.4.20"


def issued(of: str) -> dict[str, dict[str, Any]]:
    """Return the certificates of a tenant on a platform with every service, by name without the server's; ``of`` is how they end."""
    found = recording.tenant_with_services("acme").of("Certificate")
    return {one.name: one.inputs for one in found if one.name.partition(".")[2] == of}


def bundle(policy: recording.Declared) -> Bundle:
    """Return what a server is given."""
    return bundle_of(policy.inputs["policy"], policy.inputs["files"]["value"])


def test_every_server_gets_a_certificate_for_its_own_management_address() -> None:
    """Its name, its tenant and its address are in it, and it is for a client: nobody can be served by it."""
    assert set(issued("")) == {"acme-web", "acme-db"}
    for name, inputs in issued("").items():
        assert (inputs["organisation"], inputs["name"], inputs["names"]) == ("acme", name, [name])
        assert (inputs["addresses"], inputs["purposes"]) == (["172.30.0.5"], ["client"])


def test_a_server_shows_the_store_of_recordings_its_address_and_no_name() -> None:
    """The store would believe a name that it can look up."""
    assert set(issued("sessions")) == {"acme-web.sessions", "acme-db.sessions"}
    for inputs in issued("sessions").values():
        assert (inputs["names"], inputs["addresses"], inputs["purposes"]) == ([], ["172.30.0.5"], ["client"])
        assert inputs["authority_certificate"]["value"] == recording.AUTHORITY["certificate"]


def test_a_server_believes_by_the_lists_of_the_platforms_authority_and_gets_what_they_take_back_anew() -> None:
    """Both of its certificates that the platform has issued do; its own authority takes nothing back."""
    for inputs in (*issued("").values(), *issued("sessions").values()):
        assert inputs["authority_lists"]["value"] == recording.AUTHORITY["lists"]
    for policy in recording.tenant_with_services("acme").of("GuestPolicy"):
        assert {file.path: file.text for file in bundle(policy).files}["pki/revoked.pem"] == recording.AUTHORITY["lists"]
    assert {inputs["authority_lists"] for inputs in issued("loopback").values()} == {""}


def test_a_platform_of_an_older_ringfence_is_to_be_brought_up_first() -> None:
    """It has no lists to give; the words say what to do, and nothing of the key."""
    older = {name: text for name, text in recording.AUTHORITY.items() if name != "lists"}
    with pytest.raises(Exception, match="last brought up by an older ringfence") as raised:
        recording.record("acme", lambda: {"lists": Issuer.of(pulumi.Output.secret(older)).lists})
    assert "pulumi up --stack platform" in str(raised.value)
    assert older["private_key"] not in str(raised.value)


def test_a_server_has_an_authority_of_its_own_on_its_loopback_interface() -> None:
    """It is not the platform's, and lives as long as its certificate: no end of it locks operators out."""
    for name, inputs in issued("loopback").items():
        assert inputs["authority_certificate"] == f"certificate of {name}"
        assert (inputs["names"], inputs["addresses"]) == ([name.removesuffix(".loopback")], [])
        assert inputs["days"] == AUTHORITY_DAYS
    assert {one.name for one in recording.tenant_with_services("acme").of("Authority")} == set(issued("loopback"))


def test_operators_and_recording_are_in_the_bundle_of_every_server() -> None:
    """The tenant's own principals, the platform's authorities, the automation from the bastion only, and the units that read it."""
    for policy in recording.tenant_with_services("acme").of("GuestPolicy"):
        given = bundle(policy)
        files = {file.path: file.text for file in given.files}
        assert files["ssh/principals/rf-admin"] == "admin@acme\n"
        assert files["ssh/operators-ca.pub"] == f"{recording.OPERATORS.authority}\n"
        assert files["ssh/automation-key"] == f'restrict,from="172.29.0.10/32" {recording.PUBLIC_KEY}\n'
        assert files["ssh/host-certificate.pub"] == f"certificate of {policy.name}\n"
        assert "relay_host = 172.29.0.200(tls)" in files["sessions/relay.conf"]
        assert f"log_servers={policy.name}(tls)" in files["sudo/operators"]
        assert {"ssh.service", "ringfence-relay.service"} <= set(given.units)
        assert (policy.inputs["revoked"], policy.inputs["revoked_by"]) == ("serial: 7\n", recording.OPERATORS.authority)


def test_without_sessions_servers_know_nothing_of_operators() -> None:
    """Other services change no login, and what is handed over is the same as before there were operators."""
    cloud = recording.tenant_without_sessions("acme")
    assert not [*cloud.of("HostCertificate"), *cloud.of("Authority")]
    for policy in cloud.of("GuestPolicy"):
        assert "revoked" not in policy.inputs
        assert not [file.path for file in bundle(policy).files if file.path.startswith(("ssh/", "sudo/", "sessions/"))]
        assert "ssh.service" not in bundle(policy).units


def test_what_the_platform_puts_into_a_server_is_a_secret_of_the_state() -> None:
    """The files hold the server's private key; without services there are none."""
    for policy in recording.tenant_with_services("acme").of("GuestPolicy"):
        files = policy.inputs["files"]
        assert files[rpc._special_sig_key] == rpc._special_secret_sig, "in clear in the state"  # noqa: SLF001 - the SDK shows it nowhere else
        for key in (policy.name, f"{policy.name}.sessions", f"{policy.name}.loopback"):
            assert f'private_key of {key}"' in files["value"]
    assert [policy.inputs.get("files") for policy in recording.tenant("acme").of("GuestPolicy")] == [None, None]
    assert not recording.tenant("acme").of("Certificate")
