"""The commands ``scripts/toolchain/build``, ``env`` and ``tokens``."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from typing import TYPE_CHECKING

from infra.errors import RingfenceError
from toolchain import build, environment, parts, sdk
from toolchain.places import TREE, Places
from toolchain.progress import Board

if TYPE_CHECKING:
    from collections.abc import Sequence

_INTERRUPTED = 130  # what a shell reports for a command that Ctrl-C ended


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    parser = argparse.ArgumentParser(prog="scripts/toolchain", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("build", help="make the engine and its plug-ins, if they are not there yet")
    commands.add_parser("env", help='print the exports for eval "$(scripts/toolchain/env)"')
    commands.add_parser("tokens", help="write provider/sdk.json from the installed Python SDK")
    chosen = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        {"build": _build, "env": _env, "tokens": _tokens}[chosen.command]()
    except RingfenceError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\ninterrupted; run the same command again to go on: what was compiled is kept", file=sys.stderr)
        return _INTERRUPTED
    return 0


def _build() -> None:
    places = Places.of(os.environ)
    if not build.ready(places, os.environ):
        with Board() as board:
            build.build(places, os.environ, board)


def _env() -> None:
    print(environment.export(environment.load(Places.of(os.environ), os.environ)))


def _tokens() -> None:
    catalogue = sdk.read(sdk.installed())
    sdk.CATALOGUE.write_text(sdk.render(catalogue), encoding="utf-8")
    served = f"{len(catalogue['resources'])} resources, {len(catalogue['functions'])} functions"
    print(f"{sdk.CATALOGUE.relative_to(TREE)}: pulumi-openstack {parts.pinned('pulumi-openstack')}, {served}")


if __name__ == "__main__":
    sys.exit(main())
