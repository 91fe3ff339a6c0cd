"""A server's SSH host certificate as a resource: its own key, signed by the platform's authority for hosts, renewed by `up`.

The authority's private key stays on the operator's machine (:func:`infra.paths.authority_key`): it is in no state, and only who makes a
certificate anew reads it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from pulumi import Input, Output, ResourceOptions
from pulumi.dynamic import CreateResult, DiffResult, ReadResult, Resource, UpdateResult

from infra import paths
from infra.dynamic.base import Lifecycle, Props, required
from infra.dynamic.certificates import must_be_renewed, now
from infra.errors import CertificateError
from infra.operators.hosts import DAYS, host_certificate, life, public_half
from infra.operators.registry import WIPED
from infra.pki.lives import Standing

if TYPE_CHECKING:
    from collections.abc import Sequence

HOSTS = "hosts"
"""The authority's name, as that of its key's file."""


@dataclass(frozen=True, slots=True)
class HostCertificateArgs:
    """Which host key is certified for which names, by which authority (its public key)."""

    public_key: Input[str]
    names: Sequence[str]
    authority: str
    days: int = DAYS


def standing(text: object) -> Standing:
    """Return where in its life a certificate is; one that cannot be read has to be made again."""
    try:
        return life(str(text)).standing(now())
    except CertificateError:
        return Standing.EXPIRED


class HostCertificateLifecycle(Lifecycle):
    """A new certificate whenever anything in it changes, or its life nears its end."""

    content: ClassVar[tuple[str, ...]] = ("public_key", "names", "authority", "days")

    def diff(self, _id: str, _olds: Props, _news: Props) -> DiffResult:
        """Compare what the certificate says, and look at the clock."""
        changes = bool(super().diff(_id, _olds, _news).changes) or must_be_renewed(standing(_olds.get("certificate")))
        return DiffResult(changes=changes, replaces=[], delete_before_replace=True)

    def create(self, props: Props) -> CreateResult:
        """Sign it."""
        return CreateResult(f"host-certificate-{props['names'][0]}", _signed(props))

    def read(self, id_: str, props: Props) -> ReadResult:
        """Tell the standing anew."""
        return ReadResult(id_, {**props, "standing": standing(props["certificate"]).value})

    def update(self, _id: str, _olds: Props, _news: Props) -> UpdateResult:
        """Sign it anew."""
        return UpdateResult(_signed(_news))


def _signed(props: Props) -> Props:
    private = authority_for(required(props, "authority", "host certificate"))
    public = required(props, "public_key", "host certificate")
    text = host_certificate(private, public, list(map(str, props["names"])), now(), int(props["days"]))
    return {**props, "certificate": text, "standing": life(text).standing(now()).value}


def authority_for(public: str) -> str:
    """Return this machine's private key of the authority for hosts. Raises :class:`CertificateError` when it is none or another one."""
    file = paths.authority_key(HOSTS)
    hint = f"copy operators-authority and {HOSTS}-authority from the machine where the authority was made into this folder; {WIPED}"
    try:
        private = file.read_text(encoding="utf-8")
    except OSError as error:
        raise CertificateError.of(
            "this machine has no key of the authority for hosts",
            where=str(file),
            expected="the private half of what ringfence-operators.yaml names",
            got=error.strerror or "",
            hint=hint,
        ) from None
    if public_half(private) != public:
        what = "this machine has another authority for hosts than ringfence-operators.yaml names"
        raise CertificateError.of(what, where=str(file), expected=public, got=public_half(private), hint=hint)
    return private


class HostCertificate(Resource, module="ringfence", name="HostCertificate"):
    """``certificate`` is one line, as sshd's ``HostCertificate`` takes it; it is public."""

    certificate: Output[str]

    def __init__(self, name: str, args: HostCertificateArgs, opts: ResourceOptions | None = None) -> None:
        """Declare a host's certificate."""
        props = {field: getattr(args, field) for field in HostCertificateArgs.__slots__} | dict.fromkeys(("certificate", "standing"))
        super().__init__(HostCertificateLifecycle(), name, props, opts)
