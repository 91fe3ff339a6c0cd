"""The recipe does not contradict itself, and the files that it copies hold what they promise."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING

import pytest

from hardening.image import recipe
from hardening.image.root import TREE

if TYPE_CHECKING:
    from pathlib import Path

UNITS = sorted((TREE / "usr/lib/systemd/system").glob("*.service"))
TIMERS = sorted((TREE / "usr/lib/systemd/system").glob("*.timer"))
DROP_INS = sorted((TREE / "etc/systemd/system").glob("*.service.d/ringfence.conf"))
REPLACED = sorted((TREE / "etc/systemd/system").glob("*.service"))
FILES = "ConditionPathExists=/run/ringfence/files/"
SCRIPTS = sorted(path for path in (TREE / "usr/lib/ringfence").iterdir() if path.suffix == "")


@pytest.mark.parametrize("names", [recipe.PACKAGES, *recipe.MASKED.values()])
def test_lists_name_nothing_twice(names: tuple[str, ...]) -> None:
    """A name that is listed twice hides an edit of one of them."""
    assert len(set(names)) == len(names)


def test_packages_are_sorted() -> None:
    """Sorted, so that two edits of the list meet in a diff."""
    assert list(recipe.PACKAGES) == sorted(recipe.PACKAGES)


def test_nothing_is_enabled_and_masked() -> None:
    """A masked unit would never start, whatever wants it."""
    enabled = {unit for units in recipe.ENABLED_UNITS.values() for unit in units} | set(recipe.ENABLED_UNITS) | {recipe.DEFAULT_TARGET}
    assert not enabled & set(recipe.MASKED_UNITS)


def test_no_service_that_sets_up_servers_from_elsewhere_is_installed() -> None:
    """What reads user data, opens a console or offers another way in does not belong into the image."""
    assert not {"cloud-init", "qemu-guest-agent", "libpam-systemd", "curl", "wget"} & set(recipe.PACKAGES)
    assert {"serial-getty@.service", "getty@.service", "nftables.service", "sshd-keygen.service"} <= set(recipe.MASKED_UNITS)


def test_every_own_unit_has_its_programs() -> None:
    """Each program of ours that a unit starts is in the tree and may be executed; two units start sudo's own."""
    for unit in UNITS:
        if unit.name in {"ringfence-relay.service", "ringfence-sessions.service"}:
            assert "ExecStart=/usr/sbin/sudo_logsrvd " in unit.read_text(encoding="utf-8")
            continue
        programs = re.findall(r"^Exec\w+=(/usr/lib/ringfence/\S+)", unit.read_text(encoding="utf-8"), re.MULTILINE)
        assert programs, unit.name
        for program in programs:
            assert (TREE / program.lstrip("/")).stat().st_mode & 0o100, program


def test_every_timer_starts_a_unit_that_is_there() -> None:
    """A timer without a service of its name would never do anything."""
    assert TIMERS
    for timer in TIMERS:
        assert timer.with_suffix(".service").is_file(), timer.name


def test_what_reads_files_of_the_server_starts_only_where_they_are_and_after_ssh() -> None:
    """A server without any files starts none of it, and SSH waits for none of it."""
    texts = {path: path.read_text(encoding="utf-8") for path in (*UNITS, *DROP_INS, *REPLACED)}
    readers = {path: text for path, text in texts.items() if "/run/ringfence/files/" in text}
    assert {path.parent.name for path in readers} >= {"chrony.service.d", "nginx.service.d"}
    assert {"ringfence-logs.service", "ringfence-log-store.service"} <= {path.name for path in readers}
    for path, text in readers.items():
        assert FILES in text, path
        assert "After=ringfence-ready.service" in text, path
        assert "Before=" not in text, path


def test_the_packet_filter_comes_before_every_card() -> None:
    """The filter is ordered before the network, and systemd-networkd does not start without it or without a first boot."""
    unit = (TREE / "usr/lib/systemd/system/ringfence-firewall.service").read_text(encoding="utf-8")
    assert re.search(r"^Before=.*network-pre\.target.*systemd-networkd\.service.*systemd-udevd\.service", unit, re.MULTILINE)
    assert "DefaultDependencies=no" in unit
    assert "ExecStop" not in unit
    dropin = (TREE / "etc/systemd/system/systemd-networkd.service.d/ringfence.conf").read_text(encoding="utf-8")
    assert "Requires=ringfence-firewall.service ringfence-first-boot.service" in dropin
    assert "After=ringfence-firewall.service ringfence-first-boot.service" in dropin


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_scripts_are_read_by_sh(script: Path) -> None:
    """Every script can be executed and is syntactically right for a POSIX shell."""
    assert script.stat().st_mode & 0o100
    assert script.read_text(encoding="utf-8").startswith("#!/bin/sh\n")
    assert subprocess.run(("sh", "-n", str(script)), check=False).returncode == 0


def test_ssh_is_bound_to_the_management_card() -> None:
    """The socket belongs to the card, so that another card's packets for the same address are not heard."""
    assert "BindToDevice=mgmt0" in (TREE / "etc/systemd/system/ssh.socket.d/ringfence.conf").read_text(encoding="utf-8")


def test_identities_are_removed() -> None:
    """An image is copied: it must not carry a machine id, host keys, or the address of a package mirror."""
    assert {"etc/machine-id", "etc/ssh/ssh_host_*", "etc/apt/sources.list", "etc/apt/sources.list.d"} <= set(recipe.REMOVED)


def test_what_gets_a_mode_is_there() -> None:
    """A mode belongs to a file of the tree or to a folder that the build makes: git keeps no empty folder."""
    assert [name for name in recipe.MODES if not (TREE / name).is_file() and name not in recipe.FOLDERS] == []
