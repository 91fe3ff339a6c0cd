"""Who has looked at which recording. A review names the recording by its UUID: an id comes again when a store is built anew."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict

from infra.declaration.values import Word
from infra.operators.registry import Moment

if TYPE_CHECKING:
    from collections.abc import Iterable

    from infra.sessions.recorded import Session

FILE = "ringfence-reviews.yaml"
"""Its name, beside the declarations."""
HEAD = "# Reviews of operators' sessions. `ringfence sessions review` writes it; keep it in git.\n"


class Review(BaseModel):
    """One recording, and what somebody found in it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    session: Word
    uuid: Word
    operator: str
    at: Moment
    by: Word
    note: Word


class Reviews(BaseModel):
    """The file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    reviews: tuple[Review, ...] = ()

    def of(self, session: Session) -> tuple[Review, ...]:
        """Return the reviews of a session by somebody else than its operator: nobody reviews themselves."""
        return tuple(one for one in self.reviews if one.uuid == session.uuid and one.by != session.operator)


def rendered(reviews: Reviews) -> str:
    """Return the file's text: one line for each review."""
    rows = [f"  - {json.dumps(one.model_dump(mode='json'))}\n" for one in reviews.reviews]
    return "".join([HEAD, *(["reviews:\n", *rows] if rows else [])])


def unreviewed(sessions: Iterable[Session], reviews: Reviews) -> tuple[Session, ...]:
    """Return the sessions that nobody has looked at."""
    return tuple(one for one in sessions if not reviews.of(one))
