"""A tenant's servers as a drill needs them: one that boots without any network, and a volume that a server has for a moment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from infra.errors import CloudError
from ringfence.cloud_errors import translated

if TYPE_CHECKING:
    from openstack.connection import Connection

    from infra.drift.found import Json

VERSION = "2.90"
NAME = "ringfence.drill"
"""How the names of what a drill makes begin; no stack has such names."""
NOT_FOUND, REFUSED = 404, 400


class Machines(Protocol):
    """What a drill needs of a cloud's servers."""

    def boot(self, name: str, volume: str, like: str) -> str:
        """Begin to boot a server without network from a volume, of the size of another server; returns its id."""

    def named(self, name: str) -> list[str]:
        """Return the ids of the servers of a name."""

    def console(self, server: str) -> str:
        """Return what a server printed on its console so far."""

    def failed(self, server: str) -> str:
        """Return why a server could not be made; nothing while it may be."""

    def delete(self, server: str) -> None:
        """Begin to delete a server."""

    def attach(self, server: str, volume: str) -> None:
        """Begin to give a server a volume."""

    def detach(self, server: str, volume: str) -> None:
        """Begin to take it back; one that it has not is no error."""


class Nova:
    """The servers of a cloud, as one account."""

    def __init__(self, cloud: Connection) -> None:
        """Work with a connection, which is the deployer's."""
        self._nova = cloud.compute

    def boot(self, name: str, volume: str, like: str) -> str:
        """Begin to boot a server. Its metadata come on a drive, and it has no NIC: it reaches nobody, and nobody reaches it."""
        flavor = self._done("GET", f"/servers/{like}")["server"]["flavor"]["original_name"]
        rows = self._done("GET", "/flavors/detail")["flavors"]
        size = next((row["id"] for row in rows if row["name"] == flavor), None)
        if size is None:
            raise CloudError.of("the cloud has no such flavor any more", where=flavor, hint="openstack flavor list")
        disk = {"boot_index": 0, "uuid": volume, "source_type": "volume", "destination_type": "volume", "delete_on_termination": False}
        values = {"name": name, "flavorRef": size, "networks": "none", "config_drive": True, "block_device_mapping_v2": [disk]}
        return str(self._done("POST", "/servers", {"server": values})["server"]["id"])

    def named(self, name: str) -> list[str]:
        """Return the ids of the servers of a name."""
        return [str(row["id"]) for row in self._done("GET", "/servers/detail")["servers"] if row["name"] == name]

    def console(self, server: str) -> str:
        """Return what a server printed; nothing before it runs."""
        answer = self._asked("POST", f"/servers/{server}/action", {"os-getConsoleOutput": {"length": None}})
        return "" if answer is None else str(answer.get("output") or "")

    def failed(self, server: str) -> str:
        """Return why a server could not be made."""
        answer = self._asked("GET", f"/servers/{server}")
        if answer is None:
            return "somebody deleted it"
        row = answer["server"]
        return str((row.get("fault") or {}).get("message") or "the cloud does not say why") if row["status"] == "ERROR" else ""

    def delete(self, server: str) -> None:
        """Begin to delete a server."""
        self._asked("DELETE", f"/servers/{server}")

    def attach(self, server: str, volume: str) -> None:
        """Begin to give a server a volume."""
        self._done("POST", f"/servers/{server}/os-volume_attachments", {"volumeAttachment": {"volumeId": volume}})

    def detach(self, server: str, volume: str) -> None:
        """Begin to take it back."""
        self._asked("DELETE", f"/servers/{server}/os-volume_attachments/{volume}")

    def _done(self, method: str, path: str, body: Json | None = None) -> Json:
        answer = self._asked(method, path, body)
        if answer is None:
            raise CloudError.of("the cloud has no such object", where=path, hint="somebody deleted it; run the same command again")
        return answer

    def _asked(self, method: str, path: str, body: Json | None = None) -> Json | None:
        """Return an answer, ``None`` for what is not there, or not yet."""
        with translated(path):
            answer = self._nova.request(path, method, json=body, microversion=VERSION, raise_exc=False)
        if answer.status_code == NOT_FOUND:
            return None
        if answer.status_code >= REFUSED:
            got = f"{answer.status_code}: {' '.join(str(answer.text).split())[:300]}"
            raise CloudError.of("the cloud refused", where=f"{method} {path}", got=got, hint="read the reason; then run it again")
        found: Json = answer.json() if answer.content else {}
        return found
