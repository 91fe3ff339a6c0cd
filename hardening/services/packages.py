"""Packages: a reverse proxy with a cache (nginx) on the services server, and apt of the servers that ask it.

The proxy knows the declared mirrors and no other place. Of a mirror it hands on ``dists/`` of the declared suites and ``pool/`` of the
declared components, to declared clients; everything else is 403. What is a package is not its business: apt checks the archive's signature.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from hardening.bundle import Check, GuestFile
from hardening.services.credentials import CERTIFICATE, KEY, seen
from infra.declaration.services import SECURITY_SUFFIX

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import time

    from infra.declaration.values import Address, Network

UNIT: Final = "nginx.service"
PROXY: Final = "packages/nginx.conf"
CACHE: Final = "/data/packages"
"""On the store; the unit waits for it."""

SOURCES: Final = "apt/sources.list"
SECURITY: Final = "apt/security.pref"
WINDOW: Final = "apt/window"
DEBIAN_KEYS: Final = "/usr/share/keyrings/debian-archive-keyring.gpg"
"""What Debian signs with; the image has it."""

WORLD: Final = "/etc/ssl/certs/ca-certificates.crt"
"""Authorities by which a mirror proves its name, where it is asked by HTTPS."""


@dataclass(frozen=True, slots=True)
class Mirror:
    """A mirror: ``name`` is the first part of the path under which clients find it; ``path`` is where ``dists/`` is on ``host``.

    ``key`` is the archive's public key in ASCII armour; without one it is signed by Debian.
    """

    name: str
    scheme: str
    host: str
    address: Address
    port: int
    path: str
    suites: tuple[str, ...]
    components: tuple[str, ...] = ("main",)
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Updates:
    """When a server installs security updates: from ``start`` (UTC), for ``minutes``; whether it is restarted when it needs that."""

    start: time
    minutes: int
    restart: bool


@dataclass(frozen=True, slots=True)
class Front:
    """Where the proxy is asked: the services server's address, the port of the service, and who may ask."""

    address: Address
    port: int
    clients: tuple[Network, ...]


_PROXY: Final = """\
user www-data;
worker_processes 1;
pid /run/nginx.pid;
error_log stderr warn;
events {{ worker_connections 1024; }}
http {{
  server_tokens off;
  map $status $refused {{ ~^[45] 1; default 0; }}
  log_format refused '$remote_addr $status $request_method';
  access_log syslog:server=unix:/dev/log,tag=packages,nohostname refused if=$refused;
  proxy_cache_path {cache}/cache levels=1:2 keys_zone=packages:2m max_size={size}g inactive=60d use_temp_path=off;
  proxy_cache packages;
  proxy_cache_key $scheme$proxy_host$uri;
  proxy_cache_lock on;
  proxy_cache_valid 200 5m;
  proxy_cache_use_stale error timeout updating http_500 http_502 http_503 http_504;
  # A mirror decides about its packages and about nothing here: it sends nobody elsewhere, and keeps nothing out of the cache.
  proxy_ignore_headers X-Accel-Redirect X-Accel-Expires X-Accel-Limit-Rate X-Accel-Buffering X-Accel-Charset;
  proxy_ignore_headers Expires Cache-Control Set-Cookie Vary;
  proxy_hide_header Set-Cookie;
  proxy_http_version 1.1;
  proxy_pass_request_headers off;
  proxy_pass_request_body off;
  proxy_connect_timeout 20s;
  server {{
    listen {address}:{port} ssl default_server;
    ssl_certificate {certificate};
    ssl_certificate_key {key};
    ssl_protocols TLSv1.3;
    ssl_session_tickets off;
    client_max_body_size 1k;
    merge_slashes on;
    # A question would be a way to tell the mirror something, and no package needs one.
    if ($is_args) {{ return 403; }}
{clients}    deny all;
    location / {{ return 403; }}
{locations}  }}
}}
"""

_LOCATION: Final = """\
    location ^~ /{name}/{part}/ {{
      limit_except GET {{ deny all; }}
      proxy_set_header Host {host};
      proxy_set_header Connection "";
{tls}{kept}      proxy_pass {scheme}://{address}:{port}{path}/{part}/;
    }}
"""

_TLS: Final = """\
      proxy_ssl_name {host};
      proxy_ssl_server_name on;
      proxy_ssl_verify on;
      proxy_ssl_verify_depth 3;
      proxy_ssl_trusted_certificate {world};
"""

_KEPT: Final = "      proxy_cache_valid 200 60d;\n"
"""A file of a pool never changes under its name."""


def proxy(front: Front, mirrors: tuple[Mirror, ...], gibibytes: int) -> tuple[GuestFile, ...]:
    """Files of the services server; its certificate is beside them. Its cache takes up to ``gibibytes``."""
    text = _PROXY.format(
        cache=CACHE,
        size=gibibytes,
        address=_literal(front.address),
        port=front.port,
        certificate=seen(CERTIFICATE),
        key=seen(KEY),
        clients="".join(f"    allow {network};\n" for network in front.clients),
        locations="".join(_location(mirror, part) for mirror in mirrors for part in _parts(mirror)),
    )
    return (GuestFile(PROXY, text, check=Check.NGINX),)


def client(front: Front, mirrors: tuple[Mirror, ...], updates: Updates) -> tuple[GuestFile, ...]:
    """Files of a server that gets its packages from the proxy: sources, what counts as a security update, and when they are installed."""
    base = f"https://{_literal(front.address)}:{front.port}"
    lines = [
        f"deb [signed-by={_keyring(mirror)}] {base}/{mirror.name} {suite} {' '.join(mirror.components)}\n"
        for mirror in mirrors
        for suite in mirror.suites
    ]
    keys = tuple(GuestFile(_key_file(mirror), mirror.key) for mirror in mirrors if mirror.key)
    window = f"{updates.start:%H%M} {updates.minutes} {'restart' if updates.restart else 'stay'}\n"
    return (
        GuestFile(SOURCES, "".join(lines), check=Check.APT),
        GuestFile(SECURITY, _preferences(mirrors)),
        GuestFile(WINDOW, window),
        *keys,
    )


def security_suites(mirrors: Iterable[Mirror]) -> tuple[str, ...]:
    """Suites that servers install updates of by themselves."""
    return tuple(dict.fromkeys(suite for mirror in mirrors for suite in mirror.suites if suite.endswith(SECURITY_SUFFIX)))


def _preferences(mirrors: Iterable[Mirror]) -> str:
    """What apt prefers while security updates are installed (apt_preferences(5)).

    Below 100 a version does not take the place of an installed one, but is there when a new dependency asks for it. What is installed must
    stay at 100, so the pin is by origin: `release *` would be a pin of the installed versions as well.
    """
    preferred = [f"Package: *\nPin: release n={suite}\nPin-Priority: 500\n\n" for suite in security_suites(mirrors)]
    return "".join(preferred) + 'Package: *\nPin: origin "*"\nPin-Priority: 50\n'


def _location(mirror: Mirror, part: str) -> str:
    return _LOCATION.format(
        name=mirror.name,
        part=part,
        host=mirror.host,
        tls=_TLS.format(host=mirror.host, world=WORLD) if mirror.scheme == "https" else "",
        kept=_KEPT if part.startswith("pool/") else "",
        scheme=mirror.scheme,
        address=_literal(mirror.address),
        port=mirror.port,
        path=mirror.path.rstrip("/"),
    )


def _parts(mirror: Mirror) -> list[str]:
    """Folders of a mirror that are handed on; an archive of security updates has its pool one folder deeper."""
    pools = [f"pool/{deeper}{component}" for component in mirror.components for deeper in ("", "updates/")]
    return [*(f"dists/{suite}" for suite in mirror.suites), *pools]


def _keyring(mirror: Mirror) -> str:
    return seen(_key_file(mirror)) if mirror.key else DEBIAN_KEYS


def _key_file(mirror: Mirror) -> str:
    return f"apt/keys/{mirror.name}.asc"


def _literal(address: Address) -> str:
    return f"[{address}]" if address.version == 6 else str(address)  # noqa: PLR2004 - the family's own name
