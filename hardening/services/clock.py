"""Time: chrony with NTS (RFC 8915). A client believes the services server only, and only when its answers are authenticated.

chrony finds the ports of NTP and of NTS's exchange of keys by itself; the packet filter has them from the declaration.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from hardening.bundle import Check, GuestFile
from hardening.services.credentials import AUTHORITY, CERTIFICATE, Credentials, seen

if TYPE_CHECKING:
    from infra.declaration.values import Address, Network

UNIT: Final = "chrony.service"
CONFIGURATION: Final = "chrony/chrony.conf"
NAMES: Final = "chrony/hosts"
"""What chrony sees as /etc/hosts: an upstream with NTS is asked by the name in its certificate, and nothing here asks a resolver."""
KEY: Final = "chrony/key.pem"
"""A copy of the server's key: what exchanges keys with clients has left root's rights when it reads it."""

ACCOUNT: Final = "root:_chrony"

_COMMON: Final = """\
authselectmode {mode}
driftfile /var/lib/chrony/drift
ntsdumpdir /var/lib/chrony
makestep 1.0 3
rtcsync
cmdport 0
noclientlog
"""


@dataclass(frozen=True, slots=True)
class Upstream:
    """Where the services server has the time from; without ``name`` its answers are not authenticated."""

    address: Address
    name: str | None = None


def client(server: Address) -> tuple[GuestFile, ...]:
    """Files of a server that takes the time from the services server at ``server``; its authority is beside them."""
    text = (
        f"server {server} nts iburst\n"
        "nosystemcert\n"
        f"ntstrustedcerts {seen(AUTHORITY)}\n"
        "port 0\n"  # answers nobody
        f"{_COMMON.format(mode='require')}"
    )
    return (GuestFile(CONFIGURATION, text, check=Check.CHRONYD),)


def server(own: Address, upstream: tuple[Upstream, ...], clients: tuple[Network, ...], credentials: Credentials) -> tuple[GuestFile, ...]:
    """Files of the services server: it answers ``clients`` on its management address only.

    One upstream that is authenticated is enough for one that is not to be never selected. Without an upstream that answers, clients are
    told that nothing is known: the server never vouches for its own clock.
    """
    authenticated = any(each.name for each in upstream)
    sources = "".join(f"server {each.name} nts iburst\n" if each.name else f"server {each.address} iburst\n" for each in upstream)
    text = (
        f"{sources}"
        f"bindaddress {own}\n"
        f"{''.join(f'allow {network}' + chr(10) for network in clients)}"
        f"ntsservercert {seen(CERTIFICATE)}\n"
        f"ntsserverkey {seen(KEY)}\n"
        f"{_COMMON.format(mode='require' if authenticated else 'ignore')}"
    )
    hosts = "127.0.0.1 localhost\n" + "".join(f"{each.address} {each.name}\n" for each in upstream if each.name)
    return (
        GuestFile(CONFIGURATION, text, check=Check.CHRONYD),
        GuestFile(NAMES, hosts),
        GuestFile(KEY, credentials.key, mode=0o640, owner=ACCOUNT),
    )
