"""The one line that ``lab env`` prints: all that a shell, ``pulumi`` or a test needs to know of this cloud, and nothing of the lab."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from labcloud.credentials.ceph_accounts import BACKUP_POOL, POOL
from labcloud.layout import INTERNET_HOST, REPAIR_EVERY, REPAIR_OLDER_THAN, REPAIR_TAKES, SYSTEM_PYTHON
from labcloud.processes import enter

if TYPE_CHECKING:
    from labcloud.layout import Layout


def exports(layout: Layout) -> str:
    """The line of `lab env`: the cloud, the way to the bastion, and the host that stands for the internet."""
    enter_command = shlex.join([SYSTEM_PYTHON, "-I", enter.__file__, str(layout.root)])
    variables = {
        "OS_CLIENT_CONFIG_FILE": str(layout.operator_file),
        "OS_CLOUD": layout.profile.cloud,
        # Set and empty: lets a program point OS_CLOUD at nothing for one provider (gophercloud prefers it to credentials).
        "RINGFENCE_NO_CLOUD": "",
        "RINGFENCE_BASTION_PROXY": f"{enter_command} connect %h %p",
        "RINGFENCE_INTERNET_EXEC": f"{enter_command} internet",
        "RINGFENCE_STORAGE_EXEC": f"{enter_command} exec",
        "RINGFENCE_STORAGE_POOL": POOL,
        "RINGFENCE_BACKUP_STORE": f"rbd:{BACKUP_POOL}" if layout.profile.ceph_backups else f"file:{layout.data}/cinder/backups",
        "RINGFENCE_HYPERVISOR_EXEC": f"{enter_command} exec",
        "RINGFENCE_HYPERVISOR_INSTANCES": f"{layout.data}/nova/instances",
        "RINGFENCE_KEYSTORE_SQL": f"{enter_command} exec mariadb --defaults-file=/etc/mysql/lab.cnf --batch --skip-column-names barbican",
        "RINGFENCE_OVN_EXEC": f"{enter_command} exec",
        "RINGFENCE_INTERNET_ADDRESS": str(INTERNET_HOST.ip),
        "RINGFENCE_NEUTRON_REPAIR_SECONDS": str(REPAIR_OLDER_THAN + REPAIR_EVERY + REPAIR_TAKES),
    }
    return "export " + " ".join(f"{name}={shlex.quote(value)}" for name, value in variables.items())
