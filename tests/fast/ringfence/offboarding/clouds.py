"""A cloud as plain answers to plain requests, for what is asked as the admin."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

Json = dict[str, Any]


@dataclass
class Service:
    """Answers by path; notes what is changed. A path that nobody knows is not found."""

    answers: dict[str, Json]
    service_type: str = "some"
    status: int = 200
    changes: list[str] = field(default_factory=list)

    def get(self, path: str, **_: Any) -> Any:  # noqa: ANN401 - as requests
        """Answer a question."""
        body = self.answers.get(path)
        return SimpleNamespace(status_code=404 if body is None else self.status, text="", json=lambda: body)

    def delete(self, path: str, **_: Any) -> Any:  # noqa: ANN401 - as requests
        """Delete."""
        return self._changed("DELETE", path)

    def patch(self, path: str, json: Any, **_: Any) -> Any:  # noqa: ANN401 - as requests
        """Change."""
        return self._changed("PATCH", f"{path} {sorted(json['user'])}" if isinstance(json, dict) else path)

    def post(self, path: str, json: Json, **_: Any) -> Any:  # noqa: ANN401 - as requests
        """Ask for an action."""
        return self._changed("POST", f"{path} {next(iter(json))}")

    def _changed(self, what: str, path: str) -> Any:  # noqa: ANN401 - as requests
        self.changes.append(f"{what} {path}")
        return SimpleNamespace(status_code=204, raise_for_status=lambda: None)
