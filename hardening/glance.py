"""What Glance has to know of the guest image, for servers that boot from it."""

from __future__ import annotations

from infra.declaration import names

IMAGE_PROPERTIES = {
    "hw_machine_type": "q35",
    # Debian's cloud kernel has no AHCI driver: on SATA, where Nova puts it on q35, the guest never sees its config drive.
    "hw_cdrom_bus": "scsi",
    "hw_scsi_model": "virtio-scsi",
    "hw_disk_bus": "virtio",
    "hw_vif_model": "virtio",
    "hw_rng_model": "virtio",
    "os_type": "linux",
    "os_distro": "debian",
    "os_version": "13",
    "ringfence_managed_by": names.MANAGED_BY,
}
IMAGE_MIN_DISK_GIB = 1
IMAGE_VISIBILITY = "public"
DISK_FORMAT = "qcow2"
ARCHITECTURE = "x86_64"
"""What the image is built for, in libvirt's word."""
LEAST_RAM_MIB = 512
"""The smallest memory with which the image was booted (docs/image.md)."""
