"""Snapshot files of synthetic clouds, written once: a cloud of a million rules takes a minute to make."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from tempfile import gettempdir

from benchmarks import synthetic
from benchmarks.synthetic import Shape, header, records
from infra.neutron.snapshot.store import written


def snapshot_file(shape: Shape) -> Path:
    """Return the file of a cloud. Its name says which shape and which generator it is from, so a change of either makes a new one."""
    folder = Path(os.environ.get("RINGFENCE_CACHE") or gettempdir()) / "bench"
    folder.mkdir(parents=True, exist_ok=True)
    made_by = hashlib.sha256(Path(synthetic.__file__).read_bytes() + repr(shape).encode()).hexdigest()[:12]
    path = folder / f"cloud-{shape.tenants * shape.rules}-{made_by}.jsonl"
    if not path.exists():
        partial = path.with_suffix(".partial")
        with partial.open("wb") as file:
            file.writelines(written(header(), records(shape)))
        partial.rename(path)
    return path
