"""A client of the services server that shows papers, says something, and tells what came back: for who is believed, and who is not."""

from __future__ import annotations

import json
from typing import NamedTuple

from hardening.logs import wire

ASK = """
import json, os, socket, ssl, sys
PAPERS = "/run/papers-of-a-test.pem"
def answered(address, port, papers, say, enough):
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.load_verify_locations("AUTHORITY")
    try:
        with open(PAPERS, "w", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
            file.write(papers)
        made.load_cert_chain(PAPERS)
    finally:
        os.unlink(PAPERS)
    told, plain = b"", socket.create_connection((address, port), 60)
    try:
        with made.wrap_socket(plain, server_hostname=address) as link:
            link.settimeout(60)
            link.sendall(say.encode())
            while len(told) < enough and (part := link.recv(65536)):
                told += part
    except TimeoutError:
        raise
    except OSError:
        pass
    return told.decode(errors="replace")
print(json.dumps([answered(sys.argv[1], *question) for question in json.load(sys.stdin)]))
""".replace("AUTHORITY", wire.AUTHORITY)
"""Shows papers, says something, and tells what came back until the other end closed or enough came; a store that is silent is an error."""
EVERYTHING = 1 << 30


class Question(NamedTuple):
    """What is asked of a port: with which papers, in which words, and how many characters of the answer are enough."""

    port: int
    papers: str
    say: str
    enough: int = EVERYTHING


def batch(program: str, **more: str) -> str:
    """Return a batch of one line of a program; ``more`` are fields that no line has."""
    fields = {"sent": "", "facility": "auth", "severity": "info", "program": program, "process": "1", "message": program, **more}
    line = f"{json.dumps(fields)}\n"
    return f"{len(line)}\n{line}"


def taken(text: str) -> str:
    """Return what the store says to a batch that it has, and it has no other word."""
    return wire.answer(int(text.partition("\n")[0])).decode()


def to_read(file: str) -> tuple[str, ...]:
    """Return words by which other protocols would have a file of the store."""
    return (f"GET {file} HTTP/1.0\r\n\r\n", f"read {file}\n", f"{file}\n", f"{file.rpartition('/')[0]}\n", "0\n", "-1\n")
