"""The names that the plug-in must serve."""

from __future__ import annotations

import ast
import json
import re
from typing import TYPE_CHECKING

import pytest

from toolchain import sdk
from toolchain.places import TREE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SDK_SOURCE = """
import pulumi

@pulumi.type_token("openstack:dmz/gate:Gate")
class Gate(pulumi.CustomResource):
    def __init__(__self__): ...

    @_builtins.property
    @pulumi.getter(name="fixedIps")
    def fixed_ips(self) -> pulumi.Output[Optional[Sequence['outputs.GateFixedIp']]]: ...

    @_builtins.property
    @pulumi.getter
    def name(self) -> pulumi.Output[_builtins.str]: ...

    @_builtins.property
    @pulumi.getter
    def labels(self) -> pulumi.Output[Optional[Mapping[str, Sequence[str]]]]: ...

    @staticmethod
    def get(name: str) -> 'Gate': ...

@pulumi.type_token("openstack:dmz/nothing:Nothing")
class NotAResource: ...

def get_gate():
    return pulumi.runtime.invoke('openstack:dmz/getGate:getGate', {}).value
"""


@pytest.fixture(name="package")
def _package(tmp_path: Path) -> Path:
    (tmp_path / "dmz").mkdir()
    (tmp_path / "dmz/gate.py").write_text(SDK_SOURCE, encoding="utf-8")
    (tmp_path / "pulumi-plugin.json").write_text('{"version": "1.2.3"}', encoding="utf-8")
    return tmp_path


def test_reading(package: Path) -> None:
    """Resources with name and shape of each property, and functions, are found in the source; other classes and methods are not."""
    assert sdk.read(package) == {
        "version": "1.2.3",
        "resources": {"openstack:dmz/gate:Gate": {"fixedIps": "list", "labels": "single", "name": "single"}},
        "functions": ["openstack:dmz/getGate:getGate"],
    }


def test_rendering_loses_nothing(package: Path) -> None:
    """The text of sdk.json is the catalogue, one token a line."""
    catalogue = sdk.read(package)
    text = sdk.render(catalogue)
    assert json.loads(text) == catalogue
    assert [line for line in text.splitlines() if "openstack:dmz/gate" in line] == [
        '    "openstack:dmz/gate:Gate": {"fixedIps": "list", "labels": "single", "name": "single"}'
    ]


def test_the_committed_list_has_the_resources_of_the_installed_sdk() -> None:
    """After a new SDK, `scripts/toolchain/tokens` has been run (tests/truth compares the whole list)."""
    table = (sdk.installed() / "__init__.py").read_text(encoding="utf-8")
    assert set(re.findall(r'"(openstack:[^"]+)": "', table)) == set(json.loads(sdk.CATALOGUE.read_text(encoding="utf-8"))["resources"])


def used(source: str) -> Iterator[str]:
    """Yield ``module/Class`` for each resource of pulumi_openstack that a program names."""
    tree = ast.parse(source)
    packages, modules = set[str](), dict[str, str]()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            packages |= {name.asname or name.name for name in node.names if name.name == "pulumi_openstack"}
        if isinstance(node, ast.ImportFrom) and node.module == "pulumi_openstack":
            modules |= {name.asname or name.name: name.name for name in node.names}
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(value=ast.Attribute(value=ast.Name(id=package), attr=module), attr=name) if package in packages:
                yield f"{module}/{name}"
            case ast.Attribute(value=ast.Name(id=alias), attr=name) if alias in modules:
                yield f"{modules[alias]}/{name}"
            case _:
                pass


def test_used_finds_both_ways_of_importing() -> None:
    """The finder itself: attribute of the package, and module imported by name."""
    source = "import pulumi_openstack as os\nfrom pulumi_openstack import compute\nos.networking.Network('n')\ncompute.Instance('i')"
    assert set(used(source)) == {"networking/Network", "compute/Instance"}


def test_every_resource_that_the_program_uses_is_served() -> None:
    """What infra/ creates, the plug-in knows (that it serves the whole list is tested in Go)."""
    catalogue = json.loads(sdk.CATALOGUE.read_text(encoding="utf-8"))["resources"]
    known = {token.split(":")[1].split("/")[0] + "/" + token.split(":")[2] for token in catalogue}
    programs = [text for path in (TREE / "infra").rglob("*.py") if "pulumi_openstack" in (text := path.read_text(encoding="utf-8"))]
    wanted = {name for text in programs for name in used(text)}
    resources = {name for name in wanted if name.split("/")[1][:1].isupper() and not name.endswith("Args")}
    assert {"networking/SecGroupRule", "networking/Port"} <= resources
    assert resources <= known
