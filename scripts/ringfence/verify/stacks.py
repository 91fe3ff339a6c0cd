"""What the stacks exported: read with the engine, from wherever the user keeps the state."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from infra.declaration import names
from infra.drift.made import Made
from infra.errors import CloudError
from infra.outputs import PlatformOutput, TenantOutput, decoded
from ringfence import engine

if TYPE_CHECKING:
    from collections.abc import Iterable

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class StackIdentity:
    """A credential that a stack exported. Its ``repr`` shows no secret."""

    name: str
    values: Json

    def __repr__(self) -> str:
        """Return the name only."""
        return f"Identity({self.name})"


@dataclass(frozen=True, slots=True)
class StackFacts:
    """A tenant's stack: its plain facts and its two identities."""

    facts: TenantOutput
    deployer: StackIdentity
    reader: StackIdentity


class NotUpError(CloudError):
    """A stack is there and has not made a tenant: nobody has brought it up, or it was taken down."""


def outputs(stack: str) -> Json:
    """Return the outputs of a stack, secrets included. Raises :class:`CloudError` when there is no such stack."""
    values: Json = json.loads(_engine("stack", "output", "--json", "--show-secrets", "--stack", stack, where=stack) or "{}")
    return values


def known() -> tuple[str, ...]:
    """Return the names of all stacks that the engine has of this project, those without a declaration in the tree included."""
    return tuple(str(stack["name"]).rpartition("/")[2] for stack in json.loads(_engine("stack", "ls", "--json", where="all stacks")))


def made(stack: str) -> Made:
    """Return what a stack made. Secrets stay as they are kept, sealed."""
    return Made.of(json.loads(_engine("stack", "export", "--stack", stack, where=stack)))


def all_made(stacks: Iterable[str] | None = None) -> dict[str, Made]:
    """Return what every stack made, by its name; the engine is asked which there are where nobody says it."""
    with ThreadPoolExecutor(4) as pool:
        asked = {name: pool.submit(made, name) for name in (known() if stacks is None else stacks)}
    return {name: future.result() for name, future in asked.items()}


def _engine(*arguments: str, where: str) -> str:
    """Ask the engine. Raises :class:`CloudError` when it has no answer."""
    failed = "the stack has no outputs" if "output" in arguments else "the engine does not tell what the stacks made"
    return engine.answer(*arguments, failed=failed, where=where, hint=f"pulumi up -s {where}")


def platform() -> PlatformOutput:
    """Return the platform's facts. Raises :class:`CloudError` when the stack is not up, or not of this version."""
    found, key = outputs(names.PLATFORM), names.PLATFORM
    if key not in found:
        got = ", ".join(found) or "no outputs"
        raise CloudError.of("the stack is not up", where=names.PLATFORM, expected=f"an output `{key}`", got=got)
    return decoded(PlatformOutput, found[key], names.PLATFORM)


def tenant(name: str) -> StackFacts:
    """Return a tenant's facts and identities."""
    found = outputs(name)
    if "tenant" not in found:
        raise NotUpError.of("the stack is not up", where=name, expected="an output `tenant`", got=", ".join(found) or "no outputs")
    deployer = found.get("deployer_credential", {})
    # The reader is the customer's: where the certificate authority's file is on the operator's machine is not part of its credential.
    reader = {"cacert": deployer.get("cacert", ""), **found.get("reader_credential", {})}
    facts = decoded(TenantOutput, found["tenant"], name)
    return StackFacts(facts, StackIdentity(names.deployer(name), deployer), StackIdentity(names.reader(name), reader))
