"""Controls of the kernel: its parameters, and the modules that it does not load."""

from __future__ import annotations

from hardening.controls.model import Control, KernelModule, KernelParameter

VM, CONFIGURATION, NETWORK, VULNERABILITY = "CLD.9.5.2", "8.9", "8.20", "8.8"


def _everywhere(family: int, switch: str, value: str) -> tuple[KernelParameter, ...]:
    """A switch for all NICs and for those to come.

    "all" is no more than a name for IPv6: NICs that were there before the file is read have to be named too (sysctl.d(5): globs).
    """
    places = ("all", "default", "*") if family == 6 else ("all", "default")  # noqa: PLR2004 - the family's own name
    return tuple(KernelParameter(f"net.ipv{family}.conf.{place}.{switch}", value) for place in places)


NETWORKING = (
    Control(
        "no-router",
        "A server is an end point and hands no packet on",
        (VM, NETWORK),
        ("3.3.1.1", "3.3.1.2", "3.3.1.3", "3.3.2.1", "3.3.2.2"),
        ("R12",),
        (KernelParameter("net.ipv4.ip_forward", "0"), *_everywhere(4, "forwarding", "0"), *_everywhere(6, "forwarding", "0")),
        may_break="containers and VPNs that route on the server",
    ),
    Control(
        "source-on-its-nic",
        "A packet whose sender would be answered by another NIC is dropped",
        (VM, NETWORK),
        ("3.3.1.12", "3.3.1.13"),
        ("R12",),
        # The kernel takes the greater one of "all" and the card's, and 2 looks at no NIC: Debian's package of settings is left out.
        _everywhere(4, "rp_filter", "1"),
        may_break="routes that lead out by another NIC than answers come in",
    ),
    Control(
        "address-of-one-nic",
        "ARP tells an address only on the NIC that has it",
        (VM, NETWORK),
        (),
        ("R12",),
        # Not 2, as ANSSI has it: a server would not answer neighbours whose ARP names an address outside of its subnet.
        (*_everywhere(4, "arp_ignore", "1"), *_everywhere(4, "arp_announce", "2")),
    ),
    Control(
        "nobody-redirects",
        "Nobody on a segment changes a server's routes, and a server changes nobody's",
        (VM, NETWORK),
        ("3.3.1.4", "3.3.1.5", "3.3.1.8", "3.3.1.9", "3.3.1.10", "3.3.1.11", "3.3.2.3", "3.3.2.4"),
        ("R12", "R13"),
        (
            *_everywhere(4, "accept_redirects", "0"),
            *_everywhere(4, "secure_redirects", "0"),
            *_everywhere(4, "send_redirects", "0"),
            *_everywhere(4, "shared_media", "0"),
            *_everywhere(6, "accept_redirects", "0"),
        ),
    ),
    Control(
        "no-source-routes",
        "No sender chooses the way of the packets",
        (VM, NETWORK),
        ("3.3.1.14", "3.3.1.15", "3.3.2.5", "3.3.2.6"),
        ("R12", "R13"),
        (*_everywhere(4, "accept_source_route", "0"), *_everywhere(6, "accept_source_route", "0")),
    ),
    Control(
        "no-advertised-router",
        "Addresses and routes come from the declaration only, never from an advertisement",
        (VM, NETWORK),
        ("3.3.2.7", "3.3.2.8"),
        ("R13",),
        (
            *_everywhere(6, "accept_ra", "0"),
            *_everywhere(6, "accept_ra_defrtr", "0"),
            *_everywhere(6, "accept_ra_pinfo", "0"),
            *_everywhere(6, "accept_ra_rtr_pref", "0"),
            *_everywhere(6, "autoconf", "0"),
            *_everywhere(6, "max_addresses", "1"),
            *_everywhere(6, "router_solicitations", "0"),
        ),
    ),
    Control(
        "strange-packets",
        "Impossible senders are logged, broadcasts are not answered, half-open connections take no memory",
        (VM, NETWORK, "8.15"),
        ("3.3.1.6", "3.3.1.7", "3.3.1.16", "3.3.1.17", "3.3.1.18"),
        ("R12",),
        (
            *_everywhere(4, "log_martians", "1"),
            *_everywhere(4, "accept_local", "0"),
            *_everywhere(4, "route_localnet", "0"),
            KernelParameter("net.ipv4.icmp_echo_ignore_broadcasts", "1"),
            KernelParameter("net.ipv4.icmp_ignore_bogus_error_responses", "1"),
            KernelParameter("net.ipv4.tcp_syncookies", "1"),
            KernelParameter("net.ipv4.tcp_rfc1337", "1"),
        ),
    ),
)

PROCESSES = (
    Control(
        "kernel-keeps-its-secrets",
        "The kernel tells neither its addresses nor its messages, and takes no commands from a keyboard",
        (VM, CONFIGURATION),
        # 1.5.8 in the examiner's content takes 1 only; 2 hides the addresses from root as well.
        ("1.5.5", "1.5.8"),
        ("R9",),
        (
            KernelParameter("kernel.kptr_restrict", "2"),
            KernelParameter("kernel.dmesg_restrict", "1"),
            KernelParameter("kernel.sysrq", "0"),
            KernelParameter("kernel.panic_on_oops", "1"),
        ),
        may_break="tools that read kernel symbols or dmesg without root",
    ),
    Control(
        "no-programs-in-the-kernel",
        "Only root loads programs into the kernel, measures it, or maps its lowest memory",
        (VM, CONFIGURATION),
        (),
        ("R8", "R9", "R12"),
        (
            KernelParameter("kernel.unprivileged_bpf_disabled", "1"),
            KernelParameter("net.core.bpf_jit_harden", "2"),
            KernelParameter("kernel.perf_event_paranoid", "3"),
            KernelParameter("kernel.perf_event_max_sample_rate", "1"),
            KernelParameter("kernel.perf_cpu_time_max_percent", "1"),
            KernelParameter("vm.mmap_min_addr", "65536"),
        ),
        may_break="profilers",
    ),
    Control(
        "processes-apart",
        "A process is placed at random and debugged by its parent only",
        (VM, CONFIGURATION),
        ("1.5.3", "1.5.9", "1.5.10"),
        ("R9", "R11"),
        (KernelParameter("kernel.randomize_va_space", "2"), KernelParameter("kernel.yama.ptrace_scope", "1")),
        may_break="debuggers that attach to a running process of the same account",
    ),
    Control(
        "links-and-pipes",
        "Links and pipes in folders that everybody may write lead nobody to a file of somebody else",
        (VM, CONFIGURATION),
        ("1.5.1", "1.5.2"),
        ("R14",),
        tuple(
            KernelParameter(f"fs.protected_{kind}", value)
            for kind, value in (("hardlinks", "1"), ("symlinks", "1"), ("regular", "2"), ("fifos", "2"))
        ),
    ),
)

FILE_SYSTEMS = ("cramfs", "freevxfs", "hfs", "hfsplus", "jffs2", "overlay", "udf")
PROTOCOLS = ("atm", "can", "dccp", "rds", "sctp", "tipc")
BUSES = ("firewire-core", "usb-storage")

MODULES = (
    Control(
        "no-strange-file-systems",
        "File systems that no server uses are not loaded",
        (VM, CONFIGURATION),
        ("1.1.1.1", "1.1.1.2", "1.1.1.3", "1.1.1.4", "1.1.1.5", "1.1.1.6", "1.1.1.8"),
        ("R10",),
        tuple(map(KernelModule, FILE_SYSTEMS)),
        may_break="containers with overlay file systems",
    ),
    Control(
        "no-strange-protocols",
        "Protocols that no flow can declare are not loaded",
        (VM, NETWORK),
        ("3.2.1", "3.2.2", "3.2.3", "3.2.4", "3.2.5", "3.2.6"),
        ("R10",),
        tuple(map(KernelModule, PROTOCOLS)),
        may_break="programs that speak SCTP",
    ),
    Control(
        "no-disks-from-outside",
        "Disks come from the cloud only: no USB storage, no FireWire",
        (VM, CONFIGURATION),
        ("1.1.1.9", "1.1.1.10"),
        ("R10",),
        tuple(map(KernelModule, BUSES)),
    ),
)

CONTROLS = (*NETWORKING, *PROCESSES, *MODULES)
