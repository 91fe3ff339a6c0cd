"""Prints how often Neutron's repair looks, as the lab starts it; run in Neutron's environment."""

from __future__ import annotations

import sys

from labcloud.inside.neutron_repair import repair_sooner

if __name__ == "__main__":
    repair_sooner()
    from neutron.plugins.ml2.drivers.ovn.mech_driver.ovsdb import maintenance

    sys.stdout.write(f"{maintenance.DBInconsistenciesPeriodics.check_for_inconsistencies._periodic_spacing}\n")  # noqa: SLF001 - futurist keeps it there only
