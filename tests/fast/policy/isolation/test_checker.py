"""The independent checker accepts what is proven and refuses everything else: other snapshots, damaged fields, certificates that lie."""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any

import pytest

from infra.neutron.compile import compile_fabric
from infra.neutron.store import dumps
from infra.policy.isolation import prove
from infra.policy.isolation.certificate import certify, seal
from infra.policy.isolation.paths import Paths
from ringfence.checker import RefusedError, check, main
from tests.fast.neutron.clouds import Cloud, two_tenants
from tests.fast.policy.isolation.changes import HARMLESS, LEAKS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = pytest.mark.fast

Step = str | int


def certified(cloud: Cloud) -> tuple[dict[str, Any], bytes]:
    """Return a cloud's certificate as JSON would bring it, and its snapshot's bytes."""
    snapshot = cloud.snapshot()
    return json.loads(json.dumps(prove(compile_fabric(snapshot)).certificate)), dumps(snapshot)


def claimed(cloud: Cloud) -> tuple[dict[str, Any], bytes]:
    """Return what a prover without scruples would write: the invariants as they are, whatever they reach."""
    snapshot = cloud.snapshot()
    return json.loads(json.dumps(certify(Paths(compile_fabric(snapshot)), ()))), dumps(snapshot)


def sealed(certificate: dict[str, Any]) -> dict[str, Any]:
    """Seal a certificate anew, as a forger would."""
    body = {name: value for name, value in certificate.items() if name != "seal"}
    return {**body, "seal": seal(body)}


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


def test_every_damaged_field_is_refused() -> None:
    """Whatever value is altered or removed, the certificate is refused."""
    certificate, snapshot = certified(two_tenants())
    paths = list(leaves(certificate))
    assert len(paths) > 30
    for path in paths:
        for remove in (False, True):
            with pytest.raises((RefusedError, ValueError, KeyError, TypeError, AttributeError)):
                check(damaged(certificate, path, remove=remove), snapshot)


LOAD_BEARING = ("format", "version", "snapshot", "platform", "tenants")


def test_a_forger_who_seals_anew_is_refused() -> None:
    """Removing any part of an invariant, or altering what identifies cloud and tenants, is refused on its merits."""
    certificate, snapshot = certified(two_tenants())
    for path in leaves(certificate):
        if path[0] in LOAD_BEARING:
            with pytest.raises((RefusedError, ValueError, KeyError, TypeError, AttributeError)):
                check(sealed(damaged(certificate, path, remove=True)), snapshot)
        if path[0] in LOAD_BEARING[:4]:
            with pytest.raises((RefusedError, ValueError, KeyError, TypeError, AttributeError)):
                check(sealed(damaged(certificate, path, remove=False)), snapshot)


def test_a_wider_invariant_that_reaches_a_stranger_is_refused() -> None:
    """Listing more than necessary is no crime until another tenant's server is in it."""
    certificate, snapshot = certified(two_tenants())
    certificate["tenants"]["acme"]["networks"]["globex-app"] = ["10.0.0.11/32"]
    with pytest.raises(RefusedError, match="acme reaches port globex-web-app"):
        check(sealed(certificate), snapshot)


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
    assert capsys.readouterr().out == "proven: structure, packets\n"
    (tmp_path / "certificate.json").write_text(json.dumps({**certificate, "profile": "ovs"}))
    assert main(arguments) == 1
    assert "changed after it was written" in capsys.readouterr().err
