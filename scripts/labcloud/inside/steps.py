"""All steps by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from labcloud.inside import ceph, network, stores, taps
from labcloud.inside.configure import configure
from labcloud.inside.guests import guests_off
from labcloud.inside.schema import schema

if TYPE_CHECKING:
    from collections.abc import Callable

    from labcloud.layout import Layout

STEPS: Final[dict[str, Callable[[Layout], None]]] = {
    "configure": configure,
    "schema": schema,
    "keystone-keys": stores.keystone_keys,
    "mariadb-data": stores.mariadb_data,
    "rabbitmq-data": stores.rabbitmq_data,
    "guests-off": guests_off,
    "libvirt-user": stores.libvirt_user,
    "ceph-mon-data": ceph.monitor_data,
    "ceph-osd-data": ceph.disk_data,
    "ceph-pools": ceph.pools,
    "ceph-hypervisor-key": ceph.hypervisor_key,
    "ovsdb-data": network.switch_database,
    "ovn-northbound-data": network.northbound_database,
    "ovn-southbound-data": network.southbound_database,
    "ovs-settings": network.settings,
    "bridges": network.bridges,
    "internet": network.internet,
    "taps-on": taps.keep_on,
}
