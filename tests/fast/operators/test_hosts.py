from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from infra.errors import CertificateError
from infra.operators.hosts import host_certificate
from tests.fast.operators.sample import NOW

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.fast
AUTHORITY, HOST = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
PRIVATE = AUTHORITY.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()).decode()
PUBLIC = HOST.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()


def test_openssh_reads_a_hosts_certificate_for_its_names_only(tmp_path: Path) -> None:
    """It is a host's and no user's, signed by the authority, and it ends."""
    file = tmp_path / "cert.pub"
    file.write_text(host_certificate(PRIVATE, PUBLIC, ["acme-web"], NOW) + "\n", encoding="utf-8")
    said = subprocess.run(("ssh-keygen", "-L", "-f", file), capture_output=True, text=True, check=True).stdout
    for part in ("ssh-ed25519-cert-v01@openssh.com host certificate", 'Key ID: "acme-web"', "Valid: from 2026-11-29", "to 2027-02-2"):
        assert part in said, said
    assert said.split("Principals:")[1].split("Critical")[0].split() == ["acme-web"]


@pytest.mark.parametrize("names", [[], [""]])
def test_a_certificate_for_every_host_is_not_made(names: list[str]) -> None:
    """OpenSSH takes one without names for any host."""
    with pytest.raises(CertificateError, match="has to name the host"):
        host_certificate(PRIVATE, PUBLIC, names, NOW)


def test_a_wrong_authority_is_refused_without_quoting_it() -> None:
    """The text may be a private key of another kind."""
    with pytest.raises(CertificateError) as refused:
        host_certificate("SECRET", PUBLIC, ["acme-web"], NOW)
    assert "SECRET" not in str(refused.value)
