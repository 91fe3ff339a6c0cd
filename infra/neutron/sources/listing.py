"""One list of an API, page by page: the next page begins after the last object of this one, even if that is gone by then."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from infra.errors import CloudError, Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PAGE = 1000
AGAIN = 5
"""How often a list is begun anew because the object that a page ended with is gone."""
OK, NOT_FOUND = 200, 404
_MARKER_GONE = frozenset({400, NOT_FOUND})


class Answer(Protocol):
    """An HTTP answer."""

    status_code: int

    def json(self) -> Any:  # noqa: ANN401 - JSON
        """Return the body."""


class Service(Protocol):
    """One service of the cloud: ``connection.network``, ``.identity`` or ``.compute``."""

    def get(self, url: str, *, params: dict[str, Any]) -> Answer:
        """Send a GET request."""


def pages(
    service: Service,
    place: tuple[str, str],
    progress: Callable[[str, int], None],
    *,
    optional: bool = False,
    paged: bool = True,
    extra: dict[str, Any] | None = None,
) -> Iterator[dict[str, Any]]:
    """Yield the objects of a collection, page by page with markers (API guide, pagination)."""
    path, key = place
    params: dict[str, Any] = {**(extra or {}), **({"limit": PAGE} if paged else {})}
    count, again, seen = 0, AGAIN, set[str]()
    while True:
        answer = service.get(path, params=params)
        if answer.status_code == NOT_FOUND and optional and not count:
            return  # after a page the extension is there, and what is not found is the object that the page ended with
        if answer.status_code in _MARKER_GONE and params.pop("marker", None) and (again := again - 1):
            continue  # the object that the last page ended with is gone: begin anew, and skip what was read
        if answer.status_code != OK:
            hint = "use a credential that may read all projects (role reader, system or admin scope)"
            raise CloudError(Problem("the cloud did not answer", where=path, expected="200", got=str(answer.status_code), hint=hint))
        objects = objects_of(answer, key)
        if objects is None:
            hint = "ask what answers in the place of the API, such as a proxy"
            raise CloudError(Problem("the cloud answered something else", path, f"a list under {key}", str(answer.json())[:200], hint))
        fresh = [each for each in objects if each.get("id") not in seen or "id" not in each]
        yield from fresh
        seen.update(each["id"] for each in fresh if "id" in each)
        count += len(fresh)
        progress(key, count)
        if not paged or not objects or not _more(answer, key, objects):
            return
        params["marker"] = objects[-1]["id"]


def objects_of(answer: Answer, key: str) -> list[Any] | None:
    """Return the objects of an answer; ``None`` when it has no such list, which is not the same as an empty one."""
    body = answer.json()
    listed = body.get(key) if isinstance(body, dict) else None
    return listed if isinstance(listed, list) else None


def _more(answer: Answer, key: str, objects: list[Any]) -> bool:
    links = answer.json().get(f"{key}_links", [])
    return any(link.get("rel") == "next" for link in links) or len(objects) >= PAGE
