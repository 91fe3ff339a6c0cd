"""What differs between servers in sshd's configuration; the part that is equal everywhere is a file of the image."""

from __future__ import annotations

from ipaddress import IPv4Network
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hardening.firstboot.config_drive import Network
    from hardening.firstboot.plan import Plan


def config(plan: Plan) -> str:
    """Addresses, port and forwarding of this server (sshd_config(5)).

    A server forwards nothing. A bastion opens TCP to the SSH port only; which addresses that may be is held by its packet filter, because
    ``PermitOpen`` knows no prefixes. Sources that may open SSH are the bastion's or the operator's: penalties for one failed login would
    lock all of them out, for they share an address.
    """
    exempt = ",".join(form for prefix in plan.ssh_from for form in _forms(prefix))
    lines = [f"ListenAddress {address.ip}" for address in plan.management.addresses]
    lines += [f"Port {plan.ssh_port}", f"PerSourcePenaltyExemptList {exempt}"]
    if plan.role == "bastion":
        # The image's own DisableForwarding would override the rest, and its MaxStartups is for one server, not for the way to all of them.
        lines += ["DisableForwarding no", "AllowTcpForwarding local", f"PermitOpen *:{plan.ssh_port}", "MaxStartups 30:30:100"]
    else:
        lines += ["DisableForwarding yes"]
    return "\n".join(lines) + "\n"


def _forms(prefix: Network) -> Iterator[str]:
    """Yield how a prefix is spelled by whatever socket is listened on.

    The socket of ``ssh.socket`` is one of both families. There sshd compares a source of IPv4 as it is mapped into IPv6 (RFC 4291, section
    2.5.5.2), which no prefix of IPv4 ever matches.
    """
    yield str(prefix)
    if isinstance(prefix, IPv4Network):
        yield f"::ffff:{prefix.network_address}/{96 + prefix.prefixlen}"


def socket_dropin(plan: Plan) -> str:
    """Drop-in for ``ssh.socket`` when the port is not the image's; the interface is in the image."""
    return f"[Socket]\nListenStream=\nListenStream={plan.ssh_port}\n"
