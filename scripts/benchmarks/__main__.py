"""``./scripts/bench NAME``: every package of ``benchmarks`` with a ``command`` module is a benchmark."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import typer

app = typer.Typer(help="Benchmarks with gates: exit code 0 when all are met, else 1.", no_args_is_help=True, add_completion=False)


@app.callback()
def main() -> None:
    """Keep subcommands even while there is only one."""


for folder in sorted(path for path in Path(__file__).parent.iterdir() if path.is_dir()):
    if find_spec(module := f"benchmarks.{folder.name}.command"):
        app.command(folder.name)(import_module(module).run)

if __name__ == "__main__":
    app(prog_name="scripts/bench")
