"""The second cloud that the lab can be: other names, TLS, neighbours."""

from __future__ import annotations

import asyncio
import base64
import configparser
import json
import socket
import ssl
import struct
import threading
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
import yaml

from labcloud import exports, lasting, render
from labcloud.credentials import authority, ceph_accounts
from labcloud.credentials.passwords import Secrets, ceph_key
from labcloud.layout import LOOPBACK, Layout
from labcloud.processes import forwarder
from labcloud.profiles import OTHER, USUAL
from labcloud.settings import LabError, Settings

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from labcloud.render import Facts


@pytest.fixture
def other(layout: Layout) -> Layout:
    """The layout of a lab of the other profile."""
    return replace(layout, profile_name=OTHER.name)


def test_the_usual_lab_is_what_is_meant_when_nothing_is_said() -> None:
    """Without a setting, and with an empty one."""
    assert Settings.of({}).profile == USUAL
    assert Settings.of({"RINGFENCE_LAB_PROFILE": ""}).profile == USUAL
    assert Settings.of({"RINGFENCE_LAB_PROFILE": "other"}).profile == OTHER


def test_an_unknown_profile_is_refused() -> None:
    """With the names that there are."""
    with pytest.raises(LabError, match="default or other"):
        Settings.of({"RINGFENCE_LAB_PROFILE": "mine"})


def test_no_name_of_the_usual_lab_is_one_of_the_others() -> None:
    """Or what works on both might still depend on it."""
    for field in ("cloud", "region", "domain", "operator", "project", "external_network"):
        assert getattr(USUAL, field) != getattr(OTHER, field), field
    assert not {flavor.name for flavor in USUAL.flavors} & {flavor.name for flavor in OTHER.flavors}


def test_a_lab_remembers_its_profile(other: Layout) -> None:
    """A lab of an earlier version, which wrote none down, is a usual one."""
    other.save()
    assert Layout.load(other.root) == other
    file = other.root / "layout.json"
    file.write_text("\n".join(line for line in file.read_text().splitlines() if "profile" not in line).replace('"qemu",', '"qemu"'))
    assert Layout.load(other.root).profile == USUAL


def test_the_operator_gets_a_cloud_with_tls_and_the_inside_one_without(facts: Facts, other: Layout) -> None:
    """Neither the name of the inside's cloud nor its user reaches the operator."""
    elsewhere = replace(facts, layout=other)
    for name in render.SAMPLED:
        (other.venv / "etc" / name).mkdir(parents=True)
    render.write(elsewhere)
    cloud = yaml.safe_load(other.operator_file.read_text())["clouds"]["mycloud"]
    assert cloud["auth"]["auth_url"] == "https://127.0.0.1:25000/v3"
    assert (cloud["auth"]["user_domain_name"], cloud["region_name"]) == ("corp", "north-1")
    inside = yaml.safe_load(other.clouds_file.read_text())["clouds"]["lab"]
    assert (inside["auth"]["auth_url"], inside["interface"]) == ("http://127.0.0.1:25000/v3", "internal")
    assert f"OS_CLIENT_CONFIG_FILE={other.operator_file} OS_CLOUD=mycloud" in exports.exports(other)
    for file in (other.operator_file, other.certificate_file):
        assert file.stat().st_mode & 0o77 == 0


@pytest.mark.parametrize("section", ["nova", "placement"])
def test_services_stay_on_the_inside(facts: Facts, other: Layout, section: str) -> None:
    """Neutron would else call the public addresses, where nothing listens inside."""
    parser = configparser.RawConfigParser(strict=True)
    parser.read_string(render.files(replace(facts, layout=other))["neutron/neutron.conf"])
    assert parser[section]["endpoint_type"] == "internal"


def test_tls_ends_at_the_forwarder_and_the_api_is_told(other: Layout, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The certificate is believed by whoever knows the authority, and by nobody else."""
    other.authority_file.parent.mkdir()
    authority.make(other.authority_file, other.certificate_file)
    asked: list[bytes] = []

    def answer(api: socket.socket) -> None:
        peer, _ = api.accept()
        with peer:
            asked.append(peer.recv(4096))
            peer.sendall(b"HTTP/1.0 200 OK\r\n\r\nhello")

    async def call() -> bytes:
        with socket.create_server((LOOPBACK, 0)) as api, socket.create_server((LOOPBACK, 0)) as public:
            monkeypatch.setattr(asyncio, "open_connection", _always(api.getsockname()[1]))
            threading.Thread(target=answer, args=(api,), daemon=True).start()
            server = await asyncio.start_server(forwarder.relay_request, sock=public, ssl=forwarder.context(other))
            async with server:
                return await asyncio.to_thread(_get, public.getsockname()[1], other.authority_file)

    assert asyncio.run(call()).endswith(b"hello")
    assert asked[0].startswith(b"GET / HTTP/1.0\r\nX-Forwarded-Proto: https\r\n")
    authority.make(stranger := tmp_path / "stranger.pem", tmp_path / "its.pem")
    with pytest.raises(ssl.SSLCertVerificationError):
        _handshake(other.certificate_file, stranger)


def _always(port: int) -> Callable[[str, int], Awaitable[tuple[asyncio.StreamReader, asyncio.StreamWriter]]]:
    original = asyncio.open_connection

    async def connect(host: str, _port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await original(host, port)

    return connect


def _get(port: int, trusted: Path) -> bytes:
    client = ssl.create_default_context(cafile=trusted)
    with socket.create_connection((LOOPBACK, port), timeout=60) as plain, client.wrap_socket(plain, server_hostname=LOOPBACK) as line:
        line.sendall(b"GET / HTTP/1.0\r\n\r\n")
        return b"".join(iter(lambda: line.recv(4096), b""))


def _handshake(certificate: Path, trusted: Path) -> None:
    """Shake hands in memory: a client that trusts one authority, a server with a certificate of another."""
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server.load_cert_chain(certificate)
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = ssl.create_default_context(cafile=trusted).wrap_bio(to_client, to_server, server_hostname=LOOPBACK)
    far = server.wrap_bio(to_server, to_client, server_side=True)
    for side in (client, far, client):
        try:
            side.do_handshake()
        except ssl.SSLWantReadError:
            continue


def test_the_other_lab_keeps_backups_in_a_pool_of_its_own_with_an_account_of_its_own(facts: Facts, other: Layout) -> None:
    """By Ceph's driver, where the usual lab has files; whoever verifies is told where."""

    def chosen(one: Facts) -> configparser.SectionProxy:
        parser = configparser.RawConfigParser(strict=True)
        parser.read_string(render.files(one)["cinder/cinder.conf"])
        return parser["DEFAULT"]

    usual, elsewhere = chosen(facts), chosen(replace(facts, layout=other))
    assert usual["backup_driver"] == "cinder.backup.drivers.posix.PosixBackupDriver"
    assert "backup_ceph_pool" not in usual
    assert elsewhere["backup_driver"] == "cinder.backup.drivers.ceph.CephBackupDriver"
    assert f"client.{elsewhere['backup_ceph_user']}" == ceph_accounts.BACKUPS.name
    assert "backup_posix_path" not in elsewhere
    assert f"RINGFENCE_BACKUP_STORE=file:{facts.layout.data}/cinder/backups" in exports.exports(facts.layout)
    assert f"RINGFENCE_BACKUP_STORE=rbd:{elsewhere['backup_ceph_pool']} " in exports.exports(other)
    assert dict(ceph_accounts.BACKUPS.rights)["osd"] == f"profile rbd pool={elsewhere['backup_ceph_pool']}"


def test_a_lab_of_a_storage_that_asked_nobody_is_refused_as_it_is(layout: Layout) -> None:
    """Nobody could enter the accounts into its monitor: it would not come up, and is told before anything is changed."""
    assert not lasting.check(layout)
    layout.save()
    assert lasting.check(layout)
    layout.secrets_file.write_text(json.dumps({"administrator": "x", "services": {}}))
    with pytest.raises(LabError, match="asked nobody who they are"):
        lasting.check(layout)
    layout.secrets_file.unlink()
    assert Secrets.kept_in(layout.secrets_file).storage.keys() == {account.name for account in ceph_accounts.ACCOUNTS}
    assert lasting.check(layout)


def test_a_key_of_ceph_is_what_its_own_tool_draws() -> None:
    """A type, the time in two numbers, a length, and 16 bytes (``CryptoKey::encode`` of Ceph)."""
    kind, _, fraction, length = struct.unpack("<hIIh", base64.b64decode(ceph_key())[:12])
    assert (kind, fraction, length, len(base64.b64decode(ceph_key()))) == (1, 0, 16, 28)
    assert ceph_key() != ceph_key()
