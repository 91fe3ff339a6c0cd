"""Where packages come from: the Debian archive that this machine already uses, at the guest's suite."""

from __future__ import annotations

import subprocess

from hardening.image import recipe
from infra.errors import RingfenceError

_FORMAT = "$(CREATED_BY)|$(LABEL)|$(REPO_URI)|$(RELEASE)|$(CODENAME)"
_LABELS = ("Debian", "Debian-Security")
_TRANSPORT = ("Acquire::http::", "Acquire::https::", "Acquire::Retries ")


def sources(index_targets: str, suite: str, keyring: str) -> list[str]:
    """Lines of a ``sources.list`` for ``suite``, from what apt says of this machine's own indices.

    ``index_targets`` has one line for each index in the form of ``_FORMAT``. Only Debian's own archives count; a pocket keeps its kind, so
    ``bookworm-security`` becomes ``trixie-security``. The main archive comes first.

    Raises:
        RingfenceError: this machine has no Debian archive configured, or its lists were never fetched.
    """
    found: dict[str, None] = {}
    for line in index_targets.splitlines():
        kind, label, uri, release, _codename = line.split("|")
        if kind == "Packages" and label in _LABELS:
            _, _, pocket = release.partition("-")
            found[f"{uri} {suite}{f'-{pocket}' if pocket else ''}"] = None
    if not any(entry.endswith(f" {suite}") for entry in found):
        raise RingfenceError.of(
            f"no Debian archive to take {suite} from",
            where="apt's sources",
            expected="the main archive of a Debian release, with its lists fetched",
            got=f"{len(index_targets.splitlines())} indices, none of them Debian's main archive",
            hint="run apt-get update and look at apt-get indextargets",
        )
    return [f"deb [signed-by={keyring}] {entry} main" for entry in sorted(found, key=lambda entry: not entry.endswith(f" {suite}"))]


def acquire_options(configuration: str) -> list[str]:
    """Options of this machine's apt that say how to fetch, from ``apt-config dump``: proxies, retries, certificates.

    Its trust settings (``AllowInsecureRepositories`` and the like) are not taken over: the image's packages are always checked.
    """
    return [line for line in configuration.splitlines() if line.startswith(_TRANSPORT)]


def host_sources(suite: str = recipe.SUITE) -> list[str]:
    """:func:`sources` for a suite (the recipe's, when none is named) on this machine."""
    return sources(_output("apt-get", "indextargets", "--format", _FORMAT), suite, recipe.KEYRING)


def host_options() -> list[str]:
    """:func:`acquire_options` of this machine."""
    return acquire_options(_output("apt-config", "dump"))


def _output(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout
