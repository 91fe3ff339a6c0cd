"""What is put into a guest: its whole nftables ruleset, and the files of its services, over the management path as a resource of the stack.

Staged behind a guard (docs/adr/0013), kept only after a *new* login has worked, rolled back by the guest itself otherwise. Nothing is done
on delete: a server whose policy is not managed any more stays as closed as it was. Files may be private keys: they go over standard input,
are a secret of the state, and no message quotes them.
"""

from __future__ import annotations

import base64
import contextlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from pulumi import Input, Output, ResourceOptions
from pulumi.dynamic import CreateResult, ReadResult, Resource, UpdateResult

from hardening.bundle import Bundle, BundleError, bundle_of, digest, encode, without_secrets
from hardening.operators.keygen import REVOKE, listed
from infra.dynamic.base import NEUTRON_REPAIR_SECONDS, Lifecycle, Props
from infra.errors import GuestError
from infra.operators.registry import FILE as OPERATORS_FILE
from infra.ssh.access import JumpHost, Target, open_bastion, open_server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from infra.ssh.access import Session

    Login = Callable[[float | None], AbstractContextManager[Session]]

FIRST_LOGIN_SECONDS = NEUTRON_REPAIR_SECONDS + 90.0
"""How long the first login is tried: the way to the server may be what a crash of Neutron kept from the network."""
COMMAND = ("sudo", "-n", "/usr/lib/ringfence/apply-policy")
STAGE_FILES = "stage-bundle"
USAGE_REFUSED = 2
"""Exit code of an agent that does not know a verb."""
FILES_SECONDS = 300
"""When files are rolled back: services are restarted in the meantime, which takes an emulated server a while."""


@dataclass(frozen=True, slots=True)
class GuestPolicyArgs:
    """Which server, how to get there, and what shall be in force. Without an ``address`` the server is the bastion itself."""

    server_id: Input[str]
    address: Input[str]
    host_key: Input[str]
    bastion: Input[str]
    bastion_host_key: Input[str]
    ssh_port: int
    policy: Input[str]
    files: Input[str] | None = None
    """What :func:`hardening.bundle.encode_files` makes of files and units; a secret."""
    revoked: str | None = None
    """Operators' certificates and keys that are revoked (:func:`infra.operators.changes.revocation_list`), and by which authority."""
    revoked_by: str | None = None


def bundle(props: Props) -> Bundle:
    """Return what shall be in force. Raises :class:`GuestError` when the files are no files of a bundle."""
    try:
        return bundle_of(str(props["policy"]), str(props.get("files") or ""))
    except BundleError as error:
        raise GuestError.of(
            "the files of the server are refused before it is asked",
            where=str(props.get("address", "")),
            expected="what hardening.bundle.encode_files makes",
            got=str(error),
        ) from None


@contextlib.contextmanager
def way(props: Props) -> Iterator[Login]:
    """Yield how to log in, each time anew, for so many seconds at most. The bastion is on the way to a server, or is the server itself."""
    jump_host = JumpHost.from_environment(props["bastion"], props["bastion_host_key"], int(props["ssh_port"]))
    if not props.get("address"):
        yield lambda patience: open_bastion(jump_host, patience=patience)
        return
    target = Target(props["address"], props["host_key"], int(props["ssh_port"]))
    with open_bastion(jump_host) as bastion:
        yield lambda patience: open_server(jump_host, target, via=bastion, patience=patience)


def ask(session: Session, *arguments: str, stdin: str = "", private: Bundle | None = None) -> dict[str, Any]:
    """Run the guest's command and read its answer. Raises :class:`GuestError` with the guest's own words, without what is ``private``."""
    patience = {"timeout": float(FILES_SECONDS)} if private else {}
    result = session.run((*COMMAND, *arguments), stdin=stdin, **patience)
    if result.status == USAGE_REFUSED and arguments[0] == STAGE_FILES and "usage" in result.stderr:
        raise GuestError.of(
            "the server's image is too old to take files",
            where=session.name,
            expected=f"an agent that knows {STAGE_FILES}",
            got="one that knows packet filters only, whose policy is in force as before",
            hint="replace the server by one of the platform's present image (docs/image.md), or take the platform's services back",
        )
    if result.status != 0:
        said = without_secrets(result.stderr.strip(), private.files if private else ())
        raise GuestError.of(
            f"apply-policy {arguments[0]} was refused",
            where=session.name,
            expected="exit code 0",
            got=f"exit code {result.status}: {said}",
            hint="what was confirmed last is in force; correct the cause and run pulumi up again",
        )
    answer: dict[str, Any] = json.loads(result.stdout)
    return answer


def revoke(session: Session, said: str, authority: str) -> None:
    """Hand over the list of what is revoked. Raises :class:`GuestError`, also when the server knows of more than the operators' file."""
    done = session.run(REVOKE, stdin=base64.b64encode(listed(said, authority)).decode())
    if done.status:
        raise GuestError.of(
            "the list of what is revoked was refused, and nothing has changed on the server",
            where=session.name,
            expected="exit code 0",
            got=f"exit code {done.status}: {done.stderr.strip()[-300:]}",
            hint=f"if it lacks what is revoked already, take {OPERATORS_FILE} from git as it is now: a revocation never goes",
        )


def apply(props: Props) -> None:
    """Stage, log in anew, confirm. Raises :class:`GuestError`; the guest then keeps or takes back the earlier bundle.

    A policy alone is asked for in the words that servers of an older image know as well. What is revoked comes first: a server that was
    made anew must not let in for a moment who has been revoked before.
    """
    wanted = bundle(props)
    with way(props) as login:
        with login(FIRST_LOGIN_SECONDS) as session:
            if props.get("revoked"):
                revoke(session, str(props["revoked"]), str(props["revoked_by"]))
            if wanted.files or wanted.units:
                ask(session, STAGE_FILES, "-", "--seconds", str(FILES_SECONDS), stdin=encode(wanted), private=wanted)
            else:
                ask(session, "stage", "-", stdin=wanted.policy)
        with login(None) as session:
            ask(session, "confirm", digest(wanted))


class GuestPolicyLifecycle(Lifecycle):
    """Apply on create and update; a refresh tells what is really in force."""

    identity: ClassVar[tuple[str, ...]] = ("server_id",)
    content: ClassVar[tuple[str, ...]] = ("policy", "files", "revoked", "revoked_by")

    def create(self, props: Props) -> CreateResult:
        """Put the policy into force for the first time."""
        apply(props)
        return CreateResult(str(props["server_id"]), dict(props))

    def read(self, id_: str, props: Props) -> ReadResult:
        """Compare what the kernel and the disk hold with what was applied; drift shows as another policy text, or as other files.

        A server of an older image says nothing of files, because it has none.
        """
        with way(props) as login, login(None) as session:
            shown = ask(session, "show")
        wanted = bundle(props)
        outs = dict(props)
        if shown["sha256"] != digest(Bundle(wanted.policy)) or shown["drift"]:
            outs["policy"] = f"drifted: source {shown['source']}, sha256 {shown['sha256']}"
        elif shown.get("bundle_sha256", shown["sha256"]) != digest(wanted):
            changed = ", ".join(shown.get("changed", [])) or "other files than were handed over"
            outs["policy"] = f"the files have drifted: {changed}"
        return ReadResult(id_, outs)

    def update(self, _id: str, _olds: Props, _news: Props) -> UpdateResult:
        """Put the new policy in the old one's place."""
        apply(_news)
        return UpdateResult(dict(_news))


class GuestPolicy(Resource, module="ringfence", name="GuestPolicy"):
    """The server's packet filter is this text and nothing else, and so are its files."""

    policy: Output[str]

    def __init__(self, name: str, args: GuestPolicyArgs, opts: ResourceOptions | None = None) -> None:
        """Declare what is in a server. Without files the resource is the same as before there were any."""
        props = {field: value for field in GuestPolicyArgs.__slots__ if (value := getattr(args, field)) is not None}
        marked = ResourceOptions(additional_secret_outputs=["files"] if args.files is not None else [])
        if args.files is not None:
            props["files"] = Output.secret(args.files)
        super().__init__(GuestPolicyLifecycle(), name, props, ResourceOptions.merge(opts, marked))
