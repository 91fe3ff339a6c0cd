"""Logs: rsyslog with RELP over mutual TLS. A server sends what matters for its security; the store keeps it in a folder of its tenant.

A line counts as sent when the store has written it to its disk: the store works without a queue, so its answer comes after the write, and
RELP sends again what had no answer. A line can therefore be there twice, and none is lost while the client has room for it.

Who wrote a line is told by the address that it came from, which Neutron and the routers hold a server to; what the line says of itself
is kept as text only. A certificate of the platform's authority is needed to say anything at all.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from hardening.bundle import Check, GuestFile
from hardening.services.credentials import AUTHORITY, CERTIFICATE, KEY, seen

if TYPE_CHECKING:
    from infra.declaration.values import Address

UNIT: Final = "rsyslog.service"
CONFIGURATION: Final = "logs/rsyslog.conf"
WRITERS: Final = "logs/writers.json"
STORE_MARK: Final = "logs/retention"
"""How long lines are kept and how much room they have; the unit and the timer know a store by it."""
STORE: Final = "/data/logs"
QUEUE_MIB: Final = 64
"""What a client keeps on its disk while the store is away."""
LINE_BYTES: Final = 8192

SECURITY: Final = "$syslogfacility == 0 or $syslogfacility == 4 or $syslogfacility == 10 or $syslogseverity <= 4"
"""The kernel (drops of the packet filter), authentication (sshd, sudo), and every warning (RFC 5424, 6.2.1)."""


@dataclass(frozen=True, slots=True)
class Writer:
    """A server that may write: its address on the management network, and whose it is."""

    address: Address
    tenant: str
    name: str


@dataclass(frozen=True, slots=True)
class Store:
    """Where logs are kept: the services server's address and port, and the name in its certificate."""

    address: Address
    port: int
    name: str


@dataclass(frozen=True, slots=True)
class Retention:
    """How many days a line is kept, and how many GiB all lines may take."""

    days: int
    gibibytes: int


_COMMON: Final = """\
global(workDirectory="/var/spool/rsyslog" maxMessageSize="{line}" net.enableDNS="off" processInternalMessages="off")
module(load="imjournal" StateFile="journal.state" PersistStateInterval="20" IgnorePreviousMessages="off")
"""

_CLIENT: Final = """\
module(load="omrelp" tls.tlslib="openssl")
if {security} then {{
  action(
    type="omrelp" target="{address}" port="{port}" template="RSYSLOG_SyslogProtocol23Format" timeout="30" conn.timeout="10"
    tls="on" tls.authmode="name" tls.permittedpeer="{name}" tls.tlscfgcmd="MinProtocol=TLSv1.3"
    tls.cacert="{authority}" tls.mycert="{certificate}" tls.myprivkey="{key}"
    queue.type="LinkedList" queue.filename="store" queue.size="2000" queue.maxdiskspace="{queue}m" queue.saveonshutdown="on"
    queue.timeoutenqueue="0" queue.dequeuebatchsize="32"
    action.resumeretrycount="-1" action.resumeinterval="10" action.resumeintervalmax="60"
  )
}}
"""

_STORE: Final = """\
module(load="imrelp" tls.tlslib="openssl" ruleset="received")
lookup_table(name="writers" file="{writers}")
template(name="place" type="string" string="{store}/%$.writer%/%$year%-%$month%-%$day%.jsonl")
template(name="line" type="list" option.jsonf="on") {{
  property(outname="received" name="timegenerated" dateFormat="rfc3339" format="jsonf")
  property(outname="sent" name="timereported" dateFormat="rfc3339" format="jsonf")
  property(outname="facility" name="syslogfacility-text" format="jsonf")
  property(outname="severity" name="syslogseverity-text" format="jsonf")
  property(outname="program" name="app-name" format="jsonf")
  property(outname="process" name="procid" format="jsonf")
  property(outname="message" name="msg" format="jsonf")
}}
ruleset(name="keep" queue.type="Direct") {{
  action(
    type="omfile" dynafile="place" template="line" dynafilecachesize="200" dircreatemode="0750" filecreatemode="0640"
    sync="on" flushontxend="on" action.resumeretrycount="-1" action.resumeinterval="5"
  )
}}
ruleset(name="received" queue.type="Direct") {{
  set $.writer = lookup("writers", $fromhost-ip);
  if $.writer != "" then {{ call keep }}
}}
input(
  type="imrelp" address="{address}" port="{port}" maxdatasize="{line}" keepalive="on"
  tls="on" tls.authmode="certvalid" tls.tlscfgcmd="MinProtocol=TLSv1.3"
  tls.cacert="{authority}" tls.mycert="{certificate}" tls.myprivkey="{key}"
)
if {security} then {{
  set $.writer = "{own}";
  call keep
}}
"""


def client(store: Store) -> tuple[GuestFile, ...]:
    """Files of a server that sends its lines to the store; its certificate is beside them."""
    text = _COMMON.format(line=LINE_BYTES) + _CLIENT.format(
        security=SECURITY, address=store.address, port=store.port, name=store.name, queue=QUEUE_MIB, **_papers()
    )
    return (GuestFile(CONFIGURATION, text, check=Check.RSYSLOGD),)


def server(store: Store, own: Writer, writers: tuple[Writer, ...], retention: Retention) -> tuple[GuestFile, ...]:
    """Files of the store: it takes lines of ``writers`` and keeps its own beside them."""
    table = {
        "version": 1,
        "nomatch": "",
        "type": "string",
        "table": [{"index": str(writer.address), "value": _place(writer)} for writer in writers],
    }
    text = _COMMON.format(line=LINE_BYTES) + _STORE.format(
        security=SECURITY,
        writers=seen(WRITERS),
        store=STORE,
        address=store.address,
        port=store.port,
        line=LINE_BYTES,
        own=_place(own),
        **_papers(),
    )
    return (
        GuestFile(CONFIGURATION, text, check=Check.RSYSLOGD),
        GuestFile(WRITERS, json.dumps(table, indent=1) + "\n"),
        GuestFile(STORE_MARK, f"{retention.days} {retention.gibibytes * 1024}\n"),
    )


def _place(writer: Writer) -> str:
    return f"{writer.tenant}/{writer.name}"


def _papers() -> dict[str, str]:
    return {"authority": seen(AUTHORITY), "certificate": seen(CERTIFICATE), "key": seen(KEY)}
