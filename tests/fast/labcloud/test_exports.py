"""The one line of `lab env`."""

from __future__ import annotations

import shlex
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from labcloud.exports import exports

if TYPE_CHECKING:
    from labcloud.layout import Layout


def variables(line: str) -> dict[str, str]:
    """What a shell makes of the line."""
    first, *assignments = shlex.split(line)
    assert first == "export"
    return dict(assignment.split("=", 1) for assignment in assignments)


def test_it_is_one_line_that_names_cloud_and_ways_in(layout: Layout) -> None:
    """One line, with a proxy command that keeps SSH's placeholders."""
    line = exports(layout)
    assert "\n" not in line
    found = variables(line)
    assert found["OS_CLOUD"] == "lab"
    assert found["OS_CLIENT_CONFIG_FILE"] == str(layout.clouds_file)
    assert found["RINGFENCE_BASTION_PROXY"].endswith(f"{layout.root} connect %h %p")
    assert found["RINGFENCE_INTERNET_EXEC"].endswith(f"{layout.root} internet")
    assert found["RINGFENCE_INTERNET_ADDRESS"] == "203.0.113.10"
    assert found["RINGFENCE_NEUTRON_REPAIR_SECONDS"] == "100"


def test_the_variable_that_hides_the_operators_cloud_is_set_and_empty(layout: Layout) -> None:
    """A provider with credentials of its own points OS_CLOUD at it."""
    assert variables(exports(layout))["RINGFENCE_NO_CLOUD"] == ""


def test_a_path_with_spaces_survives_shell_and_command(layout: Layout) -> None:
    """Quoted once for the shell and once for whoever splits the command."""
    odd = replace(layout, root=Path("/my labs/one"))
    command = shlex.split(variables(exports(odd))["RINGFENCE_BASTION_PROXY"])
    assert command[-4:] == ["/my labs/one", "connect", "%h", "%p"]
