"""Configuration files from templates. The tree ``templates/etc`` is the list of them: each file lands at its own path below /etc."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from labcloud.apis import APIS, Api
from labcloud.credentials import authority, ceph_accounts
from labcloud.credentials.ceph_accounts import ACCOUNTS
from labcloud.credentials.passwords import write_private
from labcloud.layout import EXTERNAL_GATEWAY

if TYPE_CHECKING:
    from labcloud.credentials.ceph_accounts import CephAccount
    from labcloud.credentials.passwords import Secrets
    from labcloud.layout import Layout

TEMPLATES: Final = Path(__file__).parent / "templates"
# The first user and its project, in the domain that every Keystone has; on the usual lab they are the operator's.
OPERATOR: Final = "operator"
PROJECT: Final = "platform"
# Sample files that the wheels bring along and that the services read (api-paste.ini, rootwrap filters, policies).
SAMPLED: Final = ("barbican", "cinder", "glance", "keystone", "neutron", "nova")
EXECUTABLE: Final = 0o755


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything that the templates may use."""

    layout: Layout
    secrets: Secrets
    cluster_id: str

    def variables(self) -> dict[str, object]:
        """The names as the templates know them."""
        return {
            "lab": self.layout,
            "secrets": self.secrets,
            "fsid": self.cluster_id,
            "bus_url": f"rabbit://lab:{self.secrets.bus}@127.0.0.1:5672/",
            "region": self.layout.profile.region,
            "profile": self.layout.profile,
            "ceph": ceph_accounts,
            "operator": OPERATOR,
            "project": PROJECT,
        }


@cache
def _environment() -> Environment:
    """Jinja, strict: an unknown name is an error, never an empty word in a configuration."""
    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        undefined=StrictUndefined,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701 - configuration files, not pages
    )


def render(name: str, facts: Facts, **more: object) -> str:
    """Render one template, named by its path below ``templates``."""
    return _environment().get_template(name).render(facts.variables() | more)


def files(facts: Facts) -> dict[str, str]:
    """Every file of /etc by its path below it. Pure but for reading the templates."""
    rendered = {}
    for source in sorted((TEMPLATES / "etc").rglob("*")):
        if source.is_file():
            name = str(source.relative_to(TEMPLATES / "etc"))
            rendered[name.removesuffix(".j2")] = render(f"etc/{name}", facts) if name.endswith(".j2") else source.read_text()
    rendered |= {account.keyring: keyring(facts, account) for account in ACCOUNTS if account is not ceph_accounts.MONITOR}
    rendered[ceph_accounts.ALL] = keyring(facts, *ACCOUNTS)
    return rendered | {f"uwsgi/{api.service}.ini": uwsgi(api, facts) for api in APIS}


def keyring(facts: Facts, *accounts: CephAccount) -> str:
    """The keys of accounts of Ceph."""
    return render("keyring.j2", facts, accounts=accounts)


def uwsgi(api: Api, facts: Facts) -> str:
    """The server of one API."""
    port = facts.layout.port(api.port)
    return render("uwsgi.ini.j2", facts, api=api, port=port, gateway=str(EXTERNAL_GATEWAY.ip))


def write(facts: Facts) -> None:
    """Write the whole configuration below the lab's ``config``, the shims, and the users' ``clouds.yaml``."""
    layout = facts.layout
    etc = layout.config / "etc"
    for name in SAMPLED:
        shutil.copytree(layout.venv / "etc" / name, etc / name, dirs_exist_ok=True)
        _widen_rootwrap(etc / name / "rootwrap.conf", layout)
    for name, text in files(facts).items():
        target = etc / name
        target.parent.mkdir(parents=True, exist_ok=True)
        write_private(target, text)
    for name in ("hosts", "resolv.conf"):
        (etc / name).chmod(0o644)
    layout.shims.mkdir(exist_ok=True)
    for source in (TEMPLATES / "shims").iterdir():
        shutil.copyfile(source, layout.shims / source.name)
        (layout.shims / source.name).chmod(EXECUTABLE)
    write_private(layout.clouds_file, render("clouds.yaml.j2", facts))
    if layout.profile.tls:
        layout.operator_file.parent.mkdir(exist_ok=True)
        write_private(layout.operator_file, render("operator-clouds.yaml.j2", facts))
        authority.make(layout.authority_file, layout.certificate_file)


def _widen_rootwrap(file: Path, layout: Layout) -> None:
    """Let rootwrap find its programs in the virtual environment and in the shims."""
    if file.exists():
        search = layout.search_path.replace(":", ",")
        file.write_text(re.sub(r"^exec_dirs=.*", f"exec_dirs={search}", file.read_text(), flags=re.MULTILINE))
