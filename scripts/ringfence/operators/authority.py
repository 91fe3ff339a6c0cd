"""What the authorities sign and list, by OpenSSH's own ``ssh-keygen``: it knows every field of a certificate that sshd reads."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from hardening.operators.keygen import keygen
from hardening.operators.keygen import listed as revoked_list
from infra.errors import GuestError
from infra.operators.changes import revocation_list, signing
from infra.operators.registry import WIPED, Authority
from ringfence import keys

if TYPE_CHECKING:
    from infra.operators.registry import Certificate, Registry

OPERATORS, HOSTS = "operators", "hosts"


def public() -> Authority:
    """Return the public halves of both authorities; make what is not there."""
    return Authority(operators=_bare(keys.ensure_authority(OPERATORS).public), hosts=_bare(keys.ensure_authority(HOSTS).public))


def refuse_another(registry: Registry) -> None:
    """Raise :class:`GuestError` when this machine's authority is not the one of the operators' file: servers would refuse what it signs."""
    own = public()
    if registry.authority is not None and registry.authority != own:
        raise GuestError.of(
            "this machine has another authority than the operators' file names",
            expected="the keys that the file names, which are where its first operator was added",
            got="others",
            hint=f"copy the keys operators-authority and hosts-authority of that machine into the folder keys of the state; {WIPED}",
        )


def signed(certificate: Certificate) -> str:
    """Return the certificate as one line, as ``CertificateFile`` takes it."""
    with tempfile.TemporaryDirectory() as place:
        file = Path(place, "key.pub")
        file.write_text(f"{certificate.key}\n", encoding="utf-8")
        keygen("-s", str(keys.ensure_authority(OPERATORS).private), *signing(certificate), str(file))
        return Path(place, "key-cert.pub").read_text(encoding="utf-8")


def listed(registry: Registry) -> bytes:
    """Return the list of what is revoked, as sshd reads it."""
    return revoked_list(revocation_list(registry), public().operators)


def _bare(line: str) -> str:
    """Return a public key without its comment."""
    return " ".join(line.split()[:2])
