"""How an operator's session is recorded: sudo and a relay on the server, the store on the services server.

What the settings mean is in sudoers(5) and sudo_logsrvd.conf(5). The session runs by sudo, which hands everything typed and shown to the
relay and refuses to run anything when it cannot. The relay keeps what the store has not taken yet, so an outage of the store loses nothing
and locks nobody out.

Relay and store know each other by certificates of the platform's authority. The store takes a recording only from who has a certificate for
the address that it comes from; that certificate must name no host, because the store would believe a name that it can look up. The relay of
sudo 1.9.16 tells hosts of the authority apart by their address alone: its ``tls_checkpeer`` refuses every store, for it looks at the wrong
name, and it asks for no purpose. So the cloud has to hold the store to its address, as it does.

sudo and the relay know each other by certificates of an authority that is this server's alone: a program of the tenant must not be able to
record a session that never was, and nobody is locked out when the platform's certificate has ended.
"""

from __future__ import annotations

from dataclasses import dataclass

from hardening.bundle import Check, GuestFile
from hardening.operators.sshd import FILES
from infra.operators.roles import ACCOUNTS

STORE_FOLDER = "/data/sessions"
"""Recordings, on the store's disk."""
EVENTS = f"{STORE_FOLDER}/events.json"
"""One line for each session that began, was refused or ended, with the address that it came from."""
RETENTION = "sessions/retention"
"""Days and MiB, for the program that removes what is older or too much."""
RELAY_FOLDER = "/var/lib/ringfence/relay"
"""What the store has not taken yet."""
KEPT = ("RINGFENCE_OPERATOR", "RINGFENCE_SERIAL")
"""Variables by which a recording names the operator and the certificate; the session's first program sets them from the certificate."""
PRIVATE = 0o600
RETRY_SECONDS = 5
"""How often the relay asks whether the store is back."""


@dataclass(frozen=True, slots=True)
class Identity:
    """A host's certificate and private key of the platform's authority, and the authority's certificate; all PEM."""

    certificate: str
    private_key: str
    authority: str

    def __repr__(self) -> str:
        """Nothing of it."""
        return "Identity(...)"


TLS = {"cacert": "authority.pem", "cert": "certificate.pem", "key": "key.pem"}
STORE, LOOPBACK = "sessions", "sessions/loopback"
"""Folders of the identities: towards the store, and on the loopback interface."""


def server(host: str, store: str, identity: Identity, local: Identity) -> tuple[GuestFile, ...]:
    """Return the files of a server: what sudo may do for operators, and the relay.

    ``host`` is its name, which it resolves to a loopback address; ``store`` is an address. ``local`` is for both ends of the loopback.
    """
    relay = _ini(
        {
            "server": {"listen_address": f"{host}(tls)", "pid_file": "/run/ringfence-relay.pid", **_tls(LOOPBACK)},
            "relay": {
                "relay_host": f"{store}(tls)",
                "store_first": "true",
                "relay_dir": RELAY_FOLDER,
                "retry_interval": str(RETRY_SECONDS),
                **_tls(STORE),
            },
            "eventlog": {"log_type": "none"},
        }
    )
    return (
        GuestFile("sudo/operators", sudoers(host), 0o440, check=Check.SUDOERS),
        GuestFile("sessions/relay.conf", relay, PRIVATE),
        *_identity(STORE, identity),
        *_identity(LOOPBACK, local),
    )


@dataclass(frozen=True, slots=True)
class Retention:
    """How many days a recording is kept, and how many GiB all recordings may take."""

    days: int
    gibibytes: int


def store(address: str, identity: Identity, retention: Retention) -> tuple[GuestFile, ...]:
    """Return the files of the store. It takes a recording only from who has a certificate for the address that it comes from."""
    text = _ini(
        {
            "server": {
                "listen_address": f"{address}(tls)",
                "pid_file": "/run/ringfence-sessions.pid",
                **_tls(STORE),
                "tls_checkpeer": "true",
            },
            "iolog": {
                "iolog_dir": STORE_FOLDER,
                "iolog_file": "%{seq}",
                "iolog_compress": "false",
                "iolog_flush": "true",
                "iolog_mode": "0600",
                "log_passwords": "false",
            },
            "eventlog": {"log_type": "logfile", "log_format": "json_compact", "log_exit": "true"},
            "logfile": {"path": EVENTS},
        }
    )
    kept = GuestFile(RETENTION, f"{retention.days} {retention.gibibytes * 1024}\n")
    return (GuestFile("sessions/store.conf", text, PRIVATE), kept, *_identity(STORE, identity))


def sudoers(host: str) -> str:
    """Return what sudo does for operators: everything as the role's work account, recorded, and nothing when it cannot be recorded.

    What is typed while the terminal shows nothing is a password and is not kept.
    """
    logins = ",".join(account.login for account in ACCOUNTS.values())
    settings = [
        "!requiretty, use_pty, log_input, log_output, !log_passwords, iolog_flush",
        "!ignore_iolog_errors, !ignore_logfile_errors",
        f"log_servers={host}(tls), log_server_verify",
        f"log_server_cabundle={FILES}/{LOOPBACK}/{TLS['cacert']}",
        f"log_server_peer_cert={FILES}/{LOOPBACK}/{TLS['cert']}, log_server_peer_key={FILES}/{LOOPBACK}/{TLS['key']}",
        f'env_keep+="{" ".join(KEPT)}"',
    ]
    lines = [f"Defaults:{logins} {setting}" for setting in settings]
    for account in ACCOUNTS.values():
        lines += [f"Defaults:{account.login} runas_default={account.work}", f"{account.login} ALL=({account.work}) NOPASSWD: ALL"]
    return "".join(f"{line}\n" for line in lines)


def _tls(folder: str) -> dict[str, str]:
    return {"tls_verify": "true", **{f"tls_{key}": f"{FILES}/{folder}/{name}" for key, name in TLS.items()}}


def _identity(folder: str, identity: Identity) -> list[GuestFile]:
    texts = {"cacert": identity.authority, "cert": identity.certificate, "key": identity.private_key}
    return [GuestFile(f"{folder}/{TLS[key]}", text, PRIVATE if key == "key" else 0o644) for key, text in texts.items()]


def _ini(sections: dict[str, dict[str, str]]) -> str:
    parts = ["\n".join([f"[{name}]", *(f"{key} = {value}" for key, value in lines.items())]) for name, lines in sections.items()]
    return "\n\n".join(parts) + "\n"
