"""What can be built, and from what: one Go module each, named in the cache by the hash of everything that goes into it."""

from __future__ import annotations

import hashlib
import platform
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from toolchain.places import HERE, TREE, Places

if TYPE_CHECKING:
    from pathlib import Path

PULUMI = "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
PULUMI_SDK = "github.com/pulumi/pulumi/sdk/v3"
HOST = "./pulumi-language-python"
PLUGIN = "pulumi-resource-openstack"

# Scripts of the vendor's archive that the SDK module carries as well: they connect a Python program, and a dynamic
# resource written in Python, with the engine.
VENDOR_SCRIPTS = ("python/cmd/pulumi-language-python-exec", "python/dist/pulumi-resource-pulumi-python")

# How every package is compiled, by the build and by the Go tests: equal flags let them share what is compiled. No path of this machine
# gets into the result, and no debugging tables are made, which the linker would leave out anyway (a tenth of the time).
COMPILER_FLAGS = ("-buildvcs=false", "-trimpath", "-gcflags=all=-dwarf=false")

# Changed by hand when the way of building changes although no source does.
_RECIPE = "1"


@dataclass(frozen=True, slots=True)
class Part:
    """A Go module under this folder and the programs that are made from it."""

    name: str
    packages: tuple[str, ...]
    linker: str

    @property
    def source(self) -> Path:
        """The folder of the Go module."""
        return HERE / self.name

    def key(self) -> str:
        """Hash what decides the result: sources, pins of all modules, linker flags, processor. Tests do not count."""
        digest = hashlib.sha256("\0".join((_RECIPE, platform.machine(), *COMPILER_FLAGS, *self.packages, self.linker)).encode())
        for path in sorted(self.source.rglob("*")):
            if path.is_file() and not path.name.endswith("_test.go"):
                digest.update(f"\0{path.relative_to(self.source)}\0".encode())
                digest.update(path.read_bytes())
        return digest.hexdigest()[:16]

    def home(self, places: Places) -> Path:
        """The folder that holds the result once it is complete; it never holds a partial one."""
        return places.toolchain / f"{self.name}-{self.key()}"


@cache
def pinned(package: str) -> str:
    """Return the version of a Python package in requirements.lock, for example ``3.259.0`` for ``pulumi``.

    Raises:
        LookupError: the lock does not have the package.
    """
    for line in (TREE / "requirements.lock").read_text(encoding="utf-8").splitlines():
        name, _, rest = line.partition("==")
        if name == package:
            return rest.split()[0]
    message = f"requirements.lock does not pin {package}"
    raise LookupError(message)


def engine() -> Part:
    """Pulumi's command line and our language host, of the version of the Python SDK."""
    version = pinned("pulumi")
    return Part("engine", (PULUMI, HOST), f"-s -w -X {PULUMI_SDK}/go/common/version.Version=v{version} -X main.version={version}")


def provider() -> Part:
    """The OpenStack plug-in; its version is compiled in from ``sdk.json``."""
    return Part("provider", (".",), "-s -w")


def go_needed() -> tuple[int, ...]:
    """The oldest Go that may build the parts: the highest ``go`` line of their go.mod files."""
    return max(_go_line(part.source / "go.mod") for part in (engine(), provider()))


def _go_line(path: Path) -> tuple[int, ...]:
    for line in path.read_text(encoding="utf-8").splitlines():
        word, _, version = line.partition(" ")
        if word == "go":
            return tuple(map(int, version.split(".")))
    message = f"{path} has no go line"
    raise LookupError(message)
