"""Find out what this machine knows of every server, once for all of them: the image's files, the automation's key, the image's settings."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from hardening.controls.rendering import sysctl
from infra.declaration import names
from infra.drift.made import NOTHING
from infra.errors import GuestError, RingfenceError
from infra.paths import automation_key
from ringfence.verify.inside import image_files
from ringfence.verify.inside.expected import Known, settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from ringfence.verify.inventory import Inventory

T = TypeVar("T")


def known(inventory: Inventory) -> Known:
    """Return what this machine knows; what it does not know is told by every look that needs it, and costs no other."""
    return Known(
        _or_why(lambda: image_files.of(image_digest(inventory))),
        _or_why(public_key),
        settings(sysctl()),
    )


def image_digest(inventory: Inventory) -> str:
    """Return the beginning of the SHA-256 of the platform's image, which its name in the cloud holds; nothing where no stack tells it."""
    made = inventory.made.get(names.PLATFORM, NOTHING).get("images", inventory.platform.image)
    prefix = names.image(inventory.platform.image, "")
    name = str(made.outputs.get("name", "")) if made else ""
    return name.removeprefix(prefix) if name.startswith(prefix) else ""


def public_key() -> str:
    """Return the automation's public key. Raises :class:`GuestError` when there is none on this machine."""
    file = automation_key().with_suffix(".pub")
    try:
        return file.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise GuestError.of(
            "the automation's key is not on this machine", where=str(file), got=error.strerror or "", hint="ringfence keys"
        ) from error


def _or_why(read: Callable[[], T]) -> T | RingfenceError:
    try:
        return read()
    except RingfenceError as problem:
        return problem
