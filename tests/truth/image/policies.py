"""Packet filters for a booted server: one that keeps SSH and opens a port, and one that locks everybody out."""

from __future__ import annotations

from tests.truth.image.machine import BACKBONE

PORT, NEIGHBOUR = 8080, 8081
POLICY = f"""\
table inet ringfence {{
    chain input {{
        type filter hook input priority filter; policy drop;
        iif "lo" accept
        ct state established accept
        iifname "mgmt0" ip saddr {BACKBONE} tcp dport 22 accept
        iifname "zone0" tcp dport {PORT} accept
        icmpv6 type {{ nd-neighbor-solicit, nd-neighbor-advert }} accept
    }}
    chain forward {{
        type filter hook forward priority filter; policy drop;
    }}
    chain output {{
        type filter hook output priority filter; policy drop;
        oif "lo" accept
        ct state established accept
        icmpv6 type {{ nd-neighbor-solicit, nd-neighbor-advert }} accept
    }}
}}
"""
# Nobody gets in, and another port than before is open, which tells that this policy is in force.
WITHOUT_SSH = (
    POLICY.replace("tcp dport 22 accept", "tcp dport 2 accept")
    .replace("ct state established accept", "ct state invalid drop", 1)
    .replace(f"tcp dport {PORT} accept", f"tcp dport {NEIGHBOUR} accept")
)
