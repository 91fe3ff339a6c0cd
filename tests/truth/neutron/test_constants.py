"""The words of Neutron that the model knows, compared with neutron_lib's own."""

from __future__ import annotations

import json
import subprocess
from functools import cache
from typing import Any

import pytest

from infra.neutron import owners
from tests.truth.neutron.environment import SECONDS, python

pytestmark = pytest.mark.truth

ASK = """
import importlib, json, pkgutil
from neutron_lib import constants
from neutron_lib.api import definitions
found = {name: value for name, value in vars(constants).items() if name.startswith("DEVICE_OWNER_")}
sets = {name: getattr(constants, name) for name in ("ROUTER_INTERFACE_OWNERS", "ROUTER_PORT_OWNERS")}
modules = [importlib.import_module(f"{definitions.__name__}.{module.name}") for module in pkgutil.iter_modules(definitions.__path__)]
aliases = sorted({module.ALIAS for module in modules if hasattr(module, "ALIAS")})
print(json.dumps({"owners": found, "aliases": aliases, **sets}))
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
