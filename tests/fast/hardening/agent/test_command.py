"""The deciding parts of the policy command; that it locks nobody out is proven with a real kernel in ``tests/truth/image``."""

from __future__ import annotations

import json

import pytest

from hardening.agent import command, packet_filter
from hardening.agent.paths import EXIT_USAGE

CLOSED = "".join(
    f"\tchain {hook} {{\n\t\ttype filter hook {hook} priority filter; policy drop;\n\t}}\n" for hook in ("input", "forward", "output")
)


def test_three_closed_directions_are_closed() -> None:
    """The listing of a closed table leaves no direction open."""
    assert packet_filter.open_directions(CLOSED) == set()


@pytest.mark.parametrize("hook", ["input", "forward", "output"])
def test_each_direction_counts(hook: str) -> None:
    """One chain that accepts by default, or is missing, is an open direction; two chains of another one do not make up for it."""
    accepting = CLOSED.replace(f"hook {hook} priority filter; policy drop", f"hook {hook} priority filter; policy accept")
    assert packet_filter.open_directions(accepting) == {hook}
    other = {"input": "output", "output": "input", "forward": "input"}[hook]
    assert packet_filter.open_directions(CLOSED.replace(f"hook {hook} ", f"hook {other} ")) == {hook}


def test_rulesets_are_compared_without_what_a_reload_changes() -> None:
    """Handles and the tool's version differ between two loads of one text; a rule does not."""
    first = {"nftables": [{"metainfo": {"version": "1.1.3"}}, {"rule": {"handle": 4, "expr": [{"accept": None}]}}]}
    again = {"nftables": [{"metainfo": {"version": "1.0.6"}}, {"rule": {"handle": 9, "expr": [{"accept": None}]}}]}
    other = {"nftables": [{"rule": {"handle": 4, "expr": [{"drop": None}]}}]}
    assert packet_filter.comparable(first) == packet_filter.comparable(again)
    assert packet_filter.comparable(first) != packet_filter.comparable(other)


@pytest.mark.parametrize(
    "arguments",
    [[], ["stage"], ["stage-bundle"], ["stage", "f", "--seconds"], ["stage", "f", "--seconds", "soon"], ["flush"], ["confirm", "a", "b"]],
)
def test_what_it_does_not_know_it_refuses(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 2 and one JSON object that shows the usage."""
    monkeypatch.setenv("RINGFENCE_RUN", str(tmp_path_factory.mktemp("run")))
    assert command.main(arguments) == EXIT_USAGE
    assert json.loads(capsys.readouterr().err)["error"].startswith("usage: apply-policy")
