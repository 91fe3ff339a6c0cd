"""The open ports are exactly the declared ones, from a neighbour that is there, over all ports, or there is no answer."""

from __future__ import annotations

import pytest

from examiners.model import Examination, ExaminerError, Result, Tier
from examiners.said import nmap


def scan(
    *ports: tuple[str, str], protocol: str = "tcp", number: int = 65535, present: str = "arp-response", exit_: str = "success"
) -> bytes:
    """What nmap writes of one server."""
    rows = "".join(f'<port protocol="{protocol}" portid="{port}"><state state="{state}"/></port>' for port, state in ports)
    host = f'<host><status state="up" reason="{present}"/><ports>{rows}</ports></host>'
    info = f'<scaninfo type="x" protocol="{protocol}" numservices="{number}"/>'
    text = f'<!DOCTYPE nmaprun>\n<nmaprun version="7.95">{info}{host}<runstats><finished exit="{exit_}"/></runstats></nmaprun>'
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}'.encode()


UDP = scan(("53", "open|filtered"), protocol="udp", number=100)


def read(tcp: bytes, udp: bytes = UDP, declared: tuple[str, ...] = ("tcp/22",)) -> Examination:
    """Read two scans."""
    return nmap.read(tcp, udp, declared, vantage="bastion", tier=Tier.BOOTED)


def wrong(found: Examination) -> list[str]:
    """What is not as declared."""
    return [one.rule for one in found.findings if one.result is not Result.PASS]


def test_the_declared_port_and_silence_pass() -> None:
    """What gives no answer is not open."""
    assert wrong(read(scan(("22", "open"), ("23", "filtered"), ("24", "closed")))) == []


def test_an_open_port_that_nobody_declared_fails() -> None:
    """Of both protocols."""
    found = read(scan(("22", "open"), ("8080", "open")), scan(("53", "open"), protocol="udp", number=100))
    assert wrong(found) == ["tcp/8080", "udp/53"]


def test_a_declared_port_that_is_shut_fails() -> None:
    """The sets are equal, or something is wrong."""
    assert wrong(read(scan(("22", "filtered")))) == ["tcp/22"]


@pytest.mark.parametrize(
    ("tcp", "word"),
    [
        pytest.param(scan(("22", "open"), exit_="error"), "ended well", id="broken"),
        pytest.param(scan(("22", "open"))[:-20], "XML to its end", id="cut-off"),
        pytest.param(scan(("22", "open"), number=1000), "at least 65535", id="too-few"),
        pytest.param(scan(present="user-set"), "shows that it is there", id="nobody-there"),
        pytest.param(scan().replace(b'state="up"', b'state="down"'), "shows that it is there", id="down"),
        pytest.param(scan(("22", "open")).replace(b"nmaprun>", b'nmaprun [<!ENTITY e "x">]>', 1), "document type", id="doctype"),
    ],
)
def test_a_scan_that_cannot_tell_is_refused(tcp: bytes, word: str) -> None:
    """Silence of nobody is no closed port."""
    with pytest.raises(ExaminerError, match=word):
        read(tcp)


def test_a_scan_of_too_few_udp_ports_is_refused() -> None:
    """Both scans are looked at."""
    with pytest.raises(ExaminerError, match="at least 50"):
        read(scan(("22", "open")), scan(protocol="udp", number=3))
