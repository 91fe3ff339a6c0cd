"""What a server is asked about its packages. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hardening.services import packages
from hardening.services.credentials import seen
from infra.policy.services import Service, declared_services
from infra.vulnerabilities.installed import FIELDS

if TYPE_CHECKING:
    from infra.declaration.model import Platform

Command = tuple[str, ...]
_TOLD = "\t".join(f"${{{field}}}" for field in FIELDS) + "\n"
_OFFERED = """set -eu
plan=$(apt-get -q -s -o Dir::Etc::preferences={preferences} upgrade --with-new-pkgs)
echo "$plan"
wanted=$(echo "$plan" | sed -n 's/^Inst \\([^ ]*\\) .*(\\([^ ]*\\) .*/\\1=\\2/p')
[ -z "$wanted" ] || apt-cache show $wanted | grep -E '^(Package|Version|Source|Built-Using|Static-Built-Using): '
"""
"""What the platform's service would bring, and what each of it is made from; a part that fails fails the whole."""


def of_host(platform: Platform) -> dict[str, Command]:
    """Return what every server is asked; what it is offered only where there is a service that offers."""
    asked: dict[str, Command] = {
        "installed": ("dpkg-query", "-W", "-f", _TOLD),
        "release": ("cat", "/etc/os-release"),
    }
    if Service.PACKAGES in declared_services(platform):
        asked["offered"] = ("sh", "-c", _OFFERED.format(preferences=seen(packages.SECURITY)))
    return asked
