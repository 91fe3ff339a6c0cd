"""Pinned host keys and the two hops, against SSH servers that live inside the test."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from typing import TYPE_CHECKING

import paramiko
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from infra.errors import GuestError
from infra.ssh import access

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.fast


def new_key(file: Path) -> paramiko.PKey:
    """Write a new private key and return it as paramiko sees it."""
    private = Ed25519PrivateKey.generate()
    pem = private.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption())
    file.write_bytes(pem)
    return access.private_key(file)


def written(key: paramiko.PKey) -> str:
    """Render a host key as a server prints it."""
    return f"{key.get_name()} {key.get_base64()}"


ECHOED = 7
"""How every command ends."""
REFUSED = 2
"""SSH_OPEN_CONNECT_FAILED (RFC 4254, section 5.1)."""
DEAD = "172.30.0.6"
"""The address that nobody answers from."""


class Account(paramiko.ServerInterface):
    """Lets the automation in with one key; runs every command as an echo of its input; forwards to any address but one."""

    def __init__(self, key: paramiko.PKey, log: list[str], name: str) -> None:
        self._key, self._log, self._name = key, log, name

    def check_auth_publickey(self, username: str, key: paramiko.PKey) -> int:
        """Accept the automation's key."""
        good = username == access.USER and key == self._key
        return paramiko.AUTH_SUCCESSFUL if good else paramiko.AUTH_FAILED  # type: ignore[attr-defined,no-any-return]

    def check_channel_request(self, kind: str, chanid: int) -> int:  # noqa: ARG002 - paramiko's names
        """Allow sessions."""
        return paramiko.OPEN_SUCCEEDED  # type: ignore[attr-defined,no-any-return]

    def check_channel_direct_tcpip_request(self, chanid: int, origin: tuple[str, int], destination: tuple[str, int]) -> int:  # noqa: ARG002
        """Remember where a hop leads."""
        if destination[0] == DEAD:
            return REFUSED
        self._log.append(f"{self._name} -> {destination[0]}:{destination[1]}")
        return paramiko.OPEN_SUCCEEDED  # type: ignore[attr-defined,no-any-return]

    def check_channel_exec_request(self, channel: paramiko.Channel, command: bytes) -> bool:
        """Echo the command and its input, end with status 7."""
        self._log.append(f"{self._name}$ {command.decode()}")

        def run() -> None:
            text = channel.makefile("rb").read()
            channel.sendall(command + b"|" + text)
            channel.sendall_stderr(b"warned")
            channel.send_exit_status(7)
            with contextlib.suppress(EOFError):  # closing says "that was all" first: who has heard it and the status may hang up at once
                channel.close()

        threading.Thread(target=run, daemon=True).start()
        return True


class Net:
    """Two SSH servers without a network: the bastion behind a socket pair, the server behind the bastion's hop."""

    def __init__(self, folder: Path) -> None:
        self.key_file = folder / "automation"
        self.user_key = new_key(self.key_file)
        self.bastion_key, self.server_key = new_key(folder / "b"), new_key(folder / "s")
        self.log: list[str] = []
        self.transports: list[paramiko.Transport] = []

    def connect(self, host_key: paramiko.PKey, name: str) -> socket.socket:
        """Return the client's end of a connection to a new SSH server."""
        client, server = socket.socketpair()
        transport = paramiko.Transport(server)
        transport.add_server_key(host_key)
        transport.start_server(event=threading.Event(), server=Account(self.user_key, self.log, name))
        self.transports.append(transport)
        return client

    def jump_host(self, pinned: paramiko.PKey) -> access.JumpHost:
        """Return the jump host with a pinned bastion key."""
        return access.JumpHost("172.24.4.9", written(pinned), self.key_file)


FORWARD = access.forward
"""The way from the bastion on, before a test puts another in its place."""


@pytest.fixture
def net(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Net]:
    """Stand in for the network between the operator, the bastion and one server."""
    made = Net(tmp_path)
    monkeypatch.setattr(access, "proxy_to", lambda _jump_host: made.connect(made.bastion_key, "bastion"))

    def forward(_via: access.Session, address: str, port: int) -> socket.socket:
        made.log.append(f"hop {address}:{port}")
        return made.connect(made.server_key, "server")

    monkeypatch.setattr(access, "forward", forward)
    yield made
    for transport in made.transports:
        transport.close()
        transport.join(60)


def test_a_command_runs_behind_both_hops(net: Net) -> None:
    """Words stay words, input arrives, both outputs and the status come back."""
    target = access.Target("172.30.0.5", written(net.server_key))
    with access.open_server(net.jump_host(net.bastion_key), target) as session:
        result = session.run(("sudo", "a b"), stdin="text")
    assert result == access.Completed(7, "sudo 'a b'|text", "warned")
    assert net.log == ["hop 172.30.0.5:22", "server$ sudo 'a b'"]


def test_another_host_key_ends_the_attempt_at_once(net: Net, monkeypatch: pytest.MonkeyPatch) -> None:
    """At either hop: no second try, no command, and words that tell it from a dead host."""
    monkeypatch.setattr(time, "sleep", lambda _seconds: pytest.fail("it was tried again"))
    wrong_server = access.Target("172.30.0.5", written(net.bastion_key))
    with (
        pytest.raises(GuestError, match="another host key than the pinned one"),
        access.open_server(net.jump_host(net.bastion_key), wrong_server),
    ):
        pytest.fail("logged in")
    with pytest.raises(GuestError, match="another host key than the pinned one"), access.open_bastion(net.jump_host(net.server_key)):
        pytest.fail("logged in")
    assert not [entry for entry in net.log if "$" in entry]


def test_a_refused_login_is_not_tried_again(net: Net, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key that the bastion does not know will not be known later."""
    monkeypatch.setattr(time, "sleep", lambda _seconds: pytest.fail("it was tried again"))
    new_key(tmp_path / "stranger")
    jump_host = access.JumpHost("172.24.4.9", written(net.bastion_key), tmp_path / "stranger")
    with pytest.raises(GuestError, match="the login failed"), access.open_bastion(jump_host):
        pytest.fail("logged in")


def test_nobody_there_is_tried_again_until_patience_ends(net: Net, monkeypatch: pytest.MonkeyPatch) -> None:
    """A port's flows may lag behind; a dead host ends in an error that names it."""
    tries: list[int] = []

    def nobody(_jump_host: access.JumpHost) -> None:
        tries.append(1)
        message = "no route to host"
        raise OSError(message)

    monkeypatch.setattr(access, "proxy_to", nobody)
    monkeypatch.setattr(access, "RETRY_SECONDS", 0.01)
    monkeypatch.setattr(access, "PATIENCE_SECONDS", 0.1)
    with pytest.raises(GuestError, match=r"172\.24\.4\.9: the login failed"), access.open_bastion(net.jump_host(net.bastion_key)):
        pytest.fail("logged in")
    assert len(tries) > 1


def test_a_server_that_the_bastion_does_not_reach_is_told_from_one_that_refuses(net: Net, monkeypatch: pytest.MonkeyPatch) -> None:
    """The bastion answers that it got no connection: tried again until patience ends, and then the way is named and not the login."""
    monkeypatch.setattr(access, "forward", FORWARD)
    monkeypatch.setattr(access, "RETRY_SECONDS", 0.01)
    monkeypatch.setattr(access, "PATIENCE_SECONDS", 0.1)
    target = access.Target(DEAD, written(net.server_key))
    with (
        pytest.raises(GuestError, match=r"172\.30\.0\.6: the bastion gets no connection to the server(.|\n)*got: ChannelException"),
        access.open_server(net.jump_host(net.bastion_key), target),
    ):
        pytest.fail("logged in")


def test_a_login_at_the_bastion_that_broke_is_replaced_on_the_way_to_a_server(net: Net) -> None:
    """Who waits for a server's first boot holds the login for minutes; its end may have given up meanwhile."""
    target, way = access.Target("172.30.0.5", written(net.server_key)), net.jump_host(net.bastion_key)
    with access.open_bastion(way) as bastion:
        net.transports[0].close()
        net.transports[0].join(60)
        while (transport := bastion.client.get_transport()) is not None and transport.is_active():
            transport.join(0.01)
        with access.open_server(way, target, via=bastion) as session:
            assert session.run(("true",)).status == ECHOED
    assert net.log == ["hop 172.30.0.5:22", "server$ true"]
    assert len(net.transports) == len(("bastion", "bastion again", "server"))
    net.transports[1].join(60)
    assert not net.transports[1].is_active(), "the new login was not closed"


def test_a_bastion_that_is_another_one_after_a_break_ends_the_attempt_at_once(net: Net, monkeypatch: pytest.MonkeyPatch) -> None:
    """The host key is asked for at every login, and the error names the bastion and not the server."""
    target, way = access.Target("172.30.0.5", written(net.server_key)), net.jump_host(net.bastion_key)
    with access.open_bastion(way) as bastion:
        transport = bastion.client.get_transport()
        assert transport
        transport.close()
        monkeypatch.setattr(access, "proxy_to", lambda _jump_host: net.connect(net.server_key, "stranger"))
        monkeypatch.setattr(time, "sleep", lambda _seconds: pytest.fail("it was tried again"))
        with pytest.raises(GuestError, match=r"172\.24\.4\.9: another host key"), access.open_server(way, target, via=bastion):
            pytest.fail("logged in")
    assert net.log == []


def test_a_login_at_the_bastion_that_was_closed_here_is_not_made_anew(net: Net, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever is interrupted closes it, so that nobody waits for a server any more."""
    monkeypatch.setattr(access, "forward", FORWARD)
    monkeypatch.setattr(time, "sleep", lambda _seconds: pytest.fail("it was tried again"))
    target, way = access.Target("172.30.0.5", written(net.server_key)), net.jump_host(net.bastion_key)
    with access.open_bastion(way) as bastion:
        bastion.client.close()
        with pytest.raises(GuestError, match="was closed here"), access.open_server(way, target, via=bastion):
            pytest.fail("logged in")


def test_the_bastion_is_reached_by_the_proxy_command(tmp_path: Path) -> None:
    """With a proxy command its program is the way, for the bastion's address and port; without, a plain connection is."""
    proxy = access.proxy_to(access.JumpHost("172.24.4.9", "", tmp_path, "echo %h %p", 2222))
    assert proxy
    proxy.dispose()
    assert proxy.cmd == ["echo", "172.24.4.9", "2222"]
    assert access.proxy_to(access.JumpHost("172.24.4.9", "", tmp_path)) is None


def test_a_missing_private_key_says_what_to_do(tmp_path: Path) -> None:
    """The error names the file and the command that makes it."""
    with pytest.raises(GuestError, match="ringfence keys"):
        access.private_key(tmp_path / "nothing")


def test_only_ed25519_can_be_pinned() -> None:
    """The guests have no other host key."""
    with pytest.raises(GuestError, match="not a host key that can be pinned"):
        access.public_key("ssh-rsa AAAA")
