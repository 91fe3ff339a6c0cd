"""The JSON Schema refuses and accepts what the loader does, as far as one value at a time goes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from infra.declaration import loader
from infra.declaration.schema import stack_schema
from infra.declaration.yaml import reader
from tests.fast.declaration import declared
from tests.fast.declaration.declared import ABSENT, changed
from tests.fast.declaration.json_schema import refusals
from tests.fast.declaration.refused_platforms import CASES as PLATFORM_CASES
from tests.fast.declaration.refused_tenants import CASES as TENANT_CASES
from tests.fast.declaration.test_accepted import PLATFORMS, TENANTS
from tests.fast.declaration.written import file

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).resolve().parents[3]
SCHEMA = stack_schema()
SHAPES = (
    *("not a", "not one of", "unknown key", "nothing is listed", "the number is", "the text is", "there is no such day", "true or false"),
    "the host number is taken",
)
"""How a mistake begins that is one value's own; ``is missing`` is how it ends."""


def tree_of(base: Mapping[str, Any], changes: Mapping[str, Any], key: str, folder: Path) -> object:
    """Return a declaration with changes, as the reader reads it."""
    return reader.read(declared.written(folder, "acme", key, changed(base, changes))).tree


def is_shape(what: str) -> bool:
    """Whether a mistake is one value's own."""
    return what.startswith(SHAPES) or what.endswith("is missing")


@pytest.mark.parametrize("name", [*TENANTS, *PLATFORMS])
def test_what_the_loader_accepts_the_schema_accepts(name: str, tmp_path: Path) -> None:
    """No editor underlines what is right."""
    if name in TENANTS:
        tree = tree_of(declared.TENANT, TENANTS[name], "ringfence:tenant", tmp_path)
    else:
        tree = tree_of(declared.PLATFORM, PLATFORMS[name], "ringfence:platform", tmp_path)
    assert refusals(SCHEMA, tree) == []


@pytest.mark.parametrize(
    "path", [*ROOT.glob("Pulumi.*.yaml"), *(ROOT / "tests" / "golden").rglob("Pulumi.*.yaml")], ids=lambda path: path.stem
)
def test_what_is_kept_in_the_repository_the_schema_accepts(path: Path) -> None:
    """The shipped declarations, and those of the other tests."""
    assert refusals(SCHEMA, reader.read(path).tree) == []


@pytest.mark.parametrize("name", [*TENANT_CASES, *PLATFORM_CASES])
def test_a_mistake_of_one_value_is_refused_by_both(name: str, tmp_path: Path) -> None:
    """A wrong name, prefix, port, day, number or key is refused by the schema too; what is between the parts is not its business."""
    key, base, cases = (
        ("tenant", declared.TENANT, TENANT_CASES) if name in TENANT_CASES else ("platform", declared.PLATFORM, PLATFORM_CASES)
    )
    tree = tree_of(base, cases[name].changes, f"ringfence:{key}", tmp_path)
    structural = any(is_shape(what) for _, what, _ in cases[name].mistakes)
    assert bool(refusals(SCHEMA, tree)) is structural


RUBBISH = """\
config:
  ringfence:tenant:
    region: north
    labels: {classification: internal, service: x}
    zones: {app: {cidr: banana}, APP_TWO: 17}
    servers: {API: 17, Web_1: {flavour: huge, nonsense: 1}}
    flows: {Bad_Name: {anything: goes}}
"""


def test_rubbish_is_refused_at_every_place() -> None:
    """Names, prefixes and keys are looked at wherever they stand."""
    found = refusals(SCHEMA, reader.parse(RUBBISH, "f").tree)
    assert {line.partition(":tenant.")[2].partition(":")[0] for line in found} >= {
        "zones.app.cidr",
        "zones.APP_TWO",
        "servers.API",
        "servers.Web_1",
        "flows.Bad_Name",
    }


FRAMES = {
    "another key": "konfig: {}\n" + file(),
    "another key of ringfence's": file().replace("config:\n", "config:\n  ringfence:tennant: {}\n"),
    "both kinds": file() + "  ringfence:platform: {}\n",
    "neither kind": "config: {}\n",
    "nothing": "encryptionsalt: x\n",
}


@pytest.mark.parametrize("name", FRAMES)
def test_what_is_around_a_declaration_is_looked_at(name: str) -> None:
    """A misspelt key of the file, and two kinds in one."""
    assert refusals(SCHEMA, reader.parse(FRAMES[name], "f").tree)


def test_other_programs_keys_are_left_alone() -> None:
    """The engine's own keys, and other namespaces of the configuration."""
    text = "encryptionsalt: v1:abc\n" + file().replace("config:\n", "config:\n  openstack:cloud: lab\n  ringfence:allowReplace: [web]\n")
    assert refusals(SCHEMA, reader.parse(text, "f").tree) == []


WORDS = [
    "",
    " ",
    "a",
    "ab",
    "abc",
    "no-",
    "UP",
    "x" * 31,
    "x" * 32,
    "y" * 201,
    "443",
    "0443",
    "80-90",
    "90-80",
    "70000",
    "1 - 2",
    "0",
    "-1",
]
PREFIXES = [
    "10.0.0.0/24",
    "10.0.0.0/8",
    "10.0.0.0",
    "10.0.0.0/33",
    "256.0.0.0/8",
    "10.0.0.0/255.0.0.0",
    "fd00::/64",
    "fd00::/129",
    "::/0",
    ":::/64",
]
PREFIXES += [
    "1:2:3:4:5:6:7:8/128",
    "1:2:3:4:5:6:7::/112",
    "1::3:4:5:6:7:8/128",
    "1:2:3:4:5:6:7:8:9/64",
    "fd00::1::/64",
    "::ffff:1.2.3.4/128",
    "fe80::%e/64",
]
DAYS = [
    "2027-12-31",
    "2027-02-30",
    "2027-13-01",
    "2027-1-1",
    "2027-12-31 00:00:00 +0000 UTC",
    "2027-12-31T00:00:00Z",
    "31.12.2027",
    " 2027-12-31",
]
VALUES = st.sampled_from([*WORDS, *PREFIXES, *DAYS, 0, 1, 2, 11, 255, 256, 443, 65536, 65537, None, [], {}, [443], ["a"], {"a": 1}, ABSENT])
PLACES = {
    "": "region labels zones externals servers flows other",
    "labels.": "service classification",
    "zones.": "app app.cidr app.cidr6 data next Two",
    "externals.": "partner.cidrs",
    "servers.": "web web.zones web.zones.app web.flavor web.root web.data db.data.db db.data.db.size web.volume_type web.public web.other",
    "flows.shop.": "from ports protocol icmp icmp.type icmp.code reason owner expires other",
}
PATHS = st.sampled_from([before + name for before, names in PLACES.items() for name in names.split()])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=3 * settings().max_examples)
@given(path=PATHS, value=VALUES)
def test_schema_and_shapes_are_of_one_mind(path: str, value: object, tmp_path: Path) -> None:
    """Whatever value stands at whatever key: the schema refuses it exactly when the model's shapes do."""
    tree: Any
    try:
        tree = tree_of(declared.TENANT, {path: value}, "ringfence:tenant", tmp_path)
    except (KeyError, TypeError, AttributeError):
        return  # there is nothing to take away, or nothing to put it below
    source = reader.read(tmp_path / "Pulumi.acme.yaml").at("config", "ringfence:tenant")
    assert not source.mistakes
    shape = loader.shapes_of("acme", source).mistakes
    inexact = any(one.what in {"the prefix has host bits set", "the port range is inverted"} for one in shape)
    assert bool(refusals(SCHEMA, tree)) is bool(shape) or inexact, (shape, refusals(SCHEMA, tree))
