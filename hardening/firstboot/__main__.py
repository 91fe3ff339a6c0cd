"""Write the files of a first boot: ``python3 -m hardening.firstboot CONFIG_DRIVE [ROOT]`` (thin: everything is decided elsewhere)."""

from __future__ import annotations

import os
import socket
import sys

from hardening.agent.store import remove
from hardening.firstboot.config_drive import ConfigDriveError, parse_meta_data, parse_network_data
from hardening.firstboot.files import CONFIRMED, File, render
from hardening.firstboot.plan import make_plan

LATEST = "openstack/latest"
STALE = ("etc/systemd/network", "etc/systemd/system/ssh.socket.d")
"""Directories whose ``10-*`` and ``port.conf`` files may come from an earlier instance of the same disk."""


def write(root: str, file: File, owner: tuple[int, int]) -> None:
    """Write one file with its mode from the first moment on, and replace an old one in one step."""
    path = os.path.join(root, file.path)  # noqa: PTH118 - pathlib costs the guest a quarter of a second
    os.makedirs(os.path.dirname(path), exist_ok=True)  # noqa: PTH103, PTH120
    temporary = path + ".new"
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, file.mode)
    with open(descriptor, "w", encoding="utf-8") as stream:  # noqa: PTH123 - a descriptor
        os.fchmod(descriptor, file.mode)
        if file.account:
            os.fchown(descriptor, *owner)
        stream.write(file.text)
    os.replace(temporary, path)  # noqa: PTH105


def forget_earlier_instance(root: str) -> None:
    """Remove what another instance of this disk left behind: its cards' names and addresses, and its bundle."""
    for directory in STALE:
        path = os.path.join(root, directory)  # noqa: PTH118
        for name in os.listdir(path) if os.path.isdir(path) else []:  # noqa: PTH112, PTH208
            if name.startswith("10-") or name == "port.conf":
                os.unlink(os.path.join(path, name))  # noqa: PTH108, PTH118
    for name in CONFIRMED:
        remove(os.path.join(root, name))  # noqa: PTH118


def read(drive: str, name: str) -> str:
    """Text of one file of the config drive."""
    try:
        with open(os.path.join(drive, LATEST, name), encoding="utf-8") as stream:  # noqa: PTH118, PTH123
            return stream.read()
    except OSError as error:
        raise ConfigDriveError(f"config drive: {error}") from error


def main(arguments: list[str]) -> int:
    """Entry point: 0, or 1 with one line on standard error and nothing written."""
    drive, root = arguments[0], arguments[1] if len(arguments) > 1 else "/"
    try:
        plan = make_plan(parse_network_data(read(drive, "network_data.json")), parse_meta_data(read(drive, "meta_data.json")))
    except ConfigDriveError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    forget_earlier_instance(root)
    home = os.stat(os.path.join(root, "home/ringfence"))  # noqa: PTH116, PTH118
    for file in render(plan):
        write(root, file, (home.st_uid, home.st_gid))
    if root == "/":
        socket.sethostname(plan.hostname)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
