"""Who is who in a state, as people read it: the projects that are trusted and why, and those that have somebody else's name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ringfence.analysis.output import shown

if TYPE_CHECKING:
    from rich.console import Console

    from infra.proof import Proof
    from ringfence.analysis.states import State


def namesakes(state: State) -> list[dict[str, str]]:
    """Return the projects that have a declared name and are not the declared one, as plain JSON values."""
    found = state.placed.namesakes if state.placed else ()
    return [{"id": project.id, "name": project.name, "domain": project.domain or project.domain_id} for project in found]


def show_parties(out: Console, proof: Proof, state: State) -> None:
    """Print who is trusted and why, and who only has the name of somebody declared."""
    for party in shown([party for party in proof.parties if party.platform], "projects that are trusted", out):
        why = party.trusted or "the state says so"
        out.print(f"  trusted: {party.name} ({_who(party.id, party.domain)}): {why}", markup=False)
    for one in shown(namesakes(state), "projects with a declared name", out):
        text = f"  another party: {one['name']} ({_who(one['id'], one['domain'])}) has a declared name and is not the declared one"
        out.print(text, style="yellow", markup=False)


def _who(identifier: str, domain: str) -> str:
    return f"id {identifier}, domain {domain}" if domain else f"id {identifier}"
