"""How long the image takes from power-on to SSH: ``python -m tests.truth.image.measure`` (as root), one JSON object.

``wall`` is what a person waits; ``cpu`` is what QEMU computed for it, the figure to compare when other work shares the machine.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

from hardening.image import cache
from tests.truth import netns
from tests.truth.image.machine import APP, BACKBONE, MANAGEMENT, Machine, Namespace, config_drive, connect, run

LIMIT_SECONDS = 600


def measure(image: Path, folder: Path) -> dict[str, float]:
    """Boot a copy of the image for the first time, then once more; seconds until SSH's banner in both."""
    run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / "key"))
    run("qemu-img", "convert", "-O", "qcow2", str(image), str(folder / "root.qcow2"))
    cards = (APP, MANAGEMENT)
    properties = {"ringfence_management_mac": MANAGEMENT.mac, "ringfence_ssh_from": f"{BACKBONE}/32"}
    config_drive(folder / "config.iso", cards, (folder / "key.pub").read_text(encoding="utf-8").strip(), properties)
    namespace = Namespace(netns.name("measure"), cards)
    machine = Machine(namespace, folder)
    figures: dict[str, float] = {}
    namespace.up()
    try:
        for boot in ("first", "again"):
            machine.on()
            while not connect(namespace, BACKBONE, MANAGEMENT.address, 22, timeout=1).startswith("OK SSH"):
                if machine.seconds > LIMIT_SECONDS:
                    raise TimeoutError(machine.console.read_text(errors="replace")[-1000:])
            figures |= {f"{boot}_wall": round(machine.seconds, 1), f"{boot}_cpu": round(machine.cpu_seconds, 1)}
            machine.wait_for_console("ringfence-ready", LIMIT_SECONDS)
            machine.off(gently=True)
    finally:
        machine.off(gently=False)
        namespace.down()
    return figures


def main() -> None:
    """Measure the image of this recipe."""
    with tempfile.TemporaryDirectory() as folder:
        sys.stdout.write(json.dumps(measure(cache.image_path(), Path(folder))) + "\n")


if __name__ == "__main__":
    main()
