"""What Cinder tells of a volume, a snapshot or a backup: which fields are always there, and which only sometimes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

VERSION = "3.64"
"""The oldest microversion that tells the ids of keys (``cinder/api/microversions.py``: ``ENCRYPTION_KEY_ID_IN_DETAILS``)."""
PROJECT = "os-vol-tenant-attr:tenant_id"
KEY = "encryption_key_id"
NO_SECRET = ("", "00000000-0000-0000-0000-000000000000")
"""What stands for no secret of Barbican; the zeros are the one key of Cinder's setting ``fixed_key``."""


def project_of(row: Mapping[str, Any]) -> str:
    """Return the id of the project that owns a volume. Raises KeyError for an answer without it: nothing is said without an owner."""
    return str(row[PROJECT])


def key_of(row: Mapping[str, Any]) -> str:
    """Return the id of the secret that a volume, snapshot or backup is encrypted with, or "" where there is none.

    Cinder leaves the field out for one that is not encrypted and for the fixed key (``cinder/api/v3/views/volumes.py``,
    ``backups.py``). Clients write null.
    """
    key = str(row.get(KEY) or "")
    return "" if key in NO_SECRET else key
