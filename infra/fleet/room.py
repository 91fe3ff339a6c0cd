"""How many tenants a machine can work for at once."""

from __future__ import annotations

MEMORY_OF_ONE = 450 << 20
"""Bytes of one stack that is brought up: engine, program, three plug-ins of the provider and its helper (measured: about 420 MB)."""
OF_A_PROCESSOR = 2
"""Most of the time a stack waits for the cloud."""


def at_once(processors: int, available: int) -> int:
    """Return how many fit, from the number of processors and the bytes of memory that are available; one in any case."""
    return max(1, min(processors * OF_A_PROCESSOR, available // MEMORY_OF_ONE))
