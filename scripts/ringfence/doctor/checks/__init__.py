"""Every check of an examination in one list, in the order in which a person would mend what they find."""

from __future__ import annotations

from ringfence.doctor.checks import bastion, clocks, compute, here, network, remains, rights, room, services, storage

CHECKS = (
    *here.CHECKS,
    *services.CHECKS,
    *rights.CHECKS,
    *network.CHECKS,
    *compute.CHECKS,
    *storage.CHECKS,
    *room.CHECKS,
    *clocks.CHECKS,
    *bastion.CHECKS,
    *remains.CHECKS,
)
