"""The proxy's and apt's configuration: what must be in it, and what must never be."""

from __future__ import annotations

from dataclasses import replace
from datetime import time
from ipaddress import IPv4Address, ip_network

from hardening.bundle import Bundle, mistakes
from hardening.services import packages
from hardening.services.packages import Front, Mirror, Updates

FRONT = Front(IPv4Address("172.29.0.200"), 443, (ip_network("172.30.0.0/16"),))
DEBIAN = Mirror("debian", "http", "mirror.example.net", IPv4Address("192.0.2.7"), 80, "/debian", ("trixie", "trixie-updates"))
SECURITY = Mirror("security", "https", "security.example", IPv4Address("192.0.2.8"), 443, "/", ("trixie-security",), key="ARMOUR")
WINDOW = Updates(time(3, 30), 120, restart=True)


def test_every_way_through_the_proxy_is_declared() -> None:
    """Each place that a request goes to is a declared suite or component of a declared mirror; all else is 403."""
    (file,) = packages.proxy(FRONT, (DEBIAN, SECURITY), 2)
    lines = [line.strip() for line in file.text.splitlines()]
    assert [line for line in lines if line.startswith("proxy_pass ")] == [
        "proxy_pass http://192.0.2.7:80/debian/dists/trixie/;",
        "proxy_pass http://192.0.2.7:80/debian/dists/trixie-updates/;",
        "proxy_pass http://192.0.2.7:80/debian/pool/main/;",
        "proxy_pass http://192.0.2.7:80/debian/pool/updates/main/;",
        "proxy_pass https://192.0.2.8:443/dists/trixie-security/;",
        "proxy_pass https://192.0.2.8:443/pool/main/;",
        "proxy_pass https://192.0.2.8:443/pool/updates/main/;",
    ]
    assert "location / { return 403; }" in lines
    assert lines.count("listen 172.29.0.200:443 ssl default_server;") == 1
    assert lines.index("allow 172.30.0.0/16;") < lines.index("deny all;")


def test_a_mirror_that_is_asked_by_https_must_prove_its_name() -> None:
    """One that is asked by HTTP proves nothing: apt checks what it hands out."""
    (file,) = packages.proxy(FRONT, (SECURITY,), 2)
    assert file.text.count("proxy_ssl_verify on;") == file.text.count("proxy_ssl_name security.example;") == 3
    (file,) = packages.proxy(FRONT, (DEBIAN,), 2)
    assert "proxy_ssl" not in file.text


def test_a_client_knows_the_proxy_only_and_each_archive_by_its_key() -> None:
    """Debian's keys are in the image; another archive's key is a file of the bundle."""
    files = {file.path: file.text for file in packages.client(FRONT, (DEBIAN, SECURITY), WINDOW)}
    assert files[packages.SOURCES].splitlines() == [
        f"deb [signed-by={packages.DEBIAN_KEYS}] https://172.29.0.200:443/debian trixie main",
        f"deb [signed-by={packages.DEBIAN_KEYS}] https://172.29.0.200:443/debian trixie-updates main",
        "deb [signed-by=/run/ringfence/files/apt/keys/security.asc] https://172.29.0.200:443/security trixie-security main",
    ]
    assert files["apt/keys/security.asc"] == "ARMOUR"
    assert not mistakes(Bundle("", packages.client(FRONT, (DEBIAN, SECURITY), WINDOW)))


def test_only_security_suites_take_the_place_of_what_is_installed() -> None:
    """Everything else is below 100, where apt_preferences(5) leaves an installed version alone."""
    files = {file.path: file.text for file in packages.client(FRONT, (DEBIAN, SECURITY), WINDOW)}
    first, last = files[packages.SECURITY].strip().split("\n\n")
    assert first == "Package: *\nPin: release n=trixie-security\nPin-Priority: 500"
    assert last == 'Package: *\nPin: origin "*"\nPin-Priority: 50'


def test_the_window_says_when_how_long_and_whether_to_restart() -> None:
    """Hours and minutes of UTC without a colon, as the shell reads them."""
    for restart, word in ((True, "restart"), (False, "stay")):
        files = {file.path: file.text for file in packages.client(FRONT, (DEBIAN,), replace(WINDOW, restart=restart))}
        assert files[packages.WINDOW] == f"0330 120 {word}\n"
