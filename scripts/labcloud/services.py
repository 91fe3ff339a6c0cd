"""The table of services: what runs in the lab, in which order, and how each is seen to be ready. Pure data, no I/O."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labcloud.apis import APIS, KEYSTONE, ML2_FILES, Api
from labcloud.layout import INTERNET_HOST, INTERNET_NAMESPACE, LOOPBACK, SYSTEM_PYTHON
from labcloud.machine import backport
from labcloud.model import Command, Probe, Service, Stage

if TYPE_CHECKING:
    from labcloud.layout import Layout

OVS_SOCKET = "unix:/run/openvswitch/db.sock"
NORTHBOUND = "unix:/run/ovn/ovnnb_db.sock"
SOUTHBOUND = "unix:/run/ovn/ovnsb_db.sock"
SWITCH_CONTROL = "/run/openvswitch/ovs-vswitchd.ctl"
TITLES = {
    Stage.STORES: "databases, storage monitor",
    Stage.PLATFORM: "virtual switch, storage, hypervisor",
    Stage.CHASSIS: "network controller",
    Stage.IDENTITY: "Keystone, message bus",
    Stage.CONTROL: "OpenStack APIs and schedulers",
    Stage.WORKERS: "compute host",
}
# ovn-appctl finds the process by this file; this version of ovn-controller cannot be told a control socket.
CHASSIS_PID = "/run/ovn/ovn-controller.pid"


def step(layout: Layout, name: str) -> Command:
    """The command that runs one prepared step inside the lab (see :mod:`labcloud.inside`)."""
    return (SYSTEM_PYTHON, "-m", "labcloud.inside", str(layout.root), name)


def services(layout: Layout) -> tuple[Service, ...]:
    """Every service of the lab."""
    return (*_stores(layout), *_platform(layout), *_outside(layout), _bus(layout), *_apis(layout), *_workers(layout))


def _stores(layout: Layout) -> tuple[Service, ...]:
    """Databases and cache: everything that needs nothing else."""
    data = layout.data
    return (
        Service(
            "mariadb",
            Stage.STORES,
            "databases of the OpenStack services",
            ("mariadbd", "--defaults-file=/etc/mysql/lab.cnf"),
            Probe.command("mariadb-admin", "--defaults-file=/etc/mysql/lab.cnf", "ping"),
            before=(step(layout, "mariadb-data"),),
        ),
        Service(
            "memcached",
            Stage.STORES,
            "cache of tokens",
            ("memcached", "-u", "root", "-l", LOOPBACK, "-p", "11211", "-m", "64", "-t", "2"),
            Probe.tcp(LOOPBACK, 11211),
        ),
        _ovsdb(
            layout,
            "ovsdb",
            "database of Open vSwitch",
            (f"{data}/ovs/conf.db", "/run/openvswitch/db.sock", "6640"),
            Probe.command("ovs-vsctl", "--timeout=5", "--no-wait", "init"),
            extra=("--remote=db:Open_vSwitch,Open_vSwitch,manager_options",),
            after=(step(layout, "ovs-settings"),),
        ),
        _ovsdb(
            layout,
            "ovn-northbound",
            "database of OVN: the networks that Neutron wants",
            (f"{data}/ovn/nb.db", "/run/ovn/ovnnb_db.sock", "6641"),
            Probe.command("ovn-nbctl", "--timeout=5", f"--db={NORTHBOUND}", "init"),
        ),
        _ovsdb(
            layout,
            "ovn-southbound",
            "database of OVN: the flows that follow from them",
            (f"{data}/ovn/sb.db", "/run/ovn/ovnsb_db.sock", "6642"),
            Probe.command("ovn-sbctl", "--timeout=5", f"--db={SOUTHBOUND}", "init"),
        ),
        Service(
            "ceph-mon",
            Stage.STORES,
            "Ceph: monitor",
            ("ceph-mon", "-f", "-i", "lab"),
            Probe.ceph("/run/ceph/ceph-mon.lab.asok", "mon_status", "leader"),
            before=(step(layout, "ceph-mon-data"),),
        ),
        Service("virtlogd", Stage.STORES, "consoles of the servers", ("virtlogd",)),
    )


def _ovsdb(
    layout: Layout,
    name: str,
    purpose: str,
    where: tuple[str, str, str],
    ready: Probe,
    *,
    extra: Command = (),
    after: tuple[Command, ...] = (),
) -> Service:
    """One ovsdb-server on a file, a socket and a port of the loopback."""
    file, socket, port = where
    return Service(
        name,
        Stage.STORES,
        purpose,
        (
            "ovsdb-server",
            file,
            f"--remote=punix:{socket}",
            f"--remote=ptcp:{port}:{LOOPBACK}",
            f"--unixctl={socket}.ctl",
            *extra,
        ),
        ready,
        before=(step(layout, f"{name}-data"),),
        after=after,
    )


def _platform(layout: Layout) -> tuple[Service, ...]:
    """Switch, storage and hypervisor, and OVN's controller on top of the switch."""
    return (
        Service(
            "ovs-vswitchd",
            Stage.PLATFORM,
            "virtual switch (user space)",
            (
                *backport.program(layout.switch),
                OVS_SOCKET,
                "-vconsole:info",
                f"--unixctl={SWITCH_CONTROL}",
                "--pidfile=/run/openvswitch/ovs-vswitchd.pid",
            ),
            Probe.command("ovs-appctl", "-T", "5", "-t", SWITCH_CONTROL, "version"),
            after=(step(layout, "bridges"), step(layout, "internet")),
        ),
        Service("taps", Stage.PLATFORM, "keeps the servers' network devices on", step(layout, "taps-on")),
        Service(
            "ovn-northd",
            Stage.PLATFORM,
            "OVN: networks into flows",
            (
                "ovn-northd",
                f"--ovnnb-db={NORTHBOUND}",
                f"--ovnsb-db={SOUTHBOUND}",
                "--unixctl=/run/ovn/ovn-northd.ctl",
            ),
            Probe.command("ovs-appctl", "-T", "5", "-t", "/run/ovn/ovn-northd.ctl", "status"),
        ),
        Service(
            "ceph-osd",
            Stage.PLATFORM,
            "Ceph: the disk",
            ("ceph-osd", "-f", "-i", "0"),
            Probe.ceph("/run/ceph/ceph-osd.0.asok", "status", "active"),
            before=(step(layout, "ceph-osd-data"),),
        ),
        Service("ceph-mgr", Stage.PLATFORM, "Ceph: manager (capacity)", ("ceph-mgr", "-f", "-i", "lab")),
        Service(
            "libvirtd",
            Stage.PLATFORM,
            "hypervisor",
            ("libvirtd",),
            Probe.command("virsh", "-c", "qemu:///system", "version"),
            before=(step(layout, "libvirt-user"),),
            after=(step(layout, "ceph-hypervisor-key"),),
        ),
        Service(
            "ovn-controller",
            Stage.CHASSIS,
            "OVN: flows into the switch",
            ("ovn-controller", OVS_SOCKET, f"--pidfile={CHASSIS_PID}"),
            Probe.command("ovn-appctl", "-T", "5", "-t", "ovn-controller", "connection-status"),
        ),
    )


def _outside(layout: Layout) -> tuple[Service, ...]:
    """What the host outside offers to whoever gets to it."""
    there = ("ip", "netns", "exec", INTERNET_NAMESPACE, SYSTEM_PYTHON)
    return (
        Service(
            "internet-time",
            Stage.CHASSIS,
            "time server of the host outside",
            (*there, "-m", "labcloud.processes.time_server", str(INTERNET_HOST.ip)),
        ),
        Service(
            "internet-mirror",
            Stage.CHASSIS,
            "package mirror of the host outside",
            (*there, "-m", "http.server", "--bind", str(INTERNET_HOST.ip), "--directory", str(layout.mirror), "80"),
        ),
    )


def _bus(layout: Layout) -> Service:
    """RabbitMQ: nobody needs it before the control plane, and it takes its time, so it starts beside Keystone."""
    return Service(
        "rabbitmq",
        Stage.IDENTITY,
        "message bus",
        ("/usr/lib/rabbitmq/bin/rabbitmq-server",),
        Probe.amqp(LOOPBACK, 5672),
        before=(step(layout, "rabbitmq-data"),),
        environment=(
            ("RABBITMQ_MNESIA_BASE", f"{layout.data}/rabbitmq/mnesia"),
            ("RABBITMQ_LOG_BASE", str(layout.logs / "rabbitmq")),
            ("RABBITMQ_NODENAME", "rabbit@localhost"),
            ("RABBITMQ_PID_FILE", "/run/rabbitmq.pid"),
            ("RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS", "+S 2:2 +sbwt none"),
            ("ERL_EPMD_ADDRESS", LOOPBACK),
        ),
    )


def _apis(layout: Layout) -> tuple[Service, ...]:
    """The OpenStack APIs under uwsgi."""
    return tuple(_api(layout, api) for api in APIS)


def _api(layout: Layout, api: Api) -> Service:
    """One API."""
    return Service(
        api.service,
        Stage.IDENTITY if api is KEYSTONE else Stage.CONTROL,
        f"API: {api.purpose}",
        ("uwsgi", "--ini", f"/etc/uwsgi/{api.service}.ini"),
        Probe.http(layout.url(api.port) + api.health),
        before=(step(layout, "keystone-keys"),) if api is KEYSTONE else (),
    )


def _workers(layout: Layout) -> tuple[Service, ...]:
    """The OpenStack services without an API."""
    venv = f"{layout.venv}/bin"

    repair = (f"{venv}/python", "-m", "labcloud.inside.neutron_repair")

    def worker(name: str, purpose: str, *arguments: str, stage: Stage = Stage.CONTROL, program: Command = ()) -> Service:
        return Service(name, stage, purpose, (*(program or (f"{venv}/{name}",)), *arguments), grace=6.0)

    return (
        worker("nova-conductor", "servers: data base access"),
        worker("nova-scheduler", "servers: placement on hosts"),
        worker("cinder-scheduler", "volumes: choice of the back end"),
        worker("cinder-volume", "volumes: Ceph RBD"),
        worker("cinder-backup", "volumes: backups"),
        worker("neutron-ovn-maintenance-worker", "networks: repair of OVN", *ML2_FILES, stage=Stage.WORKERS, program=repair),
        worker("nova-compute", "servers: this host", stage=Stage.WORKERS),
    )
