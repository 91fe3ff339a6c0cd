"""rsyslog's configuration: what must be in it, and what must never be."""

from __future__ import annotations

import json
import re
from ipaddress import IPv4Address

from hardening.bundle import Bundle, mistakes
from hardening.services import logs
from hardening.services.logs import Retention, Store, Writer

SERVICES = IPv4Address("172.29.0.200")
STORE = Store(SERVICES, 6514, "platform-services")
OWN = Writer(SERVICES, "platform", "platform-services")
WRITERS = (Writer(IPv4Address("172.30.0.4"), "acme", "web"), Writer(IPv4Address("172.30.0.20"), "globex", "db"))


def test_a_client_sends_to_the_store_by_its_name_only_and_waits_between_attempts() -> None:
    """TLS 1.3, the name in the certificate, attempts without end with a pause, and a queue on the disk."""
    (file,) = logs.client(STORE)
    assert 'target="172.29.0.200" port="6514"' in file.text
    assert 'tls.authmode="name" tls.permittedpeer="platform-services" tls.tlscfgcmd="MinProtocol=TLSv1.3"' in file.text
    assert 'action.resumeretrycount="-1" action.resumeinterval="10"' in file.text
    assert 'queue.filename="store"' in file.text
    assert len(re.findall(r'type="om\w+"', file.text)) == 1, "another way out"


def test_the_store_answers_after_the_line_is_on_its_disk() -> None:
    """No queue between receiving and writing, a write that is through to the disk, and no line given up when writing fails."""
    file, *_ = logs.server(STORE, OWN, WRITERS, Retention(30, 4))
    assert file.text.count('queue.type="Direct"') == file.text.count("ruleset(name=") == 2
    assert 'sync="on" flushontxend="on" action.resumeretrycount="-1"' in file.text


def test_the_place_of_a_line_comes_from_its_address_and_from_nothing_that_it_says() -> None:
    """The only variable of the path beside the day is looked up by the address; who is not in the table is nobody."""
    file, table, _ = logs.server(STORE, OWN, WRITERS, Retention(30, 4))
    (place,) = re.findall(r'name="place" type="string" string="([^"]+)"', file.text)
    assert re.findall(r"%([^%]+)%", place) == ["$.writer", "$year", "$month", "$day"]
    assert 'set $.writer = lookup("writers", $fromhost-ip);' in file.text
    known = json.loads(table.text)
    assert known["nomatch"] == ""
    assert {row["index"]: row["value"] for row in known["table"]} == {"172.30.0.4": "acme/web", "172.30.0.20": "globex/db"}


def test_retention_is_days_and_mebibytes() -> None:
    """As the program that holds them reads it."""
    files = {file.path: file for file in logs.server(STORE, OWN, WRITERS, Retention(30, 4))}
    assert files[logs.STORE_MARK].text == "30 4096\n"
    assert not mistakes(Bundle("", tuple(files.values())))
