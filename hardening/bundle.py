"""A bundle: everything that is put into a server at once, as data: its packet filter, its files, and the units that read them.

The deployer writes bundles and the guest's agent reads them, so this runs on Debian's ``python3-minimal`` as well: named tuples instead of
data classes, which cost an emulated guest a third of a second. Files may hold private keys: no text of one is in any message or ``repr``.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
from enum import Enum
from typing import Any, NamedTuple

READABLE_BY_OTHERS = 0o004
HIGHEST_MODE = 0o777
SHORTEST_SECRET = 6
ROOT = "root:root"

_PATH = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@-]*(/[A-Za-z0-9_][A-Za-z0-9_.@-]*)*")
_OWNER = re.compile(r"[a-z_][a-z0-9_-]*:[a-z_][a-z0-9_-]*")
_UNIT = re.compile(r"[a-z0-9][a-z0-9_.@-]*\.(service|socket|timer|path)")


class Check(Enum):
    """How the guest looks at a file before anything changes. What a check is asked about stands at its final place already."""

    NONE = "none"
    APT = "apt"  # a list of sources
    CHRONYD = "chronyd"
    KRL = "krl"
    NFT = "nft"
    NGINX = "nginx"
    RSYSLOGD = "rsyslogd"
    SSHD = "sshd"
    SSHD_WHOLE = "sshd-whole"  # the server's whole configuration, of which the file is a part
    SUDOERS = "sudoers"


class GuestFile(NamedTuple):
    """A file of a bundle; ``path`` is relative to the folder that all files of a bundle are in.

    ``owner`` is ``account:group``, both of the image. With ``binary`` the text is the base64 of the file's bytes.
    """

    path: str
    text: str
    mode: int = 0o644
    owner: str = ROOT
    check: Check = Check.NONE
    binary: bool = False

    def __repr__(self) -> str:
        """Everything but the text."""
        return f"GuestFile({self.path!r}, mode={self.mode:#o}, owner={self.owner!r}, check={self.check.value})"

    @property
    def content(self) -> bytes:
        """The bytes of the file."""
        return base64.b64decode(self.text, validate=True) if self.binary else self.text.encode()

    @property
    def private(self) -> bool:
        """Whether the file holds what not everybody on the server may read."""
        return not self.mode & READABLE_BY_OTHERS

    @property
    def facts(self) -> FileFacts:
        """What can be told of the file without its content."""
        return FileFacts(self.path, hashlib.sha256(self.content).hexdigest(), self.mode, self.owner)


class FileFacts(NamedTuple):
    """What a server says about a file that it has."""

    path: str
    sha256: str
    mode: int
    owner: str


class Bundle(NamedTuple):
    """The packet filter of a server, its files, and the units that are restarted when the files change."""

    policy: str
    files: tuple[GuestFile, ...] = ()
    units: tuple[str, ...] = ()


class BundleError(ValueError):
    """A text is no bundle. The message says where and never quotes a file."""


def digest(bundle: Bundle) -> str:
    """SHA-256 by which both sides speak of a bundle; that of a packet filter alone is its text's, as it was before there were files."""
    return digest_of(bundle.policy, [file.facts for file in bundle.files], bundle.units)


def digest_of(policy: str, files: list[FileFacts], units: tuple[str, ...]) -> str:
    """Return the digest of a bundle that is known by the facts of its files only."""
    own = hashlib.sha256(policy.encode()).hexdigest()
    if not files and not units:
        return own
    return hashlib.sha256(json.dumps([own, sorted(map(list, files)), sorted(units)]).encode()).hexdigest()


def mistakes(bundle: Bundle) -> list[str]:
    """What is wrong with a bundle before anybody looks into its files; one sentence for each mistake."""
    found = [sentence for file in bundle.files for sentence in _file_mistakes(file)]
    paths = [file.path for file in bundle.files]
    found += [f"{path}: is there twice" for path in sorted({path for path in paths if paths.count(path) > 1})]
    folders = {path[:index] for path in paths for index, letter in enumerate(path) if letter == "/"}
    found += [f"{path}: is a file and a folder" for path in sorted(folders & set(paths))]
    found += [f"units: {unit!r} is not the name of a service, socket, timer or path" for unit in bundle.units if not _UNIT.fullmatch(unit)]
    return found


def _file_mistakes(file: GuestFile) -> list[str]:
    found = []
    if not _PATH.fullmatch(file.path):
        found.append(f"{file.path!r}: expected a relative path of letters, digits, _, ., @ and -, no part of which begins with a dot")
    if file.mode & ~HIGHEST_MODE:
        found.append(f"{file.path!r}: mode {file.mode:#o}; expected permissions only")
    if not _OWNER.fullmatch(file.owner):
        found.append(f"{file.path!r}: owner {file.owner!r}; expected account:group")
    try:
        file.content  # noqa: B018 - whether it can be had is the question
    except (binascii.Error, UnicodeEncodeError):
        found.append(f"{file.path!r}: the text is no {'base64' if file.binary else 'text'}")
    return found


def without_secrets(text: str, files: tuple[GuestFile, ...]) -> str:
    """Cut out of a message whatever stands in a private file: its lines, and its words, those of a few letters excepted."""
    lines = {line.strip() for file in files if file.private and not file.binary for line in file.text.splitlines()}
    parts = lines | {word for line in lines for word in line.split()}
    for part in sorted((part for part in parts if len(part) >= SHORTEST_SECRET), key=len, reverse=True):
        text = text.replace(part, "[cut out]")
    return text


def encode_files(files: tuple[GuestFile, ...], units: tuple[str, ...]) -> str:
    """Write files and units as one text; equal ones give equal texts, in whatever order they come."""
    listed = [{**file._asdict(), "check": file.check.value} for file in sorted(files, key=lambda file: file.path)]
    return json.dumps({"files": listed, "units": sorted(units)}, sort_keys=True)


def bundle_of(policy: str, files: str) -> Bundle:
    """Read what :func:`encode_files` wrote; an empty text is no files.

    Raises:
        BundleError: a key or a value that is not known, or a bundle with mistakes.
    """
    if not files:
        return Bundle(policy)
    try:
        document = json.loads(files)
    except ValueError:
        raise BundleError("the files are not JSON") from None
    _keys("the files", document, {"files", "units"})
    entries, units = document["files"], document["units"]
    if not isinstance(entries, list) or not isinstance(units, list) or not all(isinstance(unit, str) for unit in units):
        raise BundleError("the files: expected a list of files and a list of units")
    bundle = Bundle(policy, tuple(_file(index, entry) for index, entry in enumerate(entries)), tuple(units))
    if found := mistakes(bundle):
        raise BundleError("; ".join(found))
    return bundle


def encode(bundle: Bundle) -> str:
    """Write a bundle as one text, for the standard input of the guest's agent."""
    return json.dumps({"policy": bundle.policy, "delivery": encode_files(bundle.files, bundle.units)})


def decode(text: str) -> Bundle:
    """Read what :func:`encode` wrote. Raises :class:`BundleError`."""
    try:
        document = json.loads(text)
    except ValueError:
        raise BundleError("the bundle is not JSON") from None
    _keys("the bundle", document, {"policy", "delivery"})
    if not isinstance(document["policy"], str) or not isinstance(document["delivery"], str):
        raise BundleError("the bundle: expected two texts, policy and delivery")
    return bundle_of(document["policy"], document["delivery"])


def _file(index: int, entry: Any) -> GuestFile:  # noqa: ANN401 - any JSON value
    where = f"file {index}"
    _keys(where, entry, set(GuestFile._fields))
    for name, kind in {"path": str, "text": str, "mode": int, "owner": str, "check": str, "binary": bool}.items():
        if type(entry[name]) is not kind:
            raise BundleError(f"{where}: {name}: expected {kind.__name__}, got {type(entry[name]).__name__}")
    try:
        return GuestFile(**{**entry, "check": Check(entry["check"])})
    except ValueError:
        known = ", ".join(check.value for check in Check)
        raise BundleError(f"{where}: check {entry['check']!r} is not known here; expected one of {known}") from None


def _keys(where: str, document: Any, expected: set[str]) -> None:  # noqa: ANN401 - any JSON value
    got = set(document) if isinstance(document, dict) else set()
    if got != expected:
        raise BundleError(f"{where}: expected the keys {', '.join(sorted(expected))}; got {', '.join(sorted(got)) or 'none'}")
