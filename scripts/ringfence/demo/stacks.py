"""The engine's stacks as a demonstration needs them: made when they are missing, forgotten when their cloud is gone, brought up."""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING, Any

from infra.declaration import names
from infra.errors import CloudError
from ringfence import engine, folder

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ringfence.demo.steps import Log

ROOT = folder.root()
"""The checkout: ``scripts/demo`` runs this there."""
SALT = "encryptionsalt:"
SECONDS = 300


def environment(**more: str) -> dict[str, str]:
    """Return the environment of ``eval "$(scripts/env)"``. Raises :class:`CloudError` when it cannot be had."""
    script = f'set -e; line=$("{ROOT}/scripts/env"); eval "$line"; env -0'
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=False, timeout=SECONDS)
    if done.returncode:
        what, hint = (
            "the settings for the engine and the cloud are not there",
            "run ./scripts/setup, or set OS_CLOUD for a cloud of your own",
        )
        raise CloudError.of(what, where="scripts/env", got=done.stderr.strip(), hint=hint)
    return {**dict(line.split("=", 1) for line in done.stdout.split("\0") if "=" in line), **more}


def known(env: Mapping[str, str]) -> list[str]:
    """Return the names of the stacks that the engine has."""
    return [str(stack["name"]).rpartition("/")[2] for stack in json.loads(_pulumi(env, "stack", "ls", "--json"))]


def ensure(stack: str, env: Mapping[str, str], log: Log) -> None:
    """Make the stack if the engine does not have it.

    A salt in the file that no state belongs to is of no use, and would not fit a new passphrase: it is taken out.
    """
    if stack in known(env):
        return
    file = ROOT / f"Pulumi.{stack}.yaml"
    text = file.read_text(encoding="utf-8")
    if SALT in text and "secure:" not in text:
        file.write_text("".join(line for line in text.splitlines(keepends=True) if not line.startswith(SALT)), encoding="utf-8")
    log.run(engine.command("stack", "init", stack), cwd=ROOT, env=env)


def up(stack: str, env: Mapping[str, str], log: Log) -> None:
    """Bring a stack up. The program refuses a replacement by itself, preview or not."""
    ensure(stack, env, log)
    log.run(engine.command("up", "--stack", stack, "--yes", "--skip-preview"), cwd=ROOT, env=env)


def forget_other_clouds(env: Mapping[str, str], log: Log) -> None:
    """Forget the stacks of a cloud that stood at the same address and is gone: a lab that was wiped.

    Raises :class:`CloudError` when the stacks belong to another cloud that may well exist.
    """
    if names.PLATFORM not in known(env):
        return
    facts = json.loads(_pulumi(env, "stack", "output", "--json", "--stack", names.PLATFORM)).get(names.PLATFORM)
    here = _cloud(env)
    if not facts or here["project_id"] == facts["project_id"]:
        return
    if here["auth_url"] != facts["auth_url"]:
        raise CloudError.of(
            "the stacks belong to another cloud",
            expected=facts["auth_url"],
            got=here["auth_url"],
            hint="choose that cloud again (OS_CLOUD), or another PULUMI_BACKEND_URL for this one",
        )
    for stack in known(env):
        log.run(engine.command("stack", "rm", stack, "--force", "--yes", "--preserve-config"), cwd=ROOT, env=env)


def _cloud(env: Mapping[str, str]) -> dict[str, str]:
    """Return the address of the chosen cloud and the admin's project there, asked in a process with that environment."""
    script = (
        "import json, openstack, os; from infra.dynamic.clouds import authority; "
        "c = openstack.connect(cacert=authority(os.environ)); "
        "print(json.dumps({'auth_url': c.config.config['auth']['auth_url'], 'project_id': c.current_project_id}))"
    )
    done = subprocess.run(
        [str(ROOT / ".venv/bin/python"), "-c", script], env=dict(env), capture_output=True, text=True, check=False, timeout=SECONDS
    )
    if done.returncode:
        raise CloudError.of("the cloud does not answer", got=done.stderr.strip().rpartition("\n")[2], hint="./scripts/lab status")
    answer: dict[str, str] = json.loads(done.stdout)
    return answer


def outputs(stack: str) -> dict[str, Any]:
    """Return the plain outputs of a stack."""
    found: dict[str, Any] = json.loads(_pulumi(environment(), "stack", "output", "--json", "--stack", stack))
    return found


def _pulumi(env: Mapping[str, str], *arguments: str) -> str:
    failed = f"pulumi {arguments[0]} {arguments[1]} failed"
    hint = "mend what it says, then run the same command again"
    return engine.answer(*arguments, failed=failed, hint=hint, place=ROOT, env={**os.environ, **env})
