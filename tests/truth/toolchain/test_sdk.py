"""The names that the plug-in serves, against the installed Python SDK."""

from __future__ import annotations

from toolchain import sdk


def test_the_committed_list_is_that_of_the_installed_sdk() -> None:
    """Every resource, property and function, with its shape: after a new SDK, `scripts/toolchain/tokens` has been run."""
    assert sdk.CATALOGUE.read_text(encoding="utf-8") == sdk.render(sdk.read(sdk.installed()))
