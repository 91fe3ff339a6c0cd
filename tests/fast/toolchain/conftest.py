"""A machine to build on: folders of its own, and stand-ins for the compiler and the engine that record how they were called."""

from __future__ import annotations

import io
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from toolchain.places import Places
from toolchain.progress import Board

if TYPE_CHECKING:
    from pathlib import Path

# Answers as go does: prints a version, lists packages and the folder of a module, writes programs. What it "compiles" for the engine is
# a pulumi that can install a plug-in.
GO = """#!/bin/sh
echo "go $*" >> "$CALLS"
case "$1 $2" in
"env GOVERSION") echo "${GO_VERSION:-go1.99.0}" ;;
"list -m") echo "$SDK_MODULE" ;;
"list "*) echo "go: downloading example.org/a v1.0.0" >&2; echo a; echo b ;;
"build "*)
    if [ -n "$GO_FAILS" ]; then echo "main.go:1: what is this" >&2; exit 1; fi
    if [ -n "$GO_HANGS" ]; then touch "$GO_HANGS"; sleep 3 & wait; fi
    while [ "$1" != -o ]; do shift; done
    if [ -d "$2" ]; then
        cp "$PULUMI" "$2/pulumi"; cp "$PULUMI" "$2/pulumi-language-python"
    else
        echo plugin > "$2"
    fi ;;
esac
"""

PULUMI = """#!/bin/sh
echo "pulumi $*" >> "$CALLS"
case "$1" in
version) echo "${PULUMI_VERSION:-v3.259.0}" ;;
plugin)
    if [ -n "$OFFLINE" ] && [ "$6" != --file ]; then echo "could not download" >&2; exit 1; fi
    mkdir -p "$PULUMI_HOME/plugins/resource-openstack-$5"; cp "${7:-$0}" "$PULUMI_HOME/plugins/resource-openstack-$5/plugin" ;;
esac
"""


def program(path: Path, text: str) -> None:
    """Write an executable script."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    path.chmod(0o755)


@dataclass
class Machine:
    """A machine with a Go compiler and no Pulumi."""

    root: Path
    environ: dict[str, str]
    screen: io.StringIO = field(default_factory=io.StringIO)

    @property
    def places(self) -> Places:
        """Where this machine keeps its caches and state."""
        return Places.of(self.environ)

    @property
    def calls(self) -> list[str]:
        """Each call of a stand-in, in order."""
        path = self.root / "calls"
        return path.read_text(encoding="utf-8").splitlines() if path.exists() else []

    def board(self) -> Board:
        """Return a board that prints to ``screen``."""
        return Board(out=self.screen)

    def install_pulumi(self, *, without: str = "") -> Path:
        """Put a vendor's Pulumi on PATH, possibly an incomplete one."""
        folder = self.root / "vendor"
        for name in ("pulumi", "pulumi-language-python", "pulumi-language-python-exec", "pulumi-resource-pulumi-python"):
            if name != without:
                program(folder / name, PULUMI)
        self.environ["PATH"] = f"{folder}:{self.environ['PATH']}"
        return folder


@pytest.fixture(name="machine")
def _machine(tmp_path: Path) -> Machine:
    for script in ("python/cmd/pulumi-language-python-exec", "python/dist/pulumi-resource-pulumi-python"):
        program(tmp_path / "sdk" / script, "#!/bin/sh\n")
    program(tmp_path / "bin/go", GO)
    program(tmp_path / "stand-in/pulumi", PULUMI)
    return Machine(
        tmp_path,
        {
            "HOME": str(tmp_path / "home"),
            "PATH": os.pathsep.join([str(tmp_path / "bin"), "/usr/bin", "/bin"]),
            "CALLS": str(tmp_path / "calls"),
            "SDK_MODULE": str(tmp_path / "sdk"),
            "PULUMI": str(tmp_path / "stand-in/pulumi"),
        },
    )
