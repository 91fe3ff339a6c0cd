"""What the renderers may never write; what their files do is judged by the real programs in tests/truth/operators."""

from __future__ import annotations

from ipaddress import ip_network

import pytest

from hardening.bundle import Bundle, Check, GuestFile, mistakes
from hardening.image import recipe
from hardening.operators import recording, sshd
from infra.operators.roles import ACCOUNTS, AUTOMATION, BASTION_ACCOUNT
from tests.fast.operators.sample import plain

pytestmark = pytest.mark.fast
FROM = (ip_network("172.29.0.5/32"),)
LOGINS = sshd.Logins(str(plain(8)), str(plain(1)), FROM)
IDENTITY = recording.Identity("CERTIFICATE", "SECRET", "AUTHORITY")


def text(files: tuple[GuestFile, ...], path: str) -> str:
    """Return the text of one file."""
    (found,) = (file.text for file in files if file.path == path)
    return found


def block(files: tuple[GuestFile, ...], account: str) -> list[str]:
    """Return the lines of an account's block."""
    (found,) = (part for part in text(files, "ssh/10-operators.conf").split("Match User ")[1:] if part.startswith(f"{account}\n"))
    return [line.strip() for line in found.splitlines()[1:] if line.strip()]


def test_every_file_can_be_delivered() -> None:
    """Paths, owners and modes are as the guest's agent takes them, on every kind of host at once."""
    server = (*sshd.server(LOGINS, "acme"), *recording.server("acme-web", "172.29.0.6", IDENTITY, IDENTITY))
    store = (*sshd.server(LOGINS, "platform"), *recording.store("172.29.0.6", IDENTITY, recording.Retention(365, 1)))
    for files in (server, store, sshd.bastion(LOGINS, 22)):
        assert mistakes(Bundle("", files)) == []


def test_each_account_takes_one_kind_of_key() -> None:
    """Operators a certificate for a key on an authenticator, the automation its own key and no certificate."""
    files = sshd.server(LOGINS, "acme")
    for account in ACCOUNTS.values():
        lines = block(files, account.login)
        assert "PubkeyAcceptedAlgorithms sk-ssh-ed25519-cert-v01@openssh.com" in lines
        assert {"AuthorizedKeysFile none", "PubkeyAuthOptions verify-required", f"ForceCommand {sshd.SESSION}"} <= set(lines)
    assert {"PubkeyAcceptedAlgorithms ssh-ed25519", "TrustedUserCAKeys none"} <= set(block(files, AUTOMATION))


def test_a_server_opens_to_its_own_tenant_only() -> None:
    """One principal for each account, the tenant's."""
    files = sshd.server(LOGINS, "acme")
    assert text(files, "ssh/principals/rf-admin") == "admin@acme\n"
    assert text(files, "ssh/principals/rf-observer") == "observer@acme\n"


def test_the_bastion_leads_to_the_port_of_ssh_and_to_nothing_else() -> None:
    """Where that may be is held by its packet filter: a pool's addresses are too many for ``PermitOpen``, which knows no prefixes."""
    lines = block(sshd.bastion(LOGINS, 2222), BASTION_ACCOUNT)
    assert {"PermitOpen *:2222", "AllowTcpForwarding local", "AllowStreamLocalForwarding no"} <= set(lines)
    assert {"MaxSessions 0", "PermitTTY no"} <= set(lines)


def test_an_automation_without_addresses_enters_from_nowhere() -> None:
    """An empty list of sources must not mean every source."""
    files = sshd.server(sshd.Logins(str(plain(8)), str(plain(1)), ()), "acme")
    assert text(files, "ssh/automation-key").startswith('restrict,from="!*" ')
    assert text(sshd.server(LOGINS, "acme"), "ssh/automation-key").startswith('restrict,from="172.29.0.5/32" ')


def test_a_host_certificate_is_offered_when_there_is_one() -> None:
    """Beside the plain key, by which the automation knows the host."""
    without = text(sshd.server(LOGINS, "acme"), "ssh/10-operators.conf")
    assert "HostCertificate" not in without
    with_one = sshd.server(sshd.Logins(str(plain(8)), str(plain(1)), FROM, "CERT"), "acme")
    assert "HostKeyAlgorithms ssh-ed25519-cert-v01@openssh.com,ssh-ed25519" in text(with_one, "ssh/10-operators.conf")


def test_what_is_revoked_is_no_file_of_a_bundle() -> None:
    """An older bundle would take a revocation back."""
    assert not sshd.REVOKED.startswith(sshd.FILES)
    assert not [file for file in sshd.server(LOGINS, "acme") if file.check is Check.KRL]


def test_keys_are_private_and_in_no_repr() -> None:
    """Of the files and of the identity."""
    files = recording.server("acme-web", "172.29.0.6", IDENTITY, IDENTITY)
    holding = [file for file in files if "SECRET" in file.text]
    assert [file.mode for file in holding] == [0o600, 0o600]
    assert "SECRET" not in f"{files}{IDENTITY}"


def test_sudo_runs_nothing_that_it_cannot_record() -> None:
    """And keeps no password that is typed unseen; rules are for the operators' logins only."""
    lines = recording.sudoers("acme-web").splitlines()
    logins = [account.login for account in ACCOUNTS.values()]
    assert all(line.split()[0].removeprefix("Defaults:").split(",")[0] in logins for line in lines)
    settings = " ".join(lines)
    for wanted in ("log_input", "log_output", "use_pty", "!ignore_iolog_errors", "!log_passwords", "log_server_verify"):
        assert wanted in settings
    assert "rf-observer ALL=(rf-observing) NOPASSWD: ALL" in lines


def test_the_image_has_the_accounts_of_every_role() -> None:
    """Logins without a home that anybody can write to, and none on the bastion with a shell."""
    wanted = {account.login for account in ACCOUNTS.values()} | {account.work for account in ACCOUNTS.values()} | {BASTION_ACCOUNT}
    assert set(recipe.OPERATORS) == wanted - {"root"}
    assert all(recipe.OPERATORS[account.login][0] == "/" for account in ACCOUNTS.values())
    assert recipe.OPERATORS[BASTION_ACCOUNT] == ("/", recipe.NOLOGIN)
