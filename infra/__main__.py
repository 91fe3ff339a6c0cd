"""The Pulumi program: which stack is this, the platform or a tenant?"""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from pathlib import Path

import pulumi

from infra.components import settings
from infra.components.facts import PlatformFacts, platform_stack
from infra.components.guard import ALLOW, ReplacementGuard, existing, unfinished
from infra.components.headroom import refuse_platform, refuse_tenant
from infra.components.isolation import refuse_open_paths, warnings
from infra.components.platform import PlatformArgs, PlatformStack
from infra.components.tenant import TenantArgs, TenantStack
from infra.declaration import load_platform, load_tenant, names
from infra.declaration.folder import load_folder
from infra.delivery.files import Source
from infra.delivery.papers import AUTHORITY, Issuer
from infra.errors import RingfenceError
from infra.policy.flows import expand

ALREADY_SHOWN = 32
"""The exit code by which the engine knows that the program has said what is wrong (pulumi-language-python)."""


def main() -> None:
    """Read the declaration as a whole, prove that the tenants stay apart and that there is room, then declare the resources."""
    stack, root, today = pulumi.get_stack(), Path(pulumi.get_root_directory()), datetime.now(UTC).date()
    platform = load_platform(root / f"Pulumi.{names.PLATFORM}.yaml").platform
    tenant = None if stack == names.PLATFORM else load_tenant(root / f"Pulumi.{stack}.yaml", platform, today=today)
    declarations = load_folder(root, today=today)
    for warning in warnings(declarations, stack):
        pulumi.log.warn(warning)
    refuse_open_paths(declarations, stack)
    recorded = root if platform.services and platform.services.sessions else None
    settings.check_all(os.environ, platform=tenant is None, recorded=recorded)
    operators = settings.operators(recorded) if recorded else None
    cloud, key = settings.check_identities(os.environ), settings.automation_public_key()
    old = existing()
    guard = ReplacementGuard(old, frozenset(pulumi.Config().get_object(ALLOW) or []))
    if tenant is None:
        found = settings.cloud()
        settings.check_region(found, platform.region)
        refuse_platform(platform, old)
        made = PlatformStack(stack, PlatformArgs(platform, found, settings.image_file(), key, guard, operators))
        pulumi.export(names.PLATFORM, made.facts)
        if made.authority is not None:
            pulumi.export(AUTHORITY, made.authority)
        return
    refuse_tenant(tenant.tenant, platform, expand(tenant, platform), old)
    reference = platform_stack()
    source = Source(platform, Issuer.read(reference), operators) if platform.services else None
    built = TenantStack(stack, TenantArgs(tenant, platform, PlatformFacts.read(reference), cloud, key, guard, unfinished(old), source))
    pulumi.export("tenant", built.facts)
    pulumi.export("deployer_credential", built.credential)
    pulumi.export("reader_credential", built.reader_credential)


try:
    main()
except RingfenceError as error:
    pulumi.log.error(str(error))
    sys.exit(ALREADY_SHOWN)
