"""The file around a declaration: which keys a stack's file has, and which of them are ringfence's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from infra.declaration.wording import near, shown
from infra.declaration.yaml.source import Mistake
from infra.errors import DeclarationError

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from infra.declaration.yaml.source import Source

PREFIX, SUFFIX = "Pulumi.", ".yaml"
CONFIG, TENANT, PLATFORM = "config", "ringfence:tenant", "ringfence:platform"
ALLOW_REPLACE = "ringfence:allowReplace"
OURS = (TENANT, PLATFORM, ALLOW_REPLACE)
"""Every key of ringfence's in a stack's configuration. The last one is the engine's business, see ``infra.components.guard``."""
NAMESPACE = "ringfence:"
ENGINES = ("encryptedkey", "encryptionsalt", "environment", "secretsprovider")
"""The other keys of a stack's file: the engine's own (``ProjectStack`` in its source)."""

BOTH = "a stack is either the platform or a tenant; docs/declaration.md shows both"


def opened(whole: Source, key: str) -> Source:
    """Return the declaration below a key of a file's configuration. Raises ``DeclarationError`` when there is none."""
    mistakes = tuple(_mistakes(whole, key)) if whole.tree is not None or not whole.mistakes else ()
    try:
        found = whole.at(CONFIG, key)
    except KeyError as error:
        above = [one for one in whole.mistakes if one.path == (CONFIG, key)[: len(one.path)]]
        raise DeclarationError(*whole.problems([*above, *(mistakes if not above else ())])) from error
    return replace(found, around=(*found.around, *mistakes))


def _mistakes(whole: Source, key: str) -> Iterator[Mistake]:
    """Yield what is wrong around the declaration. A key that is missing because it is misspelt is said once."""
    tree = whole.tree
    if not isinstance(tree, Mapping):
        yield Mistake((), "no declaration", f"the key {CONFIG} with {key} below it", shown(tree), BOTH)
        return
    misspelt = yield from _unknown((), tree, (CONFIG, *ENGINES), wanted=CONFIG)
    config = tree.get(CONFIG)
    if not isinstance(config, Mapping):
        if not misspelt:
            yield Mistake((CONFIG,), "no declaration", f"the key {CONFIG} with {key} below it", shown(config), BOTH)
        return
    ours = {name: value for name, value in config.items() if name.startswith(NAMESPACE) or (key not in config and near(name, OURS))}
    misspelt = yield from _unknown((CONFIG,), ours, OURS, wanted=key)
    other = PLATFORM if key == TENANT else TENANT
    if key in config and other in config:
        yield Mistake((CONFIG, other), f"the file has {key} as well", "one of the two", other, BOTH)
    elif key not in config and not misspelt:
        yield Mistake((CONFIG,), "no declaration", f"the key {key}", other if other in config else "nothing under this key", BOTH)


def _unknown(path: tuple[str, ...], tree: Mapping[str, object], known: tuple[str, ...], *, wanted: str) -> Generator[Mistake, None, bool]:
    """Yield the keys that nobody reads; return whether the wanted one is among them, misspelt."""
    misspelt = False
    for name in tree:
        if name not in known:
            close = near(name, known)
            misspelt |= close == wanted and wanted not in tree
            hint = f"did you mean {close}?" if close else ""
            yield Mistake((*path, name), "unknown key", f"one of {', '.join(known)}", name, hint)
    return misspelt
