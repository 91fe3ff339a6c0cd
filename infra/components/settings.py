"""What the program takes from the operator's environment, read once and refused early when it could do harm."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from infra import paths
from infra.declaration import names
from infra.declaration.yaml import text
from infra.delivery.operators import Operators
from infra.dynamic.clouds import authority
from infra.dynamic.host_certificate import authority_for
from infra.errors import CloudError, GuestError, Problem, QuestionError, RingfenceError
from infra.operators import reading
from infra.operators.changes import revocation_list
from infra.operators.reading import HINT
from infra.operators.registry import FILE, Registry
from infra.paths import automation_key

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

NO_CLOUD = "RINGFENCE_NO_CLOUD"
"""A variable that is set and empty. It takes the place of ``OS_CLOUD`` for the deployer's provider; see :func:`check_identities`."""
IMAGE = "RINGFENCE_IMAGE"
PASSWORD_VARIABLES = ("OS_USERNAME", "OS_USER_ID", "OS_PASSWORD", "OS_TOKEN", "OS_AUTH_TOKEN", "OS_APPLICATION_CREDENTIAL_ID")


@dataclass(frozen=True, slots=True)
class CloudSettings:
    """How to reach the cloud: the admin's entry of clouds.yaml, and what a second identity needs besides its secret."""

    name: str
    auth_url: str
    region: str
    cacert: str


def check_identities(environment: Mapping[str, str]) -> str:
    """Return the name of the admin's cloud, or refuse an environment in which one identity could act as the other.

    gophercloud lets ``OS_CLOUD`` win over explicit credentials (``AuthOptions`` in gophercloud/utils, openstack/clientconfig), and fills
    what they leave out from ``OS_USERNAME`` and its like: the deployer's provider would silently be the admin.

    Raises :class:`CloudError`.
    """
    name = environment.get("OS_CLOUD", "")
    if not name:
        raise CloudError.of(
            "no cloud is chosen",
            expected="OS_CLOUD names an entry of clouds.yaml with the admin's credential",
            hint='eval "$(./scripts/lab env)", or export OS_CLOUD for a cloud of your own',
        )
    mixed = [variable for variable in PASSWORD_VARIABLES if environment.get(variable)]
    if mixed:
        raise CloudError.of(
            "two credentials would be mixed", expected="OS_CLOUD alone", got=", ".join(mixed), hint=f"unset {' '.join(mixed)}"
        )
    if environment.get(NO_CLOUD) != "":
        raise CloudError.of(
            "the deployer's provider would act as the admin",
            expected=f"the variable {NO_CLOUD}, set and empty: it hides OS_CLOUD from that provider",
            got=repr(environment.get(NO_CLOUD)),
            hint=f"export {NO_CLOUD}=",
        )
    return name


def cloud() -> CloudSettings:
    """Return the cloud of ``OS_CLOUD``. Raises :class:`CloudError`."""
    from openstack.config import OpenStackConfig  # noqa: PLC0415 - half a second that only the platform's stack pays
    from openstack.exceptions import ConfigException  # noqa: PLC0415 - as above

    name = check_identities(os.environ)
    try:
        region = OpenStackConfig().get_one(cloud=name)
    except ConfigException as error:
        raise CloudError.of(
            "the chosen cloud is unknown", where=f"clouds.yaml: {name}", got=str(error), hint='eval "$(./scripts/lab env)"'
        ) from error
    auth_url = region.config.get("auth", {}).get("auth_url", "")
    if not auth_url:
        raise CloudError.of("the cloud has no address", where=f"clouds.yaml: {name}.auth.auth_url", expected="a URL")
    cacert = authority(os.environ) or str(region.config.get("cacert") or "")
    return CloudSettings(name, str(auth_url), str(region.region_name or ""), cacert)


def check_region(found: CloudSettings, declared: str) -> None:
    """Refuse a credential for another region than the platform's: the admin would build there, and the tenants' deployers here.

    Raises :class:`CloudError`.
    """
    if found.region and found.region != declared:
        raise CloudError.of(
            "the platform is declared in another region than its cloud",
            where=f"Pulumi.{names.PLATFORM}.yaml: region",
            expected=f"{found.region}, the region_name of {found.name} in clouds.yaml",
            got=declared,
            hint="one platform per region: declare this one, or choose another entry of clouds.yaml with OS_CLOUD",
        )


def automation_public_key() -> str:
    """Return the automation's public key. Raises :class:`GuestError` when there is none yet."""
    file = automation_key().with_suffix(".pub")
    try:
        return file.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise GuestError.of("the automation has no key yet", where=str(file), got=error.strerror or "", hint="ringfence keys") from error


@dataclass(frozen=True, slots=True)
class ImageFile:
    """The guest image on this machine and the SHA-256 of its content."""

    path: Path
    digest: str


def image_file() -> ImageFile:
    """Return the guest image to upload: ``RINGFENCE_IMAGE``, else the one that ``scripts/demo`` used last.

    Raises :class:`GuestError` when there is none.
    """
    path = _image_path()
    try:
        with path.open("rb") as stream:
            return ImageFile(path, hashlib.file_digest(stream, "sha256").hexdigest())
    except OSError as error:
        raise _no_image(path, error) from error


def operators(project: Path) -> Operators:
    """Return what servers are told of operators, from the operators' file of the project.

    Raises:
        RingfenceError: the file has mistakes or names no authority, or this machine has another one than it names.
    """
    file = project / FILE
    try:
        found = reading.registry(text.contents(file)) if file.exists() else Registry()
    except OSError as error:
        raise QuestionError.of("the operators' file cannot be read", where=str(file), got=error.strerror or "", hint=HINT) from error
    if found.authority is None:
        raise GuestError.of(
            "sessions are to be recorded, and no authority of operators is there that servers could believe",
            where=str(file),
            expected="the key authority, with the public keys of operators and hosts",
            got="none",
            hint="ringfence operator authority makes both keys and writes their public halves; then ringfence operator add",
        )
    authority_for(found.authority.hosts)
    return Operators(found.authority.operators, found.authority.hosts, revocation_list(found), automation_public_key())


def check_all(environment: Mapping[str, str], *, platform: bool, recorded: Path | None = None) -> None:
    """Refuse a machine on which anything is missing that a stack needs, and say all of it at once: a fresh one lacks most of it.

    ``recorded`` is the project's folder where operators' sessions are to be recorded.

    Raises :class:`RingfenceError`.
    """
    needed: list[Callable[[], object]] = [cloud if platform else lambda: check_identities(environment), automation_public_key]
    needed += [_image_is_there] if platform else []
    needed += [lambda: operators(recorded)] if recorded and automation_key().with_suffix(".pub").exists() else []
    problems: list[Problem] = []
    for check in needed:
        try:
            check()
        except RingfenceError as error:
            problems.extend(error.problems)
    if problems:
        raise RingfenceError(*problems)


def _image_path() -> Path:
    return Path(os.environ.get(IMAGE) or paths.state() / "guest-image.qcow2").resolve()


def _image_is_there() -> None:
    """Look for the image without reading all of it."""
    path = _image_path()
    try:
        with path.open("rb"):
            pass
    except OSError as error:
        raise _no_image(path, error) from error


def _no_image(path: Path, error: OSError) -> GuestError:
    hint = f'./scripts/image build, then export {IMAGE}="$(./scripts/image path)"'
    return GuestError.of("there is no guest image", where=str(path), got=error.strerror or "", hint=hint)
