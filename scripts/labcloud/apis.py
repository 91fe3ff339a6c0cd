"""The OpenStack APIs of the lab, each under a uwsgi of its own (they share one global oslo.config object, so never two in one process)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

ML2_FILES: Final = ("--config-file", "/etc/neutron/neutron.conf", "--config-file", "/etc/neutron/plugins/ml2/ml2_conf.ini")


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of Keystone's catalog: service type, service name and what follows the port in the URL."""

    type: str
    name: str
    path: str = ""


@dataclass(frozen=True, slots=True)
class Api:
    """One API: its service in the lab, the WSGI application, its standard port and its rows in the catalog.

    ``workers`` are processes with one thread each; without them the API is one process with several threads.
    """

    service: str
    purpose: str
    application: str
    port: int
    catalog: tuple[Entry, ...]
    health: str = "/"
    arguments: tuple[str, ...] = ()
    workers: int = 0


# Keystone keeps the token of the request that it works on in an object that all threads of a process share (29.1.0, AuthContextMiddleware
# in keystone/server/flask/request_processing/middleware/auth_context.py). With threads a request is now and then decided by the token of
# another one: a reader was taken for the administrator, and refused only because Keystone looks once more before it writes.
KEYSTONE: Final = Api(
    "keystone", "identity", "keystone.wsgi.api:application", 5000, (Entry("identity", "keystone", "/v3"),), "/v3", workers=3
)

APIS: Final = (
    KEYSTONE,
    Api("placement", "resource inventory", "placement.wsgi.api:application", 8778, (Entry("placement", "placement"),)),
    Api("glance", "images", "glance.wsgi.api:application", 9292, (Entry("image", "glance"),)),
    Api("barbican", "keys", "barbican.wsgi.api:application", 9311, (Entry("key-manager", "barbican"),)),
    Api(
        "neutron",
        "networks",
        "neutron.wsgi.api:application",
        9696,
        (Entry("network", "neutron"),),
        arguments=ML2_FILES,
    ),
    Api(
        "nova-api",
        "servers",
        "nova.wsgi.osapi_compute:application",
        8774,
        (Entry("compute", "nova", "/v2.1"),),
    ),
    Api(
        "cinder-api",
        "volumes",
        "cinder.wsgi.api:application",
        8776,
        # Clients before and after the rename of the type look for one or the other.
        (Entry("block-storage", "cinder", "/v3"), Entry("volumev3", "cinderv3", "/v3")),
    ),
)

PORTS: Final = tuple(sorted(api.port for api in APIS))

# The projects that hold a service user in Keystone; each has a password of its own.
SERVICE_USERS: Final = ("placement", "glance", "neutron", "nova", "cinder", "barbican")
