"""A lab that exists on paper only."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from labcloud.credentials.ceph_accounts import ACCOUNTS
from labcloud.credentials.passwords import Secrets
from labcloud.layout import Layout
from labcloud.render import Facts

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    """The layout of a lab with shifted ports."""
    root, venv, switch = tmp_path / "lab", tmp_path / "venv", tmp_path / "switch"
    root.mkdir()
    return Layout(root, venv, switch, port_offset=20000)


@pytest.fixture
def facts(layout: Layout) -> Facts:
    """Facts with passwords that can be told apart."""
    users = ("placement", "glance", "neutron", "nova", "cinder", "barbican")
    keys = {account.name: f"of-{account.name}" for account in ACCOUNTS}
    secrets = Secrets("of-operator", "of-bus", "kek-of-barbican", {user: f"of-{user}" for user in users}, keys)
    return Facts(layout, secrets, "11111111-2222-4333-8444-555555555555")
