"""Write down what a server really sends, from its first moment: every kind of frame on every tap, seen from outside."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.truth.image.machine import Namespace


class Sniffer:
    """A process in the namespace that reads all frames; :meth:`stop` gives the kinds that each MAC has sent."""

    def __init__(self, namespace: Namespace) -> None:
        command = namespace.command("python3", "-c", _PROGRAM, *(card.tap for card in namespace.cards))
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def stop(self) -> dict[str, set[str]]:
        """Stop reading: MAC to kinds such as ``arp``, ``tcp from 22``, ``icmpv6 135``."""
        output, _ = self._process.communicate("stop\n")
        return {mac: set(kinds) for mac, kinds in json.loads(output).items()}


_PROGRAM = """
import json, select, socket, struct, sys
sockets = []
for name in sys.argv[1:]:
    s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
    s.bind((name, 0))
    sockets.append(s)
seen = {}

def kind(frame):
    ethertype = struct.unpack_from("!H", frame, 12)[0]
    if ethertype == 0x0806:
        return "arp"
    if ethertype == 0x0800:
        protocol, start = frame[23], 14 + (frame[14] & 15) * 4
    elif ethertype == 0x86DD:
        protocol, start = frame[20], 54
        if protocol == 0:  # hop-by-hop options: multicast listener reports
            protocol, start = frame[54], 54 + (frame[55] + 1) * 8
    else:
        return f"ethertype {ethertype:#06x}"
    if protocol in (6, 17):
        return f"{'tcp' if protocol == 6 else 'udp'} from {struct.unpack_from('!H', frame, start)[0]}"
    return f"{ {1: 'icmp', 58: 'icmpv6'}.get(protocol, protocol)} {frame[start]}"

while True:
    for s in select.select([sys.stdin, *sockets], [], [])[0]:
        if s is sys.stdin:
            print(json.dumps({mac: sorted(kinds) for mac, kinds in seen.items()}))
            sys.exit()
        frame = s.recv(2048)
        seen.setdefault(frame[6:12].hex(":"), set()).add(kind(frame))
"""
