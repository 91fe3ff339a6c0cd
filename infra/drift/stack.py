"""Declarations of today beside what the stacks were last brought up with: what `pulumi up` would change, without a cloud. Pure.

The engine keeps the configuration of the last update, each object by its name, and the texts of packet filters. Names of rules say what
they allow, so a flow that has changed, or whose last day is over since, shows by them. Files and keys are sealed and not compared.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from infra.declaration import names
from infra.declaration.addresses import bastion_address, services_address
from infra.declaration.envelope import PLATFORM, TENANT
from infra.declaration.yaml.source import dotted
from infra.drift import wanted
from infra.drift.comparison import settled
from infra.drift.deviation import ComparedObject, said
from infra.drift.found import NOUNS, NotOfferedError
from infra.drift.made import NOTHING
from infra.errors import CloudError
from infra.policy.bastion import platform_servers
from infra.render import nftables
from infra.render import security_groups as rendered

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from infra.declaration.yaml.source import KeyPath, Lines
    from infra.drift.comparison import Requirement
    from infra.drift.environment import Environment, TenantEnvironment
    from infra.drift.made import Made
    from infra.outcome import Deviation

KINDS = ("networks", "subnets", "routers", "groups", "address_groups", "servers", "volumes", "ports", "floating_ips")
"""What is compared by name; of ports those of servers, as routers have ports of their own."""
POLICY, RULE, KEY, STACK = "packet filter", "rule", "key of the declaration", "stack"


def requirements(environment: Environment) -> Iterator[Requirement]:
    """Yield every requirement about the stacks of the platform and the tenants."""
    declared = wanted.of_platform(environment, {})
    rules = {rule for server, each in platform_servers(environment.platform).items() for rule in _of_platform(server, each)}
    yield from _of(environment, names.PLATFORM, PLATFORM, declared, (rules, _platform_filters(environment)))
    for tenant in environment.tenants:
        rules = {rule.name for group in rendered.security_groups(tenant.policy) for rule in group.rules}
        declared = wanted.of_tenant(environment, tenant)
        yield from _of(environment, tenant.name, TENANT, declared, (rules, _filters(tenant)))


def _of(
    environment: Environment, who: str, key: str, declared: wanted.Wanted, rendered_: tuple[Collection[str], Mapping[str, str]]
) -> Iterator[Requirement]:
    made, (rules, filters) = environment.made.get(who, NOTHING), rendered_
    found: dict[str, Iterator[Deviation]] = {
        "its stack was brought up with its declaration of today": _settings(environment, who, key, made),
        "its stack has what is declared": _objects(made, declared),
        "rules in its stack are those of today": _names(made, "rules", RULE, rules),
        "packet filters in its stack are those of today": _texts(made, filters),
        "no update of its stack was cut off": _cut_off(who, made),
    }
    for requirement in settled(who, found):
        yield replace(requirement, deviations=tuple(replace(each, since=made.time) for each in requirement.deviations))


def _settings(environment: Environment, who: str, key: str, made: Made) -> Iterator[Deviation]:
    """Compare the declaration with the one that the engine keeps, key by key."""
    if key not in made.settings:
        what = "the engine keeps no declaration with this stack: by names, rules and filters alone it is compared"
        raise NotOfferedError.of(what, where=f"stack {who}", hint=f"pulumi up -s {who}")
    if who not in environment.written:
        raise CloudError.of("the declaration was not read", where=who, hint="compare in the project's folder")
    source = environment.written[who]
    try:
        kept = json.loads(made.settings[key])
    except ValueError as error:
        raise CloudError.of("the declaration that the engine keeps cannot be read", where=f"stack {who}", expected="JSON") from error
    yield from _keys((), source.tree, kept, source.lines)


def _keys(path: KeyPath, declared: Any, kept: Any, lines: Lines) -> Iterator[Deviation]:  # noqa: ANN401 - JSON
    one = ComparedObject(KEY, str(lines.of(*path)), dotted(path) or "the declaration")
    if isinstance(declared, dict) and isinstance(kept, dict):
        for key in sorted(declared.keys() | kept.keys(), key=str):
            yield from _key((*path, key), declared, kept, lines)
    elif isinstance(declared, list) and isinstance(kept, list) and len(declared) == len(kept):
        for number, (mine, theirs) in enumerate(zip(declared, kept, strict=True)):
            yield from _keys((*path, number), mine, theirs, lines)
    elif declared != kept:
        yield one.different(f"{one.name} is {said(declared)} ({one.id}), and {said(kept)} in the stack")


def _key(path: KeyPath, declared: dict[str, Any], kept: dict[str, Any], lines: Lines) -> Iterator[Deviation]:
    key = str(path[-1])
    one = ComparedObject(KEY, str(lines.of(*path)), dotted(path))
    if key not in kept:
        yield one.missing(f"{one.name} ({one.id}) is not in the stack")
    elif key not in declared:
        yield one.undeclared(f"{one.name} is in the stack, and no longer declared")
    else:
        yield from _keys(path, declared[key], kept[key], lines)


def _objects(made: Made, declared: wanted.Wanted) -> Iterator[Deviation]:
    want: dict[str, Collection[str]] = {
        "networks": declared.networks,
        "subnets": declared.subnets,
        "routers": declared.routers,
        "groups": declared.groups,
        "address_groups": declared.address_groups,
        "servers": declared.servers,
        "volumes": declared.volumes,
        "ports": {*declared.ports, *_of_routers(made)},
        "floating_ips": declared.public,
    }
    for kind in KINDS:
        yield from _names(made, kind, NOUNS[kind], want[kind])


def _of_routers(made: Made) -> Iterator[str]:
    """Yield the ports of the stack by which it plugged routers in."""
    return (port.name for port in made.kinds.get("ports", {}).values() if port.id in made.router_interfaces())


def _names(made: Made, kind: str, noun: str, want: Collection[str]) -> Iterator[Deviation]:
    found = made.kinds.get(kind, {})
    for name in sorted(want - found.keys() if isinstance(want, set) else set(want) - found.keys()):
        yield ComparedObject(noun, "", name).missing(f"{noun} {name} is declared, and not in the stack")
    for name in sorted(found.keys() - set(want)):
        yield ComparedObject(noun, found[name].id, name).undeclared(f"{noun} {name} is in the stack, and no longer declared")


def _texts(made: Made, want: Mapping[str, str]) -> Iterator[Deviation]:
    found = made.kinds.get("guest_policies", {})
    yield from _names(made, "guest_policies", POLICY, want.keys())
    for name in sorted(want.keys() & found.keys()):
        if "policy" not in found[name].outputs:
            raise CloudError.of("the stack does not show its packet filter", where=name, expected="an output `policy`")
        if found[name].outputs["policy"] != want[name]:
            one = ComparedObject(POLICY, found[name].id, name)
            yield one.different(f"{one} in the stack is not the one that the flows come to today")


def _cut_off(who: str, made: Made) -> Iterator[Deviation]:
    for name in made.pending:
        yield ComparedObject(STACK, "", who).different(f"an update was cut off: {name} is half made, or waits for its deletion")


def _of_platform(server: str, rules: Collection[Any]) -> Iterator[str]:
    for rule in rules:
        yield names.group_rule(server, rule.direction.value, rule.match.protocol.value, str(rule.match.first), str(rule.peer))


def _filters(tenant: TenantEnvironment) -> dict[str, str]:
    return {names.server(tenant.name, server): nftables.render(tenant.policy, server) for server in tenant.declaration.servers}


def _platform_filters(environment: Environment) -> dict[str, str]:
    """Return those of the platform's servers; one that declares no services has an image's only."""
    platform, address = environment.platform, services_address(environment.platform)
    if address is None:
        return {}
    rules, places = platform_servers(platform), {names.BASTION: bastion_address(platform), names.SERVICES: address}
    return {server: nftables.render_platform(server, place, rules[server]) for server, place in places.items()}
