"""Golden files: every file of a first boot, of a server and of a bastion. ``python -m tests.fast.hardening.image.golden`` writes them."""

from __future__ import annotations

import shutil
from pathlib import Path

from hardening.firstboot.config_drive import parse_meta_data, parse_network_data
from hardening.firstboot.files import File, render
from hardening.firstboot.plan import make_plan
from tests.fast.hardening.image import drives

FOLDER = Path(__file__).parent / "golden"
CASES = {
    "server": (drives.server_network, drives.server_meta),
    "bastion": (drives.bastion_network, drives.bastion_meta),
}


def rendered(case: str) -> list[File]:
    """Files of the case as they are rendered now."""
    network, meta = CASES[case]
    return render(make_plan(parse_network_data(drives.text(network())), parse_meta_data(drives.text(meta()))))


def expected(case: str) -> dict[str, str]:
    """Files of the case as they were agreed on, by path."""
    folder = FOLDER / case
    return {str(path.relative_to(folder)): path.read_text(encoding="utf-8") for path in folder.rglob("*") if path.is_file()}


def main() -> None:
    """Write all golden files; read the difference before committing it."""
    for case in CASES:
        shutil.rmtree(FOLDER / case, ignore_errors=True)
        for file in rendered(case):
            path = FOLDER / case / file.path
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(file.text, encoding="utf-8")


if __name__ == "__main__":
    main()
