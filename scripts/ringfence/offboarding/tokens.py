"""Tokens of the tenant: one is kept, all are revoked, and every service is asked until it refuses the one that was kept.

Services keep what Keystone said of a token for some minutes (`token_cache_time` of keystonemiddleware, 300 seconds by default). The kept
one is shown to all of them just before it is revoked, so it is believed as long as any other.
"""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from infra.errors import CloudError, QuestionError
from infra.offboarding.proof import REFUSED, is_good
from ringfence.cloud_errors import translated

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from openstack.connection import Connection

SERVICES = {
    "identity": "/auth/projects",
    "compute": "/servers?limit=1",
    "network": "/networks?limit=1",
    "block_storage": "/volumes?limit=1",
    "image": "/images?limit=1",
    "key_manager": "/secrets?limit=1",
}
"""A harmless question for each service."""
NO_ANSWER = 0
BOUND_SECONDS = 900.0
PAUSE_SECONDS = 5.0
ANSWER_SECONDS = 30


@dataclass(frozen=True, slots=True)
class KeptToken:
    """A token with the places that it was good for; ``seconds`` passed between its last use and the end of the revocation."""

    token: str
    urls: dict[str, str]
    seconds: float = 0.0

    def __repr__(self) -> str:
        """Show no secret."""
        return f"KeptToken({', '.join(self.urls)})"

    def encoded(self) -> bytes:
        """Return it as it is kept."""
        return json.dumps(asdict(self)).encode()

    @classmethod
    def decoded(cls, text: bytes, where: str) -> KeptToken:
        """Read it. Raises :class:`QuestionError`."""
        try:
            values = json.loads(text)
            return cls(str(values["token"]), {str(k): str(v) for k, v in values["urls"].items()}, float(values["seconds"]))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise QuestionError.of(
                "the kept token cannot be read", where=where, hint="it cannot be proven any more that it is refused"
            ) from error


def of(cloud: Connection) -> KeptToken:
    """Return a connection's token, with the places of all services that its catalogue has."""
    from keystoneauth1.adapter import Adapter  # noqa: PLC0415 - with the cloud's client, which takes a second to import

    with translated("tokens"):
        token = str(cloud.session.get_token())
        urls = {}
        for service, path in SERVICES.items():
            endpoint = Adapter.get_endpoint(getattr(cloud, service))  # Neutron's client has a method of this name that is another one
            if endpoint:
                urls[service] = f"{endpoint.rstrip('/')}{path}"
    return KeptToken(token, urls)


def answers(cloud: Connection, kept: KeptToken) -> dict[str, int]:
    """Return how every service answers to a token; 0 where it does not. The connection lends its way there, and not its own token."""
    return {service: _answer(cloud, url, kept.token) for service, url in kept.urls.items()}


def _answer(cloud: Connection, url: str, token: str) -> int:
    session: Any = cloud.session
    options: dict[str, Any] = {"authenticated": False, "raise_exc": False, "connect_retries": 1, "log": False}
    try:
        with translated(url):
            return int(session.get(url, headers={"X-Auth-Token": token}, timeout=ANSWER_SECONDS, **options).status_code)
    except CloudError:
        return NO_ANSWER


def refuse_useless(found: Mapping[str, int]) -> None:
    """Raise :class:`CloudError` unless every service takes the token: its refusal would mean nothing later."""
    if wrong := [f"{service} ({status})" for service, status in found.items() if not is_good(status)]:
        hint = "see that all services are up, then run the same command again"
        raise CloudError.of("a token is refused before it is revoked", where=", ".join(wrong), expected="200", hint=hint)


def waited(
    ask: Callable[[], Mapping[str, int]],
    margin: float,
    bound: float,
    tell: Callable[[str], None],
    clock: Callable[[], float] = time.monotonic,
) -> float:
    """Wait until every service refuses; returns the seconds that it took.

    ``margin`` is waited besides: tokens that were shown to a service later than the kept one are believed that much longer. Raises
    :class:`CloudError` when a service still takes it after the bound.
    """
    began = clock()
    while open_ := [f"{service} ({status})" for service, status in ask().items() if status != REFUSED]:
        tell(f"the token is still taken by {', '.join(open_)}")
        if clock() - began > bound:
            hint = "a longer --token-wait, or a shorter token_cache_time in the settings of these services; then run the same command again"
            where = ", ".join(open_)
            raise CloudError.of("a revoked token is not refused", where=where, expected=f"401 within {bound:.0f} s", hint=hint)
        time.sleep(PAUSE_SECONDS)
    time.sleep(min(margin, bound))
    return clock() - began
