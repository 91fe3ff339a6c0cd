"""Requests to a cloud in the name of a tenant's own identity, whatever the answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keystoneauth1.exceptions import ClientException
from openstack.config import get_cloud_region
from openstack.connection import Connection

from infra import cinder
from infra.dynamic import clouds
from ringfence.verify.denial.attempts import Answer

if TYPE_CHECKING:
    from ringfence.verify.denial.attempts import Call
    from ringfence.verify.stacks import StackIdentity

VERSIONS = {"compute": "2.90", "block_storage": cinder.VERSION}


def ask(login: Connection, call: Call) -> Answer:
    """Send one request; an API that cannot be reached answers 0."""
    headers = {"Accept": call.accept} if call.accept else {}
    version = call.version or VERSIONS.get(call.service)
    try:
        service = getattr(login, call.service)
        answer = service.request(call.path, call.method, json=call.body, raise_exc=False, microversion=version, headers=headers)
    except ClientException as problem:
        return Answer(0, f"{type(problem).__name__}: {problem}")
    return Answer(answer.status_code, "" if call.is_secret and answer.ok else answer.text)


def reader(identity: StackIdentity) -> Connection:
    """Connect as a tenant's reader; environment and clouds.yaml are left out of account."""
    values = identity.values
    region = get_cloud_region(
        load_envvars=False,
        load_yaml_config=False,
        auth_type="v3password",
        auth={name: values[name] for name in ("auth_url", "user_id", "password", "project_id")},
        region_name=values["region"],
        cacert=values.get("cacert") or None,
        api_timeout=clouds.TIMEOUT_SECONDS,
    )
    return Connection(config=region)
