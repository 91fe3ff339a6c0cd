"""What is to be done with a booted server: written by the command, read by the program that boots it."""

from __future__ import annotations

import msgspec

from examiners.model import Examiner, Tier


class Plan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One image, examined after its first boot and after its second.

    ``tools`` is the folder of the examiners on this machine and ``disk`` the same as a disk; ``ssh_audit`` is a Python that has it.
    """

    image: str
    folder: str
    tiers: tuple[Tier, ...]
    examiners: tuple[Examiner, ...]
    profiles: tuple[str, ...] = ()
    tools: str = ""
    disk: str = ""
    ssh_audit: str = ""


class Told(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the program tells besides the raw results in the folder: figures by tier, open ports that are declared, and what broke."""

    figures: dict[Tier, dict[str, float]]
    declared: dict[str, tuple[str, ...]]
    seconds: dict[str, float]
    broken: dict[str, str]


BOOT, MEMORY, IMAGE = "boot to SSH, processor seconds", "memory after boot, MiB", "image, MB"
