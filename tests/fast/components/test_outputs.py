"""The outputs of the shipped stacks: tenants' programs, verification and programs of others read them by these names."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pytest

from infra.errors import CloudError
from infra.outputs import PlatformOutput, TenantOutput, decoded, encoded
from tests.fast.components import recording
from tests.fast.key_paths import hold, key_paths

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.fast
KEYS = Path(__file__).parent / "outputs"
PROGRAM = Path(__file__).resolve().parents[3] / "infra" / "__main__.py"
MAPS = {
    "platform.volume_types",
    *(f"tenant.{place}" for place in ("groups", "servers", "servers.*.nics", "servers.*.volumes.data", "zones")),
}
"""Objects whose keys are names of the declarations."""
STACKS: dict[str, Callable[[], recording.RecordingCloud]] = {
    "platform": lambda: recording.platform(routers=2),
    "platform-services": lambda: recording.platform(services=True),
    "tenant": lambda: recording.tenant("acme"),
}


@pytest.mark.parametrize("stack", STACKS)
def test_no_output_of_a_stack_gets_another_name(stack: str) -> None:
    """Tenants may be of another version than the platform that they read, and a state is older than the program."""
    hold(KEYS / f"{stack}.txt", key_paths(STACKS[stack]().outputs, MAPS))


KINDS: dict[str, tuple[str, type[msgspec.Struct]]] = {
    "platform": ("platform", PlatformOutput),
    "platform-services": ("platform", PlatformOutput),
    "tenant": ("tenant", TenantOutput),
}


@pytest.mark.parametrize("stack", STACKS)
def test_what_a_stack_exports_is_read_back_whole(stack: str) -> None:
    """Whoever reads a stack gets every field that was written, and no other."""
    key, kind = KINDS[stack]
    exported = STACKS[stack]().outputs[key]
    assert encoded(kind, msgspec.structs.asdict(decoded(kind, exported, stack))) == exported


@pytest.mark.parametrize("stack", STACKS)
def test_an_output_that_is_not_as_described_is_refused_with_its_place(stack: str) -> None:
    """A field that is missing or has another type would otherwise fail far from its cause, or pass as text."""
    key, kind = KINDS[stack]
    exported = STACKS[stack]().outputs[key]
    missing = {name: value for name, value in exported.items() if name != "project_id"}
    with pytest.raises(CloudError, match=r"project_id.*\n(.*\n)*.*pulumi up -s acme"):
        decoded(kind, missing, "acme")
    with pytest.raises(CloudError, match=r"\$\.region"):
        decoded(kind, {**exported, "region": 7}, "acme")


@pytest.mark.parametrize("stack", STACKS)
def test_fields_of_a_later_version_are_passed_over(stack: str) -> None:
    """A platform may be newer than the tenant that reads it."""
    key, kind = KINDS[stack]
    exported = STACKS[stack]().outputs[key]
    assert decoded(kind, {**exported, "later": {}}, stack) == decoded(kind, exported, stack)


def test_the_program_exports_what_is_recorded() -> None:
    """The names at the top are given by the program itself."""
    calls = [node for node in ast.walk(ast.parse(PROGRAM.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)]
    exported = {ast.unparse(call.args[0]) for call in calls if ast.unparse(call.func) == "pulumi.export"}
    assert exported == {"names.PLATFORM", "AUTHORITY", "'tenant'", "'deployer_credential'", "'reader_credential'"}
