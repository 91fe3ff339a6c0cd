"""Files of every server from the platform's declaration: what it declares of time, packages and logs, and nothing else.

The sessions of operators are in ``hardening.operators``; the packet filter is in ``infra.render``.
"""

from __future__ import annotations

from datetime import time
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from hardening.services import clock, credentials, logs, packages
from infra.declaration import addresses
from infra.errors import DeclarationError
from infra.policy.services import Service

if TYPE_CHECKING:
    from hardening.bundle import GuestFile
    from hardening.services.credentials import Credentials
    from infra.declaration.model import Network, Platform
    from infra.declaration.services import PackageService, Services
    from infra.declaration.values import Address


class Delivered(NamedTuple):
    """A part of a bundle: files, and the units that read them."""

    files: tuple[GuestFile, ...] = ()
    units: tuple[str, ...] = ()


def of_client(platform: Platform, own: Credentials) -> Delivered:
    """What a server of a tenant, or the bastion, gets; nothing where no services are declared."""
    found = _offered(platform)
    if found is None:
        return Delivered()
    declared, address = found
    files, units = [*credentials.files(own)], []
    if declared.time:
        files += clock.client(address)
        units.append(clock.UNIT)
    if declared.packages:
        files += _apt(platform, declared.packages, address)
    if declared.logs:
        files += logs.client(_store(address))
        units.append(logs.UNIT)
    return Delivered(tuple(files), tuple(units))


def of_services_server(platform: Platform, own: Credentials) -> Delivered:
    """What the services server gets; it is a client of its own as well."""
    found = _offered(platform)
    if found is None:
        return Delivered()
    declared, address = found
    files, units = [*credentials.files(own)], []
    if declared.time:
        upstream = tuple(clock.Upstream(source.address, source.nts) for source in declared.time.upstream)
        files += clock.server(address, upstream, clients(platform), own)
        units.append(clock.UNIT)
    if declared.packages:
        front = packages.Front(address, Service.PACKAGES.port, clients(platform))
        files += packages.proxy(front, _mirrors(declared.packages), declared.packages.cache)
        files += _apt(platform, declared.packages, address)
        units.append(packages.UNIT)
    if declared.logs:
        files += logs.server(_store(address), logs.Retention(declared.logs.keep_days, declared.logs.size))
        units += [logs.STORE_UNIT, logs.UNIT]
    return Delivered(tuple(files), tuple(units))


def clients(platform: Platform) -> tuple[Network, ...]:
    """Who may ask: tenants' servers, the bastion, and the services server itself."""
    single = [addresses.bastion_address(platform), addresses.services_address(platform)]
    return (platform.pool.cidr, *(addresses.single(address) for address in single if address is not None))


def _offered(platform: Platform) -> tuple[Services, Address] | None:
    address = addresses.services_address(platform)
    return (platform.services, address) if platform.services and address is not None else None


def _store(address: Address) -> logs.Store:
    return logs.Store(address, Service.LOGS.port)


def _apt(platform: Platform, declared: PackageService, address: Address) -> tuple[GuestFile, ...]:
    front = packages.Front(address, Service.PACKAGES.port, clients(platform))
    updates = packages.Updates(time(declared.updates.hour), declared.updates.minutes, restart=declared.updates.restart == "needed")
    return packages.client(front, _mirrors(declared), updates)


def _mirrors(declared: PackageService) -> tuple[packages.Mirror, ...]:
    found = []
    for name, mirror in declared.mirrors.items():
        if mirror.server is None:
            raise DeclarationError.of(
                "a mirror has no address", where=f"services.packages.mirrors.{name}", expected="an address in the URL or in `address`"
            )
        parts = urlsplit(mirror.url)
        found.append(
            packages.Mirror(
                name=name,
                scheme=parts.scheme,
                host=mirror.host,
                address=mirror.server,
                port=mirror.port,
                path=parts.path,
                suites=mirror.suites,
                components=mirror.components,
                key=mirror.key,
            )
        )
    return tuple(found)
