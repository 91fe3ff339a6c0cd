"""The offboarding of a tenant that is asked for: the one that goes on, or one of the stack that is up."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache, partial
from typing import TYPE_CHECKING

from infra.declaration import load_platform, load_tenant, names
from infra.declaration.envelope import PREFIX, SUFFIX
from infra.dynamic import clouds
from infra.errors import QuestionError
from infra.offboarding.inventory import Inventory
from infra.offboarding.steps import Step, refuse_erasure
from ringfence import folder
from ringfence.offboarding import noting, places
from ringfence.offboarding.work import Work
from ringfence.verify import stacks

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from openstack.connection import Connection

    from infra.declaration import TenantDeclaration
    from infra.declaration.model import Platform
    from ringfence.offboarding.places import Place
    from ringfence.offboarding.work import Settings


def opened(name: str, settings: Settings, tell: Callable[[str], None]) -> Work:
    """Return the work. Raises :class:`RingfenceError` when the tenant is neither up nor on its way out."""
    last = places.last(name)
    going = last if last is not None and (found := last.progress()).erasing and found.next is not None else None
    if going is not None:
        _refuse_another(name, going)
        declaration = _declaration(name)[0] if _file(name).exists() else None
        declared = declaration.tenant.offboarding if declaration else None
        return Work(going, clouds.admin(), _deployer(name), lambda: _blank(name, going.folder.name), declared, settings, tell)
    declaration, _ = _declaration(name)
    try:
        project = stacks.tenant(name).facts.project_id
    except stacks.NotUpError:
        if last is None or last.progress().next is not None:
            raise
        project = last.folder.name  # it is gone already, and certified
    place, blank = places.of(name, project), partial(_blank, name, project)
    return Work(place, clouds.admin(), _deployer(name), blank, declaration.tenant.offboarding, settings, tell)


def _refuse_another(name: str, going: Place) -> None:
    """Raise :class:`QuestionError` when the stack has another project by now: until the stack is destroyed, steps work on what it has."""
    if Step.DESTROY in going.progress().done:
        return
    try:
        project = stacks.tenant(name).facts.project_id
    except stacks.NotUpError:
        return
    if project != going.folder.name:
        what = "the tenant was made anew before its last offboarding came to its end, which would remove the new one"
        hint = (
            f"see what is left of the old one with `ringfence offboard {name} --prove`, and move this folder elsewhere when that is settled"
        )
        raise QuestionError.of(what, where=str(going.folder), expected=f"project {going.folder.name}", got=f"project {project}", hint=hint)


def refuse_too_early(name: str, work: Work) -> None:
    """Raise :class:`QuestionError` unless something may be erased today; what has begun goes on whatever is declared now."""
    if not work.place.progress().erasing:
        receipt = work.settings.receipt is not None or work.place.receipt.exists()
        refuse_erasure(work.declared, datetime.now(UTC).date(), receipt=receipt, where=_file(name).name)


def asked_about(name: str) -> Place | None:
    """Return the place of the tenant's last offboarding; ``None`` when there was none."""
    return places.last(name)


def of_place(name: str, place: Place, settings: Settings) -> Work:
    """Return the work of an offboarding that is kept, to look once more: nothing of the tenant need be there any more."""
    return Work(place, clouds.admin(), _deployer(name), lambda: _blank(name, place.folder.name), None, settings)


def _file(name: str) -> Path:
    return folder.root() / f"{PREFIX}{name}{SUFFIX}"


def _declaration(name: str) -> tuple[TenantDeclaration, Platform]:
    platform = load_platform(_file(names.PLATFORM)).platform
    return load_tenant(_file(name), platform, today=datetime.now(UTC).date()), platform


def _deployer(name: str) -> Callable[[], tuple[Connection, str, str]]:
    """Return what opens the tenant's own credential, once."""

    @cache
    def opens() -> tuple[Connection, str, str]:
        found = stacks.tenant(name)
        credential = clouds.Credential.of(found.deployer.values)
        return clouds.deployer(credential), found.facts.deployer.user_id, credential.application_credential_id

    return opens


def _blank(name: str, project: str) -> Inventory:
    declaration, platform = _declaration(name)
    tenant = declaration.tenant
    return Inventory(
        tenant=name,
        project=project,
        region=tenant.region,
        classification=tenant.labels.classification,
        taken="",
        resources={},
        media=(),
        lent=noting.lent(declaration, platform),
    )
