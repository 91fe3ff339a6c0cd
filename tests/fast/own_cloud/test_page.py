"""The page can be walked: its blocks are found, are shell, and name verbs and parts that exist."""

from __future__ import annotations

import re
import subprocess

import pytest

from ringfence.application import application
from tests.own_cloud.blocks import Block, blocks, said, script
from tests.own_cloud.cloud import ROOT

pytestmark = pytest.mark.fast
PAGE = (ROOT / "docs" / "own-cloud.md").read_text(encoding="utf-8")


def test_blocks_are_found_with_their_lines() -> None:
    """Only those that are marked sh; what is shown is not run."""
    page = "text\n```sh\none\ntwo\n```\n```console\n$ three\n```\n\n```sh\nfour\n```\n"
    assert blocks(page) == [Block(3, "one\ntwo\n"), Block(11, "four\n")]


def test_what_a_block_printed_is_told_by_its_line() -> None:
    """And a script whose first command fails runs no second one."""
    good = script([Block(3, "echo one\n"), Block(9, "echo two\n")])
    done = subprocess.run(["bash", "-c", good], capture_output=True, text=True, check=True)
    told = said(done.stdout)
    assert (told[3], told[9].splitlines()[0]) == ("one\n", "two")
    bad = script([Block(3, "false\necho one\n")])
    assert subprocess.run(["bash", "-c", bad], capture_output=True, text=True, check=False).returncode == 1


def test_the_page_is_shell() -> None:
    """All of it, as one script."""
    found = blocks(PAGE)
    assert len(found) >= 7
    subprocess.run(["bash", "-n"], input=script(found), text=True, check=True)


def test_every_verb_of_the_page_exists() -> None:
    """Before an hour is spent on finding that out."""
    known = {command.name or (command.callback and command.callback.__name__) for command in application().registered_commands}
    code = "".join(block.code for block in blocks(PAGE))
    named = set(re.findall(r"^ringfence ([a-z-]+)", code, re.MULTILINE))
    assert named
    assert named <= known
    for script_ in set(re.findall(r"\./(scripts/[a-z/]+)", code)):
        assert (ROOT / script_).is_file(), script_
