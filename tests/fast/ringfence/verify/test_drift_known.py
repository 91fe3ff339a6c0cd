"""What this machine knows of a server: its image by the platform stack, the image settings, and the readers of the kernel."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, BinaryIO

import pytest

from hardening.image import cache
from infra import paths
from infra.declaration import names
from infra.drift.made import Made, MadeResource
from infra.errors import GuestError
from ringfence.verify.guest import cards, files, people, sockets, state
from ringfence.verify.inside import expected, image_files, knowing
from ringfence.verify.inside.places import HASHED, HOMES
from tests.fast.ringfence.verify.inventories import inventory
from tests.fast.ringfence.verify.recorded_guest import KNOWN

if TYPE_CHECKING:
    from pathlib import Path

    from ringfence.verify.inventory import Inventory

pytestmark = pytest.mark.fast

LISTED = """\
debugfs: ls -p "/"
/2/040755/0/0/.//
/2/040755/0/0/..//
/12/120777/0/0/bin/7/

debugfs: ls -p "/usr/bin"
/40/040755/0/0/.//
/41/104755/0/0/sudo/300000/
/42/102755/0/42/chage/72000/
"""


def _with_image(name: str) -> Inventory:
    """An inventory whose platform's stack has made an image of this name."""
    found = inventory()
    image = found.platform.image
    made = Made({"images": {image: MadeResource(image, "image-id", {"name": name})}})
    return replace(found, made={names.PLATFORM: made})


def test_the_image_is_known_by_the_name_that_the_stack_gave_it() -> None:
    """The name holds the beginning of its hash; any other name, or none, is nothing that is known."""
    image = inventory().platform.image
    assert knowing.image_digest(_with_image(names.image(image, "0123456789abcdef"))) == "0123456789ab"
    assert not knowing.image_digest(_with_image("debian-13"))
    assert not knowing.image_digest(inventory())


@pytest.mark.parametrize("prefix", ["", "0123456789ab", "ffff"])
def test_an_image_that_is_not_on_this_machine_is_an_error(prefix: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No prefix fits no image, not every one; a manifest whose disk is gone, or that is broken, is none."""
    monkeypatch.setattr(cache, "directory", lambda: tmp_path)
    (tmp_path / "one.json").write_text(json.dumps({"sha256": "ffff", "packages": {}}), encoding="utf-8")
    (tmp_path / "two.json").write_text("{", encoding="utf-8")
    with pytest.raises(GuestError, match="not on this machine"):
        image_files.of(prefix)


def test_an_image_that_cannot_be_read_is_an_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """With the tool's own words; nothing of it is kept."""
    monkeypatch.setattr(cache, "directory", lambda: tmp_path)
    monkeypatch.setattr(paths, "cache", lambda: tmp_path)
    (tmp_path / "one.json").write_text(json.dumps({"sha256": "ffff", "packages": {}}), encoding="utf-8")
    (tmp_path / "one.qcow2").write_bytes(b"no image")

    def refused(_image: Path) -> None:
        raise FileNotFoundError("debugfs")

    monkeypatch.setattr(image_files, "_listing", refused)
    with pytest.raises(GuestError, match="cannot be read"):
        image_files.of("ffff")
    assert not list(tmp_path.glob("image-files/*"))


def test_a_listing_of_another_version_is_made_anew_in_one_step(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Its digests would be of another kind; whoever reads it meanwhile sees all of one or of the other."""
    monkeypatch.setattr(cache, "directory", lambda: tmp_path)
    monkeypatch.setattr(paths, "cache", lambda: tmp_path)
    (tmp_path / "one.json").write_text(json.dumps({"sha256": "ffff", "packages": {"dash": "1"}}), encoding="utf-8")
    (tmp_path / "one.qcow2").write_bytes(b"")
    kept = tmp_path / "image-files" / "ffff.json"
    kept.parent.mkdir()
    kept.write_text(json.dumps({"version": image_files.VERSION - 1, "rows": []}), encoding="utf-8")
    fresh = {"version": image_files.VERSION, "hashed": [*HASHED, *HOMES], "modules": ["tun"], "rows": []}
    listings = [fresh]
    monkeypatch.setattr(image_files, "_listing", lambda _: listings.pop())
    before = kept.open(encoding="utf-8")
    for _ in range(2):
        assert image_files.of("ffff").modules == {"tun"}
    with before:
        assert json.loads(before.read())["version"] == image_files.VERSION - 1
    assert [file.name for file in kept.parent.iterdir()] == ["ffff.json"]


def test_a_listing_of_an_image_has_every_file_with_its_mode_and_owner() -> None:
    """As debugfs prints it, folder by folder."""
    found = list(image_files._entries(["", "/usr/bin"], LISTED))  # noqa: SLF001 - the reader of another program's output
    assert found == [("/bin", 0o120777, 0, 0), ("/usr/bin/sudo", 0o104755, 0, 0), ("/usr/bin/chage", 0o102755, 0, 42)]
    told = 'debugfs: ea_get -x "/a" security.capability\ndebugfs: ea_get -x "/b" security.capability\nsecurity.capability = 01 00 ff\n'
    assert list(image_files._capabilities(["/a", "/b"], told)) == [("/b", "0100ff")]  # noqa: SLF001 - as above


def test_the_request_names_what_is_judged() -> None:
    """The image's own settings, without those of each card, which are read for all cards; and its packages."""
    request = KNOWN.request()
    assert {"kernel/sysrq", "net/ipv4/ip_forward"} <= set(request["settings"]) <= set(KNOWN.settings)
    assert not [path for path in request["settings"] if "/conf/" in path]
    assert request["packages"]["dash"]
    assert expected.settings("# a\n-net.ipv4.conf.all.x = 1\n;b=2\n") == {"net/ipv4/conf/all/x": "1"}


def test_an_address_is_read_as_the_kernel_writes_it() -> None:
    """Both families."""
    assert sockets.address("0100007F", sockets.IPV4) == "127.0.0.1"
    assert sockets.address("000080FE00000000FFFE5054010203FE", sockets.IPV6).startswith("fe80::")


def test_attributes_of_the_kernel_are_told_apart_by_their_numbers() -> None:
    """Lengths are padded to four bytes, and marks of nested ones are no part of the number."""
    assert cards.attributes(b"\x05\x00\x01\x00x\x00\x00\x00\x06\x00\x02\x80yz\x00\x00") == {1: b"x", 2: b"yz"}


def test_a_part_that_cannot_be_read_costs_itself_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its error is told by its name."""

    def broken(_request: object) -> dict[str, object]:
        raise PermissionError("/etc/shadow")

    monkeypatch.setattr(state, "PARTS", {"accounts": broken, "keys": lambda _request: {"rows": []}})
    assert state.state({}) == {"accounts": {"error": "PermissionError: /etc/shadow"}, "keys": {"rows": []}}


def test_files_below_the_watched_folders_are_told_and_setuid_ones_everywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Contents by hash, links by where they lead; of other places only what gives rights."""
    (tmp_path / "etc").mkdir()
    (tmp_path / "srv").mkdir()
    (tmp_path / "etc/a").write_text("a", encoding="utf-8")
    (tmp_path / "etc/b").symlink_to("/dev/null")
    (tmp_path / "srv/c").write_text("c", encoding="utf-8")
    (tmp_path / "srv/d").write_text("d", encoding="utf-8")
    (tmp_path / "srv/d").chmod(0o4755)
    monkeypatch.setattr(files, "mounts", lambda: [(str(tmp_path), "ext4", set())])
    monkeypatch.setattr(files, "listed", lambda known: {} if known else {f"{tmp_path}/etc/a": ("pkg", "0cc175b9c0f1b6a831c399e269772661")})
    monkeypatch.setattr(files, "blocks", lambda: iter([("pkg", "2", [])]))
    told = files.tree({"hashed": [f"{tmp_path}/etc"], "packages": {"pkg": "1"}})
    found = {row[0].removeprefix(f"{tmp_path}/"): row for row in told["rows"]}
    assert set(found) == {"etc/a", "etc/b", "srv/d"}
    assert (found["etc/a"][5], found["etc/a"][7:]) == (files.digest(f"{tmp_path}/etc/a"), ["pkg", True])
    assert (found["etc/b"][1], found["etc/b"][5]) == ("link", "/dev/null")
    assert found["srv/d"][2] == 0o4755
    monkeypatch.setattr(files, "MOST", 3)
    with pytest.raises(OverflowError):
        files.tree({"hashed": [], "packages": {}})


def test_lists_of_packages_are_read_of_those_that_are_not_the_images(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Updated, installed or removed since; of all others the image itself says more."""
    texts = {
        "dash.list": "/usr/bin/dash\n",
        "dash.md5sums": "11  usr/bin/dash\n",
        "nc:amd64.list": "/usr/bin/nc\n",
        "old.list": "/usr/bin/old\n",
    }
    for name, text in texts.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    monkeypatch.setattr(files, "INFO", str(tmp_path))
    installed = [("dash", "2", [" /etc/dash 22"]), ("nc", "1", [" /etc/nc 33"])]
    monkeypatch.setattr(files, "blocks", lambda: iter(installed))
    monkeypatch.setattr(files, "mounts", list)
    asked: list[frozenset[str]] = []
    listed = files.listed

    def seen(known: frozenset[str]) -> dict[str, tuple[str, str]]:
        asked.append(known)
        return listed(known)

    monkeypatch.setattr(files, "listed", seen)
    for packages in ({"dash": "2", "nc": "1", "old": "1"}, {"dash": "1", "nc": "1"}, {}):
        files.tree({"hashed": [], "packages": packages})
    assert asked == [frozenset({"dash", "nc"}), frozenset({"nc"}), frozenset()]
    assert listed(asked[0]) == {"/usr/bin/old": ("old", "")}
    assert listed(asked[1]) == {"/usr/bin/old": ("old", ""), "/usr/bin/dash": ("dash", "11"), "/etc/dash": ("dash", "22")}
    assert {"/usr/bin/nc", "/etc/nc"} <= listed(asked[2]).keys()


def test_a_file_is_read_once_for_each_request_and_anew_for_the_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By whatever name; and no time that somebody has put back keeps an earlier digest for a later request."""
    one, two = tmp_path / "one", tmp_path / "two"
    one.write_text("good", encoding="utf-8")
    two.hardlink_to(one)
    reads: list[str] = []
    summed = files._sum  # noqa: SLF001 - what reads

    def reading(stream: BinaryIO, total: object) -> str:
        reads.append(stream.name)
        return summed(stream, total)

    monkeypatch.setattr(files, "_sum", reading)
    monkeypatch.setattr(state, "PARTS", {"x": lambda _: [files.once(str(one)), files.once(str(two))]})
    monkeypatch.setattr(os, "fstat", lambda _: SimpleNamespace(st_dev=1, st_ino=1, st_size=4, st_mtime_ns=1, st_ctime_ns=1))
    assert state.state({}) == {"x": [files.digest_of("good")] * 2}
    assert len(reads) == 1
    one.write_text("evil", encoding="utf-8")
    assert state.state({}) == {"x": [files.digest_of("evil")] * 2}


def test_passwords_are_told_by_their_kind_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Never by a hash."""
    texts = {
        "/etc/passwd": ["a:x:1:1:,:/a:/bin/sh", "b:x:2:2::/b:", "c::3:3::/c:/bin/sh", "d:x:4:4::/d:/bin/sh"],
        "/etc/shadow": ["a:$y$secret:1", "b:!:1", "d::1"],
        "/etc/group": ["sudo:x:27:a,b", "x:x:1:"],
    }
    monkeypatch.setattr(people, "lines", lambda path: texts[path])
    told = people.accounts({})
    assert [row["password"] for row in told["rows"]] == ["set", "locked", "none", "none"]
    assert "secret" not in json.dumps(told)
    assert told["groups"][0]["members"] == ["a", "b"]
