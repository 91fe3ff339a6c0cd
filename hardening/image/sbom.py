"""What the image is made of as a bill of materials (CycloneDX 1.6), from the manifest beside it. Pure.

The same image has the same bill, to the byte: there is no time in it, and its serial number comes from the image's hash.
"""

from __future__ import annotations

import uuid
from typing import Any, Final
from urllib.parse import quote

Json = dict[str, Any]
NAMESPACE: Final = uuid.UUID("0f2a7c9e-6a4f-4f0e-9a53-7f6b5a1d2c10")


def of(manifest: Json, name: str) -> Json:
    """Return the bill of an image by its manifest; ``name`` is the hash that names the image in the cache."""
    digest = {"alg": "SHA-256", "content": manifest["sha256"]}
    image = {"type": "operating-system", "bom-ref": name, "name": "ringfence-guest-image", "version": name, "hashes": [digest]}
    packages = [_package(package, version, manifest["suite"]) for package, version in sorted(manifest["packages"].items())]
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(NAMESPACE, manifest['sha256'])}",
        "version": 1,
        "metadata": {"component": image},
        "components": packages,
        # Which package needs which is in none of these lists: the image is made of all of them.
        "dependencies": [{"ref": name, "dependsOn": [package["bom-ref"] for package in packages]}],
    }


def _package(name: str, version: str, suite: str) -> Json:
    """One package of Debian's, as vulnerability databases look it up (package URL, type ``deb``)."""
    address = f"pkg:deb/debian/{quote(name, safe='')}@{quote(version, safe=':')}?distro={suite}"
    return {"type": "library", "bom-ref": address, "name": name, "version": version, "purl": address}
