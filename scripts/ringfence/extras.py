"""What is installed only when it is asked for: which extra of the distribution has a module that is not there."""

from __future__ import annotations

from infra.errors import Problem

EXTRAS = {
    "verify": ("openstack", "keystoneauth1", "requests", "paramiko", "cryptography", "testinfra"),
    "provision": ("pulumi", "pulumi_openstack"),
}
"""The modules that each extra brings."""


def missing(module: str) -> Problem | None:
    """Say which extra brings a module; ``None`` for one that is always there."""
    top = module.partition(".")[0]
    extra = next((name for name, modules in EXTRAS.items() if top in modules), None)
    if extra is None:
        return None
    hint = f"pip install 'ringfence[{extra}]', or the same with uv or pipx"
    return Problem(f"this needs the extra `{extra}` of ringfence, which is not installed", got=f"no module {top}", hint=hint)
