"""The variables that make a plain ``pulumi`` work: which engine, which plug-ins, where the stacks are and what encrypts their secrets."""

from __future__ import annotations

import os
import secrets
import shlex
from typing import TYPE_CHECKING

from toolchain import build
from toolchain.places import TREE
from toolchain.progress import ToolchainError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from toolchain.places import Places

# Says that the variables below are ours: in a shell that has evaluated them they may be replaced, anything else is the user's own choice.
_MARK = "RINGFENCE_PULUMI"


def load(places: Places, environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variables to set, PATH included, on top of ``environ``.

    A ``PULUMI_BACKEND_URL`` or passphrase that the user has set is kept: a team's stacks live where the team put them.
    Makes the folder of the stacks and the passphrase (mode 0600) when they do not exist.

    Raises:
        ToolchainError: the engine or the plug-in is not there.
    """
    engine, _ = build.engine_bin(places, environ)
    if engine is None or not build.plugin_home(places).exists():
        raise ToolchainError.of("the Pulumi engine is not there yet", where=str(places.toolchain), hint="scripts/toolchain/build")
    variables = {
        "PATH": _prepend(engine, environ.get("PATH", os.defpath)),
        "PULUMI_HOME": str(build.plugin_home(places)),
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        # components/ maps this onto OS_CLOUD for the tenant's own provider: in gophercloud a set OS_CLOUD wins over explicit credentials,
        # and the deployer would act as the administrator.
        "RINGFENCE_NO_CLOUD": "",
        _MARK: str(places.stacks),
    }
    if engine.is_relative_to(places.toolchain):
        # Our own engine comes with all that is needed, and the vendor's site may be out of reach.
        variables["PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION"] = "true"
    ours = _MARK in environ
    if ours or "PULUMI_BACKEND_URL" not in environ:
        places.stacks.mkdir(parents=True, exist_ok=True, mode=0o700)
        variables["PULUMI_BACKEND_URL"] = places.stacks.as_uri()
    if ours or not {"PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE"} & environ.keys():
        variables["PULUMI_CONFIG_PASSPHRASE_FILE"] = str(passphrase(places.stacks))
    return variables


def export(variables: Mapping[str, str]) -> str:
    """Render the variables as one line for ``eval``."""
    return "export " + " ".join(f"{name}={shlex.quote(value)}" for name, value in variables.items())


def passphrase(folder: Path) -> Path:
    """Return the file with the passphrase of the stacks' secrets, making it once. Who loses it loses the secrets: back it up as well."""
    path = folder / "passphrase"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not path.exists():
        new = folder / f".passphrase-{os.getpid()}"
        new.touch(mode=0o600)
        new.write_text(secrets.token_urlsafe(32) + "\n", encoding="utf-8")
        try:
            path.hardlink_to(new)  # unlike a rename this never replaces one that another process made meanwhile
        except FileExistsError:
            pass
        finally:
            new.unlink()
    return path


def _prepend(folder: Path, path: str) -> str:
    """Put the engine and .venv (the ``ringfence`` command) in front of PATH, once."""
    front = [str(folder), str(TREE / ".venv/bin")]
    return os.pathsep.join([*front, *(entry for entry in path.split(os.pathsep) if entry not in front)])
