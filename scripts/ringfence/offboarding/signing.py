"""Signatures about the certificate, by `ssh-keygen -Y sign`: checked without ringfence."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from infra.errors import QuestionError
from infra.offboarding.certificate import NAMESPACE
from infra.offboarding.signatures import Signer, refuse_one_person

if TYPE_CHECKING:
    from pathlib import Path

    from ringfence.offboarding.places import Place


def sign(place: Place, key: Path, signer: Signer) -> Path:
    """Sign the certificate and return the file of the signature. Raises :class:`QuestionError`."""
    content = place.read(place.certificate)
    words = ["ssh-keygen", "-Y", "sign", "-q", "-n", NAMESPACE, "-f", str(key)]
    try:
        done = subprocess.run(words, input=content, capture_output=True, check=False)
    except OSError as error:
        raise QuestionError.of("ssh-keygen cannot be run", got=str(error), hint="install OpenSSH's client") from error
    if done.returncode:
        got = done.stderr.decode(errors="replace").strip()
        raise QuestionError.of(
            "the certificate is not signed", where=str(key), expected="a private key, or a public one in the agent", got=got
        )
    text = done.stdout.decode()
    others = {
        str(file): file.read_text(encoding="utf-8") for one in Signer if one is not signer and (file := signature(place, one)).exists()
    }
    refuse_one_person(text, others)
    place.keep(signature(place, signer), text.encode())
    return signature(place, signer)


def signature(place: Place, signer: Signer) -> Path:
    """Return where a signature is."""
    return place.certificate.with_name(f"{place.certificate.name}.{signer}.sig")
