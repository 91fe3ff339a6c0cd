"""Controls of sshd. What differs between servers (address, port, a bastion's forwarding) is written at first boot and comes before this."""

from __future__ import annotations

from hardening.controls.model import Control, SshSetting
from infra.operators.roles import AUTOMATION

ACCESS, AUTHENTICATION, NETWORK, CRYPTOGRAPHY, LOGGING = "5.15", "8.5", "8.20", "8.24", "8.15"
BANNER = "/etc/issue.net"
WARNING = """\
This server is for authorised people only. Whoever logs in is logged, and operators' sessions are recorded.
Leave now if nobody has authorised you.
"""


def _settings(**settings: str) -> tuple[SshSetting, ...]:
    return tuple(SshSetting(keyword, value) for keyword, value in settings.items())


CONTROLS = (
    Control(
        "ssh-algorithms",
        "Key exchange that holds against a quantum computer only, one kind of host key, authenticated encryption",
        (CRYPTOGRAPHY,),
        ("5.1.6", "5.1.12", "5.1.13", "5.1.16"),
        (),
        _settings(
            HostKey="/etc/ssh/ssh_host_ed25519_key",
            HostKeyAlgorithms="ssh-ed25519",
            KexAlgorithms="mlkem768x25519-sha256,sntrup761x25519-sha512@openssh.com",
            Ciphers="aes256-gcm@openssh.com,aes256-ctr",
            MACs="hmac-sha2-512-etm@openssh.com,hmac-sha2-256-etm@openssh.com",
            PubkeyAcceptedAlgorithms="ssh-ed25519,sk-ssh-ed25519@openssh.com",
            RequiredRSASize="3072",
        ),
        may_break="clients older than OpenSSH 9.0 and paramiko 5",
    ),
    Control(
        "ssh-keys-only",
        "A key opens the automation account; no password opens anything, and nobody logs in as root",
        (ACCESS, AUTHENTICATION),
        ("5.1.4", "5.1.9", "5.1.10", "5.1.11", "5.1.20", "5.1.21", "5.1.22", "5.1.23"),
        ("R33", "R67"),
        _settings(
            AuthenticationMethods="publickey",
            PubkeyAuthentication="yes",
            PasswordAuthentication="no",
            KbdInteractiveAuthentication="no",
            GSSAPIAuthentication="no",
            HostbasedAuthentication="no",
            IgnoreRhosts="yes",
            PermitEmptyPasswords="no",
            PermitRootLogin="no",
            PermitUserEnvironment="no",
            AllowUsers=AUTOMATION,
            AuthorizedKeysFile=".ssh/authorized_keys",
            StrictModes="yes",
            UsePAM="yes",
        ),
    ),
    Control(
        "ssh-no-way-on",
        "A login is a session and no way on: no forwarding, no tunnel, no agent",
        (NETWORK,),
        ("5.1.8",),
        (),
        # DisableForwarding overrides all others; a bastion's own part comes before this one and takes it back.
        _settings(
            DisableForwarding="yes",
            AllowAgentForwarding="no",
            AllowStreamLocalForwarding="no",
            AllowTcpForwarding="no",
            GatewayPorts="no",
            PermitTunnel="no",
            X11Forwarding="no",
        ),
        may_break="ssh -L and -R to a server; ssh -J through the bastion works",
    ),
    Control(
        "ssh-patience",
        "Who does not log in soon, or does not answer, is let go",
        (AUTHENTICATION,),
        ("5.1.7", "5.1.14", "5.1.17", "5.1.18", "5.1.19"),
        ("R32",),
        _settings(
            LoginGraceTime="60",
            MaxAuthTries="4",
            MaxSessions="10",
            MaxStartups="10:30:60",
            ClientAliveInterval="15",
            ClientAliveCountMax="3",
            Compression="no",
            UseDNS="no",
        ),
    ),
    Control(
        "ssh-says-who",
        "Every attempt is logged with the key that was tried, and whoever connects is warned",
        (LOGGING, AUTHENTICATION),
        # 5.1.15 in the examiner's content takes INFO only; the benchmark takes VERBOSE too, which names the keys that were refused.
        ("5.1.5", "5.1.15"),
        (),
        _settings(LogLevel="VERBOSE", PrintMotd="no", Banner=BANNER, Subsystem="sftp internal-sftp"),
    ),
)
