"""The effects of the image's controls on servers at work: what is asked of them, and the judgement of their answers.

Expected is what the catalogue says (:mod:`hardening.controls`), and where files of the server's own come before the image's, what the
declaration makes of those: accounts and algorithms of operators, a bastion's forwarding. What a server answers is compared with nothing
that the server itself holds. It is asked by the shell, with programs of the server: whether those are the image's is said by the part
``guest``.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from hardening.controls import effects
from hardening.controls.catalogue import CATALOGUE
from hardening.operators.declared import sshd_before_the_image
from infra.errors import GuestError
from infra.outcome import CheckVerdict, Outcome
from ringfence.verify.inside import asking, looked
from ringfence.verify.inside.expected import of_all
from ringfence.verify.model import NodeRole

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hardening.controls.effects import Unmet
    from hardening.controls.model import Control
    from infra.declaration.model import Platform
    from infra.errors import RingfenceError
    from ringfence.verify.inside.expected import Expected
    from ringfence.verify.inventory import Inventory
    from ringfence.verify.model import Node
    from ringfence.verify.probes.fleets import Fleet

Json = dict[str, Any]
SHOWN = 200
"""Characters of an answer that are shown."""


def of_server(platform: Platform, expected: Expected) -> tuple[Control, ...]:
    """Return the controls as this server is asked for them."""
    node = expected.node
    operators = sshd_before_the_image(platform, "" if node.role is NodeRole.BASTION else node.tenant)
    return effects.at_work(CATALOGUE, effects.settings(operators, expected.sshd_config))


def look(inventory: Inventory, fleet: Fleet) -> Iterator[tuple[Outcome, Json]]:
    """Ask every server, all at the same time, and judge them: one outcome for each control of each, with the details for reports."""
    services = inventory.services()
    wanted = of_all(inventory, [inventory.bastion(), *([services] if services else [])])
    asked = {name: of_server(inventory.platform, ought) for name, (_, ought) in wanted.items()}
    told = fleet.each(lambda name: asking.ask_controls(fleet.links[name], effects.script(asked[name])) if name in asked else None)
    for name, (owner, ought) in wanted.items():
        answer = told.get(name) or fleet.lost.get(name) or GuestError.of("the server was not asked", where=name, expected="a login")
        yield from judge(ought.node, owner, asked[name], answer)


def judge(node: Node, owner: str, controls: tuple[Control, ...], said: str | RingfenceError) -> Iterator[tuple[Outcome, Json]]:
    """Yield one outcome for each control; without an answer it is an error, and never a pass."""
    unmet: dict[str, list[Unmet]] = defaultdict(list)
    if isinstance(said, str):
        for one in effects.unmet(said, controls):
            unmet[one.control].append(one)
    for control in controls:
        check = f"{node.name} {control.identifier}: {control.title}"
        found = unmet[control.identifier]
        if isinstance(said, Exception):
            outcome = Outcome(check, CheckVerdict.ERROR, str(said), owner)
        elif silent := [one.effect.asks for one in found if one.got is None]:
            many = f"{len(silent)} of {len(effects.of(control))} questions"
            outcome = Outcome(check, CheckVerdict.ERROR, f"the server did not answer {many}, the first of them: {silent[0]}", owner)
        else:
            outcome = looked.outcome(check, node, [_words(one) for one in found], owner)
        yield outcome, details(node, control)


def details(node: Node, control: Control) -> Json:
    """Return what reports say of a control besides its outcome."""
    clauses = {"iso": list(control.iso), "cis": list(control.cis), "anssi": list(control.anssi)}
    return {"server": node.name, "control": control.identifier, "title": control.title, **clauses}


def _words(unmet: Unmet) -> str:
    got = unmet.got or ""
    shown = got if len(got) <= SHOWN else f"{got[:SHOWN]}..."
    return f"{unmet.effect.asks}: expected {unmet.effect.says!r}, got {shown!r}"
