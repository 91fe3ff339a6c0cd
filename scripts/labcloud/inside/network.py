"""Open vSwitch, OVN, the external network and the host that stands for the internet."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

from labcloud.inside.shell import output, run, succeeds
from labcloud.layout import (
    EXTERNAL6_GATEWAY,
    EXTERNAL_GATEWAY,
    INTERNET_HOST,
    INTERNET_HOST6,
    INTERNET_NAMESPACE,
    INTERNET_ROUTER,
    INTERNET_ROUTER6,
)

if TYPE_CHECKING:
    from labcloud.layout import Layout

OUTSIDE = "to-internet"


def switch_database(layout: Layout) -> None:
    """Make Open vSwitch's database, once."""
    _database(layout, "ovs/conf.db", layout.switch / "usr/share/openvswitch/vswitch.ovsschema")


def northbound_database(layout: Layout) -> None:
    """Make OVN's northbound database, once."""
    _database(layout, "ovn/nb.db", Path("/usr/share/ovn/ovn-nb.ovsschema"))


def southbound_database(layout: Layout) -> None:
    """Make OVN's southbound database, once."""
    _database(layout, "ovn/sb.db", Path("/usr/share/ovn/ovn-sb.ovsschema"))


def settings(_layout: Layout) -> None:
    """Say who this chassis is; before the switch starts, because it reads the offload setting only then."""
    external = {
        "system-id": "lab",
        "hostname": "lab",
        "ovn-remote": "unix:/run/ovn/ovnsb_db.sock",
        "ovn-encap-type": "geneve",
        "ovn-encap-ip": "127.0.0.1",
        "ovn-bridge-mappings": "public:br-ex",
        "ovn-bridge-datapath-type": "netdev",
        "ovn-cms-options": "enable-chassis-as-gw",
        "ovn-monitor-all": "true",
    }
    run(
        *("ovs-vsctl", "--no-wait", "set", "Open_vSwitch", "."),
        *(f'external-ids:{name}="{value}"' for name, value in external.items()),
        # Carries the virtio-net header through the switch: without it partial checksums of guests arrive as wrong ones.
        "other_config:userspace-tso-enable=true",
        *("system-type=debian", "system-version=12"),
    )


def bridges(_layout: Layout) -> None:
    """Make the integration bridge and the external network, and give the lab its address in the latter."""
    for bridge, mode in (("br-int", "secure"), ("br-ex", "standalone")):
        run(
            *("ovs-vsctl", "--may-exist", "add-br", bridge),
            *("--", "set", "Bridge", bridge, "datapath_type=netdev", f"fail-mode={mode}"),
            # A value that is always new: only for a change does the command wait until the switch has configured its cards.
            *("--", "set", "Open_vSwitch", ".", f"external-ids:configured={time.time_ns()}"),
        )
    run("ip", "address", "replace", str(EXTERNAL_GATEWAY), "dev", "br-ex")
    run("ip", "address", "replace", str(EXTERNAL6_GATEWAY), "dev", "br-ex", "nodad")
    run("ip", "link", "set", "br-ex", "up")
    # Segmented frames that pass a router or NAT in Open vSwitch 3.1 are lost: offer none from this side either.
    run("ethtool", "-K", "br-ex", "tso", "off", "gso", "off", "tx", "off")


def internet(_layout: Layout) -> None:
    """Make the host outside the tenants: a network namespace behind the external network's gateway."""
    if not Path("/run/netns", INTERNET_NAMESPACE).exists():
        run("ip", "netns", "add", INTERNET_NAMESPACE)
    there = ("ip", "-n", INTERNET_NAMESPACE)
    if not succeeds("ip", "link", "show", OUTSIDE):
        run("ip", "link", "add", OUTSIDE, "type", "veth", "peer", "name", "eth0", "netns", INTERNET_NAMESPACE)
    run("ip", "address", "replace", str(INTERNET_ROUTER), "dev", OUTSIDE)
    run("ip", "address", "replace", str(INTERNET_ROUTER6), "dev", OUTSIDE, "nodad")
    run("ip", "link", "set", OUTSIDE, "up")
    run(*there, "link", "set", "lo", "up")
    run(*there, "address", "replace", str(INTERNET_HOST), "dev", "eth0")
    run(*there, "address", "replace", str(INTERNET_HOST6), "dev", "eth0", "nodad")
    run(*there, "link", "set", "eth0", "up")
    run(*there, "route", "replace", "default", "via", str(INTERNET_ROUTER.ip))
    run(*there, "-6", "route", "replace", "default", "via", str(INTERNET_ROUTER6.ip))


def _database(layout: Layout, name: str, schema: Path) -> None:
    """Create one OVSDB file, by way of a draft, because a half-written one would be taken for whole; bring an older one up to date."""
    file = layout.data / name
    if file.exists():
        if output("ovsdb-tool", "needs-conversion", file, schema) == "yes":
            run("ovsdb-tool", "convert", file, schema)
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_suffix(".draft")
    draft.unlink(missing_ok=True)
    run("ovsdb-tool", "create", draft, schema)
    draft.rename(file)
    output("ovsdb-tool", "db-version", file)
