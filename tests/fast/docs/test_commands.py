"""Every command that a document or a help text shows is one that there is: parsed by the program itself, without running it."""

from __future__ import annotations

import re
import shlex
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest
import typer.main

from examiners.cli import app as examine
from labcloud.cli import app as lab
from ringfence import application
from tests.fast.architecture.sources import ROOT
from tests.fast.docs.snippets import Snippet, commands, documents, snippets, spans

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

pytestmark = pytest.mark.fast

OTHERS = {
    ".",
    "[",
    "ansible",
    "ansible-playbook",
    "apt-get",
    "cat",
    "cd",
    "chmod",
    "cp",
    "curl",
    "diff",
    "echo",
    "eval",
    "exit",
    "export",
    "git",
    "grep",
    "sed",
    "jq",
    "mkdir",
    "openstack",
    "pip",
    "pipx",
    "pre-commit",
    "pytest",
    "python",
    "python3",
    "read",
    "rm",
    "source",
    "ssh",
    "ssh-keygen",
    "uv",
}
"""Programs of others, and words of the shell, that documents may show; a new one is a line here."""
ENGINE = {"config", "cancel", "destroy", "login", "preview", "refresh", "stack", "state", "up", "import", "cloud", "install", "new"}
"""Commands of ``pulumi`` that documents may show."""
APPLICATIONS = {"scripts/lab": lab, "scripts/examine": examine}
"""Scripts that are the beginning of a program of ours."""
PLACEHOLDER = re.compile(r"^[A-Z][A-Z0-9_./:-]*$|^\.\.\.$|^<.+>$|VERB|\|")
SCRIPT = re.compile(r"^(?:\./)?((?:\.ci|scripts)/[\w./-]+)$")


@cache
def program() -> Any:  # noqa: ANN401 - typer ships click without its types
    """Return the command line."""
    return typer.main.get_command(application.application())


def parsed(command: Any, name: str, arguments: Sequence[str], parent: Any = None) -> str:  # noqa: ANN401 - as above
    """Parse arguments as the program does, values converted, and run nothing; return what is wrong with them."""
    try:
        context = command.make_context(name, list(arguments), parent=parent)
        if not hasattr(command, "commands"):
            return ""
        if not (rest := [*context._protected_args, *context.args]):  # noqa: SLF001 - as click's own `invoke` reads them
            return ""
        verb, inner, left = command.resolve_command(context, rest)
        return parsed(inner, verb, left, context)
    except typer.Exit:
        return ""  # --help and --version
    except Exception as error:  # noqa: BLE001 - whatever it is, it is what a reader would see
        return getattr(error, "message", "") or str(error)


def wrong(words: Sequence[str], functions: frozenset[str] = frozenset()) -> str:
    """Return what is wrong with a command; empty when nothing is."""
    name, arguments = words[0], words[1:]
    if name == "ringfence":
        return parsed(program(), name, arguments)
    if name == "pulumi":
        return "" if arguments and arguments[0] in ENGINE else f"pulumi has no command {' '.join(arguments[:1])!r} that is known here"
    if script := SCRIPT.match(name):
        return _script(script[1], arguments)
    if name.startswith(("python", "/usr/bin/python")) and arguments and arguments[0].endswith(".py"):
        return "" if (ROOT / arguments[0]).exists() else f"there is no {arguments[0]}"
    if name in OTHERS or name in functions or name.startswith(".venv/bin/"):
        return ""
    return f"nobody knows the program {name!r}"


def _script(path: str, arguments: Sequence[str]) -> str:
    """Say what is wrong with a call of one of the project's scripts: each tells its parts at its beginning, or is a program of ours."""
    if not (ROOT / path).is_file():
        return "" if (ROOT / path).is_dir() and not arguments else f"there is no {path}"
    if path in APPLICATIONS:
        return parsed(typer.main.get_command(APPLICATIONS[path]), path, arguments)
    if not arguments or arguments[0] in {"--help", "-h"}:
        return ""
    part = arguments[0]
    if path == "scripts/bench":
        return "" if (ROOT / "scripts" / "benchmarks" / part / "command.py").exists() else f"{path} has no part {part!r}"
    told = (ROOT / path).read_text(encoding="utf-8")
    return "" if re.search(rf"^# +{path} {part}\b", told, re.MULTILINE) else f"{path} does not tell of a part {part!r}"


def all_snippets() -> Iterator[Snippet]:
    """Yield the commands of every document."""
    for document in documents():
        yield from snippets(document.read_text(encoding="utf-8"), str(document.relative_to(ROOT)))


def test_every_command_in_a_block_of_a_document_is_one_that_there_is() -> None:
    """A reader who copies the block gets no usage error."""
    found = list(all_snippets())
    assert len(found) > 20
    assert [f"{one.place}: {shlex.join(one.words)}: {why}" for one in found if (why := wrong(one.words, one.functions))] == []


def test_every_example_in_a_help_text_is_one_that_there_is() -> None:
    """The examples of every verb, as its help shows them."""
    shown = [(verb, span) for verb, command in program().commands.items() for span in spans(" ".join((command.help or "").split()))]
    examples = [(verb, words) for verb, span in shown for words in commands(span) if words[0] in {"ringfence", "python"}]
    assert {verb for verb, _ in examples} >= program().commands.keys() - {"lab"}
    assert [f"{verb}: {shlex.join(words)}: {why}" for verb, words in examples if (why := wrong(words))] == []


def test_every_verb_and_option_in_a_sentence_of_a_document_is_one_that_there_is() -> None:
    """Sentences leave arguments out, so verb and options are looked at alone."""
    texts = [(document.name, span) for document in documents() for span in spans(document.read_text(encoding="utf-8"))]
    found = [(name, span) for name, span in texts if span.startswith(("ringfence ", "./scripts/", "scripts/", "pulumi "))]
    assert len(found) > 50
    assert [f"{name}: {span}: {why}" for name, span in found if (why := _unknown(span))] == []


def _unknown(span: str) -> str:
    words = span.split()
    if words[0] != "ringfence":
        return "" if len(words) == 1 and not SCRIPT.match(words[0]) else _unknown_part(words)
    if words[1].startswith("-") or PLACEHOLDER.search(words[1]):
        return ""
    verb = program().commands.get(words[1])
    if verb is None:
        return f"there is no verb {words[1]!r}"
    options = {text for parameter in verb.params for text in (*parameter.opts, *parameter.secondary_opts)} | {"--help"}
    unknown = [word for word in words[2:] if word.startswith("--") and word.partition("=")[0] not in options]
    return f"{words[1]} has no {', '.join(unknown)}" if unknown else ""


def _unknown_part(words: list[str]) -> str:
    part = next((word for word in words[1:] if not PLACEHOLDER.search(word)), "")
    if words[0].endswith(("/lab", "/lab/")):
        known = typer.main.get_command(lab).commands  # type: ignore[attr-defined]  # typer ships click without its types
        return "" if not part or part in known else f"{words[0]} has no {part!r}"
    if words[0] != "pulumi" and "{" in words[0]:
        return ""
    if words[0].endswith("scripts/examine"):  # it has no parts, only options
        return wrong(words)
    return wrong([words[0], *([part] if part else [])])


BROKEN = {
    "a verb that is not there": "ringfence sail",
    "an option that is not there": "ringfence prove --everything",
    "a value of another kind": "ringfence verify --only everything",
    "an argument that is missing": "ringfence can acme",
    "a script that is not there": "./scripts/fly",
    "a part of a script that is not there": "./scripts/test slow",
    "a command of the lab that is not there": "./scripts/lab fly",
    "an option of the examination that is not there": "./scripts/examine --everything",
    "a benchmark that is not there": "./scripts/bench nothing",
    "a program that nobody knows": "sesame open",
    "in the middle of a line": "cd docs && OS_CLOUD=lab ringfence nothing | cat > file",
    "in a substitution": 'eval "$(./scripts/nothing)"',
}


@pytest.mark.parametrize("line", BROKEN.values(), ids=BROKEN)
def test_a_command_that_is_not_there_is_found(line: str) -> None:
    """The tests above can fail."""
    text = f"```sh\ncat > x <<'Y'\nsesame open\nY\n{line}  # why\n```\n"
    assert [one.place for one in snippets(text, "x.md") if wrong(one.words)] == ["x.md:5"]
