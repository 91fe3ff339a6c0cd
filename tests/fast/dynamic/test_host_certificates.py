"""A host's certificate: signed by this machine's authority or not at all, and renewed before it ends."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from infra import paths
from infra.dynamic import host_certificate
from infra.errors import CertificateError
from infra.operators.hosts import DAYS, life, public_half
from tests.fast.operators.test_hosts import PRIVATE, PUBLIC

if TYPE_CHECKING:
    from pathlib import Path

    from infra.dynamic.base import Props

pytestmark = pytest.mark.fast
PROPS: Props = {"public_key": PUBLIC, "names": ["acme-web"], "authority": public_half(PRIVATE), "days": float(DAYS)}


@pytest.fixture
def key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the file of this machine's authority for hosts."""
    monkeypatch.setenv("RINGFENCE_STATE", str(tmp_path))
    file = paths.authority_key("hosts")
    file.parent.mkdir()
    file.write_text(PRIVATE, encoding="utf-8")
    return file


@pytest.mark.usefixtures("key")
def test_the_authoritys_key_is_in_no_state() -> None:
    """Neither what the resource is made from nor what it is afterwards holds it."""
    made = host_certificate.HostCertificateLifecycle().create(dict(PROPS)).outs or {}
    assert made["certificate"].startswith("ssh-ed25519-cert-v01@openssh.com ")
    assert made["standing"] == "valid"
    assert "PRIVATE" not in str(made)


@pytest.mark.usefixtures("key")
def test_a_certificate_is_renewed_when_a_third_of_its_life_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """And when it says something else than is wanted; one that cannot be read is made again."""
    lifecycle = host_certificate.HostCertificateLifecycle()
    made = lifecycle.create(dict(PROPS)).outs or {}
    assert not lifecycle.diff("c", made, dict(PROPS)).changes
    assert lifecycle.diff("c", made, {**PROPS, "names": ["acme-db"]}).changes
    assert lifecycle.diff("c", {**made, "certificate": "ssh-ed25519 AAAA"}, dict(PROPS)).changes
    end = life(made["certificate"]).end
    for before, due in ((31, False), (29, True)):
        monkeypatch.setattr(host_certificate, "now", lambda before=before: end - timedelta(days=before))
        assert lifecycle.diff("c", made, dict(PROPS)).changes is due
    assert life((lifecycle.update("c", made, dict(PROPS)).outs or {})["certificate"]).end > end


def test_another_authority_signs_nothing(key: Path) -> None:
    """Operators would refuse its hosts. Neither does a machine without one, and no message quotes a key."""
    with pytest.raises(CertificateError, match="another authority for hosts"):
        host_certificate.authority_for(PUBLIC)
    key.write_text("SECRET", encoding="utf-8")
    with pytest.raises(CertificateError, match="cannot be read") as refused:
        host_certificate.authority_for(PUBLIC)
    assert "SECRET" not in str(refused.value)
    key.unlink()
    with pytest.raises(CertificateError, match="no key of the authority for hosts") as refused:
        host_certificate.HostCertificateLifecycle().create(dict(PROPS))
    assert "copy operators-authority" in str(refused.value)
    assert "no server is up any more, remove ringfence-operators.yaml and begin anew" in str(refused.value)
