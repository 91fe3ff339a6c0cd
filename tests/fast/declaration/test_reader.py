"""YAML that could be read in two ways is refused: one mistake, with its line, in words that say what to write."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from infra.declaration.yaml import reader, scalars
from tests.fast.declaration.written import file, said

if TYPE_CHECKING:
    from pathlib import Path

AMBIGUOUS = "a number that readers of YAML understand differently"
NUMBERS = (
    "0443",
    "00",
    "-0",
    "+443",
    "0o443",
    "0x1bb",
    "0X1BB",
    "0b11",
    "4_43",
    "7:23",
    "1:2:3",
    "443.0",
    ".5",
    "1.",
    "4.4e2",
    "1e3",
    ".inf",
    "-.INF",
    ".NaN",
)
TRUTHS = ("y", "Y", "n", "yes", "No", "on", "OFF", "true", "False")
FOREIGN = ('"\u0664\u0664\u0663"', "\uff14\uff14\uff13", '"4\u00b23"', '"0443"', '" 443"', '"443-"', '"-443"', '"1-2-3"', '"+1"', "99999")


def test_the_unchanged_file_is_accepted(tmp_path: Path) -> None:
    """The file that the mistakes are made in is right by itself."""
    assert said(tmp_path, file()) == []


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("part", ["ports", "root", "number", "flavor", "reason"])
def test_a_number_is_decimal_digits(part: str, number: str, tmp_path: Path) -> None:
    """Octal, hexadecimal and sexagesimal numbers, fractions, signs and underscores are refused wherever they are written."""
    (mistake,) = said(tmp_path, file(**{part: f"[{number}]" if part == "ports" else number}))
    assert AMBIGUOUS in mistake
    assert f"got: {number}" in mistake
    assert mistake.startswith("10:" if part in {"ports", "reason"} else "8:")


@pytest.mark.parametrize("port", FOREIGN)
def test_a_port_is_ascii_digits(port: str, tmp_path: Path) -> None:
    """Digits of other scripts are digits to Python, and no port."""
    (mistake,) = said(tmp_path, file(ports=f"[{port}]"))
    assert mistake.startswith("10: flows.https.ports[0]: not a port\n  expected: a port from 1 to 65535")


@pytest.mark.parametrize("part", ["root", "number"])
@pytest.mark.parametrize("value", ['"11"', "[11]", "{a: 11}", "eleven", "~", "99999999999999999999999999"])
def test_a_number_is_no_text(part: str, value: str, tmp_path: Path) -> None:
    """Quotes make a text; a text that looks like a number is none."""
    (mistake,) = said(tmp_path, file(**{part: value}))
    assert "not a whole number" in mistake or AMBIGUOUS in mistake


@pytest.mark.parametrize("word", TRUTHS)
@pytest.mark.parametrize("part", ["zone", "flavor", "reason", "region"])
def test_a_word_that_some_take_for_true_or_false_needs_quotes(part: str, word: str, tmp_path: Path) -> None:
    """A zone called ``no`` is called False by YAML 1.1; the message says that quotes are needed, wherever the word is written."""
    found = said(tmp_path, file(**{part: word}))
    assert all("true or false to some readers of YAML" in one and f'in quotes: "{word}"' in one for one in found)
    assert len(found) == (3 if part == "zone" else 1)


@pytest.mark.parametrize("word", ["no", "y", "on"])
def test_such_a_word_in_quotes_is_a_name(word: str, tmp_path: Path) -> None:
    """What the message asks for is accepted."""
    assert said(tmp_path, file(zone=f'"{word}"')) == []


ODD: dict[str, tuple[str, str]] = {
    "a merge key": (file(more=", <<: {cidr6: 'fd00::/64'}"), "6: zones.app.<<: a merge key"),
    "a merge key that would lose": (file(expires="2027-12-31, <<: {ports: [80]}"), "10: flows.https.<<: a merge key"),
    "a merge of an alias": (file(region="&r north", more=", <<: *r"), "6: zones.app.<<: a merge key"),
    "a set": (file(ports="!!set {443}"), "10: flows.https.ports: tags are not allowed\n  expected: a plain value\n  got: !!set"),
    "a binary": (file(reason="!!binary aGVsbG8="), "10: flows.https.reason: tags are not allowed"),
    "a python object": (file(reason="!!python/object/apply:os.system ['id']"), "10: flows.https.reason: tags are not allowed"),
    "a text by a tag": (file(reason="!!str customers"), "10: flows.https.reason: tags are not allowed"),
    "a number by a tag": (file(root="!!int '2'"), "8: servers.api.root: tags are not allowed"),
    "a tag of nobody's": (file(root="! 2"), "8: servers.api.root: tags are not allowed"),
    "a tag in a tag": (file(ports="!a [!b 443]"), "10: flows.https.ports: tags are not allowed"),
    "a list as a key": (
        file().replace("zones:\n", "zones:\n      ? [a, b]\n      : {cidr: 10.8.0.0/24}\n"),
        "6: zones: a key is not a plain word",
    ),
    "a tag on a key": (file(more=", !!str cidr6: 'fd00::/64'"), "6: zones.app: a key is not a plain word"),
    "an alias as a key": (file(region="&r north", more=", *r : 1"), "6: zones.app: a key is not a plain word"),
    "a key without a name": (file(more=", ~: 1"), "6: zones.app: a key without a name"),
    "a key twice": (file(more=", cidr: 10.9.0.0/24"), "6: zones.app.cidr: the key is written twice"),
    "a key twice, in quotes": (file(more=', "cidr": 10.9.0.0/24'), "6: zones.app.cidr: the key is written twice"),
    "an alias": (file(region="&r north", reason="*r"), "10: flows.https.reason: an alias"),
    "an encrypted value": (file(reason="{secure: AAABAJxhc2Rm}"), "10: flows.https.reason: an encrypted value"),
    "a hidden character": (file(reason='"custom\\0ers"'), "10: flows.https.reason: a text with a character that cannot be seen"),
    "a turned direction": (file(reason='"a \\u202e b"'), "10: flows.https.reason: a text with a character that cannot be seen"),
    "a line's end in a key": (file(more=', "a\\nb": 1'), "6: zones.app: a key with a character that cannot be seen"),
    "a key of a page": (file(more=f", {'k' * 201}: 1"), "6: zones.app: a key that is too long"),
    "a hidden character in a key": (file(more=', "a\\0b": 1'), "6: zones.app: a key with a character that cannot be seen"),
}


@pytest.mark.parametrize("name", ODD)
def test_what_could_be_read_in_two_ways_is_one_mistake(name: str, tmp_path: Path) -> None:
    """Tags, merge keys, keys that are no words, aliases and characters that cannot be seen: each is said once, at its line."""
    text, expected = ODD[name]
    (mistake,) = said(tmp_path, text)
    assert expected in mistake


WHOLE: dict[str, tuple[str | bytes, str]] = {
    "NUL": (
        file(reason="cust\0omers"),
        "10: the file has a character that cannot be seen",
    ),
    "a line separator, which only YAML 1.1 takes for a line's end": (file(reason="a # \u2028 b"), "10: the file has a character"),
    "a next line": (file(reason="a # \u0085 b"), "10: the file has a character"),
    "a carriage return by itself": (file(reason="a # \r b"), "10: the file has a character"),
    "a mark that turns the direction": (file(reason="a \u202e b"), "10: the file has a character"),
    "a byte order mark inside": (file(reason="a \ufeff b"), "10: the file has a character"),
    "latin-1": (file(reason="cliént").encode("latin-1"), "10: the file is not text\n  expected: UTF-8"),
    "UTF-16": (file().encode("utf-16"), "1: the file is not text"),
    "a tab": (file().replace("    zones:", "\tzones:"), "5: tabs are not allowed"),
    "two documents": (file() + "---\n" + file(), "11: the file has several documents"),
    "too large": (file() + "#" * (1 << 18), "the file is too large"),
    "a bracket too many": (file(ports="[443]]"), "10: the file is not YAML"),
}


@pytest.mark.parametrize("name", WHOLE)
def test_a_text_that_does_not_read_as_it_looks_is_refused_as_a_whole(name: str, tmp_path: Path) -> None:
    """One mistake with the line of the first thing that is wrong."""
    text, expected = WHOLE[name]
    (mistake,) = said(tmp_path, text)
    assert expected in mistake


@pytest.mark.parametrize(
    "text",
    [b"\xef\xbb\xbf" + file().encode(), file().replace("\n", "\r\n"), "---\n" + file() + "...\n", file() + "# \U0001f600 caf\u00e9\n"],
)
def test_what_only_looks_different_is_accepted(text: str | bytes, tmp_path: Path) -> None:
    """A byte order mark, line ends of another system, marks of a document, letters of any script in a comment."""
    assert said(tmp_path, text) == []


@pytest.mark.parametrize("bracket", ["[", "{", "{a: ", "- ", "? ", "[[{"])
@pytest.mark.parametrize("depth", [30, 1000, 60_000])
def test_nesting_is_bounded(bracket: str, depth: int, tmp_path: Path) -> None:
    """A thousand and sixty thousand brackets are a mistake with a line, found at once, and not the end of the interpreter."""
    begun = time.process_time()
    (mistake,) = said(tmp_path, "x: 1\ny:\n  " + bracket * depth)
    assert mistake.startswith("3: lists and mappings are nested too deep")
    assert time.process_time() - begun < 0.5


MANY = {
    "zones": "".join(f"      z{n}: {{cidr: 10.{n // 256}.{n % 256}.0/24}}\n" for n in range(900)),
    "externals": "      e: {cidrs: [" + ", ".join(f"11.{n // 256}.{n % 256}.0/24" for n in range(2000)) + "]}\n",
    "flows": "".join(f"      f{n}: {{from: z{n}, to: nobody{n}, protocol: ah, reason: xyz, owner: xyz}}\n" for n in range(500)),
}


def test_many_entries_are_judged_soon(tmp_path: Path) -> None:
    """Nothing is held against everything: thousands of zones, prefixes and unknown ends take no minutes."""
    head = "config:\n  ringfence:tenant:\n    region: north\n    labels: {classification: internal, service: x}\n"
    text = head + "".join(f"    {section}:\n{entries}" for section, entries in MANY.items())
    begun = time.process_time()
    found = said(tmp_path, text)
    assert time.process_time() - begun < 2
    assert len(found) == 500
    assert all("unknown endpoint\n  expected: one of internet, e, z0" in one and "882 more" in one for one in found)


def test_aliases_are_never_followed() -> None:
    """Ten levels of ten aliases would be ten thousand million values."""
    levels = "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 11))
    found = reader.parse("a0: &a0 [x]\n" + levels, "f")
    assert {one.what for one in found.mistakes} == {"an alias"}


@pytest.mark.parametrize(
    "word", ["443", "0", "-7", "10.0.0.0/24", "1.2.3", "9000-9010", "2027-12-31", "fd00:1::", "a_b", "12ab", "e3", ".", "-"]
)
def test_a_word_that_all_readers_take_alike_stays_what_it_is(word: str) -> None:
    """Decimal numbers are numbers, and everything else is a text: the twins of the refusals."""
    assert scalars.plain(word) == (int(word) if word.lstrip("-").isdigit() else word)


EXAMPLES = settings().max_examples
WORDS = "config ringfence:tenant zones flows cidr : - [ ] { } , *a ? 0443 ~ no ' \" # | > % @ 10.0.0.0/24 secure \\ 443 2027-02-30"
PIECES = st.sampled_from([*WORDS.split(" "), ": ", ":\n  ", "\n", "  ", "- ", "&a ", "<<: ", "!!set ", "\t", "---\n", "\0", "\ud7ff"])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=3 * EXAMPLES)
@given(text=st.one_of(st.text(max_size=200), st.lists(PIECES, max_size=60).map("".join)), below=st.booleans())
def test_no_text_whatsoever_breaks_the_loader(text: str, *, below: bool, tmp_path: Path) -> None:
    """Whatever a file holds, its mistakes are told: nothing else is ever raised, and soon."""
    written = "config:\n  ringfence:tenant:\n    " + text.replace("\n", "\n    ") if below else text
    assert said(tmp_path, written.encode("utf-8", "surrogatepass"))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=4 * EXAMPLES)
@given(raw=st.binary(max_size=200))
def test_no_bytes_whatsoever_break_the_loader(raw: bytes, tmp_path: Path) -> None:
    """The same holds for what is no text."""
    assert said(tmp_path, raw)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=6 * EXAMPLES)
@given(
    part=st.sampled_from(["region", "zone", "cidr", "more", "number", "flavor", "root", "ports", "reason", "expires"]),
    text=st.lists(PIECES, max_size=12).map("".join),
)
def test_no_part_whatsoever_breaks_the_loader(part: str, text: str, tmp_path: Path) -> None:
    """The same holds for a file that is right but for one part."""
    said(tmp_path, file(**{part: text}).encode("utf-8", "surrogatepass"))
