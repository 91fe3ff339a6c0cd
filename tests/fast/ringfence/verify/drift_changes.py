"""Ways to change what the guest's program tells of a server, one at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.fast.ringfence.verify.recorded_guest import ADDRESSES

if TYPE_CHECKING:
    from collections.abc import Callable

Json = dict[str, Any]
HERE = ADDRESSES["zone0"][0].partition("/")[0]


def listener(program: str, port: int, protocol: str = "tcp", address: str = HERE, **more: object) -> Json:
    """Return a socket that listens, held by one program."""
    holder = {"pid": 77, "program": program, "content": "other", "command": [program], "unit": "x.service"}
    return {"protocol": protocol, "address": address, "port": port, "programs": [holder | more], "greeting": ""}


def listens(one: Json) -> Callable[[Json], object]:
    """Add a socket."""
    return lambda told: told["sockets"]["rows"].append(one)


def account(name: str, fields: Json | None = None) -> Callable[[Json], object]:
    """Add an account, or change one."""
    usual = {"name": name, "uid": 1000, "gid": 1000, "home": f"/home/{name}", "shell": "/usr/sbin/nologin", "password": "locked"}

    def change(told: Json) -> None:
        found = next((one for one in told["accounts"]["rows"] if one["name"] == name), None)
        if found is None:
            told["accounts"]["rows"].append(usual | (fields or {}))
        else:
            found.update(fields or {})

    return change


def member(name: str, group: str) -> Callable[[Json], object]:
    """Put an account into a group."""
    return lambda told: next(one for one in told["accounts"]["groups"] if one["name"] == group)["members"].append(name)


def key(path: str, text: str, *accounts: str) -> Callable[[Json], object]:
    """Add a line to a file of keys."""
    return lambda told: told["keys"]["rows"].append({"accounts": list(accounts), "path": path, "line": 2, "text": text})


def card(name: str, **fields: object) -> Callable[[Json], object]:
    """Change a card."""
    return lambda told: next(one for one in told["cards"]["rows"] if one["name"] == name).update(fields)


def switch(name: str, family: str, which: str, value: str) -> Callable[[Json], object]:
    """Turn a switch of a card, or of all of them."""

    def change(told: Json) -> None:
        rows = [*told["cards"]["rows"], *told["cards"]["everywhere"]]
        next(one for one in rows if one["name"] == name)["switches"][family][which] = value

    return change


def address(name: str, text: str) -> Callable[[Json], object]:
    """Give a card one more address."""
    return lambda told: next(one for one in told["cards"]["rows"] if one["name"] == name)["addresses"].append(text)


def file(one: list[Any]) -> Callable[[Json], object]:
    """Put a file in place of the one of its path, or where none is."""

    def change(told: Json) -> None:
        told["files"]["rows"] = [*(other for other in told["files"]["rows"] if other[0] != one[0]), one]

    return change


def without(path: str) -> Callable[[Json], object]:
    """Remove a file."""
    return lambda told: told["files"].update(rows=[other for other in told["files"]["rows"] if other[0] != path])


def module(name: str, letters: str = "") -> Callable[[Json], object]:
    """Load a module."""
    return lambda told: told["kernel"]["rows"].append([name, letters])


def says(path: str, line: str) -> Callable[[Json], object]:
    """Add a line to a file that is told whole."""

    def change(told: Json) -> None:
        found = next(one for one in told["texts"]["rows"] if one[0] == path)
        found[1] += f"{line}\n"

    return change


def both(*changes: Callable[[Json], object]) -> Callable[[Json], object]:
    """Do all of it."""
    return lambda told: [change(told) for change in changes]


def updated(package: str) -> Callable[[Json], object]:
    """Have another version of a package."""
    return lambda told: next(one for one in told["packages"]["rows"] if one[0] == package).__setitem__(1, "99")


def installed(package: str) -> Callable[[Json], object]:
    """Have one more package."""
    return lambda told: told["packages"]["rows"].append([package, "1"])
