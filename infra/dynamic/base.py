"""What all dynamic resources share: a diff by named properties, and typed access to what the engine hands over."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, ClassVar

from pulumi.dynamic import CreateResult, DiffResult, ReadResult, ResourceProvider, UpdateResult

from infra.errors import CloudError

if TYPE_CHECKING:
    from collections.abc import Mapping

Props = dict[str, Any]
"""Properties as the engine hands them to a dynamic provider: JSON values; unknown ones are a marker string at preview."""
NEUTRON_REPAIR_SECONDS = 370.0
"""How long something may be in Neutron's database only, after a crash. Neutron compares the database with OVN every 300 s
(``DB_CONSISTENCY_CHECK_INTERVAL`` in ``neutron/common/ovn/constants.py``), leaves alone what is younger than 60 s
(``INCONSISTENCIES_OLDER_THAN`` in ``neutron/db/ovn_revision_numbers_db.py``) and makes what is missing; for most things no request does."""
REPAIR_VARIABLE = "RINGFENCE_NEUTRON_REPAIR_SECONDS"
"""The environment variable that tells it of a cloud that repairs more often."""


class Lifecycle(ResourceProvider):
    """A resource's life as the engine drives it.

    ``identity`` names the properties that make it another resource when they change, ``content`` those that are updated in place;
    all others (how to reach something, for example) may change without any action.
    """

    serialize_as_secret_always = False
    identity: ClassVar[tuple[str, ...]] = ()
    content: ClassVar[tuple[str, ...]] = ()

    def diff(self, _id: str, _olds: Props, _news: Props) -> DiffResult:
        """Compare the properties that matter with what was created or last read."""
        replaces = [name for name in self.identity if _olds.get(name) != _news.get(name)]
        updates = [name for name in self.content if _olds.get(name) != _news.get(name)]
        return DiffResult(changes=bool(replaces or updates), replaces=replaces, delete_before_replace=True)

    def create(self, props: Props) -> CreateResult:
        """Make it; must be implemented."""
        raise NotImplementedError

    def read(self, id_: str, props: Props) -> ReadResult:
        """Nothing outside can change such a resource unless a subclass says otherwise."""
        return ReadResult(id_, dict(props))

    def update(self, _id: str, _olds: Props, _news: Props) -> UpdateResult:
        """Take over the new properties."""
        return UpdateResult(dict(_news))

    def delete(self, _id: str, _props: Props) -> None:
        """Nothing to remove unless a subclass says otherwise."""


def neutron_repair_seconds() -> float:
    """Return how long Neutron may take to repair what its crash left. Raises :class:`CloudError` when the setting is no number."""
    text = os.environ.get(REPAIR_VARIABLE, "")
    if not text:
        return NEUTRON_REPAIR_SECONDS
    if text.isascii() and text.isdigit() and int(text) > 0:
        return float(text)
    raise CloudError.of(
        "Neutron's time to repair what its crash left is not known",
        where=REPAIR_VARIABLE,
        expected="a whole number of seconds above 0",
        got=repr(text),
        hint=f"unset it: {NEUTRON_REPAIR_SECONDS:.0f} s are enough for Neutron as it is shipped",
    )


def required(props: Mapping[str, Any], name: str, where: str) -> str:
    """Return a text property. Raises :class:`CloudError` when it is missing or not a text."""
    value = props.get(name)
    if isinstance(value, str) and value:
        return value
    raise CloudError.of(f"the property {name} is missing", where=where, expected="a text", got=repr(value))
