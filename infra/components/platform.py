"""The platform's stack: what the operator owns once per cloud."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pulumi
import pulumi_openstack as openstack
from pulumi import ComponentResource, Output, ResourceOptions

from hardening.glance import DISK_FORMAT, IMAGE_MIN_DISK_GIB, IMAGE_PROPERTIES, IMAGE_VISIBILITY
from infra.components import providers
from infra.components.backbone import Backbone, Relays
from infra.components.hosts import Bastion, HostArgs, ServicesHost
from infra.components.quotas import platform_limits
from infra.components.storage import VolumeTypes
from infra.declaration import addresses, names
from infra.delivery.files import Source
from infra.delivery.operators import handed_over
from infra.delivery.papers import Issuer
from infra.dynamic.limits import ProjectRoom
from infra.errors import CloudError
from infra.outputs import PlatformOutput, encoded
from infra.topology import platform_topology

if TYPE_CHECKING:
    from infra.components.guard import ReplacementGuard
    from infra.components.settings import CloudSettings, ImageFile
    from infra.declaration.model import Platform
    from infra.delivery.operators import Operators


@dataclass(frozen=True, slots=True)
class PlatformArgs:
    """What the platform is built from."""

    platform: Platform
    cloud: CloudSettings
    image: ImageFile
    public_key: str
    guard: ReplacementGuard
    operators: Operators | None = None
    """Who may log in, where the platform records sessions."""


class PlatformStack(ComponentResource):
    """Backbone, volume types, guest image, bastion and the room for tenants; ``facts`` is what the tenants' stacks read."""

    facts: Output[dict[str, object]]
    authority: Output[dict[str, str]] | None
    """What tenants' stacks issue certificates by, where the platform offers services; a secret."""

    def __init__(self, name: str, args: PlatformArgs) -> None:
        """Declare the platform with the admin's credential."""
        admin = providers.admin(args.cloud.name)
        whole = ResourceOptions(providers=[admin], transformations=[args.guard.made_anew])
        super().__init__("ringfence:platform:Platform", name, None, whole)
        child = ResourceOptions(parent=self)
        invoke = pulumi.InvokeOptions(provider=admin)
        external = openstack.networking.get_network_output(name=args.platform.external_network, external=True, opts=invoke)
        scope = openstack.identity.get_auth_scope_output(name="admin", opts=invoke)
        project = scope.project_id
        domain = Output.all(scope.project_domain_id, scope.project_domain_name, args.platform.domain).apply(proven_domain)
        room = ProjectRoom(names.PLATFORM, project, platform_limits(args.platform), opts=child)
        types = VolumeTypes("volume-types", args.platform.volume_types, child)
        image = self._image(args)
        backbone = Backbone("backbone", platform_topology(args.platform), external.id, child)
        host = HostArgs(args.platform, backbone, image.id, args.platform.default_volume_type, args.guard, told=handed_over(args.operators))
        encrypted = ResourceOptions(parent=self, depends_on=[types])
        declared = args.platform.services
        issuer = Issuer.made(declared.revoked, child) if declared else None
        source = Source(args.platform, issuer, args.operators) if issuer else None
        entered = replace(host, files=lambda host_key: source.bastion(host_key, child)) if source else host
        bastion = Bastion("bastion", entered, args.public_key, encrypted)
        served = replace(host, files=lambda host_key: source.services_server(host_key, child)) if source else host
        services = ServicesHost("services", served, declared, bastion, encrypted) if declared else None
        self.authority = issuer.outputs() if issuer else None
        # After the servers, which have declared addresses on the backbone: Neutron chooses the relays' among those that are left.
        after = ResourceOptions(parent=self, depends_on=[room, bastion, *([services] if services else [])])
        relays = Relays("relays", backbone, after).facts if args.platform.backbone.routers > 1 else []
        self.facts = Output.all(
            further_routers=relays,
            facts=self._facts(args, backbone, bastion),
            project_id=project,
            domain_id=domain,
            image_id=image.id,
            external_network_id=external.id,
            volume_types=types.ids,
            services=services.facts if services else None,
        ).apply(lambda known: encoded(PlatformOutput, {**known.pop("facts"), **known}))
        self.register_outputs({"facts": self.facts})

    def _image(self, args: PlatformArgs) -> openstack.images.Image:
        """Upload the guest image. Its name holds its content; where it lies on this machine does not matter."""
        name = names.image(args.platform.image, args.image.digest)
        return openstack.images.Image(
            args.platform.image,
            name=name,
            local_file_path=str(args.image.path),
            container_format="bare",
            disk_format=DISK_FORMAT,
            min_disk_gb=IMAGE_MIN_DISK_GIB,
            visibility=IMAGE_VISIBILITY,
            properties=IMAGE_PROPERTIES,
            opts=ResourceOptions(
                parent=self,
                replace_on_changes=["name"],
                ignore_changes=["localFilePath", "imageCachePath", "verifyChecksum"],
                delete_before_replace=False,
            ),
        )

    @staticmethod
    def _facts(args: PlatformArgs, backbone: Backbone, bastion: Bastion) -> dict[str, object]:
        platform, cloud = args.platform, args.cloud
        return {
            "region": platform.region,
            "auth_url": cloud.auth_url,
            "cacert": cloud.cacert,
            "external_network": platform.external_network,
            "router_id": backbone.router_id,
            "pool_id": backbone.pool_id,
            "backbone": {
                "network_id": backbone.network_id,
                "subnet_id": backbone.subnet_id,
                "cidr": str(platform.backbone.cidr),
            },
            "bastion": {
                "id": bastion.server_id,
                "address": bastion.address,
                "management": str(addresses.bastion_address(platform)),
                "host_key": bastion.host_key,
            },
        }


def proven_domain(both: list[str]) -> str:
    """Return the id of the domain in which the platform's project is, after comparing it with the declared one.

    The tenants' projects are made in it. Keystone would otherwise put them into its first domain, wherever the admin's project is
    (``_normalize_domain_id`` in keystone/server/flask/common.py), and whoever judges the cloud looks for them in the declared one.

    Raises :class:`CloudError`.
    """
    id_, name, declared = both
    if declared not in (id_, name):
        raise CloudError.of(
            "the platform's project is in another domain than the declared one",
            where=f"Pulumi.{names.PLATFORM}.yaml: domain",
            expected=f"{id_} or {name}, where the project of OS_CLOUD is",
            got=declared,
            hint=f"write domain: {id_}, or choose a credential in a project of the declared domain",
        )
    return id_
