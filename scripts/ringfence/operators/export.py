"""Lines of one tenant as a folder that its administrator may be given: a file for each server and day, and a manifest of their hashes."""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from infra.errors import QuestionError
from infra.logs.lines import lines

if TYPE_CHECKING:
    from pathlib import Path

    from infra.logs.lines import Kept
    from ringfence.operators.logs import Store

MANIFEST = "manifest.json"
SUMS = "SHA256SUMS"


def export(store: Store, days: list[Kept], folder: Path, about: dict[str, Any]) -> list[dict[str, Any]]:
    """Write lines of some days since ``about["since"]``, and return what the manifest says of the files.

    The folder is there as a whole or not at all. ``sha256sum -c SHA256SUMS`` checks it, the manifest too.
    """
    if folder.exists():
        raise QuestionError.of("the folder is there already", where=str(folder), expected="a name that nothing has")
    part = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(mode=0o700, parents=True)
    try:
        files = [entry for day in days if (entry := _file(store, day, part, str(about["since"])))]
        manifest = (json.dumps({**about, "files": files}, indent=1) + "\n").encode()
        (part / MANIFEST).write_bytes(manifest)
        sums = [*((entry["sha256"], entry["path"]) for entry in files), (hashlib.sha256(manifest).hexdigest(), MANIFEST)]
        (part / SUMS).write_text("".join(f"{digest}  {path}\n" for digest, path in sums), encoding="ascii")
        part.rename(folder)
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise
    return files


def _file(store: Store, day: Kept, folder: Path, since: str) -> dict[str, Any] | None:
    """Write a day; one without a line that was asked for is no file."""
    path = folder / day.server / f"{day.day}.jsonl"
    path.parent.mkdir(mode=0o700, exist_ok=True)
    digest, count, size = hashlib.sha256(), 0, 0
    with path.open("wb") as stream:
        for data in store.data(day):
            kept = [json.dumps(asdict(line)) + "\n" for line in lines(data, day.path) if line.received >= since]
            written = "".join(kept).encode("ascii")
            stream.write(written)
            digest.update(written)
            count, size = count + len(kept), size + len(written)
    if not count:
        path.unlink()
        return None
    return {"path": f"{day.server}/{day.day}.jsonl", "sha256": digest.hexdigest(), "lines": count, "bytes": size}
