"""``scripts/image``: build the guest image, or say where it is."""

from __future__ import annotations

import argparse
import json
import sys
from typing import TYPE_CHECKING

from hardening.image import cache, host, sbom
from hardening.image.build import build
from hardening.image.progress import Progress
from infra.errors import RingfenceError

if TYPE_CHECKING:
    from pathlib import Path

_EXIT_INTERRUPTED = 130


def main(arguments: list[str] | None = None) -> int:
    """Entry point. The path, or the bill, is all that is on standard output; steps and errors go to standard error.

    Packages that the build needs on this machine are installed, but only when there is something to build.

    Exit codes: 0 done; 1 a step failed, or ``path`` or ``sbom`` of an image that is not built; 130 interrupted.
    """
    parser = argparse.ArgumentParser(prog="scripts/image", description="The guest image: Debian from packages, as a bootable qcow2.")
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("build", help="build it if it is not in the cache, and print its path")
    verbs.add_parser("path", help="print its path if it is built")
    verbs.add_parser("sbom", help="print what it is made of (CycloneDX 1.6, JSON) if it is built")
    verb = parser.parse_args(arguments).verb
    try:
        path = cache.image_path()
        if verb == "build" and not path.exists():
            progress = Progress()
            host.ensure(progress)
            path = build(progress)
    except RingfenceError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("\ninterrupted; nothing is left behind\n")
        return _EXIT_INTERRUPTED
    if not path.exists():
        sys.stderr.write(f"{path} is not built\n  next: scripts/image build\n")
        return 1
    sys.stdout.write(f"{path}\n" if verb != "sbom" else bill(path))
    return 0


def bill(path: Path) -> str:
    """Return the bill of materials of an image that is built."""
    manifest = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    return json.dumps(sbom.of(manifest, path.stem), indent=2) + "\n"


if __name__ == "__main__":
    raise SystemExit(main())
