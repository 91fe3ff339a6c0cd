"""The flows inside the guest: its whole nftables ruleset, put into force over the management path as a resource of the stack.

Staged behind a guard (docs/adr/0013), kept only after a *new* login has worked, rolled back by the guest itself otherwise. Nothing is done
on delete: a server whose policy is not managed any more stays as closed as it was.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from pulumi import Input, Output, ResourceOptions
from pulumi.dynamic import CreateResult, ReadResult, Resource, UpdateResult

from hardening.access import Entrance, Target, open_bastion, open_server
from infra.dynamic.base import NEUTRON_REPAIR_SECONDS, Lifecycle, Props
from infra.errors import GuestError

if TYPE_CHECKING:
    from hardening.access import Session

FIRST_LOGIN_SECONDS = NEUTRON_REPAIR_SECONDS + 90.0
"""How long the first login is tried: the way to the server may be what a crash of Neutron kept from the network."""
COMMAND = ("sudo", "-n", "/usr/lib/ringfence/apply-policy")


@dataclass(frozen=True, slots=True)
class GuestPolicyArgs:
    """Which server, how to get there, and what shall be in force."""

    server_id: Input[str]
    address: Input[str]
    host_key: Input[str]
    bastion: Input[str]
    bastion_host_key: Input[str]
    ssh_port: int
    policy: Input[str]


def digest(policy: str) -> str:
    """Return the SHA-256 by which the guest speaks of a policy."""
    return hashlib.sha256(policy.encode()).hexdigest()


def paths(props: Props) -> tuple[Entrance, Target]:
    """Return the two hops to the server."""
    entrance = Entrance.from_environment(props["bastion"], props["bastion_host_key"], int(props["ssh_port"]))
    return entrance, Target(props["address"], props["host_key"], int(props["ssh_port"]))


def ask(session: Session, *arguments: str, stdin: str = "") -> dict[str, Any]:
    """Run the guest's command and read its answer. Raises :class:`GuestError` with the guest's own words."""
    result = session.run((*COMMAND, *arguments), stdin=stdin)
    if result.status != 0:
        raise GuestError.of(
            f"apply-policy {arguments[0]} was refused",
            where=session.name,
            expected="exit code 0",
            got=f"exit code {result.status}: {result.stderr.strip()}",
            hint="the policy that was confirmed last is in force; correct the cause and run pulumi up again",
        )
    answer: dict[str, Any] = json.loads(result.stdout)
    return answer


def apply(props: Props) -> None:
    """Stage, log in anew, confirm. Raises :class:`GuestError`; the guest then keeps or takes back the earlier policy."""
    entrance, target = paths(props)
    policy = str(props["policy"])
    with open_bastion(entrance) as bastion:
        with open_server(entrance, target, via=bastion, patience=FIRST_LOGIN_SECONDS) as session:
            ask(session, "stage", "-", stdin=policy)
        with open_server(entrance, target, via=bastion) as session:
            ask(session, "confirm", digest(policy))


class GuestPolicyLifecycle(Lifecycle):
    """Apply on create and update; a refresh tells what is really in force."""

    identity: ClassVar[tuple[str, ...]] = ("server_id",)
    content: ClassVar[tuple[str, ...]] = ("policy",)

    def create(self, props: Props) -> CreateResult:
        """Put the policy into force for the first time."""
        apply(props)
        return CreateResult(str(props["server_id"]), dict(props))

    def read(self, id_: str, props: Props) -> ReadResult:
        """Compare what the kernel holds with what was applied; drift shows as another policy text."""
        entrance, target = paths(props)
        with open_server(entrance, target) as session:
            shown = ask(session, "show")
        in_force = shown["sha256"] == digest(str(props["policy"])) and not shown["drift"]
        found = props["policy"] if in_force else f"drifted: source {shown['source']}, sha256 {shown['sha256']}"
        return ReadResult(id_, {**props, "policy": found})

    def update(self, _id: str, _olds: Props, _news: Props) -> UpdateResult:
        """Put the new policy in the old one's place."""
        apply(_news)
        return UpdateResult(dict(_news))


class GuestPolicy(Resource, module="ringfence", name="GuestPolicy"):
    """The server's packet filter is this text and nothing else."""

    policy: Output[str]

    def __init__(self, name: str, args: GuestPolicyArgs, opts: ResourceOptions | None = None) -> None:
        """Declare the packet filter of a server."""
        props = {field: getattr(args, field) for field in GuestPolicyArgs.__slots__}
        super().__init__(GuestPolicyLifecycle(), name, props, opts)
