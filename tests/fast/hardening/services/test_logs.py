"""What a sender and the store are told."""

from __future__ import annotations

import json
from ipaddress import IPv4Address

from hardening.bundle import Bundle, mistakes
from hardening.logs import sender, store, wire
from hardening.services import credentials, logs
from hardening.services.logs import Retention, Store

STORE = Store(IPv4Address("172.29.0.200"), 6514)


def test_a_sender_and_the_store_are_told_where_the_store_is_and_nothing_of_writers() -> None:
    """So a tenant that comes later needs no other file anywhere."""
    expected = {"address": "172.29.0.200", "port": 6514}
    (file,) = logs.client(STORE)
    assert json.loads(file.text) == expected
    files = {file.path: file for file in logs.server(STORE, Retention(30, 4))}
    assert json.loads(files[logs.STORE].text) == json.loads(files[logs.SENDER].text) == expected
    assert files[logs.STORE_MARK].text == "30 4096\n"
    assert not mistakes(Bundle("", tuple(files.values())))


def test_both_look_where_the_files_are_put() -> None:
    """The guest's code and the deployer's share no module for it."""
    assert str(sender.SETTINGS) == credentials.seen(logs.SENDER)
    assert str(store.SETTINGS) == credentials.seen(logs.STORE)
    files = (credentials.AUTHORITY, credentials.CERTIFICATE, credentials.KEY, credentials.REVOKED)
    assert tuple(map(credentials.seen, files)) == (wire.AUTHORITY, wire.CERTIFICATE, wire.KEY, wire.REVOKED)
    assert str(store.FOLDER) == logs.KEPT
