"""A server's files against those of its image: each difference by its path and what it means. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from infra.errors import GuestError, RingfenceError
from ringfence.verify.guest.files import digest_of
from ringfence.verify.inside.image_files import FileRow, ImageFiles
from ringfence.verify.inside.places import GUARDED, MADE_BY_ITSELF

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ringfence.verify.inside.expected import Expected

Json = dict[str, Any]
NULL = "/dev/null"
UNIT_FOLDERS = ("/etc/systemd/system/", "/run/systemd/system/", "/run/systemd/transient/", "/usr/local/lib/systemd/system/")
UNIT_ENDS = (".service", ".socket", ".timer", ".path", ".mount", ".target", ".automount", ".slice", ".swap")
GENERATED = "/run/systemd/generator/"
"""What systemd's own generators make at each boot; the image's ``fstab`` names only what systemd mounts by itself."""
PROGRAMS = ("/usr/bin/", "/usr/sbin/")
BEFORE_PROGRAMS = ("/usr/local/bin/", "/usr/local/sbin/")
"""Where a shell and sudo look first."""
SPECIAL = 0o6000
NEVER_MOUNTED = ("/etc", "/root", "/usr", "/var/lib/dpkg", "/var/spool/cron")
SSHD_PART = "/etc/ssh/sshd_config.d/10-ringfence.conf"


def units_and_files(expected: Expected, image: ImageFiles, told: Json, packages: Json) -> tuple[list[str], list[str]]:
    """Return what differs, of systemd's units and of all other files."""
    found = {row.path: row for row in (FileRow(*row) for row in told["rows"])}
    versions = dict(packages["rows"])
    packaged = frozenset(
        path for path, row in found.items() if row.package and versions.get(row.package) != image.packages.get(row.package)
    )
    written = {path: digest_of(text) for path, text in expected.first_boot.items()}
    seen = _Seen(image, versions, packaged, written)
    units: list[str] = []
    others: list[str] = []
    for path in sorted({*found, *image.rows}):
        for sentence in _judged(seen, image.rows.get(path), found.get(path)):
            (units if _is_unit(path) else others).append(sentence)
    units += [f"{path}, which the first boot wrote, is missing" for path in sorted(written.keys() - found.keys())]
    others += [f"{kind} is mounted over {top}" for top, kind in told["mounts"] if _covers(top)]
    return units, others


@dataclass(frozen=True, slots=True)
class _Seen:
    """What a difference is looked at with: the image, the server's packages with their versions, and files of other packages than its."""

    image: ImageFiles
    versions: Mapping[str, str]
    packaged: frozenset[str]
    written: Mapping[str, str]
    """What the server's first boot wrote, by path to its hash."""

    def is_other(self, package: str) -> bool:
        """Whether a package is not the one of the image: updated, removed or installed since."""
        return bool(package) and self.versions.get(package) != self.image.packages.get(package)


def _covers(top: str) -> bool:
    """Whether a mount hides files of the image: it lies in one of the folders that are all the image's, or above one."""
    return top != "/" and any(f"{top}/".startswith(f"{folder}/") or folder.startswith(f"{top}/") for folder in NEVER_MOUNTED)


def _is_unit(path: str) -> bool:
    return path.startswith(UNIT_FOLDERS)


def _judged(seen: _Seen, was: FileRow | None, now: FileRow | None) -> Iterator[str]:
    path = (now or was or FileRow("", "", 0, 0, 0, "")).path
    if path.startswith(MADE_BY_ITSELF):
        return
    if now is None and was is not None:
        of_another = seen.is_other(was.package) and not path.startswith("/etc/")
        if not path.startswith("/home/") and not of_another:
            yield _missing(was)
    elif was is None and now is not None:
        yield from _added(seen, now)
    elif was is not None and now is not None:
        fresh = seen.is_other(now.package) and now.intact is True
        yield from _changed(was, now, fresh=fresh)


def _missing(was: FileRow) -> str:
    unit = was.path.rpartition("/")[2]
    if was.content == NULL:
        return f"{unit} is no longer masked: {was.path} is missing"
    if "/" in (place := was.path.removeprefix("/etc/systemd/system/")) and ".wants/" in was.path:
        return f"unit {unit} is no longer enabled: {place.partition('/')[0]} does not want it"
    return f"{was.path} of the image is missing"


def _added(seen: _Seen, now: FileRow) -> Iterator[str]:
    name = now.path.rpartition("/")[2]
    packaged = seen.is_other(now.package) and now.intact is not False
    if now.kind == "file" and (now.mode & SPECIAL or now.capabilities) and not packaged:
        yield f"{now.path} {_rights(now)}, and no package has it"
    elif _is_made_at_boot(seen, now):
        return
    elif now.path.startswith(UNIT_FOLDERS) and now.kind == "link":
        yield from _linked(seen, now, name)
    elif packaged:
        return
    elif now.path.startswith(BEFORE_PROGRAMS):
        if any(folder + name in seen.image.rows for folder in PROGRAMS):
            yield f"{now.path} comes before the image's own program {name}"
    elif now.intact is False:
        yield f"{now.path} is not what its package {now.package} says"
    elif what := next((words for place, words in GUARDED.items() if now.path.startswith(place)), ""):
        yield f"{now.path} is not the image's ({what})"


def _is_made_at_boot(seen: _Seen, now: FileRow) -> bool:
    """Whether the first boot writes the file (two of them are judged by what they say), or a generator of systemd at each boot."""
    if now.path.startswith(GENERATED):
        return now.kind == "link" and now.content in seen.image.rows
    return now.path == SSHD_PART or _is_card(now.path) or seen.written.get(now.path) == now.content


def _linked(seen: _Seen, now: FileRow, name: str) -> Iterator[str]:
    """Judge a link among the units: a mask, or a unit that is started; a unit of a package that was installed since may be."""
    target = "/usr" + now.content if now.content.startswith("/lib/") else now.content
    if now.content == NULL:
        # A package that was installed since may have its own units masked.
        theirs = f"/usr/lib/systemd/system/{name}" in seen.packaged and f"/usr/lib/systemd/system/{name}" not in seen.image.rows
        if not theirs:
            yield f"unit {name} is masked: {now.path}"
    elif target in seen.image.rows:
        yield f"unit {name}, which the image has and does not enable, is enabled: {now.path}"
    elif target not in seen.packaged:
        yield f"unit {name} is enabled from {now.content}, which no package has: {now.path}"


def _is_card(path: str) -> bool:
    """Whether the first boot names a card or gives it its addresses here; what those files say is judged by itself."""
    return path.startswith("/etc/systemd/network/10-") and path.endswith((".link", ".network"))


def _rights(row: FileRow) -> str:
    words = [name for bit, name in ((0o4000, "setuid"), (0o2000, "setgid")) if row.mode & bit]
    return "is " + " and ".join([*words, *([f"given capabilities {row.capabilities}"] if row.capabilities else [])])


def _changed(was: FileRow, now: FileRow, *, fresh: bool) -> Iterator[str]:
    unit = now.path.rpartition("/")[2]
    if (was.kind, was.content) != (now.kind, now.content) and not (fresh and was.kind == now.kind):
        if now.kind == "link" and now.content == NULL and now.path.endswith(UNIT_ENDS):
            yield f"unit {unit} is masked: {now.path}"
        elif was.content == NULL:
            yield f"{unit} is no longer masked: {now.path}"
        elif "link" in {was.kind, now.kind}:
            yield f"{now.path} is {_what(now)}, the image's is {_what(was)}"
        else:
            yield f"{now.path} has another content than the image's"
    if was.kind != "link" and was.mode != now.mode:
        special = f" ({_rights(now)})" if now.mode & SPECIAL else ""
        yield f"{now.path} has mode {now.mode:04o}, the image's has {was.mode:04o}{special}"
    if (was.uid, was.gid) != (now.uid, now.gid):
        yield f"{now.path} belongs to {now.uid}:{now.gid}, the image's to {was.uid}:{was.gid}"
    if was.capabilities != now.capabilities:
        yield f"{now.path} has capabilities {now.capabilities or 'none'}, the image's has {was.capabilities or 'none'}"


def _what(row: FileRow) -> str:
    return f"a link to {row.content}" if row.kind == "link" else f"a {row.kind}"


def sshd_part(expected: Expected, told: Json) -> list[str]:
    """Compare the server's own part of sshd's configuration, which the next start reads, line by line."""
    texts = dict(told["rows"])
    if SSHD_PART not in texts:
        return [f"{SSHD_PART} is missing"]
    wanted, found = expected.sshd_config.splitlines(), texts[SSHD_PART].splitlines()
    problems = [f"{SSHD_PART}: undeclared line {line!r}" for line in found if line not in wanted]
    return problems + [f"{SSHD_PART}: missing line {line!r}" for line in wanted if line not in found]


def card_files(expected: Expected, told: Json) -> list[str]:
    """Compare what the next boot gives the cards: a file for each, and the declared addresses in it."""
    node = expected.node
    wanted = {f"/etc/systemd/network/10-{nic.device}.{end}": nic for nic in node.nics for end in ("link", "network")}
    texts = {path: text for path, text in told["rows"] if path.startswith("/etc/systemd/network/")}
    problems = [f"{path} is no file of the server's NICs" for path in sorted(texts.keys() - wanted.keys())]
    problems += [f"{path} is missing" for path in sorted(wanted.keys() - texts.keys())]
    for path in sorted(wanted.keys() & texts.keys()):
        nic, lines = wanted[path], texts[path].splitlines()
        if path.endswith(".link"):
            macs = {line.partition("=")[2] for line in lines if line.startswith("PermanentMACAddress=")}
            problems += [f"{path} names the NIC {mac}, declared {nic.mac}" for mac in macs - {nic.mac} if nic.mac]
            continue
        own = {str(address) for address in nic.addresses}
        given = {line.partition("=")[2].partition("/")[0] for line in lines if line.startswith("Address=")}
        problems += [f"{path} gives the undeclared address {address}" for address in sorted(given - own)]
        switched = [line for line in lines if line.startswith(("IPForward", "IPv4Forwarding", "IPv6Forwarding", "IPMasquerade", "Bridge="))]
        problems += [f"{path}: undeclared line {line!r}" for line in switched]
    return problems


def of(known: ImageFiles | RingfenceError) -> ImageFiles:
    """Return the image's files. Raises :class:`GuestError` where this machine does not know them."""
    if isinstance(known, ImageFiles):
        return known
    raise (
        known
        if isinstance(known, GuestError)
        else GuestError.of("the image's files are not known", expected="the image on this machine", got=str(known))
    )
