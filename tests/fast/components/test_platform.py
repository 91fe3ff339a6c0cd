"""What the platform's stack declares, seen by an engine that only remembers."""

from __future__ import annotations

import functools

import pytest
from pulumi.runtime import rpc

from hardening.bundle import bundle_of
from infra.components import settings
from infra.components.platform import proven_domain
from infra.components.settings import CloudSettings
from infra.declaration import addresses, load_platform
from infra.declaration.services import Services
from infra.errors import CloudError
from infra.policy.bastion import platform_servers
from infra.render.nftables import render_platform
from tests.fast.components import recording
from tests.fast.declaration.declared import SERVICES

pytestmark = pytest.mark.fast


@functools.cache
def platform() -> recording.RecordingCloud:
    """Record the platform once."""
    return recording.platform()


def test_the_bastion_may_do_two_things() -> None:
    """SSH in from where the operators are, SSH out to the management pool."""
    rules = {
        (rule.inputs["direction"], rule.inputs["remoteIpPrefix"], rule.inputs["portRangeMin"]) for rule in platform().of("SecGroupRule")
    }
    assert rules == {("ingress", "172.24.4.0/24", 22), ("egress", "172.30.0.0/16", 22)}


def with_services() -> recording.RecordingCloud:
    """Record a platform that offers every service."""
    return recording.platform(services=True)


def test_a_platform_without_services_has_no_server_for_them() -> None:
    """One server, one group, no packet filter over SSH: what a living platform has."""
    assert [one.name for one in platform().of("Instance")] == [one.name for one in platform().of("SecGroup")] == ["platform-bastion"]
    assert not platform().of("GuestPolicy")
    assert "services" not in platform().outputs["platform"]


def test_the_services_server_stands_at_its_declared_address() -> None:
    """One port, filtered, with one group, no public address, and the role by which its first boot lets nobody in but the bastion."""
    cloud = with_services()
    (port,) = [one for one in cloud.of("Port") if one.name == "platform-services"]
    assert [fixed["ipAddress"] for fixed in port.inputs["fixedIps"]] == ["172.29.0.200"]
    assert (port.inputs["portSecurityEnabled"], port.inputs["securityGroupIds"]) == (True, ["platform-services-id"])
    (machine,) = [one for one in cloud.of("Instance") if one.name == "platform-services"]
    told = {key: value for key, value in machine.inputs["metadata"].items() if key.startswith("ringfence_")}
    assert told == {
        "ringfence_role": "services",
        "ringfence_management_mac": "fa:16:3e:00:00:01",
        "ringfence_ssh_from": "172.29.0.10/32",
        "ringfence_ssh_port": "22",
    }
    assert [one.name for one in cloud.of("FloatingIp")] == ["platform-bastion"]
    assert cloud.outputs["platform"]["services"] == {
        "id": "platform-services-id",
        "address": "172.29.0.200",
        "host_key": "ssh-ed25519 AAAA",
    }


def test_what_the_services_keep_is_encrypted() -> None:
    """Root and store are of the platform's encrypted type, and the store is what the declaration says."""
    volumes = {one.name: (one.inputs["volumeType"], one.inputs["size"]) for one in with_services().of("Volume")}
    assert volumes == {
        "platform-bastion-root": ("encrypted", 2),
        "platform-services-root": ("encrypted", 2),
        "platform-services-store": ("encrypted", 20),
    }
    (attached,) = with_services().of("VolumeAttach")
    assert attached.inputs["volumeId"] == "platform-services-store-id"


def test_groups_and_filters_of_the_platforms_servers_are_their_rules() -> None:
    """Neutron and the guest are told the same; the bastion is entered directly, the services server through it."""
    declared = load_platform(recording.ROOT / "Pulumi.platform.yaml").platform
    declared = declared.model_copy(update={"services": Services.model_validate(SERVICES)})
    cloud = with_services()
    policies = {one.name: one.inputs for one in cloud.of("GuestPolicy")}
    for server, rules in platform_servers(declared).items():
        told = {
            (one.inputs["direction"], one.inputs["protocol"], one.inputs["portRangeMin"], one.inputs["remoteIpPrefix"])
            for one in cloud.of("SecGroupRule")
            if one.inputs["securityGroupId"] == f"{server}-id"
        }
        assert told == {(rule.direction.value, rule.match.protocol.value, rule.match.first, str(rule.peer)) for rule in rules}
        address = addresses.bastion_address(declared) if server.endswith("bastion") else addresses.services_address(declared)
        assert address is not None
        assert policies[server]["policy"] == render_platform(server, address, rules)
    assert {name: policy["address"] for name, policy in policies.items()} == {"platform-bastion": "", "platform-services": "172.29.0.200"}


def given(server: str) -> tuple[dict[str, str], set[str]]:
    """Return the texts of a server's files by their paths, and the units that read them."""
    (policy,) = [one for one in with_services().of("GuestPolicy") if one.name == server]
    files = policy.inputs["files"]
    assert files[rpc._special_sig_key] == rpc._special_secret_sig, "in clear in the state"  # noqa: SLF001 - the SDK shows it nowhere else
    assert policy.inputs["revoked"] == recording.OPERATORS.revoked
    bundle = bundle_of("", files["value"])
    return {file.path: file.text for file in bundle.files}, set(bundle.units)


def test_operators_pass_the_bastion_and_have_no_session_on_it() -> None:
    """Nothing records there; the automation enters from where operators are, as before."""
    files, units = given("platform-bastion")
    assert files["ssh/principals/rf-through"] == "through-the-bastion\n"
    assert files["ssh/automation-key"].startswith('restrict,port-forwarding,from="172.24.4.0/24" ')
    assert files["ssh/host-certificate.pub"] == "certificate of platform-bastion\n"
    assert "PermitOpen *:22" in files["ssh/10-operators.conf"]
    assert not [path for path in files if path.startswith(("sessions/", "sudo/"))]
    assert {"ssh.service", "ringfence-logs.service"} == {unit for unit in units if unit.startswith(("ssh", "ringfence"))}


def test_the_services_server_keeps_recordings_and_is_recorded_itself() -> None:
    """Its operators are the platform's own; relay and store show one certificate, for its address and for both ends."""
    files, units = given("platform-services")
    assert files["ssh/principals/rf-admin"] == "admin@platform\n"
    assert "listen_address = 172.29.0.200(tls)" in files["sessions/store.conf"]
    assert "relay_host = 172.29.0.200(tls)" in files["sessions/relay.conf"]
    assert files["sessions/retention"] == "365 1024\n"
    assert {"ssh.service", "ringfence-relay.service", "ringfence-sessions.service"} <= units
    (shown,) = [one.inputs for one in with_services().of("Certificate") if one.name == "platform-services.sessions"]
    assert (shown["names"], shown["addresses"], shown["purposes"]) == ([], ["172.29.0.200"], ["client", "server"])


def test_what_is_declared_as_revoked_is_on_the_lists_that_the_platforms_servers_get() -> None:
    """The authority takes it back; every server of the platform believes by its lists, and its certificates heed them."""
    cloud = with_services()
    (authority,) = [one for one in cloud.of("Authority") if one.name == "authority"]
    assert tuple(authority.inputs["revoked"]) == recording.REVOKED
    for server in ("platform-bastion", "platform-services"):
        assert given(server)[0]["pki/revoked.pem"] == "lists of authority"
    heeding = {one.name for one in cloud.of("Certificate") if one.inputs["authority_lists"] == "lists of authority"}
    assert heeding == {"platform-bastion", "platform-services", "platform-services.sessions"}


def test_the_encrypted_type_is_encrypted() -> None:
    """The volume type's encryption is what the declaration says, in Cinder's words."""
    (encryption,) = platform().of("VolumeEncryption")
    wanted = {"provider": "luks", "cipher": "aes-xts-plain64", "key_size": 256, "control_location": "front-end"}
    assert {key: encryption.inputs[key] for key in wanted} == wanted
    assert encryption.inputs["type_id"] == "encrypted-id"


def test_a_new_image_is_another_image() -> None:
    """The image's name holds its content, so a new one never takes an old one's place silently."""
    (image,) = platform().of("Image")
    assert image.inputs["name"] == "ringfence-debian-13-0123456789ab"
    assert image.inputs["properties"]["hw_cdrom_bus"] == "scsi"


def test_the_platform_uses_the_admin_only() -> None:
    """There is one identity in this stack."""
    assert {resource.provider for resource in platform().resources if resource.type.startswith("openstack:")} == {"admin"}


def test_outputs_have_the_published_shape() -> None:
    """Tenants read these keys."""
    facts = platform().outputs["platform"]
    expected = {"project_id", "domain_id", "region", "auth_url", "cacert", "bastion", "backbone", "router_id", "pool_id", "image_id"}
    assert set(facts) == expected | {"external_network_id", "external_network", "volume_types", "further_routers"}
    assert set(facts["bastion"]) == {"id", "address", "management", "host_key"}
    assert facts["bastion"]["management"] == "172.29.0.10"
    assert facts["volume_types"] == {"encrypted": "encrypted-id"}


def test_a_platform_in_another_domain_than_declared_is_refused() -> None:
    """By id or by name it is the declared one; else its tenants would be made where nobody looks for them."""
    assert proven_domain(["d1", "corp", "corp"]) == proven_domain(["d1", "corp", "d1"]) == "d1"
    with pytest.raises(CloudError, match="domain: the platform's project is in another domain"):
        proven_domain(["d1", "corp", "default"])


def test_a_platform_in_another_region_than_its_credential_is_refused() -> None:
    """The admin would build in one region, and the tenants' deployers in the other. A credential that names none says nothing."""
    settings.check_region(CloudSettings("mine", "https://cloud", "north", ""), "north")
    settings.check_region(CloudSettings("mine", "https://cloud", "", ""), "north")
    with pytest.raises(CloudError, match="the platform is declared in another region"):
        settings.check_region(CloudSettings("mine", "https://cloud", "north", ""), "south")
