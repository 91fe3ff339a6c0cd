"""What the platform's stack declares, seen by an engine that only remembers."""

from __future__ import annotations

import functools

import pytest

from infra.components import settings
from infra.components.platform import proven_domain
from infra.components.settings import CloudSettings
from infra.errors import CloudError
from tests.fast.components import recording

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
