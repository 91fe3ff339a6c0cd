"""Where everything of one lab lives, and on which ports it answers. Standard library only: the inside of the lab reads it too."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from ipaddress import IPv4Address, IPv4Interface, IPv4Network, IPv6Interface, IPv6Network
from pathlib import Path
from typing import TYPE_CHECKING, Final

from labcloud.profiles import PROFILES, USUAL

if TYPE_CHECKING:
    from labcloud.profiles import Profile

LOOPBACK: Final = "127.0.0.1"
SYSTEM_PYTHON: Final = "/usr/bin/python3"
CODE: Final = Path(__file__).resolve().parents[1]

# The external network (Neutron's `public`) and the world behind its gateway. The prefixes of `internet` are those that
# RFC 5737 and RFC 3849 keep for documentation: they cannot be anybody's real addresses.
EXTERNAL: Final = IPv4Network("172.24.4.0/24")
EXTERNAL_GATEWAY: Final = IPv4Interface("172.24.4.1/24")
EXTERNAL_POOL: Final = (IPv4Address("172.24.4.10"), IPv4Address("172.24.4.250"))
EXTERNAL6: Final = IPv6Network("2001:db8:4::/64")
EXTERNAL6_GATEWAY: Final = IPv6Interface("2001:db8:4::1/64")
INTERNET_ROUTER: Final = IPv4Interface("203.0.113.1/24")
INTERNET_HOST: Final = IPv4Interface("203.0.113.10/24")
INTERNET_ROUTER6: Final = IPv6Interface("2001:db8:113::1/64")
INTERNET_HOST6: Final = IPv6Interface("2001:db8:113::10/64")
INTERNET_NAMESPACE: Final = "internet"
# Neutron's repair of OVN: how often the lab's looks, and how young what it leaves alone is (``INCONSISTENCIES_OLDER_THAN`` in
# ``neutron/db/ovn_revision_numbers_db.py``), in seconds; how long a repair itself may take.
REPAIR_EVERY: Final = 30
REPAIR_OLDER_THAN: Final = 60
REPAIR_TAKES: Final = 10


@dataclass(frozen=True, slots=True)
class Layout:
    """The paths of one lab below ``root``, the environment and the switch it runs from, the shift of its API ports, and its profile."""

    root: Path
    venv: Path
    switch: Path
    port_offset: int = 0
    virt_type: str = "qemu"
    profile_name: str = USUAL.name

    @property
    def data(self) -> Path:
        """What the services keep: databases, images, volumes."""
        return self.root / "data"

    @property
    def mirror(self) -> Path:
        """What the host outside offers as a package mirror."""
        return self.data / "mirror"

    @property
    def logs(self) -> Path:
        """One log per service, and the supervisor's."""
        return self.root / "log"

    @property
    def overlay(self) -> Path:
        """Upper and work directories of the private /etc and /var."""
        return self.root / "overlay"

    @property
    def config(self) -> Path:
        """The rendered configuration, as it is copied into the private /etc."""
        return self.root / "config"

    @property
    def shims(self) -> Path:
        """Programs that come first in PATH inside: sudo and the wrapper around QEMU."""
        return self.root / "shims"

    @property
    def socket(self) -> Path:
        """The supervisor's control socket."""
        return self.root / "control.sock"

    @property
    def clouds_file(self) -> Path:
        """The ``clouds.yaml`` for whoever uses the cloud (mode 0600: it holds the operator's password)."""
        return self.root / "clouds.yaml"

    @property
    def profile(self) -> Profile:
        """The names of this cloud."""
        return PROFILES[self.profile_name]

    @property
    def operator_file(self) -> Path:
        """The ``clouds.yaml`` for the operator on this machine; on the usual lab the same as :attr:`clouds_file`, which is used inside."""
        return self.root / "operator" / "clouds.yaml" if self.profile.tls else self.clouds_file

    @property
    def authority_file(self) -> Path:
        """The certificate of the authority that the APIs' certificate is signed by, where they speak TLS."""
        return self.root / "operator" / "ca.pem"

    @property
    def certificate_file(self) -> Path:
        """The APIs' certificate and its key (mode 0600), where they speak TLS."""
        return self.root / "apis.pem"

    @property
    def secrets_file(self) -> Path:
        """The passwords (mode 0600)."""
        return self.root / "secrets.json"

    @property
    def mysql_socket(self) -> Path:
        """MariaDB's socket; /run is private to the lab."""
        return Path("/run/mysqld/mysqld.sock")

    @property
    def search_path(self) -> str:
        """PATH of everything that runs inside."""
        system = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        return f"{self.shims}:{self.venv}/bin:{system}"

    def log(self, service: str) -> Path:
        """The log of one service."""
        return self.logs / f"{service}.log"

    def port(self, standard: int) -> int:
        """The port on which an API with this standard port answers."""
        return standard + self.port_offset

    def url(self, standard: int) -> str:
        """The address of an API on the loopback inside the lab."""
        return f"http://{LOOPBACK}:{self.port(standard)}"

    def internal_url(self, standard: int) -> str:
        """The address of an API in the catalog for whoever is inside."""
        return self.url(standard).replace(LOOPBACK, self.profile.inside or LOOPBACK)

    def public_url(self, standard: int) -> str:
        """The address of an API on the machine's loopback, by the forwarder."""
        return self.url(standard).replace("http:", "https:") if self.profile.tls else self.url(standard)

    def save(self) -> None:
        """Write down what :meth:`load` needs, for the programs inside."""
        facts = {name: str(value) if isinstance(value, Path) else value for name, value in asdict(self).items()}
        (self.root / "layout.json").write_text(json.dumps(facts, indent=1) + "\n")

    @classmethod
    def load(cls, root: Path) -> Layout:
        """Read the layout of an existing lab; ``FileNotFoundError`` when there is none."""
        facts = json.loads((root / "layout.json").read_text())
        venv, switch, profile = Path(facts["venv"]), Path(facts.get("switch", "")), str(facts.get("profile_name", USUAL.name))
        return cls(root, venv, switch, int(facts["port_offset"]), str(facts["virt_type"]), profile)
