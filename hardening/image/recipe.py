"""What the guest image is made of, as data. Everything that changes the image is in this package, so its hash names the image."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

SUITE: Final = "trixie"
KEYRING: Final = "/usr/share/keyrings/debian-archive-keyring.gpg"

PACKAGES: Final = (
    "acpid",  # the cloud's power button; systemd-logind would do more than that
    "ca-certificates",  # for the mirrors and time servers outside; among themselves servers trust the platform only
    "chrony",  # time; starts where a server's files have it
    "e2fsprogs",
    "fdisk",  # sfdisk: the root partition grows on first boot
    "iproute2",
    "iputils-arping",
    "iputils-ping",
    "kmod",
    "linux-image-cloud-amd64",
    "netbase",
    "nftables",
    "nginx",  # the proxy for packages; starts on the services server only
    "openssh-server",
    "procps",
    "python3-minimal",  # first boot, policy command, the agent of the live probes
    "sudo",
    "systemd",
    "systemd-sysv",
    "tiny-initramfs",  # 40 KiB instead of 17 MiB: three seconds of an emulated CPU for each mebibyte
    "udev",
)

EXCLUDED_PATHS: Final = (
    "/usr/share/doc/*",
    "/usr/share/info/*",
    "/usr/share/locale/*",
    "/usr/share/man/*",
)
INCLUDED_PATHS: Final = ("/usr/share/doc/*/copyright",)
"""Licences stay, as they must."""

ACCOUNT: Final = "ringfence"

NOLOGIN: Final = "/usr/sbin/nologin"
OPERATORS: Final = {
    "rf-admin": ("/", "/bin/sh"),
    "rf-observer": ("/", "/bin/sh"),
    "rf-through": ("/", NOLOGIN),
    "rf-observing": ("/home/rf-observing", "/bin/sh"),
}
"""Accounts of operators with home and shell. Nobody writes into a home of ``/``, so no file of it runs before a session is recorded."""

MASKED_UNITS: Final = (
    # Nobody logs in on a console of a server.
    "autovt@.service",
    "console-getty.service",
    "container-getty@.service",
    "getty-static.service",
    "getty.target",
    "getty@.service",
    "serial-getty@.service",
    "systemd-ask-password-console.path",
    "systemd-ask-password-wall.path",
    # No seats, no users' managers, no names of hosts from elsewhere.
    "systemd-hostnamed.socket",
    "systemd-logind.service",
    # Nobody copies each line of the journal to a socket.
    "syslog.socket",
    # The packet filter is ours; Debian's unit would flush it when it stops.
    "nftables.service",
    # First boot makes one host key and knows the name of the host.
    "sshd-keygen.service",
    "sshd-vsock.socket",
    "sshd-unix-local.socket",
    "systemd-firstboot.service",
    "systemd-networkd-wait-online.service",
    "systemd-networkd-persistent-storage.service",
    # Hardware that a virtual server has not: TPM, batteries, firmware's stores, other binary formats, huge pages.
    "systemd-battery-check.service",
    "systemd-binfmt.service",
    "systemd-hibernate-clear.service",
    "systemd-pcrextend.socket",
    "systemd-pcrlock.socket",
    "systemd-pcrmachine.service",
    "systemd-pcrphase-sysinit.service",
    "systemd-pcrphase.service",
    "systemd-pstore.service",
    "systemd-tpm2-setup-early.service",
    "systemd-tpm2-setup.service",
    "tpm2.target",
    "dev-hugepages.mount",
    "dev-mqueue.mount",
    "proc-sys-fs-binfmt_misc.automount",
    "proc-sys-fs-binfmt_misc.mount",
    # Kernel debugging interfaces: an attack surface, not a service.
    "sys-fs-fuse-connections.mount",
    "sys-kernel-config.mount",
    "sys-kernel-debug.mount",
    "sys-kernel-tracing.mount",
    "modprobe@.service",
    # Done while the image is built, or by the initramfs: modules are loaded there, the root is mounted for writing there.
    "kmod-static-nodes.service",
    "systemd-modules-load.service",
    "systemd-remount-fs.service",
    "systemd-tmpfiles-setup-dev-early.service",
    "systemd-tmpfiles-setup-dev.service",
    "ldconfig.service",
    "systemd-hwdb-update.service",
    "systemd-journal-catalog-update.service",
    "systemd-sysusers.service",
    "systemd-update-done.service",
    # The journal is kept in memory, entropy comes from the host's generator, nobody is held back from logging in, no legacy locks.
    "run-lock.mount",
    "systemd-journal-flush.service",
    "systemd-random-seed.service",
    "systemd-user-sessions.service",
    # Interfaces to extensions and credentials that nobody uses here.
    "systemd-creds.socket",
    "systemd-initctl.socket",
    "systemd-sysext.socket",
    "systemd-udev-load-credentials.service",
    # Housekeeping that belongs to whoever declares it.
    "apt-daily-upgrade.timer",
    "apt-daily.timer",
    "dpkg-db-backup.timer",
    "e2scrub_all.timer",
    "e2scrub_reap.service",
    "fstrim.timer",
    "remote-fs.target",
)

MASKED_GENERATORS: Final = (
    "systemd-debug-generator",
    "systemd-getty-generator",
    "systemd-gpt-auto-generator",
    "systemd-hibernate-resume-generator",
    "systemd-rc-local-generator",
    "systemd-run-generator",
    "systemd-ssh-generator",
    "systemd-system-update-generator",
    "systemd-sysv-generator",
    "systemd-tpm2-generator",
)

MASKED_UDEV_RULES: Final = (
    # Rules for devices that a virtual server has not; udevd reads all of them before the first card gets its name.
    "60-autosuspend.rules",
    "60-drm.rules",
    "60-fido-id.rules",
    "60-infiniband.rules",
    "60-input-id.rules",
    "60-persistent-alsa.rules",
    "60-persistent-input.rules",
    "60-persistent-storage-mtd.rules",
    "60-persistent-storage-tape.rules",
    "60-persistent-v4l.rules",
    "60-sensor.rules",
    "64-btrfs.rules",
    "70-camera.rules",
    "70-joystick.rules",
    "70-memory.rules",
    "70-mouse.rules",
    "70-touchpad.rules",
    "70-uaccess.rules",
    "71-seat.rules",
    "73-seat-late.rules",
    "75-probe_mtd.rules",
    "78-sound-card.rules",
    "90-iocost.rules",
    "96-e2scrub.rules",
)

ENABLED_UNITS: Final = {
    "sysinit.target": ("ringfence-firewall.service", "ringfence-first-boot.service"),
    "sockets.target": ("ssh.socket",),
    "multi-user.target": (
        "systemd-networkd.service",
        "ssh.service",
        "ringfence-ready.service",
        "ringfence-grow.service",
        # Each starts only where the server's files have it, and after SSH answers.
        "chrony.service",
        "nginx.service",
        "ringfence-logs.service",
        "ringfence-log-store.service",
        "ringfence-relay.service",
        "ringfence-sessions.service",
    ),
    "timers.target": ("ringfence-updates.timer", "ringfence-retention.timer", "ringfence-time.timer"),
}
"""Target to the units that it wants."""

FOLDERS: Final = ("etc/ringfence", "var/lib/ringfence")
"""Folders that are empty in the image; a work tree cannot keep them."""

MODES: Final = {"etc/sudoers.d/ringfence": 0o440, "etc/ringfence": 0o711, "var/lib/ringfence": 0o700}
"""Modes that a work tree cannot keep; further ones are controls' (hardening/controls)."""

MASKED_TMPFILES: Final = (
    "systemd-nologin.conf",  # it would hold logins back until a unit that is masked above lets them in
    "x11.conf",
)

MASKED: Final = {
    "etc/systemd/system": MASKED_UNITS,
    "etc/systemd/system-generators": MASKED_GENERATORS,
    "etc/udev/rules.d": MASKED_UDEV_RULES,
    "etc/tmpfiles.d": MASKED_TMPFILES,
}
"""Folder in the image to the names that are masked in it."""

DEFAULT_TARGET: Final = "multi-user.target"

REMOVED: Final = (
    "etc/*-",  # what the lists of accounts were before the last account
    "etc/apt/sources.list",
    "etc/apt/sources.list.d",
    "etc/machine-id",
    "etc/resolv.conf",
    "etc/ssh/ssh_host_*",
    "var/cache/apt/*",
    "var/lib/apt/lists/*",
    "var/lib/dbus/machine-id",
    "var/log/*",
)
"""Files (patterns) that must not be in an image that is copied: identities, and where this build's packages came from."""

KERNEL_COMMAND_LINE: Final = (
    "rw",
    "rootfstype=ext4",
    "rootflags=noatime",
    "console=ttyS0,115200",
    "net.ifnames=0",  # ours are mgmt0, zone0, ...; until then the kernel's names do
    "quiet",
    "loglevel=4",
    "panic=10",
    # Where no hardware virtualisation helps, an emulated timer is late on a busy host. The kernel would take it for one that is not wired
    # up, try three other ways, and panic when all are late. A kernel that finds KVM leaves this check out by itself.
    "no_timer_check",
    # Debian's list without those that nothing here configures; attaching the one for BPF costs a second of an emulated CPU.
    "lsm=landlock,lockdown,yama,apparmor",
    # What examiners look for. The kernel itself takes the list above.
    "apparmor=1",
    "security=apparmor",
)


@dataclass(frozen=True, slots=True)
class DiskSize:
    """Virtual size of the disk in MiB. Small, because every encrypted volume copies it whole; the root grows to its volume later."""

    mebibytes: int = 640


DISK: Final = DiskSize()
