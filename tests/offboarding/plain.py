"""The services as anybody asks them: a token and plain requests, with nothing of ringfence's and nothing of the SDK's."""

from __future__ import annotations

import json
import os
import ssl
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPSConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

Row = dict[str, Any]
SECONDS = 60
KINDS = {
    "compute": "compute",
    "network": "network",
    "image": "image",
    "key-manager": "key_manager",
    "block-storage": "block_storage",
    "volumev3": "block_storage",
    "identity": "identity",
}
"""Types of services in a catalogue, and the word for each."""
PATHS = {
    "servers": ("compute", "/servers/{}"),
    "volumes": ("block_storage", "/volumes/{}"),
    "snapshots": ("block_storage", "/snapshots/{}"),
    "backups": ("block_storage", "/backups/{}"),
    "images": ("image", "/v2/images/{}"),
    "ports": ("network", "/v2.0/ports/{}"),
    "networks": ("network", "/v2.0/networks/{}"),
    "subnets": ("network", "/v2.0/subnets/{}"),
    "routers": ("network", "/v2.0/routers/{}"),
    "security groups": ("network", "/v2.0/security-groups/{}"),
    "users": ("identity", "/users/{}"),
    "projects": ("identity", "/projects/{}"),
    "secrets": ("key_manager", "/v1/secrets/{}"),
}
"""Where one thing of a kind is asked for by its id."""
HARMLESS = {
    "identity": "/auth/projects",
    "compute": "/servers",
    "network": "/v2.0/networks",
    "block_storage": "/volumes",
    "image": "/v2/images",
    "key_manager": "/v1/secrets",
}
"""A question for every service that whoever has a token may ask."""
CINDER = {"OpenStack-API-Version": "volume 3.64"}


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody with a token, and where the services are. Its ``repr`` shows no secret."""

    token: str = field(repr=False)
    urls: dict[str, str]

    def ask(self, service: str, path: str, method: str = "GET", body: object = None, kind: str = "") -> tuple[int, Any]:
        """Return the status and the answer."""
        told = {"X-Auth-Token": self.token, **(CINDER if service == "block_storage" else {})}
        status, _, answer = request(method, f"{self.urls[service]}{path}", told, body, kind)
        return status, answer

    def rows(self, service: str, path: str, key: str) -> list[Row]:
        """Return a list that has to be there."""
        status, answer = self.ask(service, path)
        assert status == 200, (service, path, status)
        return list(answer[key])

    def status(self, kind: str, id_: str) -> int:
        """Return how the service of a kind answers to the question for one thing."""
        service, path = PATHS[kind]
        return self.ask(service, path.format(id_))[0]

    def harmless(self) -> dict[str, int]:
        """Return how every service answers to this token."""
        return {service: self.ask(service, path)[0] for service, path in HARMLESS.items()}


def operator() -> Caller:
    """Log in as the cloud's operator, by what clouds.yaml says."""
    cloud = yaml.safe_load(Path(os.environ["OS_CLIENT_CONFIG_FILE"]).read_text())["clouds"][os.environ["OS_CLOUD"]]
    auth = cloud["auth"]
    user = {"name": auth["username"], "domain": {"name": auth["user_domain_name"]}, "password": auth["password"]}
    scope = {"project": {"name": auth["project_name"], "domain": {"name": auth["project_domain_name"]}}}
    return login(auth["auth_url"], {"identity": {"methods": ["password"], "password": {"user": user}}, "scope": scope})


def application(credential: str, secret: str) -> Caller:
    """Log in with an application credential."""
    cloud = yaml.safe_load(Path(os.environ["OS_CLIENT_CONFIG_FILE"]).read_text())["clouds"][os.environ["OS_CLOUD"]]
    method = {"methods": ["application_credential"], "application_credential": {"id": credential, "secret": secret}}
    return login(cloud["auth"]["auth_url"], {"identity": method})


def login(url: str, auth: Row) -> Caller:
    """Take a token."""
    status, headers, answer = request("POST", f"{url}/auth/tokens", {}, {"auth": auth})
    assert status == 201, status
    urls = {
        KINDS[entry["type"]]: next(str(one["url"]) for one in entry["endpoints"] if one["interface"] == "public").rstrip("/")
        for entry in answer["token"]["catalog"]
        if entry["type"] in KINDS
    }
    return Caller(headers["X-Subject-Token"], {**urls, "identity": url})


def request(method: str, url: str, told: dict[str, str], body: object = None, kind: str = "") -> tuple[int, dict[str, str], Any]:
    """Send one request; ``body`` is bytes of a ``kind``, or becomes JSON."""
    parts = urlsplit(url)
    connection = (
        HTTPSConnection(parts.netloc, timeout=SECONDS, context=ssl.create_default_context(cafile=os.environ.get("OS_CACERT")))
        if parts.scheme == "https"
        else HTTPConnection(parts.netloc, timeout=SECONDS)
    )
    sent = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
    try:
        headers = {**told, **({"Content-Type": kind or "application/json"} if sent is not None else {})}
        connection.request(method, f"{parts.path}?{parts.query}" if parts.query else parts.path, sent, headers)
        answer = connection.getresponse()
        text = answer.read()
        is_json = "json" in (answer.getheader("Content-Type") or "")
        return answer.status, dict(answer.getheaders()), json.loads(text) if text and is_json else None
    finally:
        connection.close()
