"""Every server's files from one declaration: what is declared is delivered, and what is not declared is nowhere."""

from __future__ import annotations

import pytest

from hardening.bundle import Bundle, mistakes
from hardening.services import clock, credentials, declared, logs, packages
from hardening.services.credentials import Credentials
from infra.declaration.model import Platform
from infra.errors import DeclarationError
from tests.fast.declaration.declared import PLATFORM, SERVICES

OWN = Credentials("AUTHORITY", "CERTIFICATE", "PRIVATE", "REVOKED")


def platform(**services: object) -> Platform:
    """A platform with the services of the small declaration, changed; one that is ``None`` is not declared."""
    return Platform.model_validate(PLATFORM | {"services": SERVICES | services})


def paths(delivered: declared.Delivered) -> set[str]:
    """Files that a server gets."""
    return {file.path for file in delivered.files}


def test_a_platform_without_services_delivers_nothing() -> None:
    """Neither a file nor a unit, to anybody."""
    bare = Platform.model_validate(PLATFORM)
    assert declared.of_client(bare, OWN) == declared.of_services_server(bare, OWN) == declared.Delivered()


def test_every_part_is_delivered_where_it_belongs() -> None:
    """The proxy and the store are on the services server only; both kinds are whole bundles."""
    client, server = declared.of_client(platform(), OWN), declared.of_services_server(platform(), OWN)
    assert client.units == (clock.UNIT, logs.UNIT)
    assert server.units == (clock.UNIT, packages.UNIT, logs.STORE_UNIT, logs.UNIT)
    assert paths(client) >= {credentials.REVOKED, clock.CONFIGURATION, packages.SOURCES, packages.WINDOW, logs.SENDER}
    assert paths(server) - paths(client) == {clock.NAMES, clock.KEY, packages.PROXY, logs.STORE, logs.STORE_MARK}
    for each in (client, server):
        assert not mistakes(Bundle("", each.files, each.units))


@pytest.mark.parametrize(("service", "folder"), [("time", "chrony/"), ("packages", "apt/"), ("logs", "logs/")])
def test_what_is_not_declared_is_nowhere(service: str, folder: str) -> None:
    """One service less is its files and units less, on both sides."""
    for of, there in ((platform(), True), (platform(**{service: None}), False)):
        for delivered in (declared.of_client(of, OWN), declared.of_services_server(of, OWN)):
            assert any(path.startswith(folder) for path in paths(delivered)) is there


def test_the_key_of_an_archive_reaches_every_server_that_takes_packages_of_it() -> None:
    """Apt believes what this key signed, for this mirror only; without one it believes Debian."""
    key = "-----BEGIN PGP PUBLIC KEY BLOCK-----\nAAAA\n-----END PGP PUBLIC KEY BLOCK-----\n"
    own = {"url": "http://198.51.100.6/own", "suites": ["trixie-security"], "key": key}
    of = platform(packages={"mirrors": {"own": own, "debian": {**own, "key": None}}, "updates": {"hour": 3}})
    for delivered in (declared.of_client(of, OWN), declared.of_services_server(of, OWN)):
        files = {file.path: file.text for file in delivered.files}
        assert files["apt/keys/own.asc"] == key
        assert "apt/keys/debian.asc" not in files
        signed = dict(line.partition("] ")[::2] for line in files[packages.SOURCES].splitlines())
        assert [each.endswith("apt/keys/own.asc") for each in signed] == [True, False]


def test_servers_of_the_pool_the_bastion_and_the_services_server_may_ask() -> None:
    """Nobody else of the backbone, such as its router."""
    assert list(map(str, declared.clients(platform()))) == ["172.30.0.0/16", "172.29.0.10/32", "172.29.0.200/32"]


def test_a_mirror_without_an_address_is_refused_by_its_place() -> None:
    """A proxy without a resolver could not ask it, and would say so only on the server."""
    nameless = SERVICES["packages"] | {"mirrors": {"debian": {"url": "http://mirror.example.net/debian", "suites": ["trixie"]}}}
    with pytest.raises(DeclarationError, match=r"services\.packages\.mirrors\.debian: a mirror has no address"):
        declared.of_client(platform(packages=nameless), OWN)
