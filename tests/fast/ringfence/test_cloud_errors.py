"""A cloud that is not there, not known, not reached or not willing is the user's to mend, and never a defect of ringfence."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Never

import openstack
import pytest
from keystoneauth1 import exceptions as keystone
from openstack import exceptions as sdk
from requests import exceptions as http

if TYPE_CHECKING:
    from pathlib import Path

    from tests.fast.ringfence.command import Run

pytestmark = pytest.mark.fast

CONNECTING: dict[str, tuple[Exception, str]] = {
    "no cloud is chosen": (keystone.MissingAuthPlugin("auth_url"), "there is no such cloud"),
    "an unknown cloud": (sdk.ConfigException("Cloud nope was not found."), "there is no such cloud"),
    "an unknown kind of login": (keystone.NoMatchingPlugin("v9"), "there is no such cloud"),
    "settings of an odd shape": (AttributeError("'int' object has no attribute 'get'"), "the settings of this cloud cannot be used"),
    "settings that may not be read": (PermissionError(13, "Permission denied", "clouds.yaml"), "the settings of this cloud"),
}
READING: dict[str, tuple[Exception, str]] = {
    "a wrong password": (keystone.Unauthorized("wrong"), "the cloud refused the credential"),
    "a credential that may not": (keystone.Forbidden("no"), "the API refused"),
    "a broken API": (keystone.InternalServerError("500"), "the API did not answer"),
    "a closed door": (keystone.ConnectFailure("refused"), "the cloud cannot be reached"),
    "a wrong certificate": (keystone.SSLError("self-signed"), "the cloud cannot be reached"),
    "a cloud without networks": (keystone.EndpointNotFound("network"), "the cloud cannot be reached"),
    "another version": (keystone.DiscoveryFailure("v9"), "the cloud cannot be reached"),
    "an answer that is no JSON": (http.JSONDecodeError("no", "<html>", 0), "the API did not answer"),
    "an answer that breaks off": (http.ChunkedEncodingError("cut"), "the API did not answer"),
    "a service that is off": (sdk.ServiceDisabledException("network"), "there is no such cloud"),
}


def _raise(error: Exception) -> Never:
    raise error


@pytest.mark.parametrize("verb", [["prove"], ["snapshot", "cloud.jsonl"], ["diff", "cloud", "cloud"]], ids=lambda verb: verb[0])
@pytest.mark.parametrize(("error", "said"), [*CONNECTING.values(), *READING.values()], ids=[*CONNECTING, *READING])
def test_a_cloud_that_does_not_answer_is_the_users_to_mend(
    error: Exception, said: str, verb: list[str], run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Exit 2, what is wrong, and a next step; no file is left by a snapshot that was not taken."""
    monkeypatch.chdir(tmp_path)
    silent: Any = SimpleNamespace(get=lambda *_, **__: _raise(error))
    connection = SimpleNamespace(network=silent, identity=silent, compute=silent, config=SimpleNamespace(name="x"))
    connecting = any(error is one for one, _ in CONNECTING.values())
    monkeypatch.setattr(openstack, "connect", lambda **_: _raise(error) if connecting else connection)
    state = ["--state", "cloud:x"] if verb[0] != "diff" else []
    people, programs = run(*verb, *state), run(*verb, *state, "--json")
    assert (people.code, people.out, "defect" in people.err) == (2, "", False)
    assert said in people.err
    assert "next: " in people.err
    assert said in programs.json["errors"][0]["what"]
    assert list(tmp_path.iterdir()) == []
