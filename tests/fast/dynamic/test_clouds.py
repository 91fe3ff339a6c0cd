"""Plain requests to a service: what is gone is gone, and a refusal is not taken for success."""

from __future__ import annotations

from typing import TYPE_CHECKING
from unittest.mock import create_autospec

import pytest
from keystoneauth1.adapter import Adapter
from requests import HTTPError, Response

from infra.dynamic import clouds
from infra.errors import CloudError

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.fast


def delete(status: int) -> None:
    """Delete from a service that answers with a status."""
    answer = Response()
    answer.status_code = status
    service = create_autospec(Adapter, instance=True)
    service.delete.return_value = answer
    clouds.delete(service, "/secrets/s")
    service.delete.assert_called_once_with("/secrets/s", raise_exc=False)


@pytest.mark.parametrize("status", [204, 404])
def test_what_is_deleted_or_was_gone_already_is_no_error(status: int) -> None:
    """A sweep that broke off is run again over the same things."""
    delete(status)


@pytest.mark.parametrize("status", [403, 409, 500])
def test_a_refusal_is_an_error(status: int) -> None:
    """A sweep that was not allowed to remove something must not look like one that did."""
    with pytest.raises(HTTPError, match=str(status)):
        delete(status)


def test_a_private_authority_of_the_environment_is_what_the_sdk_trusts_too(tmp_path: Path) -> None:
    """The provider reads OS_CACERT; the SDK would refuse the same cloud."""
    file = tmp_path / "ca.pem"
    file.write_text("-----BEGIN CERTIFICATE-----")
    assert clouds.authority({"OS_CACERT": str(file)}) == str(file)
    assert clouds.authority({"OS_CACERT": ""}) is None
    assert clouds.authority({}) is None


@pytest.mark.parametrize(("text", "what"), [("ca.pem", "an absolute path"), ("/nowhere/ca.pem", "is not there")])
def test_an_authority_that_the_engine_would_not_find_is_refused(text: str, what: str) -> None:
    """The engine starts its programs in other folders; a file that is missing would be an error about TLS, later."""
    with pytest.raises(CloudError, match=what):
        clouds.authority({"OS_CACERT": text})
