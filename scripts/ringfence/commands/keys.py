"""``ringfence keys``: make the automation's SSH key if there is none, and show where it is."""

from __future__ import annotations

import json
from typing import Annotated

import typer


def add(app: typer.Typer) -> None:
    """Register the command."""
    app.command("keys")(keys)


def keys(*, as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False) -> None:
    """Make the SSH key of the automation account, once; print its public half.

    Examples: `ringfence keys`; `ringfence keys --json`
    """
    from ringfence.keys import ensure  # noqa: PLC0415 - paramiko takes half a second to import

    pair = ensure()
    if as_json:
        print(json.dumps({"private": str(pair.private), "public": pair.public, "created": pair.created}))
    else:
        print(f"{'made' if pair.created else 'found'}: {pair.private}\n{pair.public}")
