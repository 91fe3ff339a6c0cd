"""What a control is: where it comes from, what of the image it makes, how its effect is seen, and what it may break. Data, without I/O."""

from __future__ import annotations

from dataclasses import dataclass, field


class ControlError(ValueError):
    """A control, or the catalogue of them, contradicts itself: a mistake of whoever wrote it, seen when the module is imported."""


@dataclass(frozen=True, slots=True)
class KernelParameter:
    """A parameter of the kernel (sysctl.d(5)); ``*`` in its name stands for every NIC."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class KernelModule:
    """A module that the kernel does not load (modprobe.d(5))."""

    name: str


@dataclass(frozen=True, slots=True)
class SshSetting:
    """A line of sshd's configuration (sshd_config(5))."""

    keyword: str
    value: str


@dataclass(frozen=True, slots=True)
class JournalSetting:
    """A line of the journal's configuration (journald.conf(5))."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Text:
    """A file that is all ours."""

    path: str
    text: str
    mode: int = 0o644


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a file of Debian's: it takes the place of the one that begins with ``instead_of``, or comes after all others."""

    path: str
    text: str
    instead_of: str = ""


@dataclass(frozen=True, slots=True)
class Mode:
    """Mode of a file or folder of the image that is there anyway."""

    path: str
    mode: int


@dataclass(frozen=True, slots=True)
class Group:
    """A group that has no members."""

    name: str


@dataclass(frozen=True, slots=True)
class Link:
    """A symbolic link: a unit that a target wants, or, to ``/dev/null``, does not want."""

    path: str
    target: str


@dataclass(frozen=True, slots=True)
class Package:
    """A package of Debian's that the control needs."""

    name: str


Rendering = KernelParameter | KernelModule | SshSetting | JournalSetting | Text | Line | Mode | Group | Link | Package

SEEN_BY_THEMSELVES = (KernelParameter, KernelModule, SshSetting, Mode)
"""Kinds whose effect is asked of the kernel or the program in the same way for all of them (:mod:`hardening.controls.effects`)."""


@dataclass(frozen=True, slots=True)
class Effect:
    """A question to a running server as root, in the shell's words, and the answer to it where the control is in force.

    ``changes``: something of the server is another one afterwards, so a server at work is not asked.
    """

    asks: str
    says: str
    changes: bool = False


@dataclass(frozen=True, slots=True)
class Control:
    """One control.

    ``iso`` are clauses of ISO/IEC 27002:2022 (``CLD``: of ISO/IEC 27017:2015), ``cis`` recommendations of the CIS benchmark for Debian 13
    (1.0.0), ``anssi`` those of ANSSI BP-028 (2.0). ``may_break`` is what an application on the server may miss.

    Raises:
        ControlError: nothing is rendered, nothing is verified, or something is rendered of which no effect is asked.
    """

    identifier: str
    title: str
    iso: tuple[str, ...]
    cis: tuple[str, ...]
    anssi: tuple[str, ...]
    renders: tuple[Rendering, ...]
    effects: tuple[Effect, ...] = field(default=())
    may_break: str = ""

    def __post_init__(self) -> None:
        """Refuse a control without a rendering or without a verification that a server at work may be asked."""
        if not self.renders:
            raise ControlError(f"control {self.identifier}: verified, but nothing of the image makes it hold")
        unseen = [part for part in self.renders if not isinstance(part, SEEN_BY_THEMSELVES)]
        if unseen and all(effect.changes for effect in self.effects):
            raise ControlError(f"control {self.identifier}: nothing asks a server for the effect of {unseen[0]}")
        if not (self.iso or self.cis or self.anssi):
            raise ControlError(f"control {self.identifier}: no reference says where it comes from")
