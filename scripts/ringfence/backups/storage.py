"""A tenant's volumes, backups and secrets, as its deployer sees and changes them: requests to Cinder and Barbican, and nothing decided.

Cinder copies the key of a volume with the token of whoever asks for a backup, so only an account of the tenant's own project may ask: the
operator's admin would end with "Secret payload retrieval attempt not allowed".
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Protocol

from infra.backups.records import BackupRecord
from infra.dynamic import clouds
from infra.errors import CloudError
from ringfence.cloud_errors import translated
from ringfence.verify.cloud import keys
from ringfence.verify.cloud.view import VERSIONS, listed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from openstack.connection import Connection

    from infra.backups.records import BackupMark
    from infra.drift.found import Json, Rows

VERSION = VERSIONS["block-storage"]
QUOTA = "pulumi up -s TENANT gives the project's quotas the room that its declared backups need"
LONGEST = 300
"""Characters of an API's own words that an error carries."""


class Storage(Protocol):
    """What a run needs of a cloud."""

    def records(self) -> tuple[BackupRecord, ...]:
        """Return all backups of the project."""

    def record(self, id_: str) -> BackupRecord | None:
        """Return a backup; ``None`` when it is gone."""

    def create(self, volume: str, name: str, mark: BackupMark) -> str:
        """Begin a backup and return its id."""

    def note(self, id_: str, mark: BackupMark) -> None:
        """Write another mark on a backup."""

    def delete(self, id_: str) -> None:
        """Begin to delete a backup."""

    def volumes(self) -> Rows:
        """Return all volumes of the project."""

    def volume(self, id_: str) -> Json | None:
        """Return a volume; ``None`` when it is gone."""

    def make_volume(self, values: Json) -> str:
        """Begin to make a volume and return its id."""

    def restore(self, backup: str, volume: str) -> None:
        """Begin to write what a backup holds to a volume."""

    def label(self, volume: str, labels: Mapping[str, str], *, bootable: bool) -> None:
        """Give a volume labels, and say whether a server may boot from it."""

    def remove_volume(self, volume: str) -> None:
        """Begin to delete a volume."""

    def secrets(self) -> frozenset[str]:
        """Return the ids of the project's secrets."""


class Cinder:
    """The storage of a cloud, as one account."""

    def __init__(self, cloud: Connection) -> None:
        """Work with a connection, which is the deployer's."""
        self._cinder, self._barbican = cloud.block_storage, cloud.key_manager

    def records(self) -> tuple[BackupRecord, ...]:
        """Return all backups of the project."""
        with translated("/backups/detail"):
            rows = listed(self._cinder, "/backups/detail", "backups")
        return tuple(BackupRecord.of(row) for row in rows)

    def record(self, id_: str) -> BackupRecord | None:
        """Return a backup; ``None`` when it is gone."""
        body = self._asked("GET", f"/backups/{id_}")
        return None if body is None else BackupRecord.of(body["backup"])

    def create(self, volume: str, name: str, mark: BackupMark) -> str:
        """Begin a backup. A volume at a server is copied all the same (``force``); a snapshot is never asked for."""
        asked = {"volume_id": volume, "name": name, "incremental": bool(mark.parent), "force": True, "metadata": mark.metadata()}
        return str(self._done("POST", "/backups", {"backup": asked})["backup"]["id"])

    def note(self, id_: str, mark: BackupMark) -> None:
        """Write another mark on a backup."""
        self._done("PUT", f"/backups/{id_}", {"backup": {"metadata": mark.metadata()}})

    def delete(self, id_: str) -> None:
        """Begin to delete a backup; one that is gone already is gone."""
        self._asked("DELETE", f"/backups/{id_}")

    def volumes(self) -> Rows:
        """Return all volumes of the project."""
        with translated("/volumes/detail"):
            return listed(self._cinder, "/volumes/detail", "volumes")

    def volume(self, id_: str) -> Json | None:
        """Return a volume; ``None`` when it is gone."""
        body = self._asked("GET", f"/volumes/{id_}")
        return None if body is None else body["volume"]

    def make_volume(self, values: Json) -> str:
        """Begin to make a volume and return its id."""
        return str(self._done("POST", "/volumes", {"volume": values})["volume"]["id"])

    def restore(self, backup: str, volume: str) -> None:
        """Begin to write what a backup holds to a volume, by the ids of both: by name Cinder would take a volume of its default type."""
        self._done("POST", f"/backups/{backup}/restore", {"restore": {"volume_id": volume}})

    def label(self, volume: str, labels: Mapping[str, str], *, bootable: bool) -> None:
        """Give a volume labels, in the place of those that Cinder restored with it, and say whether a server may boot from it."""
        self._done("PUT", f"/volumes/{volume}/metadata", {"metadata": dict(labels)})
        self._done("POST", f"/volumes/{volume}/action", {"os-set_bootable": {"bootable": bootable}})

    def remove_volume(self, volume: str) -> None:
        """Begin to delete a volume; one that is gone already is gone."""
        self._asked("DELETE", f"/volumes/{volume}")

    def secrets(self) -> frozenset[str]:
        """Return the ids of the project's secrets. Raises :class:`CloudError` when fewer are shown than there are."""
        with translated("/secrets"):
            return frozenset(keys.ids(self._barbican))

    def _done(self, method: str, path: str, body: Json) -> Json:
        """Ask for something that is there. Raises :class:`CloudError`."""
        answer = self._asked(method, path, body)
        if answer is None:
            raise CloudError.of("the cloud has no such object", where=path, hint="somebody deleted it; run the same command again")
        return answer

    def _asked(self, method: str, path: str, body: Json | None = None) -> Json | None:
        """Return an answer, ``None`` for what is not there. Raises :class:`CloudError` for every other refusal, with the cloud's words."""
        with translated(path):
            answer = self._cinder.request(
                path, method, json=body, microversion=VERSION, raise_exc=False, connect_retries=0, timeout=clouds.TIMEOUT_SECONDS
            )
        if answer.status_code == HTTPStatus.NOT_FOUND:
            return None
        if answer.status_code >= HTTPStatus.BAD_REQUEST:
            hint = (
                QUOTA if answer.status_code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE else "read the reason; then run the same command again"
            )
            raise CloudError.of("the cloud refused", where=f"{method} {path}", got=f"{answer.status_code}: {_words(answer)}", hint=hint)
        found: Json = answer.json() if answer.content else {}
        return found


def _words(answer: Any) -> str:  # noqa: ANN401 - a response of requests
    """Return what an API says of a refusal: Cinder wraps it in the name of the fault."""
    try:
        faults = answer.json()
        return " ".join(str(fault["message"]) for fault in faults.values())[:LONGEST]
    except (ValueError, AttributeError, TypeError, KeyError):
        return " ".join(str(answer.text).split())[:LONGEST]
