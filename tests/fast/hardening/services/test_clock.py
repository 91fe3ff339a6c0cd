"""chrony's configuration: what must be in it, and what must never be."""

from __future__ import annotations

from ipaddress import IPv4Address, ip_network

from hardening.bundle import Bundle, mistakes
from hardening.services import clock, credentials
from hardening.services.credentials import Credentials

SERVICES = IPv4Address("172.29.0.200")
OWN = Credentials("AUTHORITY", "CERTIFICATE", "PRIVATE", "REVOKED")
POOL = ip_network("172.30.0.0/16")


def settings(text: str) -> list[str]:
    """Lines of a configuration."""
    return text.splitlines()


def test_a_client_has_one_source_and_requires_its_proof() -> None:
    """The services server by NTS with the platform's authority only; the client answers nobody."""
    (file,) = clock.client(SERVICES)
    found = settings(file.text)
    assert [line for line in found if line.startswith(("server", "pool", "peer"))] == ["server 172.29.0.200 nts iburst"]
    assert {"authselectmode require", "nosystemcert", "port 0", "cmdport 0"} <= set(found)
    assert f"ntstrustedcerts {credentials.FILES}/{credentials.AUTHORITY}" in found


def test_the_server_answers_its_clients_on_its_own_address_only() -> None:
    """Without `allow` for everybody, and bound to the management address."""
    (file, *_) = clock.server(SERVICES, (clock.Upstream(IPv4Address("192.0.2.1")),), (POOL, ip_network("172.29.0.10/32")), OWN)
    found = settings(file.text)
    assert [line for line in found if line.startswith("allow")] == ["allow 172.30.0.0/16", "allow 172.29.0.10/32"]
    assert "bindaddress 172.29.0.200" in found
    assert not any(line.startswith("local") for line in found), "a clock that nobody has set would be believed"


def test_one_upstream_with_a_name_is_enough_to_require_proof_of_all() -> None:
    """A plain upstream beside it is never followed; with plain ones only, nothing is required of them."""
    plain, proven = clock.Upstream(IPv4Address("192.0.2.1")), clock.Upstream(IPv4Address("192.0.2.2"), "ntp.example")
    (file, hosts, _) = clock.server(SERVICES, (plain, proven), (POOL,), OWN)
    assert {"authselectmode require", "server ntp.example nts iburst", "server 192.0.2.1 iburst"} <= set(settings(file.text))
    assert settings(hosts.text) == ["127.0.0.1 localhost", "192.0.2.2 ntp.example"]
    (file, *_) = clock.server(SERVICES, (plain,), (POOL,), OWN)
    assert "authselectmode ignore" in settings(file.text)


def test_the_private_key_is_in_files_that_others_cannot_read_and_in_no_message() -> None:
    """A copy for chrony's own account, one for root."""
    files = (*credentials.files(OWN), *clock.server(SERVICES, (), (POOL,), OWN))
    assert {file.path for file in files if "PRIVATE" in file.text} == {"pki/key.pem", "chrony/key.pem"}
    assert all(file.private for file in files if "PRIVATE" in file.text)
    assert "PRIVATE" not in f"{OWN!r}{files!r}"
    assert not mistakes(Bundle("", files))
