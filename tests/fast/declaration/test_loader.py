"""Reading a declaration's file: places, text that is no YAML, and several mistakes at once."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from infra.declaration import load_platform, load_tenant
from infra.declaration.loader import stack_name
from infra.declaration.model import Platform
from infra.errors import DeclarationError
from tests.fast.declaration.declared import PLATFORM, TODAY, tenant

ROOT = Path(__file__).resolve().parents[3]
HEAD = "config:\n  ringfence:tenant:\n"
GOOD = """\
    region: north
    labels: {classification: internal, service: shop}
    zones: {app: {cidr: 10.0.0.0/24}}
"""


def problems(folder: Path, text: str | bytes, name: str = "Pulumi.acme.yaml") -> list[str]:
    """Return what is said about a tenant's file, one text per problem."""
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(DeclarationError) as refused:
        load_tenant(path, Platform.model_validate(PLATFORM), today=TODAY)
    return [str(problem) for problem in refused.value.problems]


def test_the_shipped_declarations_are_right() -> None:
    """What the repository ships is accepted on the day it was written, and on every day until its first expiry."""
    platform = load_platform(ROOT / "Pulumi.platform.yaml").platform
    tenants = [load_tenant(ROOT / f"Pulumi.{name}.yaml", platform, today=TODAY).tenant for name in ("acme", "globex")]
    assert [tenant.name for tenant in tenants] == ["acme", "globex"]
    assert tenants[0].zones["app"].cidr == tenants[1].zones["app"].cidr
    assert tenants[1].zones["app"].cidr6 is not None


def test_a_flow_holds_up_to_and_including_its_last_day(tmp_path: Path) -> None:
    """The day of the expiry is the last day on which the flow is allowed."""
    assert tenant(tmp_path, {"flows.sql.expires": TODAY}).tenant.flows["sql"].expires == TODAY


def test_a_mistake_has_the_line_of_its_key(tmp_path: Path) -> None:
    """File, line and key path lead to the mistake; expected, got and next step follow on lines of their own."""
    text = (
        HEAD
        + GOOD
        + dedent("""\
        # a comment
        flows:
          web: {from: internet, to: app, protocol: tcp, reason: customers, owner: team,
                ports: [443,
                        70000]}
    """)
        .replace("\n", "\n    ")
        .join(["    ", ""])
        .rstrip(" ")
    )
    found = problems(tmp_path, text)
    assert found[0].splitlines() == [
        "Pulumi.acme.yaml:10: flows.web.ports[1]: not a port",
        "  expected: a port from 1 to 65535 such as 443, or a range such as 8000-8010",
        "  got: 70000",
    ]


def test_a_missing_key_has_the_line_of_what_lacks_it(tmp_path: Path) -> None:
    """A key that is not written is reported where its entry begins."""
    found = problems(
        tmp_path, HEAD + GOOD + "    flows:\n      web: {from: internet, to: app, protocol: tcp, ports: [443], reason: customers}\n"
    )
    assert [line.splitlines()[0] for line in found] == ["Pulumi.acme.yaml:7: flows.web.owner: owner is missing"]


def test_all_mistakes_come_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    """Mistakes of shape and of meaning, in entries that depend on each other, are one report."""
    text = HEAD + dedent("""\
        region: west
        labels: {classification: cosmic, service: shop}
        zones:
          app: {cidr: 10.0.0.0/24}
          data: {cidr: 10.0.0.128/25}
        servers:
          db: {zones: {data: 300}, flavor: small, root: 2, volume_type: plain}
        flows:
          ssh: {from: app, to: db, protocol: tcp, ports: [22], owner: team}
          old: {from: app, to: nobody, protocol: tcp, ports: [9-8], reason: some reason, owner: team, expires: 2020-01-01}
    """).replace("\n", "\n    ").join(["    ", ""]).rstrip(" ")
    heads = [line.splitlines()[0].removeprefix("Pulumi.acme.yaml:") for line in problems(tmp_path, text)]
    assert heads == [
        "3: region: the region is not allowed",
        "4: labels.classification: not one of the known values",
        "7: zones.data.cidr: the zone overlaps zone app",
        "9: servers.db.zones.data: zone data has no such host number",
        "9: servers.db.volume_type: the volume type does not encrypt",
        "11: flows.ssh.reason: reason is missing",
        "11: flows.ssh.ports[0]: no flow may open a management port",
        "12: flows.old.ports[0]: the port range is inverted",
    ]


def test_a_key_written_twice_is_refused(tmp_path: Path) -> None:
    """YAML would silently keep the last one."""
    found = problems(tmp_path, HEAD + GOOD + "    zones: {data: {cidr: 10.1.0.0/24}}\n")
    assert [line.splitlines()[:2] for line in found] == [
        ["Pulumi.acme.yaml:6: zones: the key is written twice", "  expected: each key once; it is in line 5 already"]
    ]


def test_a_key_written_twice_in_an_entry_is_refused(tmp_path: Path) -> None:
    """The same holds at every depth."""
    found = problems(tmp_path, HEAD + GOOD + "    servers:\n      a: {zones: {app: 5, app: 6}, flavor: f, root: 2}\n")
    assert "servers.a.zones.app: the key is written twice" in found[0]


def test_keys_that_are_not_ours_are_left_alone(tmp_path: Path) -> None:
    """Pulumi's own settings, and other mistakes outside the declaration, do not disturb."""
    path = tmp_path / "Pulumi.acme.yaml"
    path.write_text("encryptionsalt: v1:abc\nsecretsprovider: passphrase\nconfig:\n  openstack:cloud: lab\n" + HEAD[8:] + GOOD)
    assert load_tenant(path, Platform.model_validate(PLATFORM), today=TODAY).tenant.servers == {}


@pytest.mark.parametrize("section", ["externals", "servers", "flows"])
def test_an_empty_section_is_no_mistake(tmp_path: Path, section: str) -> None:
    """A section's key with nothing below it means that there are none."""
    path = tmp_path / "Pulumi.acme.yaml"
    path.write_text(HEAD + GOOD + f"    {section}:\n")
    assert not getattr(load_tenant(path, Platform.model_validate(PLATFORM), today=TODAY).tenant, section)


UNREADABLE: dict[str, tuple[str | bytes, str]] = {
    "a tab as indentation": (HEAD + "\tregion: north\n", "Pulumi.acme.yaml:3: tabs are not allowed"),
    "a quote without an end": (HEAD + '    region: "north\n', "the file is not YAML"),
    "a list that is not closed": (HEAD + GOOD + "    flows: [\n", "the file is not YAML"),
    "two documents": (HEAD + GOOD + "---\n" + HEAD, "Pulumi.acme.yaml:6: the file has several documents"),
    "bytes that are no text": (b"config: \xff\n", "the file is not text"),
    "nothing": ("", "no declaration"),
    "a list": ("- config\n", "no declaration"),
    "another kind of stack": (
        "config:\n  ringfence:platform: {}\n",
        "no declaration\n  expected: the key ringfence:tenant\n  got: ringfence:platform",
    ),
    "no configuration": ("config:\n", "no declaration"),
    "a text in place of the declaration": (HEAD[:-1] + " acme\n", "not a mapping\n  expected: the keys region, labels, zones"),
    "nothing in place of the declaration": (HEAD, "not a mapping"),
    "an alias": (HEAD + GOOD.replace("north", "&a north") + "    flows: *a\n", "Pulumi.acme.yaml:6: flows: an alias"),
    "an alias to itself": (HEAD + GOOD + "    flows: &a {b: *a}\n", "Pulumi.acme.yaml:6: flows.b: an alias"),
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_a_file_that_cannot_be_read_says_why(name: str, tmp_path: Path) -> None:
    """Broken text is one clear problem with its line, and never a trace-back."""
    text, expected = UNREADABLE[name]
    found = problems(tmp_path, text)
    assert len(found) == 1
    assert expected in found[0]


def test_a_file_that_is_not_there_says_so(tmp_path: Path) -> None:
    """The message names the file and the document that explains it."""
    with pytest.raises(DeclarationError, match=r"(?s)Pulumi.acme.yaml: no declaration.*docs/declaration.md"):
        load_tenant(tmp_path / "Pulumi.acme.yaml", Platform.model_validate(PLATFORM), today=TODAY)


@pytest.mark.parametrize("name", ["acme.yaml", "Pulumi.yaml", "Pulumi.acme.yml"])
def test_a_file_with_another_name_declares_no_stack(name: str) -> None:
    """The tenant's name is the stack's, and comes from the file's name."""
    with pytest.raises(DeclarationError, match="the file is no declaration"):
        stack_name(Path(name))


@pytest.mark.parametrize("name", ["platform", "admin", "service", "Acme", "a" * 32])
def test_a_tenant_has_a_name_of_its_own(name: str, tmp_path: Path) -> None:
    """Names of the platform and of projects that clouds have are refused, and so is what is no name."""
    found = problems(tmp_path, HEAD + GOOD, f"Pulumi.{name}.yaml")
    assert len(found) == 1
    assert "no tenant may be called" in found[0] or "not a name" in found[0]


def test_a_declared_place_can_be_found_again(tmp_path: Path) -> None:
    """A declaration remembers the line of every flow, for whatever has to point at it."""
    path = tmp_path / "Pulumi.acme.yaml"
    flow = "    flows:\n      web: {from: internet, to: app, protocol: tcp, ports: [443], reason: customers, owner: team}\n"
    path.write_text(HEAD + GOOD + flow)
    lines = load_tenant(path, Platform.model_validate(PLATFORM), today=TODAY).lines
    assert str(lines.of("flows", "web")) == "Pulumi.acme.yaml:7"
    assert lines.of("flows", "web", "nothing of the kind").line == 7
