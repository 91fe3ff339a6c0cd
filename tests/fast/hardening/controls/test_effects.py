"""What a server's answers mean: a control is in force when it says so, and never when it says nothing."""

from __future__ import annotations

import re
import subprocess

import pytest

from hardening.controls import effects
from hardening.controls.catalogue import CATALOGUE
from hardening.controls.model import Control, Effect, KernelModule, KernelParameter, Mode, SshSetting, Text

pytestmark = pytest.mark.fast
CONTROLS = (
    Control("first", "First", ("8.9",), (), (), (Text("etc/x", "x"),), (Effect("echo one; echo two", "one\ntwo"),)),
    Control("second", "Second", ("8.9",), (), (), (Text("etc/y", "y"),), (Effect("echo 3 | tr 3 4", "4"), Effect("false", ""))),
)


def asked(controls: tuple[Control, ...] = CONTROLS) -> str:
    """Run the questions here, without those that come before them."""
    script = effects.script(controls).removeprefix(effects.BEFORE)
    return subprocess.run(("bash", "-s"), input=script, capture_output=True, text=True, check=True).stdout


def test_answers_that_are_as_expected_are_no_findings() -> None:
    """Whatever the exit code of a question is."""
    assert effects.unmet(asked(), CONTROLS) == []


def test_another_answer_names_the_control_with_question_and_answer() -> None:
    """What differs is said, not only that something does."""
    wrong = asked().replace("two", "three")
    assert [str(one) for one in effects.unmet(wrong, CONTROLS)] == ["first: echo one; echo two: expected 'one\\ntwo', got 'one\\nthree'"]


@pytest.mark.parametrize("end", ["", "\n@@ 1\n4\n", "\n@@ 1\n"])
def test_a_script_that_did_not_end_proves_nothing(end: str) -> None:
    """The last answer may be a part of one, and the rest was never asked."""
    cut = asked().partition("\n@@ 1\n")[0] + end
    found = effects.unmet(cut, CONTROLS)
    assert [one.got for one in found] == [None, None, None]
    assert "no answer" in str(found[0])


def test_kinds_ask_the_kernel_or_the_program_and_no_file() -> None:
    """Live parameters, modprobe, sshd's own words."""
    control = Control(
        "x",
        "X",
        ("8.9",),
        (),
        (),
        (KernelParameter("a.*.b", "1"), KernelModule("usb-storage"), SshSetting("UseDNS", "no"), Mode("etc/x", 0o600)),
    )
    assert [(one.asks, one.says) for one in effects.of(control)] == [
        ("values /proc/sys/a/*/b", "1"),
        ("module usb-storage usb_storage", "install /bin/false"),
        ('echo "${sshd[usedns]}"', "no"),
        ("stat -c %a /etc/x", "600"),
    ]


def test_the_shell_reads_the_questions() -> None:
    """All of them, with what comes before and after."""
    assert subprocess.run(("bash", "-n"), input=effects.script(), capture_output=True, text=True, check=False).stderr == ""
    assert len(re.findall(r"@@ %s", effects.script())) == sum(len(effects.of(control)) for control in CATALOGUE)


def test_different_values_of_nics_are_all_shown() -> None:
    """One NIC that differs is not hidden behind the others."""
    before = effects.BEFORE.partition("\n")[2].replace("sshd -T", "true")
    script = f"{before}cd $(mktemp -d); echo 0 >a; echo 12 >b; echo 0 >c; values a b c"
    assert subprocess.run(("bash", "-s"), input=script, capture_output=True, text=True, check=True).stdout == "0\n12\n0\n"


def test_every_word_that_sshd_says_on_a_setting_is_heard() -> None:
    """Those that it lists line by line, and those of which it says none."""
    before = effects.BEFORE.partition("\n")[2].replace("sshd -T", "printf '%s\\n' 'allowusers a' 'usedns no' 'allowusers b' banner")
    script = f"""{before}for word in allowusers usedns banner other; do printf '%s' "${{sshd[$word]}}"; echo .; done"""
    said = subprocess.run(("bash", "-s"), input=script, capture_output=True, text=True, check=True).stdout
    assert said == "a\nb\n.\nno\n.\n\n.\n.\n"
