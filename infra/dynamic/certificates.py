"""The platform's authority and the certificates that it issues, as resources of the stacks. Their private keys are secrets of the state.

`pulumi up` renews what has no more than a third of its life left, `pulumi preview` shows it, and `pulumi refresh` tells its standing. What
is renewed gets a new key; only the authority keeps its own, so that what it has issued goes on being believed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, ClassVar

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509 import random_serial_number
from pulumi import Input, Output, ResourceOptions
from pulumi.dynamic import CreateResult, DiffResult, ReadResult, Resource, UpdateResult

from infra.dynamic.base import Lifecycle, Props
from infra.errors import CertificateError
from infra.pki import certificates, keys, revocation
from infra.pki.certificates import Purpose, Request, Signer, Subject
from infra.pki.lives import Life, Standing

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

AUTHORITY_DAYS, DAYS = 1825, 90
LIST_DAYS = AUTHORITY_DAYS
"""A list ends with the authority's certificate. It comes to a server in one bundle with that certificate, so an end of its own would not
keep anybody from holding it back, and on that day everybody would be refused whose certificate is still good.
"""


def now() -> datetime:
    """Return the time of this machine."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class AuthorityArgs:
    """Whose authority it is, and which serial numbers it takes back (hexadecimal, as certificates show them).

    Another ``generation`` is another key: what the former one has issued is believed until it ends, and issued anew by the next `up`. The
    former key signs a last list, for nobody has it afterwards.
    """

    organisation: str
    name: str
    revoked: Input[Sequence[str]] = ()
    days: int = AUTHORITY_DAYS
    list_days: int = LIST_DAYS
    generation: int = 1


@dataclass(frozen=True, slots=True)
class CertificateArgs:
    """Who is certified by which authority, for what, reached where; a purpose is ``server`` or ``client``.

    ``authority_lists`` is what the authority has taken back: a certificate of which that is said is made anew.
    """

    authority_certificate: Input[str]
    authority_key: Input[str]
    organisation: str
    name: str
    purposes: Sequence[str]
    names: Sequence[Input[str]] = ()
    addresses: Sequence[Input[str]] = ()
    days: int = DAYS
    generation: int = 1
    authority_lists: Input[str] = ""


def standing(text: object) -> Standing:
    """Return where in its life a certificate is; one that cannot be read has to be made again."""
    try:
        return certificates.facts(str(text)).life.standing(now())
    except CertificateError:
        return Standing.EXPIRED


def list_standing(text: object) -> Standing:
    """Return the same of a list of revoked certificates."""
    try:
        return revocation.read_list(str(text))[0].standing(now())
    except CertificateError:
        return Standing.EXPIRED


def must_be_renewed(found: Standing) -> bool:
    """Tell whether something has to be made again; a certificate from the future is this machine's clock's fault, and stays."""
    return found in {Standing.DUE, Standing.EXPIRED}


def new_key() -> keys.Key:
    """Make a private key."""
    return ec.generate_private_key(ec.SECP256R1())


class AuthorityLifecycle(Lifecycle):
    """One key for a long time, its certificate renewed, its list signed again when it changes or is due."""

    content: ClassVar[tuple[str, ...]] = ("organisation", "name", "days", "generation", "revoked", "list_days")

    def diff(self, _id: str, _olds: Props, _news: Props) -> DiffResult:
        """Compare the properties, and look at the clock."""
        due = must_be_renewed(standing(_olds.get("certificate"))) or must_be_renewed(list_standing(_olds.get("revocation_list")))
        # A state of an older ringfence has no lists that servers could be given.
        changes = due or not _olds.get("lists") or bool(super().diff(_id, _olds, _news).changes)
        return DiffResult(changes=changes, replaces=[], delete_before_replace=True)

    def create(self, props: Props) -> CreateResult:
        """Make the key, the certificate and an empty list."""
        return CreateResult(f"authority-{props['name']}", _authority(props, {}))

    def read(self, id_: str, props: Props) -> ReadResult:
        """Tell the standing anew."""
        return ReadResult(id_, {**props, "standing": _worse(standing(props["certificate"]), list_standing(props["revocation_list"]))})

    def update(self, _id: str, _olds: Props, _news: Props) -> UpdateResult:
        """Renew what is due, sign what has changed."""
        return UpdateResult(_authority(_news, _olds))


def _worse(one: Standing, other: Standing) -> str:
    order = list(Standing)
    return max(one, other, key=order.index).value


def _authority(props: Props, olds: Mapping[str, Any]) -> Props:
    subject = ("organisation", "name", "generation")
    same_key = bool(olds) and all(olds.get(name) == props.get(name) for name in subject)
    key = str(olds["private_key"]) if same_key else keys.encoded(new_key())
    certificate = str(olds.get("certificate"))
    if not same_key or olds.get("days") != props.get("days") or must_be_renewed(standing(certificate)):
        wanted = Subject(str(props["organisation"]), str(props["name"]))
        life = Life.of(now(), int(props["days"]))
        certificate = certificates.authority(wanted, keys.read_key(key), random_serial_number(), life)
    earlier = [str(text) for text in ([] if same_key or not olds else [olds["certificate"]]) + list(olds.get("former") or [])]
    former = [text for text in earlier if standing(text) is not Standing.EXPIRED]
    revoked = _revoked(props, olds)
    numbers = {_serial(serial): datetime.fromisoformat(when) for serial, when in revoked.items()}
    crl = _list(props, Signer(certificate, key), numbers)
    last = [] if same_key or not olds else [_list(props, Signer(str(olds["certificate"]), str(olds["private_key"])), numbers)]
    former_lists = [text for text in [*last, *map(str, olds.get("former_lists") or [])] if list_standing(text) is not Standing.EXPIRED]
    return {
        **props,
        "certificate": certificate,
        "private_key": key,
        "former": former,
        "trusted": "".join([certificate, *former]),
        "revocation_list": crl,
        "former_lists": former_lists,
        "lists": "".join([crl, *former_lists]),
        "revoked_at": revoked,
        "standing": standing(certificate).value,
    }


def _list(props: Props, signer: Signer, numbers: Mapping[int, datetime]) -> str:
    # A list's number has to grow; the clock's does, and nothing of an earlier list has to be read for it.
    return revocation.revocation_list(signer, numbers, int(now().timestamp()), Life.of(now(), int(props["list_days"])))


def _revoked(props: Props, olds: Mapping[str, Any]) -> dict[str, str]:
    """Serial numbers and when each was revoked for the first time."""
    known: dict[str, str] = dict(olds.get("revoked_at") or {})
    today = now().isoformat(timespec="seconds")
    return {serial: known.get(serial, today) for serial in sorted(map(str, props.get("revoked") or []))}


def _serial(text: str) -> int:
    try:
        number = int(text, 16)
    except ValueError:
        number = 0
    if number <= 0:
        raise CertificateError.of("no serial number of a certificate", where="revoked", expected="hexadecimal digits", got=repr(text))
    return number


class Authority(Resource, module="ringfence", name="Authority"):
    """``trusted`` is what others believe: the certificate, and those of former keys until they end; ``lists`` what they do not any more.

    ``private_key`` is a secret.
    """

    certificate: Output[str]
    private_key: Output[str]
    trusted: Output[str]
    lists: Output[str]

    def __init__(self, name: str, args: AuthorityArgs, opts: ResourceOptions | None = None) -> None:
        """Declare the authority of a platform."""
        made = ("certificate", "private_key", "former", "trusted", "revocation_list", "former_lists", "lists", "revoked_at", "standing")
        outputs = dict.fromkeys(made)
        props = {field: getattr(args, field) for field in AuthorityArgs.__slots__} | outputs
        marked = ResourceOptions(additional_secret_outputs=["private_key"])
        super().__init__(AuthorityLifecycle(), name, props, ResourceOptions.merge(opts, marked))


class CertificateLifecycle(Lifecycle):
    """A new key and a new certificate: anything in it changes, its life nears its end, the authority has another key or takes it back."""

    content: ClassVar[tuple[str, ...]] = ("organisation", "name", "purposes", "names", "addresses", "days", "generation")

    def diff(self, _id: str, _olds: Props, _news: Props) -> DiffResult:
        """Compare what the certificate says, who has signed it, and look at the clock."""
        changes = (
            bool(super().diff(_id, _olds, _news).changes)
            or must_be_renewed(standing(_olds.get("certificate")))
            or not _signed_by(_olds.get("certificate"), _news.get("authority_certificate"))
            or _taken_back(_olds.get("certificate"), _news.get("authority_lists"))
        )
        return DiffResult(changes=changes, replaces=[], delete_before_replace=True)

    def create(self, props: Props) -> CreateResult:
        """Make key and certificate."""
        return CreateResult(f"certificate-{props['name']}", _certificate(props))

    def read(self, id_: str, props: Props) -> ReadResult:
        """Tell the standing anew."""
        return ReadResult(id_, {**props, "standing": standing(props["certificate"]).value})

    def update(self, _id: str, _olds: Props, _news: Props) -> UpdateResult:
        """Make both anew."""
        return UpdateResult(_certificate(_news))


def _signed_by(certificate: object, authority: object) -> bool:
    """Tell whether the authority's present key has signed a certificate; of an authority that is not known yet it has not."""
    try:
        return certificates.facts(str(certificate)).issuer_key_id == certificates.facts(str(authority)).key_id
    except CertificateError:
        return False


def _taken_back(certificate: object, lists: object) -> bool:
    """Tell whether the authority has taken a certificate back, as far as its lists are known yet; there may be none."""
    try:
        return certificates.facts(str(certificate)).serial in revocation.taken_back(str(lists))
    except CertificateError:
        return False


def _certificate(props: Props) -> Props:
    key = new_key()
    request = Request(
        Subject(str(props["organisation"]), str(props["name"])),
        frozenset(map(Purpose, props["purposes"])),
        tuple(map(str, props.get("names") or [])),
        tuple(ip_address(str(address)) for address in props.get("addresses") or []),
    )
    signer = Signer(str(props["authority_certificate"]), str(props["authority_key"]))
    text = certificates.issued(signer, request, key, random_serial_number(), Life.of(now(), int(props["days"])))
    facts = certificates.facts(text)
    return {
        **props,
        "certificate": text,
        "private_key": keys.encoded(key),
        "serial": f"{facts.serial:x}",
        "ends": facts.life.end.isoformat(),
        "standing": facts.life.standing(now()).value,
    }


class Certificate(Resource, module="ringfence", name="Certificate"):
    """A server's certificate; ``serial`` is what :class:`AuthorityArgs` takes back, ``private_key`` is a secret."""

    certificate: Output[str]
    private_key: Output[str]
    serial: Output[str]
    ends: Output[str]

    def __init__(self, name: str, args: CertificateArgs, opts: ResourceOptions | None = None) -> None:
        """Declare a certificate of a server."""
        outputs = dict.fromkeys(("certificate", "private_key", "serial", "ends", "standing"))
        props = {field: getattr(args, field) for field in CertificateArgs.__slots__} | outputs
        props["authority_key"] = Output.secret(args.authority_key)
        marked = ResourceOptions(additional_secret_outputs=["private_key", "authority_key"])
        super().__init__(CertificateLifecycle(), name, props, ResourceOptions.merge(opts, marked))
