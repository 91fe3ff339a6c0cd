"""What differs between servers in sshd's configuration; the part that is equal everywhere is a file of the image."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hardening.firstboot.plan import Plan


def config(plan: Plan) -> str:
    """Addresses, port and forwarding of this server (sshd_config(5)).

    A server forwards nothing. A bastion opens TCP to the SSH port only; which addresses that may be is held by its packet filter, because
    ``PermitOpen`` knows no prefixes. Sources that may open SSH are the bastion's or the operator's: penalties for one failed login would
    lock all of them out, for they share an address.
    """
    lines = [f"ListenAddress {address.ip}" for address in plan.management.addresses]
    lines += [f"Port {plan.ssh_port}", f"PerSourcePenaltyExemptList {','.join(map(str, plan.ssh_from))}"]
    if plan.role == "bastion":
        lines += ["AllowTcpForwarding local", f"PermitOpen *:{plan.ssh_port}"]
    else:
        lines += ["DisableForwarding yes"]
    return "\n".join(lines) + "\n"


def socket_dropin(plan: Plan) -> str:
    """Drop-in for ``ssh.socket`` when the port is not the image's; the interface is in the image."""
    return f"[Socket]\nListenStream=\nListenStream={plan.ssh_port}\n"
