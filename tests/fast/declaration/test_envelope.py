"""Keys: what is around a declaration, and misspelt ones in it. A key that nobody reads is one mistake, with its line and a true list."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from infra.declaration import load_platform
from tests.fast.declaration import declared
from tests.fast.declaration.declared import changed, written
from tests.fast.declaration.written import file, said

if TYPE_CHECKING:
    from pathlib import Path

TENANTS = "expected: one of region, labels, zones, externals, servers, flows"
OURS = "expected: one of ringfence:tenant, ringfence:platform, ringfence:allowReplace"
SECURE = "config:\n  ringfence:tenant:\n    secure: AAABAJxhc2Rm\n"

ONE: dict[str, tuple[str, str, str]] = {
    "the configuration's key, misspelt": (file().replace("config:", "konfig:"), "1: konfig: unknown key", "did you mean config?"),
    "a key of nobody's beside it": ("settings: {}\n" + file(), "1: settings: unknown key", "expected: one of config, encryptedkey"),
    "the declaration's key, misspelt": (
        file().replace("ringfence:tenant", "ringfence:tennant"),
        "2: config.ringfence:tennant: unknown key",
        "did you mean ringfence:tenant?",
    ),
    "the declaration's namespace, misspelt": (
        file().replace("ringfence:tenant", "ringfense:tenant"),
        "2: config.ringfense:tenant: unknown key",
        "did you mean ringfence:tenant?",
    ),
    "another key of ringfence's": (
        file().replace("config:\n", "config:\n  ringfence:other: 1\n"),
        "2: config.ringfence:other: unknown key",
        OURS,
    ),
    "both kinds of stack": (
        file() + "  ringfence:platform: {}\n",
        "11: config.ringfence:platform: the file has ringfence:tenant as well",
        "either the platform or a tenant",
    ),
    "the configuration twice": (file() + file(), "11: config: the key is written twice", "it is in line 1 already"),
    "the declaration twice": (file() + file().replace("config:\n", ""), "11: the key is written twice", "it is in line 2 already"),
    "a section of nobody's": (file() + "    firewall: {}\n", "11: firewall: unknown key", TENANTS),
    "a section, misspelt": (file().replace("    zones:", "    zone:"), "5: zone: unknown key", "did you mean zones?"),
    "a section with a capital": (file().replace("    servers:", "    Servers:"), "7: Servers: unknown key", "did you mean servers?"),
    "the tenant's name": (file() + "    name: acme\n", "11: name: unknown key", "the file's name is the tenant's name"),
    "a section of zones with nothing in it": (
        file().replace("      app: {cidr: 10.9.0.0/24}\n", ""),
        "5: zones: zones is missing",
        "the tenant's networks by name",
    ),
    "a declaration that is encrypted": (SECURE, "3: an encrypted value", "a declaration is read in review and holds no secrets"),
    "a key of an entry, misspelt": (file(more=", cdir6: 'fd00::/64'"), "6: zones.app.cdir6: unknown key", "did you mean cidr6?"),
    "a needed key, misspelt": (file().replace("flavor:", "flavour:"), "8: servers.api.flavour: unknown key", "did you mean flavor?"),
    "a key of a part of an entry": (
        file().replace("ports: [443]", "ports: [443], icmp: {type: 8, cod: 1}").replace("tcp, ports: [443]", "icmp"),
        "10: flows.https.icmp.cod: unknown key",
        "one of type, code",
    ),
}


@pytest.mark.parametrize("name", ONE)
def test_a_key_that_nobody_reads_is_one_mistake(name: str, tmp_path: Path) -> None:
    """Its line, what keys there are, and which one was meant; nothing is said about what would follow from it."""
    text, head, part = ONE[name]
    (mistake,) = said(tmp_path, text)
    assert mistake.startswith(head)
    assert part in mistake
    assert "(nothing)" not in mistake
    assert "one of\n" not in mistake


def test_no_list_of_names_is_empty(tmp_path: Path) -> None:
    """Where there is nothing to choose from, the message says so."""
    path = written(tmp_path, "platform", "ringfence:platform", changed(declared.PLATFORM, {"volume_types": {"plain": {}}}))
    with pytest.raises(ValueError, match="a volume type with encryption"):
        load_platform(path)


PREFIXES: dict[str, tuple[str, str]] = {
    "10.9.0.0/255.255.255.0": ("not an IPv4 prefix", "not a netmask"),
    "10.9.0.0/0.0.0.255": ("not an IPv4 prefix", "not a netmask"),
    "10.9.0.0": ("not an IPv4 prefix", "after a slash"),
    "10.9.0.0/024": ("not an IPv4 prefix", "an IPv4 prefix with its length"),
    "010.9.0.0/24": ("not an IPv4 prefix", "an IPv4 prefix with its length"),
    "10.9.0/24": ("not an IPv4 prefix", "an IPv4 prefix with its length"),
    "10.9.0.0/33": ("not an IPv4 prefix", "an IPv4 prefix with its length"),
    "'10.9.0.0/24 '": ("not an IPv4 prefix", "an IPv4 prefix with its length"),
    "'10.9.0.0/\u0662\u0664'": ("not an IPv4 prefix", "an IPv4 prefix with its length"),
    "'fd00::/64'": ("not an IPv4 prefix", "this one is IPv6"),
    "[10.9.0.0/24]": ("not an IPv4 prefix", "an IPv4 prefix with its length"),
    "10.9.0.1/24": ("the prefix has host bits set", "expected: 10.9.0.0/24"),
    "10.9.0.0/31": ("the zone has no sensible size", "/16 to /29"),
    "10.9.0.0/32": ("the zone has no sensible size", "/16 to /29"),
}
PREFIXES6: dict[str, tuple[str, str]] = {
    "'fd00::%eth0/64'": ("not an IPv6 prefix", "leave the scope"),
    "10.8.0.0/24": ("not an IPv6 prefix", "this one is IPv4"),
    "'::ffff:10.0.0.0/104'": ("not an IPv6 prefix", "hexadecimal groups"),
    "'::ffff:a00:0/104'": ("the prefix is reserved", "IPv4-mapped"),
    "'fd00::1/64'": ("the prefix has host bits set", "expected: fd00::/64"),
    "'fd00::/ffff::'": ("not an IPv6 prefix", "not a netmask"),
    "'fd00:::/64'": ("not an IPv6 prefix", "an IPv6 prefix with its length"),
    "'fd00::/127'": ("the zone has no sensible size", "/56 to /124"),
}


@pytest.mark.parametrize("prefix", [*PREFIXES, *PREFIXES6])
def test_a_prefix_is_an_address_and_a_length(prefix: str, tmp_path: Path) -> None:
    """One mistake at the prefix's own line, whatever is in the zone."""
    what, part = (PREFIXES | PREFIXES6)[prefix]
    text = file(cidr=prefix) if prefix in PREFIXES else file(more=f", cidr6: {prefix}")
    (mistake,) = said(tmp_path, text)
    assert mistake.startswith("6: zones.app.cidr")
    assert what in mistake
    assert part in mistake


NO_DAYS: dict[str, tuple[str, str]] = {
    "2027-02-30": ("there is no such day", ""),
    "2027-13-01": ("there is no such day", ""),
    "2027-02-29": ("there is no such day", ""),
    "0000-01-01": ("there is no such day", ""),
    '"2027-12-31T00:00:00+14:00"': ("not a day", "neither a time nor a zone"),
    "2027-12-31T00:00:00Z": ("not a day", "neither a time nor a zone"),
    "2027-12-31 12:00:00": ("not a day", "neither a time nor a zone"),
    "'2027-12-31 23:00:00 +0000 UTC'": ("not a day", "neither a time nor a zone"),
    "'2027-12-31 00:00:00 +0200 CEST'": ("not a day", "neither a time nor a zone"),
    '"31.12.2027"': ("not a day", "year, month and day"),
    '"12/31/2027"': ("not a day", "year, month and day"),
    '"1830297600"': ("not a day", "year, month and day"),
    "1830297600": ("not a day", "year, month and day"),
    "2027": ("not a day", "year, month and day"),
    '" 2027-12-31 "': ("not a day", "spaces"),
    "2027-1-1": ("not a day", "year, month and day"),
    "20271231": ("not a day", "year, month and day"),
    "2027-W52": ("not a day", "year, month and day"),
    '"\u0662\u0660\u0662\u0667-12-31"': ("not a day", "year, month and day"),
    "[2027-12-31]": ("not a day", "year, month and day"),
}


@pytest.mark.parametrize("day", NO_DAYS)
def test_a_day_has_one_form(day: str, tmp_path: Path) -> None:
    """Days that are none, times, zones and other calendars' forms are the writer's mistake, at its line."""
    what, part = NO_DAYS[day]
    (mistake,) = said(tmp_path, file(expires=day))
    assert mistake.startswith(f"10: flows.https.expires: {what}")
    assert "a day, such as 2027-12-31" in mistake
    assert part in mistake


@pytest.mark.parametrize("day", ["2027-12-31", '"2027-12-31"', "'2027-12-31 00:00:00 +0000 UTC'", "2028-02-29", "~"])
def test_a_day_may_have_quotes_and_the_form_that_the_engine_gives_it(day: str, tmp_path: Path) -> None:
    """``pulumi stack init`` writes a day without quotes anew, as the text of a point in time."""
    assert said(tmp_path, file(expires=day)) == []


TEXTS: dict[str, tuple[dict[str, str], str]] = {
    "a single port": (
        {"ports": "443"},
        "10: flows.https.ports: not a list\n  expected: a list of ports, such as [443, 8000-8010]\n  got: 443",
    ),
    "ports by name": ({"ports": "{a: 1}"}, "10: flows.https.ports: not a list\n  expected: a list of ports"),
    "an inverted range": (
        {"ports": '["80-70"]'},
        "10: flows.https.ports[0]: the port range is inverted\n  expected: 70-80\n  got: 80-70",
    ),
    "port 0": ({"ports": "[0]"}, "10: flows.https.ports[0]: not a port\n  expected: a port from 1 to 65535"),
    "a blank flavor": ({"flavor": "'  '"}, "8: servers.api.flavor: the text is blank"),
    "a flavor that is a number": ({"flavor": "4"}, "8: servers.api.flavor: not a text"),
    "a reason in two": ({"reason": "[abc, def]"}, "10: flows.https.reason: not a text\n  expected: one name or text\n  got: [abc, def]"),
    "a long reason": ({"reason": "x" * 201}, "10: flows.https.reason: the text is too long\n  expected: at most 200 characters"),
    "a short reason": ({"reason": "ab"}, "10: flows.https.reason: the text is too short\n  expected: at least 3 characters"),
    "a root disk of nothing": ({"root": "0"}, "8: servers.api.root: the number is too small\n  expected: 2 or more"),
    "a root disk of everything": ({"root": "16385"}, "8: servers.api.root: the number is too large\n  expected: 16384 or less"),
}
ENGINEERS_WORDS = ("tuple", "dict", "valid ", "Input", "pydantic", "type=", "<class", "{'")


@pytest.mark.parametrize("name", TEXTS)
def test_a_value_is_told_in_the_words_of_the_declaration(name: str, tmp_path: Path) -> None:
    """No message speaks of tuples and dicts."""
    parts, expected = TEXTS[name]
    (mistake,) = said(tmp_path, file(**parts))
    assert mistake.startswith(expected)
    assert not any(word in mistake for word in ENGINEERS_WORDS)
