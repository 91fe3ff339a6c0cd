"""Which devices the watch takes for a server's that is off."""

from __future__ import annotations

from labcloud.inside.taps import devices_off

SHOWN = r"""
1: lo: <LOOPBACK> mtu 65536 state DOWN mode DEFAULT\    link/loopback 00:00:00:00:00:00
4: br-int: <BROADCAST,MULTICAST,PROMISC> mtu 1442 state DOWN mode DEFAULT\    link/ether 02:00:00:00:00:01
6: tap0a1b2c3d-4e: <BROADCAST,MULTICAST,PROMISC,UP,LOWER_UP> mtu 1442 state UNKNOWN mode DEFAULT\    link/ether fe:16:3e:00:00:01
8: tap54da5c36-a0: <BROADCAST,MULTICAST,PROMISC> mtu 1442 state DOWN mode DEFAULT\    link/ether fe:16:3e:00:00:02
9: tap11111111-22: <NO-CARRIER,BROADCAST,MULTICAST,UP> mtu 1442 state DOWN mode DEFAULT\    link/ether fe:16:3e:00:00:03
10: tap33333333-44@if2: <BROADCAST,MULTICAST> mtu 1442 state DOWN mode DEFAULT\    link/ether fe:16:3e:00:00:04
"""


def test_only_servers_devices_that_are_switched_off() -> None:
    """Off is the flag, not the state: a device without a carrier is on. Bridges and the loopback are nobody's server."""
    assert devices_off(SHOWN.splitlines()) == ["tap54da5c36-a0", "tap33333333-44"]
