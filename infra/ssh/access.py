"""SSH to the servers: through the bastion, over the management network, with pinned host keys. There is no other way in.

The one module for it: the stack's resources, the command line and the live tests all come through here. A host key that is not the
pinned one ends the attempt at once; it is never asked about, learnt or retried.
"""

from __future__ import annotations

import base64
import contextlib
import io
import logging
import os
import shlex
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import paramiko

from infra.errors import GuestError
from infra.paths import automation_key
from infra.ssh.proxy import Proxy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

USER = "ringfence"
"""The account of the automation, in the image."""
SSH_PORT = 22
CONNECT_SECONDS = 30.0
PATIENCE_SECONDS = 180.0
"""How long a server that does not answer yet is tried: a port's flows and a busy guest may lag behind its console."""
RETRY_SECONDS = 2.0
PROXY_VARIABLE = "RINGFENCE_BASTION_PROXY"
# Every failure is raised to the caller; the library's own trace-backs of attempts that are tried again would only alarm.
logging.getLogger("paramiko").addHandler(logging.NullHandler())
logging.getLogger("paramiko").propagate = False


@dataclass(frozen=True, slots=True)
class JumpHost:
    """The bastion: where it is, its pinned key, and the setting for reaching it when a plain connection cannot."""

    bastion_address: str
    bastion_host_key: str
    key_file: Path
    proxy_command: str | None = None
    port: int = SSH_PORT

    @classmethod
    def from_environment(cls, address: str, host_key: str, port: int = SSH_PORT) -> JumpHost:
        """Take the key and the proxy command from this machine's settings; they are no part of any state."""
        return cls(address, host_key, automation_key(), os.environ.get(PROXY_VARIABLE) or None, port)


@dataclass(frozen=True, slots=True)
class Target:
    """A server: its management address and its pinned key."""

    address: str
    host_key: str
    port: int = SSH_PORT


@dataclass(frozen=True, slots=True)
class Completed:
    """How a command ended, with its whole output as text."""

    status: int
    stdout: str
    stderr: str


@dataclass(frozen=True, slots=True)
class Session:
    """A login. ``client`` is for what this class does not do (file transfer, forwarding); ``proxy`` is the program that it goes through."""

    name: str
    client: paramiko.SSHClient
    proxy: Proxy | None = None

    def run(self, command: Sequence[str], *, stdin: str = "", timeout: float = 120.0) -> Completed:
        """Run one command, given as a list of words, and wait for its end.

        Raises :class:`GuestError` when the connection breaks or nothing comes for ``timeout`` seconds.
        """
        try:
            source, out, err = self.client.exec_command(shlex.join(command), timeout=timeout)
            source.write(stdin)
            source.channel.shutdown_write()
            stdout, stderr = out.read().decode(errors="replace"), err.read().decode(errors="replace")
            return Completed(out.channel.recv_exit_status(), stdout, stderr)
        except (OSError, paramiko.SSHException) as error:
            raise GuestError.of(
                "the command broke off", where=self.name, expected=f"an end within {timeout:.0f} s", got=f"{type(error).__name__}: {error}"
            ) from error


def public_key(host_key: str) -> paramiko.PKey:
    """Read ``ssh-ed25519 AAAA...``. Raises :class:`GuestError` for anything else."""
    kind, _, text = host_key.partition(" ")
    if kind != "ssh-ed25519":
        raise GuestError.of("not a host key that can be pinned", expected="ssh-ed25519 AAAA...", got=host_key[:40])
    return paramiko.Ed25519Key(data=base64.b64decode(text.split()[0]))


def private_key(file: Path) -> paramiko.PKey:
    """Read the automation's private key. Raises :class:`GuestError` when it is not there."""
    try:
        return paramiko.Ed25519Key.from_private_key(io.StringIO(file.read_text()))
    except OSError as error:
        raise GuestError.of(
            "the automation's private key is missing", where=str(file), got=error.strerror or "", hint="ringfence keys"
        ) from error


def _login(target: Target, key_file: Path, channel: paramiko.Channel | Proxy | None) -> Session:
    """Log in once, over ``channel`` or directly, accepting the one host key only."""
    client, name, port = paramiko.SSHClient(), target.address, target.port
    session = Session(name, client, channel if isinstance(channel, Proxy) else None)
    client.set_missing_host_key_policy(paramiko.RejectPolicy())
    entry = name if port == SSH_PORT else f"[{name}]:{port}"
    client.get_host_keys().add(entry, "ssh-ed25519", public_key(target.host_key))
    try:
        client.connect(
            name,
            port=port,
            username=USER,
            pkey=private_key(key_file),
            sock=channel,
            look_for_keys=False,
            allow_agent=False,
            timeout=CONNECT_SECONDS,
            banner_timeout=CONNECT_SECONDS,
            auth_timeout=CONNECT_SECONDS,
        )
    except BaseException:
        _close(session)
        raise
    return session


def proxy_to(jump_host: JumpHost) -> Proxy | None:
    """Start the proxy command, if one is set."""
    return Proxy.of(jump_host.proxy_command, jump_host.bastion_address, jump_host.port) if jump_host.proxy_command else None


class NoWayError(paramiko.SSHException):
    """The bastion was asked for a connection to a server and has not made one."""


class ClosedHereError(paramiko.SSHException):
    """Who logged in at the bastion has logged out: nobody wants the connection any more."""


def _refused(name: str, error: Exception) -> GuestError:
    """Say why a login failed, in words that tell a wrong key from a dead host, and a dead host from a way that is missing."""
    if isinstance(error, NoWayError):
        return GuestError.of(
            "the bastion gets no connection to the server",
            where=name,
            expected=f"one within {CONNECT_SECONDS:.0f} s, over the management network",
            got=str(error),
            hint="see whether the server runs and the platform's router has the route to its segment, then run the same command again",
        )
    wrong_key = isinstance(error, paramiko.BadHostKeyException)
    return GuestError.of(
        "another host key than the pinned one was shown" if wrong_key else "the login failed",
        where=name,
        expected="the key that the server printed at its first boot" if wrong_key else "an SSH login",
        got=f"{type(error).__name__}: {error}",
        hint="somebody may be in the path: do not go on before you know" if wrong_key else "ringfence status",
    )


def _is_an_answer(error: Exception) -> bool:
    """Tell whether the server said no, or is another one. A busy server that says nothing in time is neither."""
    if isinstance(error, paramiko.AuthenticationException):
        return "timeout" not in str(error)  # paramiko has no class of its own for it
    return isinstance(error, (paramiko.BadHostKeyException, ClosedHereError))


def _connect(target: Target, key_file: Path, way: Callable[[], paramiko.Channel | Proxy | None], patience: float) -> Session:
    """Log in over a new connection of ``way``, trying again while nobody answers and ``patience`` seconds are not over.

    A server that answers and says no is not tried again: neither a wrong host key nor a refused login gets better by waiting.
    """
    deadline = time.monotonic() + patience
    while True:
        try:
            return _login(target, key_file, way())
        except (OSError, EOFError, paramiko.SSHException) as error:
            if _is_an_answer(error) or time.monotonic() > deadline:
                raise _refused(target.address, error) from error
        time.sleep(RETRY_SECONDS)


@dataclass
class _Entrance:
    """The login at the bastion on the way to a server: the caller's, and once that is lost, one more of our own.

    A login breaks when its end does not answer for 45 s (the image's ``ClientAliveInterval`` and ``ClientAliveCountMax``), as on a starved
    host; who waits for a server's first boot holds it for minutes.
    """

    jump_host: JumpHost
    session: Session
    own: contextlib.ExitStack

    def to(self, target: Target) -> paramiko.Channel:
        """Open a connection to a server. Raises :class:`NoWayError`, and :class:`GuestError` when the bastion refuses a new login."""
        transport = self.session.client.get_transport()
        if transport is not None and not transport.is_active():
            self.session = self._again()
            self.own.callback(_close, self.session)
        return forward(self.session, target.address, target.port)

    def _again(self) -> Session:
        try:
            return _login(_bastion(self.jump_host), self.jump_host.key_file, proxy_to(self.jump_host))
        except (OSError, EOFError, paramiko.SSHException) as error:
            if _is_an_answer(error):
                raise _refused(self.jump_host.bastion_address, error) from error
            message = f"the login at the bastion broke, and there is no new one: {type(error).__name__}: {error}"
            raise NoWayError(message) from error


def _bastion(jump_host: JumpHost) -> Target:
    return Target(jump_host.bastion_address, jump_host.bastion_host_key, jump_host.port)


def _close(session: Session) -> None:
    """Log out. A connection that is broken already cannot be closed politely, and that is no news."""
    with contextlib.suppress(OSError, EOFError, paramiko.SSHException):
        session.client.close()
    if session.proxy:
        session.proxy.dispose()


def forward(via: Session, address: str, port: int) -> paramiko.Channel:
    """Open a connection from the bastion to a server (RFC 4254 section 7.2, direct-tcpip).

    Raises :class:`NoWayError`, and :class:`ClosedHereError` when whoever logged in at the bastion has logged out.
    """
    transport = via.client.get_transport()
    if transport is None:
        message = "the login at the bastion was closed here"
        raise ClosedHereError(message)
    try:
        return transport.open_channel("direct-tcpip", (address, port), ("127.0.0.1", 0), timeout=CONNECT_SECONDS)
    except paramiko.SSHException as error:
        message = f"{type(error).__name__}: {error}"
        raise NoWayError(message) from error


@contextlib.contextmanager
def open_bastion(jump_host: JumpHost, *, patience: float | None = None) -> Iterator[Session]:
    """Log in at the bastion, trying again for ``patience`` seconds (:data:`PATIENCE_SECONDS`). Raises :class:`GuestError`."""
    longest = PATIENCE_SECONDS if patience is None else patience
    session = _connect(_bastion(jump_host), jump_host.key_file, lambda: proxy_to(jump_host), longest)
    try:
        yield session
    finally:
        _close(session)


@contextlib.contextmanager
def open_server(jump_host: JumpHost, target: Target, *, via: Session | None = None, patience: float | None = None) -> Iterator[Session]:
    """Log in at a server through the bastion; ``via`` is an open login there, to be used for many servers.

    One that has broken since is replaced, for this server. Without an answer from the server, tries again for ``patience`` seconds
    (:data:`PATIENCE_SECONDS`). Raises :class:`GuestError`.
    """
    with contextlib.ExitStack() as stack:
        entrance = _Entrance(jump_host, via or stack.enter_context(open_bastion(jump_host)), stack)
        longest = PATIENCE_SECONDS if patience is None else patience
        session = _connect(target, jump_host.key_file, lambda: entrance.to(target), longest)
        stack.callback(_close, session)
        yield session
