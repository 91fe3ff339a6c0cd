"""Everything that the guest's program tells of a server's inside, judged: one outcome for each look. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from infra.errors import GuestError, RingfenceError
from infra.outcome import CheckVerdict, Outcome
from ringfence.verify.inside import files, looked, network, people
from ringfence.verify.inside.image_files import ImageFiles

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ringfence.verify.inside.expected import Expected, Known
    from ringfence.verify.model import Node

Json = dict[str, Any]
LOOKS = (
    "only its flows have listeners",
    "accounts are the image's",
    "keys are the automation's",
    "NICs copy, rewrite and hand on nothing",
    "kernel is the image's",
    "units are the image's",
    "files are the image's",
    "next boot's addresses and sshd are the declared ones",
)
"""What is looked at, in this order."""


def judge(expected: Expected, known: Known, told: Json | RingfenceError, owner: str) -> Iterator[Outcome]:
    """Yield one outcome for each look; what was not told, or cannot be compared, is an error of the looks that need it."""

    def part(name: str) -> Json:
        if isinstance(told, Exception):
            raise told
        answer = told.get(name)
        if not isinstance(answer, dict) or "error" in answer:
            got = answer["error"] if isinstance(answer, dict) else "nothing"
            raise GuestError.of(f"the server does not tell its {name}", where=expected.node.name, expected="an answer", got=str(got))
        return answer

    def files_of(number: int) -> list[str]:
        told_files, packages = part("files"), part("packages")
        return files.units_and_files(expected, files.of(known.image), told_files, packages)[number]

    def keys() -> list[str]:
        answer = part("keys")
        if isinstance(known.automation_key, Exception):
            raise known.automation_key
        return people.keys(answer, known.automation_key, files.of(known.image))

    def kernel() -> list[str]:
        answer = part("kernel")
        return network.kernel(files.of(known.image), known.settings, answer)

    image = known.image if isinstance(known.image, ImageFiles) else None
    looks: tuple[Callable[[], list[str]], ...] = (
        lambda: network.listeners(expected, image, part("sockets")),
        lambda: people.accounts(part("accounts")),
        keys,
        lambda: network.cards(expected, known.settings, part("cards")),
        kernel,
        lambda: files_of(0),
        lambda: files_of(1),
        lambda: [*files.sshd_part(expected, part("texts")), *files.card_files(expected, part("texts"))],
    )
    for what, look in zip(LOOKS, looks, strict=True):
        yield _outcome(f"{expected.node.name} {what}", expected.node, look, owner)


def _outcome(check: str, node: Node, look: Callable[[], list[str]], owner: str) -> Outcome:
    try:
        problems = look()
    except RingfenceError as problem:
        return Outcome(check, CheckVerdict.ERROR, str(problem), owner)
    except (ValueError, LookupError, TypeError, AttributeError) as problem:
        return Outcome(check, CheckVerdict.ERROR, f"its answer cannot be read: {type(problem).__name__}: {problem}", owner)
    return looked.outcome(check, node, problems, owner)
