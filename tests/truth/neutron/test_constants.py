"""The words of Neutron that the model knows, compared with neutron_lib's own."""

from __future__ import annotations

import json
import subprocess
from functools import cache
from typing import Any

import pytest

from infra.neutron import owners
from infra.neutron.semantics import extensions
from infra.neutron.sources import fields
from tests.truth.neutron.environment import SECONDS, python

pytestmark = pytest.mark.truth

ASK = """
import importlib, json, pkgutil
import neutron.extensions
from neutron_lib import constants
from neutron_lib.api import definitions
found = {name: value for name, value in vars(constants).items() if name.startswith("DEVICE_OWNER_")}
sets = {name: getattr(constants, name) for name in ("ROUTER_INTERFACE_OWNERS", "ROUTER_PORT_OWNERS")}
modules = [importlib.import_module(f"{definitions.__name__}.{module.name}") for module in pkgutil.iter_modules(definitions.__path__)]
names = [module.name for module in pkgutil.iter_modules(neutron.extensions.__path__)]
own = [importlib.import_module(f"{neutron.extensions.__name__}.{name}") for name in names]
classes = [value for module in own for value in vars(module).values() if isinstance(value, type) and hasattr(value, "get_alias")]
aliases = {module.ALIAS for module in modules if hasattr(module, "ALIAS")}
for each in classes:
    try:
        aliases.add(each.get_alias())
    except Exception:
        pass
fields = {}
for module in modules:
    for collection, attributes in (getattr(module, "RESOURCE_ATTRIBUTE_MAP", None) or {}).items():
        fields.setdefault(collection, []).extend(name for name, about in attributes.items() if about.get("is_visible"))
print(json.dumps({"owners": found, "aliases": sorted(filter(None, aliases)), "fields": fields, **sets}))
"""


@cache
def told() -> dict[str, Any]:
    """Return what neutron_lib says."""
    done = subprocess.run([str(python()), "-W", "ignore", "-c", ASK], capture_output=True, text=True, timeout=SECONDS, check=False)
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def test_every_owner_of_neutron_is_known() -> None:
    """Each is one that the model knows, or one of a service that it does not know; whole prefixes are not owners."""
    words = {owner for name, owner in told()["owners"].items() if isinstance(owner, str) and not name.endswith("_PREFIX")}
    assert {word for word in words if not owners.is_known(word)} == owners.NOT_MODELLED


def test_the_owners_of_router_interfaces_are_neutrons() -> None:
    """What plugs a router in, and everything that is a router's."""
    assert set(told()["ROUTER_INTERFACE_OWNERS"]) == owners.ROUTER_INTERFACES
    assert {owner for owner in told()["ROUTER_PORT_OWNERS"] if not owners.is_routers(owner)} == set()


def test_every_extension_of_neutron_stands_in_one_list() -> None:
    """Of the library's, and of Neutron's own; none is in two."""
    lists = (extensions.MODELLED, extensions.HARMLESS, extensions.COUNTED, extensions.BY_FIELD.keys(), {extensions.HELPERS})
    known = [alias for each in lists for alias in each]
    assert len(known) == len(set(known))
    assert set(told()["aliases"]) - set(known) == set()


def test_every_field_of_neutron_is_known_or_said() -> None:
    """What the definitions add to objects that a snapshot has: known, or of an extension that is not modelled."""
    said = {label.removeprefix("field:") for label in extensions.BY_FIELD.values()}
    kinds = {"subnetpools": "subnet_pools", "floatingips": "floating_ips", "rbac-policies": "rbac_policies"}
    missing = set()
    for collection, names in told()["fields"].items():
        section = kinds.get(collection, collection)
        for name in names if section in fields.KNOWN else ():
            if name not in fields.KNOWN[section] and f"{section.removesuffix('s')}.{name}" not in said:
                missing.add(f"{section}.{name}")
    assert missing == set()
