"""A small signed archive of packages, as a mirror has it: one package in two versions, one of them among the security updates."""

from __future__ import annotations

import gzip
import hashlib
import os
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.truth.services.house import sh

if TYPE_CHECKING:
    from pathlib import Path

SUITE, SECURITY = "trixie", "trixie-security"
RELEASE = """\
Origin: Test
Label: Test
Suite: {suite}
Codename: {suite}
Date: Thu, 01 Jan 2026 00:00:00 UTC
Architectures: amd64
Components: main
SHA256:
 {digest} {size} main/binary-amd64/Packages
 {zipped} {zipped_size} main/binary-amd64/Packages.gz
"""


@dataclass(frozen=True)
class Archive:
    """A folder with ``dists`` and ``pool``, and the key that it is signed with."""

    folder: Path
    keys: Path

    @classmethod
    def new(cls, folder: Path) -> Archive:
        """An empty one with a key of its own."""
        made = cls(folder / "debian", folder / "keys")
        made.folder.mkdir(parents=True)
        made.keys.mkdir(mode=0o700)
        made._gpg("--quick-generate-key", "archive@example.net", "ed25519", "sign", "never")
        return made

    @property
    def key(self) -> str:
        """The public key in ASCII armour."""
        return self._gpg("--armor", "--export")

    def add(self, suite: str, versions: dict[str, str]) -> None:
        """Make a suite of packages, by their names with their versions, and sign it."""
        entries = [self._package(name, version) for name, version in versions.items()]
        place = self.folder / "dists" / suite / "main/binary-amd64"
        place.mkdir(parents=True, exist_ok=True)
        listed = "\n".join(entries).encode()
        zipped = gzip.compress(listed, mtime=0)
        (place / "Packages").write_bytes(listed)
        (place / "Packages.gz").write_bytes(zipped)
        digests = {"digest": hashlib.sha256(listed).hexdigest(), "size": len(listed)}
        digests |= {"zipped": hashlib.sha256(zipped).hexdigest(), "zipped_size": len(zipped)}
        text = RELEASE.format(suite=suite, **digests)
        (self.folder / "dists" / suite / "InRelease").write_text(self._gpg("--clearsign", text=text), encoding="utf-8")

    def _package(self, name: str, version: str) -> str:
        tree = self.keys.parent / f"{name}-{version}"
        (tree / "DEBIAN").mkdir(parents=True, exist_ok=True)
        (tree / "usr/share").mkdir(parents=True, exist_ok=True)
        (tree / "usr/share" / name).write_text(version, encoding="utf-8")
        facts = f"Package: {name}\nVersion: {version}\nArchitecture: all\nMaintainer: Nobody <nobody@example.net>\nDescription: a test\n"
        (tree / "DEBIAN/control").write_text(facts, encoding="utf-8")
        relative = f"pool/main/{name[0]}/{name}/{name}_{version}_all.deb"
        target = self.folder / relative
        target.parent.mkdir(parents=True, exist_ok=True)
        sh("dpkg-deb", "--root-owner-group", "--build", str(tree), str(target))
        content = target.read_bytes()
        return f"{facts}Filename: {relative}\nSize: {len(content)}\nSHA256: {hashlib.sha256(content).hexdigest()}\n"

    def _gpg(self, *words: str, text: str = "") -> str:
        command = ("gpg", "--batch", "--yes", "--pinentry-mode", "loopback", "--passphrase", "", *words)
        environment = {**os.environ, "GNUPGHOME": str(self.keys)}
        done = subprocess.run(command, input=text, capture_output=True, text=True, check=False, env=environment, timeout=300)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def close(self) -> None:
        """End the agent that gpg has started for its keys."""
        subprocess.run(("gpgconf", "--homedir", str(self.keys), "--kill", "all"), check=False, capture_output=True, timeout=120)
