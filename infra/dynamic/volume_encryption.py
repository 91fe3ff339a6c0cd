"""Encryption of a volume type: the provider can create a volume type but cannot say that it is encrypted."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any, ClassVar

from pulumi import Input, Output, ResourceOptions
from pulumi.dynamic import CreateResult, ReadResult, Resource, UpdateResult

from infra.dynamic.base import Lifecycle, Props, required
from infra.dynamic.clouds import admin

if TYPE_CHECKING:
    from infra.declaration.model import Encryption

SETTINGS = ("provider", "cipher", "key_size", "control_location")
"""Names of Cinder's volume type encryption API (block storage API v3, `/types/{id}/encryption`)."""


def settings_of(props: Props) -> dict[str, Any]:
    """Return the settings as Cinder takes them; numbers arrive from the engine as floats."""
    return {**{name: props[name] for name in SETTINGS}, "key_size": int(props["key_size"])}


def encryption_id(type_id: str) -> str:
    """Return Cinder's id of a type's encryption, empty when the type has none or is gone itself."""
    answer = admin().block_storage.get(f"/types/{type_id}/encryption", raise_exc=False)
    return str(answer.json().get("encryption_id") or "") if answer.status_code == HTTPStatus.OK else ""


class VolumeEncryptionLifecycle(Lifecycle):
    """Create, read, change and remove the encryption of one volume type. Cinder refuses changes while volumes of the type exist."""

    identity: ClassVar[tuple[str, ...]] = ("type_id",)
    content: ClassVar[tuple[str, ...]] = SETTINGS

    def create(self, props: Props) -> CreateResult:
        """Encrypt the type; an encryption that an interrupted run left behind is taken over when it is the same, else corrected."""
        type_id = required(props, "type_id", "volume encryption")
        present = self.read(type_id, props)
        if present.id is None:
            admin().block_storage.create_type_encryption(type_id, **settings_of(props))
        elif any(present.outs and present.outs[name] != props[name] for name in SETTINGS):
            self.update(type_id, present.outs or {}, props)
        return CreateResult(type_id, dict(props))

    def read(self, id_: str, props: Props) -> ReadResult:
        """Tell what Cinder has; a type without encryption counts as a missing resource."""
        found = admin().block_storage.get_type_encryption(id_)
        if not found.provider:
            return ReadResult(None, {})
        return ReadResult(id_, {**props, **{name: getattr(found, name) for name in SETTINGS}})

    def update(self, _id: str, _olds: Props, _news: Props) -> UpdateResult:
        """Change the settings in place."""
        admin().block_storage.put(f"/types/{_id}/encryption/{encryption_id(_id)}", json={"encryption": settings_of(_news)}, raise_exc=True)
        return UpdateResult(dict(_news))

    def delete(self, _id: str, _props: Props) -> None:
        """Remove the encryption; one that is gone is fine."""
        known = encryption_id(_id)
        if known:
            admin().block_storage.delete(f"/types/{_id}/encryption/{known}", raise_exc=True)


class VolumeEncryption(Resource, module="ringfence", name="VolumeEncryption"):
    """Volumes of the type are encrypted with these settings."""

    type_id: Output[str]

    def __init__(self, name: str, type_id: Input[str], encryption: Encryption, opts: ResourceOptions | None = None) -> None:
        """Declare the encryption of the volume type ``type_id``."""
        props: Props = {"type_id": type_id, **{setting: getattr(encryption, setting) for setting in SETTINGS}}
        super().__init__(VolumeEncryptionLifecycle(), name, props, opts)
