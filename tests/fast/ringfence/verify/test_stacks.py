"""What the stacks exported, asked of the engine."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING

import pytest

from infra.errors import CloudError
from ringfence import engine
from ringfence.verify import stacks

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.fast
PORT = {"urn": "urn:pulumi:acme::ringfence::openstack:networking/port:Port::acme-db", "type": "openstack:networking/port:Port", "id": "p"}


def answering(*answers: tuple[int, str, str]) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Return an engine that gives these answers, one after the other."""
    left = list(answers)

    def run(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        code, out, err = left.pop(0)
        return subprocess.CompletedProcess(command, code, out, err)

    return run


def test_stacks_of_the_project_are_all_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stack whose declaration is not in the tree has things on the backbone as well."""
    monkeypatch.setattr(subprocess, "run", answering((0, json.dumps([{"name": "organization/ringfence/acme"}, {"name": "platform"}]), "")))
    assert stacks.known() == ("acme", "platform")


def test_state_that_is_being_written_is_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody may bring up another tenant while one is verified."""
    monkeypatch.setattr(engine, "PAUSE_SECONDS", 0.0)
    export = json.dumps({"deployment": {"resources": [PORT]}})
    monkeypatch.setattr(subprocess, "run", answering((255, "", "error: failed to load checkpoint: EOF"), (0, export, "")))
    assert list(stacks.made("acme").ids("ports")) == ["p"]


def test_engine_that_does_not_tell_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stack that cannot be read has not made nothing: nothing can be told."""
    monkeypatch.setattr(subprocess, "run", answering((255, "", "error: incorrect passphrase")))
    with pytest.raises(CloudError, match="does not tell what the stacks made"):
        stacks.made("acme")
