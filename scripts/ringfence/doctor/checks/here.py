"""What this machine needs before it can make anything: declarations, settings, a key, an image, the engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ringfence.doctor.model import Check, Facts, Finding, found, lacking

if TYPE_CHECKING:
    from collections.abc import Iterator


def declarations(facts: Facts) -> Iterator[Finding]:
    """Name every mistake; a folder without a declaration of the platform has one."""
    for problem in facts.declared.problems:
        yield lacking(
            f"{problem.where}: {problem.what}" if problem.where else problem.what,
            problem.hint or "ringfence validate, which lists every mistake with its line",
        )
    if facts.declared.platform is not None:
        tenants = ", ".join(one.tenant.name for one in facts.declared.tenants)
        yield found(f"the platform{f', and the tenants {tenants}' if tenants else ', and no tenant'}")


def settings(facts: Facts) -> Iterator[Finding]:
    """Name what `pulumi up` would refuse of the environment, as it would."""
    wrong = facts.seen.here.environment
    yield (
        lacking(wrong, "export OS_CLOUD=NAME RINGFENCE_NO_CLOUD=; unset OS_USERNAME OS_PASSWORD OS_TOKEN")
        if wrong
        else found(f"OS_CLOUD names {facts.seen.cloud}, and RINGFENCE_NO_CLOUD is set and empty")
    )


def tools(facts: Facts) -> Iterator[Finding]:
    """Name what `pulumi up` looks for on this machine and would not find."""
    here = facts.seen.here
    mends = {
        "key": (here.key, "ringfence keys", "the automation has a key"),
        "image": (here.image, './scripts/image build && export RINGFENCE_IMAGE="$(./scripts/image path)"', "there is a guest image"),
        "engine": (here.engine, 'eval "$(./scripts/env)", or install Pulumi: https://www.pulumi.com/docs/install', "there is an engine"),
    }
    for wrong, mend, right in mends.values():
        yield lacking(wrong, mend) if wrong else found(right)


CHECKS = (
    Check(
        "declarations",
        "The folder declares a platform and tenants without a mistake",
        "Every other check asks what they need; a tenant whose declaration has mistakes is left out.",
        (),
        declarations,
    ),
    Check(
        "settings",
        "The environment names one cloud and no second identity",
        "gophercloud lets OS_CLOUD win over a tenant's own credential: the tenant's things would be made by the admin.",
        (),
        settings,
    ),
    Check("tools", "This machine has a key, a guest image and the engine", "The first `pulumi up` stops without them.", (), tools),
)
