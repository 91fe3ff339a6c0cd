"""sshd's configuration for operators (sshd_config(5)): who may log in with what, on a server and on the bastion.

The text is included before everything else in the image's ``sshd_config``, where the first value of a setting wins. Each account has one
kind of key: operators a certificate of the platform for a key on an authenticator, with touch and PIN; the automation its own key, from
its own addresses. What opens one account opens no other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hardening.bundle import Check, GuestFile
from infra.operators.public_keys import PLAIN
from infra.operators.roles import ACCOUNTS, AUTOMATION, BASTION_ACCOUNT, THROUGH, principal

if TYPE_CHECKING:
    from infra.declaration.values import Network

FILES = "/run/ringfence/files"
"""Where a server finds the files of its bundle."""
REVOKED = "/etc/ringfence/operators.krl"
"""What is revoked. No file of a bundle: an older bundle must not take a revocation back. Without it sshd refuses everybody."""
SESSION = "/usr/lib/ringfence/session"
"""What an operator gets in place of a shell: the same, recorded."""
OPERATORS_ALGORITHM = "sk-ssh-ed25519-cert-v01@openssh.com"
HOST_CERTIFICATE = "ssh-ed25519-cert-v01@openssh.com"
CONFIG = "ssh/10-operators.conf"
"""The file that sshd includes before all others."""
MODE = 0o644
"""sshd reads keys, principals and authorities as the account that is asked for; they are public."""


@dataclass(frozen=True, slots=True)
class Logins:
    """What every host must know to tell who may log in; ``host_certificate`` is empty while there is none."""

    authority: str
    automation_key: str
    automation_from: tuple[Network, ...]
    host_certificate: str = ""


def server(logins: Logins, tenant: str) -> tuple[GuestFile, ...]:
    """Return the files of a tenant's server: an account for each role, that opens to the tenant's principal of that role only."""
    blocks = [_operators(account.login, [f"ForceCommand {SESSION}", "ExposeAuthInfo yes", *NOTHING]) for account in ACCOUNTS.values()]
    accounts = [account.login for account in ACCOUNTS.values()]
    doors = {account.login: principal(role, tenant) for role, account in ACCOUNTS.items()}
    return _files(logins, accounts, [*blocks, _automation(["DisableForwarding yes"])], doors, "restrict")


def bastion(logins: Logins, ssh_port: int) -> tuple[GuestFile, ...]:
    """Return the files of the bastion: operators pass through to SSH of servers, and have no session on it.

    ``PermitOpen`` knows addresses and no prefixes, and the pool has too many of them to be written. So it holds the port, and the bastion's
    packet filter holds where that may be, as it does for the automation. sshd itself is heard on the management card only, so not through
    the loopback interface.
    """
    forwards = ["DisableForwarding no", "AllowTcpForwarding local", f"PermitOpen *:{ssh_port}"]
    # No session of any kind: neither a terminal nor a command nor a subsystem. The account's shell is nologin besides.
    passing = [*forwards, "AllowStreamLocalForwarding no", "PermitTTY no", "MaxSessions 0"]
    blocks = [_operators(BASTION_ACCOUNT, passing), _automation(forwards)]
    return _files(logins, [BASTION_ACCOUNT], blocks, {BASTION_ACCOUNT: THROUGH}, "restrict,port-forwarding")


NOTHING = ("DisableForwarding yes", "PermitTTY yes")
"""A session, and nothing beside it."""


def _operators(account: str, further: list[str]) -> str:
    return _block(
        account,
        [
            f"PubkeyAcceptedAlgorithms {OPERATORS_ALGORITHM}",
            "PubkeyAuthOptions verify-required",
            f"TrustedUserCAKeys {FILES}/ssh/operators-ca.pub",
            f"AuthorizedPrincipalsFile {FILES}/ssh/principals/%u",
            "AuthorizedKeysFile none",
            *further,
        ],
    )


def _automation(further: list[str]) -> str:
    """Return the block of the automation: its key and no certificate, so no operator's certificate opens it."""
    own = [f"PubkeyAcceptedAlgorithms {PLAIN}", f"AuthorizedKeysFile {FILES}/ssh/automation-key", "TrustedUserCAKeys none"]
    return _block(AUTOMATION, [*own, *further])


def _block(account: str, lines: list[str]) -> str:
    return "".join([f"\nMatch User {account}\n", *(f"    {line}\n" for line in lines)])


def _files(logins: Logins, accounts: list[str], blocks: list[str], doors: dict[str, str], options: str) -> tuple[GuestFile, ...]:
    head = [
        f"AllowUsers {' '.join([*accounts, AUTOMATION])}",
        f"PubkeyAcceptedAlgorithms {PLAIN},{OPERATORS_ALGORITHM}",
        f"RevokedKeys {REVOKED}",
        "PermitUserRC no",
    ]
    files = [
        GuestFile("ssh/operators-ca.pub", f"{logins.authority}\n", MODE),
        GuestFile("ssh/automation-key", f"{options},{_from(logins.automation_from)} {logins.automation_key}\n", MODE),
        *(GuestFile(f"ssh/principals/{account}", f"{opens}\n", MODE) for account, opens in doors.items()),
    ]
    if logins.host_certificate:
        head += [f"HostCertificate {FILES}/ssh/host-certificate.pub", f"HostKeyAlgorithms {HOST_CERTIFICATE},{PLAIN}"]
        files.append(GuestFile("ssh/host-certificate.pub", f"{logins.host_certificate}\n", MODE))
    text = "".join([*(f"{line}\n" for line in head), *blocks])
    return (GuestFile(CONFIG, text, 0o600, check=Check.SSHD_WHOLE), *files)


def _from(networks: tuple[Network, ...]) -> str:
    """Return the option that binds a key to addresses; without any the key opens nothing rather than everything."""
    return f'from="{",".join(map(str, networks)) or "!*"}"'
