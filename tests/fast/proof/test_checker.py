"""The independent checker accepts what is proven and refuses everything else: other snapshots, damaged fields, certificates that lie."""

from __future__ import annotations

import copy
import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from netaddr import AddrFormatError

from infra.neutron.snapshot import Network
from ringfence import checker
from ringfence.checker.conditions import check, main
from ringfence.checker.rules import RefusedError
from tests.fast.neutron.clouds import Cloud, platform_alone, two_tenants
from tests.fast.proof.certificates import certified, claimed, read_once, sealed
from tests.fast.proof.changes import LEAKS
from tests.fast.proof.harmless import HARMLESS
from tests.fast.proof.mixed import OPEN, mixed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.fast


def test_the_intended_topology_is_confirmed() -> None:
    """The checker proves the two claims that it knows, from the certificate and the snapshot alone."""
    certificate, snapshot = certified(two_tenants())
    assert check(certificate, snapshot) == ("structure", "packets")


@pytest.mark.parametrize("change", HARMLESS.values(), ids=HARMLESS)
def test_harmless_changes_are_confirmed(change: Callable[[Cloud], None]) -> None:
    """Engine and checker agree where nothing leaks."""
    cloud = two_tenants()
    change(cloud)
    assert check(*certified(cloud))


@pytest.mark.parametrize("change", LEAKS.values(), ids=LEAKS)
def test_no_certificate_hides_a_leak(change: Callable[[Cloud], None]) -> None:
    """A certificate of a leaking cloud is refused, although its invariants are closed."""
    cloud = two_tenants()
    change(cloud)
    certificate, snapshot = claimed(cloud)
    with pytest.raises(RefusedError):
        check(certificate, snapshot)


@pytest.mark.parametrize("change", LEAKS.values(), ids=LEAKS)
def test_an_honest_certificate_is_no_cover_for_a_leak(change: Callable[[Cloud], None]) -> None:
    """The certificate of the good cloud, with the digest of the leaking one written in."""
    honest, _ = certified(two_tenants())
    cloud = two_tenants()
    change(cloud)
    other, snapshot = claimed(cloud)
    with pytest.raises(RefusedError):
        check(sealed({**honest, "snapshot": other["snapshot"]}), snapshot)


Step = str | int


def leaves(value: object, path: tuple[Step, ...] = ()) -> Iterator[tuple[Step, ...]]:
    """Yield the path of every value in a certificate, containers included."""
    if path:
        yield path
    items: Iterator[tuple[Step, object]] = iter(())
    if isinstance(value, dict):
        items = iter(value.items())
    elif isinstance(value, list):
        items = iter(enumerate(value))
    for step, inner in items:
        yield from leaves(inner, (*path, step))


def altered(value: object) -> object:
    """Return another value of the same type."""
    match value:
        case bool():
            return not value
        case str():
            return value + "x"
        case int():
            return value + 1
        case list():
            return [*value, "10.99.0.0/16"]
        case _:
            return {**value, "x": "x"} if isinstance(value, dict) else None


def damaged(certificate: dict[str, Any], path: tuple[Step, ...], *, remove: bool) -> dict[str, Any]:
    """Return the certificate with one value altered or removed."""
    copied: Any = copy.deepcopy(certificate)
    place = copied
    for step in path[:-1]:
        place = place[step]
    if remove:
        del place[path[-1]]
    else:
        place[path[-1]] = altered(place[path[-1]])
    result: dict[str, Any] = copied
    return result


REFUSAL = (RefusedError, ValueError, KeyError, TypeError, AttributeError, AddrFormatError)


@pytest.mark.parametrize("cloud", [two_tenants, mixed])
def test_every_damaged_field_is_refused(cloud: Callable[[], Cloud]) -> None:
    """Whatever value is altered or removed, the certificate is refused."""
    certificate, snapshot = certified(cloud())
    paths = list(leaves(certificate))
    assert len(paths) > 30
    for path in paths:
        for remove in (False, True):
            with pytest.raises(REFUSAL):
                check(damaged(certificate, path, remove=remove), snapshot)


LOAD_BEARING = ("format", "version", "snapshot", "platform", "closed", "tenants")


@pytest.mark.parametrize("cloud", [two_tenants, mixed])
def test_a_forger_who_seals_anew_is_refused(cloud: Callable[[], Cloud], monkeypatch: pytest.MonkeyPatch) -> None:
    """Removing any part of an invariant or a pair, or altering what identifies cloud, tenants and pairs, is refused on its merits."""
    certificate, snapshot = certified(cloud())
    read_once(snapshot, monkeypatch)
    for path in leaves(certificate):
        if path[0] in LOAD_BEARING:
            with pytest.raises(REFUSAL):
                check(sealed(damaged(certificate, path, remove=True)), snapshot)
        if path[0] in LOAD_BEARING[:5] or "from" in path:
            with pytest.raises(REFUSAL):
                check(sealed(damaged(certificate, path, remove=False)), snapshot)
    assert check(sealed(certificate), snapshot)


@pytest.mark.parametrize("claims", [[], ["public"]])
def test_a_certificate_that_claims_nothing_is_refused(claims: list[str]) -> None:
    """What proves nothing does not end like a proof."""
    certificate, snapshot = certified(two_tenants())
    with pytest.raises(RefusedError, match="nothing is claimed"):
        check(sealed({**certificate, "claims": claims}), snapshot)


def test_a_cloud_without_tenants_is_refused() -> None:
    """Of nobody, nothing is proven."""
    certificate, snapshot = claimed(platform_alone())
    with pytest.raises(RefusedError, match="there is none"):
        check(certificate, snapshot)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.sampled_from(["any", "10.0.0.0/8", "::/0", "acme", "globex", "services"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
"""Any JSON value, and words that mean something in a certificate."""

BAD = [(two_tenants, change) for change in LEAKS.values()] + [(mixed, change) for change in OPEN.values()]


@settings(max_examples=4 * settings().max_examples, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_no_damage_makes_a_leak_pass(data: st.DataObject) -> None:
    """However the certificate of a leaking cloud is damaged, and sealed anew, it proves nothing."""
    make, change = data.draw(st.sampled_from(BAD))
    cloud = make()
    change(cloud)
    certificate, snapshot = claimed(cloud)
    for _ in range(data.draw(st.integers(0, 3))):
        path = data.draw(st.sampled_from(sorted(leaves(certificate), key=str)))
        if data.draw(st.booleans()):
            certificate = damaged(certificate, path, remove=True)
        else:
            place: Any = certificate
            for step in path[:-1]:
                place = place[step]
            place[path[-1]] = data.draw(JSON)
    with pytest.raises(REFUSAL):
        check(sealed(certificate), snapshot)


def on_a_wire_outside(cloud: Cloud) -> None:
    """A tenant on a VLAN whose gateway is no router of the cloud, with a server that takes nothing."""
    cloud.project("initech")
    cloud.network("vlan", "initech", "10.5.0.0/24")
    cloud.change(Network, "vlan", provider_network_type="vlan", provider_physical_network="p", provider_segmentation_id=7)
    cloud.port("on-vlan", "vlan", "initech", "10.5.0.9")


OUTSIDES = {
    "a router that does not translate": (HARMLESS["untranslated_equals"], ("outside", "routers", "globex-edge")),
    "a network on a wire outside": (on_a_wire_outside, ("outside", "networks", "vlan")),
    "what is sent from there": (on_a_wire_outside, ("tenants", "initech", 0, "outside")),
}


@pytest.mark.parametrize("case", OUTSIDES)
def test_what_the_outside_can_send_must_be_listed(case: str) -> None:
    """A forger who leaves out what the outside world routes to, or that a tenant reaches it, is refused."""
    change, path = OUTSIDES[case]
    cloud = two_tenants()
    change(cloud)
    certificate, snapshot = certified(cloud)
    assert "packets" in check(certificate, snapshot)
    place: Any = certificate
    for step in path[:-1]:
        place = place[step]
    assert place[path[-1]]
    place[path[-1]] = []
    with pytest.raises(RefusedError):
        check(sealed(certificate), snapshot)


@pytest.mark.parametrize("kind", ["network", "port", "project", "router", "security_group", "server", "subnet"])
def test_two_records_with_one_id_are_refused(kind: str) -> None:
    """Of two ports with one id, one would be overlooked; or of two routers, the gateways of one."""
    certificate, snapshot = certified(two_tenants())
    first, *lines, last = snapshot.splitlines()
    twice = [
        first,
        *lines,
        next(line for line in lines if f'"kind":"{kind}"'.encode() in line),
        last.replace(str(len(lines)).encode(), str(len(lines) + 1).encode()),
    ]
    doubled = b"\n".join(twice)
    with pytest.raises(RefusedError, match="have one id"):
        check(sealed({**certificate, "snapshot": hashlib.sha256(doubled).hexdigest()}), doubled)


def test_a_wider_invariant_that_reaches_a_stranger_is_refused() -> None:
    """Listing more than necessary is no crime until another tenant's server is in it."""
    certificate, snapshot = certified(two_tenants())
    certificate["tenants"]["acme"][0]["networks"]["globex-app"] = ["10.0.0.11/32"]
    with pytest.raises(RefusedError, match=r"packets pass from acme on .* to globex on globex-app"):
        check(sealed(certificate), snapshot)


def test_the_checker_stands_alone(tmp_path: Path) -> None:
    """It imports nothing but the standard library, netaddr and its own modules, and its folder runs wherever it is copied."""
    folder = Path(checker.__file__).parent
    lines = [line.split() for file in folder.glob("*.py") for line in file.read_text().splitlines()]
    imported = {words[1].partition(".")[0] for words in lines if words and words[0] in {"import", "from"}}
    assert imported <= {
        "",
        "__future__",
        "hashlib",
        "json",
        "os",
        "runpy",
        "sys",
        "collections",
        "dataclasses",
        "itertools",
        "pathlib",
        "typing",
        "netaddr",
    }
    certificate, snapshot = certified(mixed())
    (tmp_path / "certificate.json").write_text(json.dumps(certificate))
    (tmp_path / "snapshot.jsonl").write_bytes(snapshot)
    shutil.copytree(folder, tmp_path / "copied", ignore=shutil.ignore_patterns("__pycache__"))
    for place in (folder, tmp_path / "copied"):
        command = [sys.executable, str(place), "certificate.json", "snapshot.jsonl"]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False)
        assert (done.returncode, done.stdout.splitlines()[0], done.stderr) == (0, "proven: packets", "")


def test_another_snapshot_is_refused() -> None:
    """A certificate is about one snapshot, byte by byte."""
    certificate, snapshot = certified(two_tenants())
    with pytest.raises(RefusedError, match="another snapshot"):
        check(certificate, snapshot + b"\n")


def test_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 0 and the claims, or 1 and the reason."""
    certificate, snapshot = certified(two_tenants())
    (tmp_path / "certificate.json").write_text(json.dumps(certificate))
    (tmp_path / "snapshot.jsonl").write_bytes(snapshot)
    arguments = [str(tmp_path / "certificate.json"), str(tmp_path / "snapshot.jsonl")]
    assert main(arguments) == 0
    trusted = 'trusted: "platform" (id "platform", domain "not told"): "the snapshot says so"'
    told = capsys.readouterr().out.splitlines()
    assert (told[0], told[-1]) == ("proven: structure, packets", trusted)
    (tmp_path / "certificate.json").write_text(json.dumps({**certificate, "profile": "ovs"}))
    assert main(arguments) == 1
    assert "changed after it was written" in capsys.readouterr().err
