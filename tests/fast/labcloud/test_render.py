"""The configuration files."""

from __future__ import annotations

import configparser
import stat
from typing import TYPE_CHECKING

import pytest
import yaml
from jinja2 import UndefinedError

from labcloud import render
from labcloud.apis import APIS, SERVICE_USERS
from labcloud.credentials import ceph_accounts
from labcloud.credentials.ceph_accounts import ACCOUNTS

if TYPE_CHECKING:
    from labcloud.render import Facts

OPENSTACK = (
    "keystone/keystone.conf",
    "placement/placement.conf",
    "glance/glance-api.conf",
    "neutron/neutron.conf",
    "neutron/plugins/ml2/ml2_conf.ini",
    "nova/nova.conf",
    "cinder/cinder.conf",
    "barbican/barbican.conf",
)


def parsed(facts: Facts, name: str) -> configparser.RawConfigParser:
    """One rendered file, read as strictly as oslo.config would wish: a repeated option or section is an error."""
    parser = configparser.RawConfigParser(strict=True)
    parser.read_string(render.files(facts)[name])
    return parser


@pytest.mark.parametrize("name", OPENSTACK)
def test_files_are_well_formed(facts: Facts, name: str) -> None:
    """Every OpenStack file has sections, no option twice, no brace left over."""
    text = render.files(facts)[name]
    assert parsed(facts, name).sections()
    assert "{{" not in text
    assert "{%" not in text


def test_an_unknown_name_in_a_template_is_an_error(facts: Facts) -> None:
    """An empty word in a configuration would be found hours later."""
    with pytest.raises(UndefinedError):
        render.render("uwsgi.ini.j2", facts, port=1, gateway="::1")


@pytest.mark.parametrize("name", ["barbican/barbican.conf", "cinder/cinder.conf"])
def test_the_secure_defaults_are_on_where_the_code_turns_them_off(facts: Facts, name: str) -> None:
    """Barbican and Cinder override oslo.policy's defaults in their code; with Cinder's a reader may change volumes."""
    policy = parsed(facts, name)["oslo_policy"]
    assert policy["enforce_scope"] == "true"
    assert policy["enforce_new_defaults"] == "true"


def test_no_file_turns_secure_defaults_off(facts: Facts) -> None:
    """All other services are left at their defaults, which are secure."""
    for name in OPENSTACK:
        if not name.startswith(("barbican/", "cinder/")):
            assert "enforce_" not in render.files(facts)[name], name


@pytest.mark.parametrize("user", SERVICE_USERS)
def test_a_service_logs_in_as_itself(facts: Facts, user: str) -> None:
    """The token check of each service uses its own user and password, at Keystone's shifted port."""
    name = next(name for name in OPENSTACK if name.startswith(f"{user}/"))
    section = parsed(facts, name)["keystone_authtoken"]
    assert (section["username"], section["password"]) == (user, f"of-{user}")
    assert section["auth_url"] == "http://127.0.0.1:25000/v3"


def test_guests_are_resumed_and_their_consoles_kept(facts: Facts) -> None:
    """Servers come back with the lab."""
    assert parsed(facts, "nova/nova.conf")["DEFAULT"]["resume_guests_state_on_host_boot"] == "true"


def test_ceph_asks_everybody_and_each_account_finds_its_own_key_only(facts: Facts) -> None:
    """Cinder logs in as itself, libvirt's secret has the id that Cinder tells Nova; the monitor's first file has all accounts."""
    ceph = parsed(facts, "ceph/ceph.conf")
    assert {ceph["global"][f"auth {who} required"] for who in ("cluster", "service", "client")} == {"cephx"}
    back_end = parsed(facts, "cinder/cinder.conf")["rbd"]
    keyring = parsed(facts, f"ceph/ceph.client.{back_end['rbd_user']}.keyring")
    assert keyring.sections() == ["client.cinder"]
    assert dict(keyring["client.cinder"]) == {
        "key": "of-client.cinder",
        "caps mon": '"profile rbd"',
        "caps osd": '"profile rbd pool=volumes"',
        "caps mgr": '"profile rbd pool=volumes"',
    }
    assert f"<uuid>{back_end['rbd_secret_uuid']}</uuid>" in render.files(facts)["ceph/libvirt-secret.xml"]
    everybody = parsed(facts, ceph_accounts.ALL)
    assert everybody.sections() == [account.name for account in ACCOUNTS]
    assert [each["key"] for each in (everybody[name] for name in everybody.sections())] == [f"of-{one.name}" for one in ACCOUNTS]


def test_every_api_has_its_uwsgi_file(facts: Facts) -> None:
    """Both addresses, and the two settings without which clients break or Neutron hangs."""
    files = render.files(facts)
    for api in APIS:
        text = files[f"uwsgi/{api.service}.ini"]
        assert f"http-socket = 127.0.0.1:{api.port + 20000}\nhttp-socket = 172.24.4.1:{api.port + 20000}\n" in text
        assert f"module = {api.application}\n" in text
        assert "add-header = Connection: close\n" in text
        assert "start-time = %t\n" in text
    assert "pyargv = --config-file /etc/neutron/neutron.conf" in files["uwsgi/neutron.ini"]
    assert "pyargv" not in files["uwsgi/glance.ini"]


def test_only_keystone_has_processes_with_one_thread_each(facts: Facts) -> None:
    """Its threads take one another's token for their own (labcloud.apis)."""
    files = render.files(facts)
    for api in APIS:
        text = files[f"uwsgi/{api.service}.ini"].splitlines()
        alone = api.service == "keystone"
        assert ("processes = 3" in text, "master = true" in text, "threads = 8" in text) == (alone, alone, not alone)
        assert "module = " + api.application in text


def test_files_with_secrets_are_private(facts: Facts) -> None:
    """Only the owner reads what is written, and only the operator's password is in clouds.yaml."""
    layout = facts.layout
    for name in render.SAMPLED:
        (layout.venv / "etc" / name).mkdir(parents=True)
    (layout.venv / "etc/nova/rootwrap.conf").write_text("[DEFAULT]\nexec_dirs=/sbin\nuse_syslog=False\n")
    render.write(facts)
    passwords = [facts.secrets.administrator, facts.secrets.bus, *facts.secrets.services.values(), *facts.secrets.storage.values()]
    written = [file for file in layout.root.rglob("*") if file.is_file()]
    secret = [file for file in written if any(password in file.read_text() for password in passwords)]
    assert len(secret) >= 8
    assert [str(file) for file in secret if stat.S_IMODE(file.stat().st_mode) != 0o600] == []
    cloud = yaml.safe_load(layout.clouds_file.read_text())["clouds"]["lab"]
    assert cloud["auth"]["password"] == "of-operator"
    assert cloud["auth"]["auth_url"] == "http://127.0.0.1:25000/v3"
    rootwrap = (layout.config / "etc/nova/rootwrap.conf").read_text()
    assert f"exec_dirs={layout.shims},{layout.venv}/bin," in rootwrap
    assert "use_syslog=False" in rootwrap


def test_virtlogd_gets_an_empty_file(facts: Facts) -> None:
    """A lone newline is a syntax error to libvirt."""
    assert not render.files(facts)["libvirt/virtlogd.conf"]
