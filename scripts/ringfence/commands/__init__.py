"""The verbs of the command line, one module each. A module has a function ``add(app: typer.Typer) -> None`` that registers its commands."""
