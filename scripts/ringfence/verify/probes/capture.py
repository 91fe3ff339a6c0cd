"""The BPF program that narrows a capture to probes, bare SYNs, ARP and neighbour discovery. Pure.

Without it a busy server would hand every frame to Python; with it the kernel throws the rest away. Classic BPF, as in
``linux/filter.h``: (code, jump if true, jump if false, constant).
"""

from __future__ import annotations

from dataclasses import dataclass

from ringfence.verify.guest.basics import MAGIC

LOAD_HALF, LOAD_BYTE, LOAD_WORD, EQUAL, ANY_BIT, AND, RETURN = 0x28, 0x30, 0x20, 0x15, 0x45, 0x54, 0x06
ALL = 0x40000
PACKET_TYPE = 0xFFFFF000 + 4
"""SKF_AD_OFF + SKF_AD_PKTTYPE: what kind of frame it is; 4 is one that this host sends."""


@dataclass(frozen=True, slots=True)
class Instruction:
    """One instruction; jumps name labels instead of distances."""

    code: int
    constant: int = 0
    true: str = ""
    false: str = ""
    label: str = ""


LINES = (
    Instruction(LOAD_WORD, PACKET_TYPE),
    Instruction(EQUAL, 4, true="drop"),
    Instruction(LOAD_HALF, 12),
    Instruction(EQUAL, 0x0806, true="keep"),
    Instruction(EQUAL, 0x86DD, true="six"),
    Instruction(EQUAL, 0x0800, false="drop"),
    Instruction(LOAD_BYTE, 23),
    Instruction(EQUAL, 6, true="tcp4"),
    Instruction(LOAD_WORD, 42),
    Instruction(EQUAL, int.from_bytes(MAGIC), true="keep", false="drop"),
    Instruction(LOAD_BYTE, 47, label="tcp4"),
    Instruction(AND, 0x12),
    Instruction(EQUAL, 0x02, true="keep", false="drop"),
    Instruction(LOAD_BYTE, 20, label="six"),
    Instruction(EQUAL, 6, true="tcp6"),
    Instruction(EQUAL, 58, false="payload6"),
    Instruction(LOAD_BYTE, 54),
    Instruction(EQUAL, 134, true="keep"),
    Instruction(EQUAL, 135, true="keep"),
    Instruction(EQUAL, 136, true="keep"),
    Instruction(LOAD_WORD, 62, label="payload6"),
    Instruction(EQUAL, int.from_bytes(MAGIC), true="keep", false="drop"),
    Instruction(LOAD_BYTE, 67, label="tcp6"),
    Instruction(AND, 0x12),
    Instruction(EQUAL, 0x02, true="keep", false="drop"),
    Instruction(RETURN, ALL, label="keep"),
    Instruction(RETURN, 0, label="drop"),
)


def program() -> list[list[int]]:
    """Return the instructions with the labels turned into distances."""
    places = {line.label: number for number, line in enumerate(LINES) if line.label}

    def distance(number: int, label: str) -> int:
        return places[label] - number - 1 if label else 0

    return [[line.code, distance(n, line.true), distance(n, line.false), line.constant] for n, line in enumerate(LINES)]
