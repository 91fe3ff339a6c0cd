"""No surprise: a plan that would replace a server or a volume is refused, naming what and why, unless it is allowed by name.

The engine's ``protect`` would also refuse ``pulumi destroy``. So a hook runs before every creation of a server or volume, at preview and
at update, and compares with what the stack already has: a creation of something that exists is a replacement. Creation comes before
deletion, so a refusal leaves the old one alone even when the preview was skipped. What a broken-off run left half made is made anew.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi import (
    ResourceHook,
    ResourceHookArgs,
    ResourceHookBinding,
    ResourceHookOptions,
    ResourceOptions,
    ResourceTransformationArgs,
    ResourceTransformationResult,
)

from infra.errors import ReplacementRefusedError
from infra.neutron.plans.preview import is_told

ALLOW = "allowReplace"
"""Key of the stack's configuration: a list of server names whose server and volumes may be replaced."""
FINISHED = "region"
"""An output that the provider fills in when a creation ends well, and never before; every kind of its resources has it."""
INIT_ERROR = "#initerror"
"""The engine's path for "what was done to it last did not end well" (``replaceOnChanges``)."""
PROVIDER = "openstack:"
"""How the types of the provider's resources begin. A resource of ``infra.dynamic`` whose creation broke off is not in the stack at all."""

HALF_WRITTEN = "failed to load checkpoint"
"""What the engine says of a state file that is being written."""
TRIES = 20
PAUSE_SECONDS = 0.25

OldOutputs = Mapping[str, Mapping[str, Any]]
"""Outputs of every resource that the stack has, by URN."""


@dataclass(frozen=True, slots=True)
class Guarded:
    """A server or a volume: the engine's type, the resource's name, and the server under whose name replacing is allowed."""

    type: str
    name: str
    server: str


def differences(new: Mapping[str, Any], old: Mapping[str, Any]) -> list[str]:
    """Return what is declared otherwise than it was, one ``key: old -> new`` each; keys that only the cloud fills in do not count."""
    keys = [key for key in new if not key.startswith("__") and new[key] != old.get(key)]
    return [shown(key, new[key], old.get(key)) for key in keys if not is_trivial(new[key], old.get(key))]


def is_trivial(new: object, old: object) -> bool:
    """Whether two values mean the same to the provider: absent, empty and false are one; a list may be filled in by the cloud."""
    if not new and not old:
        return True
    if isinstance(new, Mapping) and isinstance(old, Mapping):
        return all(is_trivial(value, old.get(key)) for key, value in new.items() if not key.startswith("__"))
    if isinstance(new, Sequence) and isinstance(old, Sequence) and not isinstance(new, str):
        return len(new) == len(old) and all(map(is_trivial, new, old))
    return new == old


def shown(key: str, new: object, old: object) -> str:
    """Render one difference for a person; of what is not known yet there is no new value to show."""
    is_known = is_told(new) and not pulumi.contains_unknowns(new)
    return f"{key}: {old} -> {new}" if is_known else f"{key}: made anew in the same plan"


class ReplacementGuard:
    """Knows what the stack has, and what may be replaced; hands out resource options and the hook.

    ``old`` is empty for a new stack. ``allowed`` are server names.
    """

    def __init__(self, old: OldOutputs, allowed: frozenset[str]) -> None:
        self._old = old
        self._allowed = allowed
        self._guarded: dict[tuple[str, str], Guarded] = {}

    @functools.cached_property
    def hooks(self) -> ResourceHookBinding | None:
        """The refusal, registered with the engine at the first use."""
        refuse = ResourceHook("refuse-replacement", self.refuse, ResourceHookOptions(on_dry_run=True))
        return ResourceHookBinding(before_create=[refuse])

    def allows(self, server: str) -> bool:
        """Whether the operator allowed to replace this server and its volumes."""
        return server in self._allowed

    def allows_all(self, servers: Iterable[str]) -> bool:
        """Whether all of these may be replaced; none at all is fine."""
        return all(map(self.allows, servers))

    def protected(self, guarded: Guarded) -> ResourceOptions:
        """Return the options of a server or volume."""
        self._guarded[guarded.type, guarded.name] = guarded
        return ResourceOptions(hooks=self.hooks, delete_before_replace=self.allows(guarded.server))

    def carrying(self, server: str) -> ResourceOptions:
        """Return the options of what a server hangs on (its ports): never deleted before the replacement was allowed."""
        return ResourceOptions(delete_before_replace=self.allows(server))

    def made_anew(self, args: ResourceTransformationArgs) -> ResourceTransformationResult | None:
        """Have the engine delete and make anew what never finished; everything else stays as declared. For a stack's whole tree.

        By itself the engine takes the half for the whole and updates it with no difference: a security group would keep the cloud's default
        rules, a network would never get its labels, and a rule cannot be updated at all. Nothing can hang on what never finished. A
        resource that did finish is no such half when a later *update* of it breaks off: it is updated again, and keeps its data.
        """
        if not args.type_.startswith(PROVIDER) or not self._never_finished(args.type_, args.name):
            return None
        again = ResourceOptions(replace_on_changes=[INIT_ERROR], delete_before_replace=True)
        return ResourceTransformationResult(args.props, ResourceOptions.merge(args.opts, again))

    def _never_finished(self, kind: str, name: str) -> bool:
        """Tell whether the stack has it and its creation broke off."""
        endings = (f"::{kind}::{name}", f"${kind}::{name}")
        return any(urn.endswith(endings) and not outputs.get(FINISHED) for urn, outputs in self._old.items())

    def refuse(self, args: ResourceHookArgs) -> None:
        """Refuse to create a server or volume that exists already, if a change of its declaration is the cause.

        Raises :class:`ReplacementRefusedError`, which fails the preview. Without any such change the creation repairs one that never
        finished, continues a replacement that was under way, or was asked for with ``--replace``.
        """
        guarded, old = self._guarded[args.type, args.name], self._old.get(args.urn)
        if old is None or not old.get(FINISHED) or self.allows(guarded.server):
            return
        changes = differences(args.new_inputs or {}, old)
        if changes:
            raise ReplacementRefusedError.of(
                f"{args.name} would be replaced",
                where=f"server {guarded.server}",
                expected="a change that leaves servers and volumes in place",
                got="; ".join(changes),
                hint=f"undo the change, or allow it and lose the data: pulumi config set --path 'ringfence:{ALLOW}[0]' {guarded.server}",
            )


def existing() -> OldOutputs:
    """Ask the engine for the outputs of every resource that the stack had when this run began."""
    stack = f"organization/{pulumi.get_project()}/{pulumi.get_stack()}"
    answer = read_state(stack, TRIES)
    return {urn: resource.get("outputs") or {} for urn, resource in (answer.get("outputs") or {}).items()}


def read_state(stack: str, tries: int) -> dict[str, Any]:
    """Read a stack's state. The engine is writing that file at the same moment, and a half-written one cannot be read: look again."""
    try:
        return pulumi.runtime.invoke("pulumi:pulumi:readStackResourceOutputs", {"stackName": stack}).value or {}
    except Exception as error:
        if tries <= 1 or HALF_WRITTEN not in str(error):
            raise
    time.sleep(PAUSE_SECONDS)
    return read_state(stack, tries - 1)


def unfinished(old: OldOutputs) -> list[str] | None:
    """Return the ids of all that the stack has when the run before broke off, ``None`` when it ended well or there was none.

    The engine gives the stack itself its outputs at the end of a run that went well, and takes them away when one fails.
    """
    stack = next((outputs for urn, outputs in old.items() if "::pulumi:pulumi:Stack::" in urn), None)
    if stack is None or stack:
        return None
    return sorted({str(outputs["id"]) for outputs in old.values() if outputs.get("id")})
