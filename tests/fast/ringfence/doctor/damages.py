"""What a cloud may lack, one thing at a time, by the check that has to notice it: the recorded facts are damaged, and the finding names it.

``also``: checks that rightly notice the same damage.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from ipaddress import IPv4Network
from typing import TYPE_CHECKING

from infra.declaration.model import Encryption, VolumeType
from infra.errors import Problem
from infra.outcome import CheckVerdict
from tests.fast.ringfence.doctor.offering import full, offering

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.fast.ringfence.doctor.recorded import Case, Json

FAIL, ERROR = CheckVerdict.FAIL, CheckVerdict.ERROR


@dataclass(frozen=True)
class Damage:
    """One damage: the check that notices, how, with which words, what is done to the facts, and who notices too."""

    check: str
    verdict: CheckVerdict
    words: str
    do: Callable[[Case], object]
    also: frozenset[str] = frozenset()


def _each(*steps: Callable[[Case], object]) -> Callable[[Case], object]:
    """Return what does one thing after the other."""
    return lambda case: [step(case) for step in steps]


def _with_tenants(number: int) -> Callable[[Case], object]:
    """Return what asks for room for so many tenants."""
    return lambda case: setattr(case, "tenants", number)


def _set(tree: Json, **changes: object) -> None:
    tree.update(changes)


def _drop(rows: list[Json], **having: object) -> None:
    rows[:] = [row for row in rows if not having.items() <= row.items()]


def _token(case: Case, **changes: object) -> None:
    case.seen["token"].update(changes)


def _refused(case: Case, *reads: str) -> None:
    for read in reads:
        case.answer(read, 403)


def _way(case: Case, **way: object) -> None:
    case.seen["here"]["proxy"] = False
    case.seen["ways"] = [
        {"cidr": "172.24.4.0/24", "address": "172.24.4.1", "source": "172.24.4.7", "answer": "refused", "control": "timed out", **way}
    ]


def _types(case: Case, **entry: object) -> None:
    assert case.declared.platform is not None
    types = case.declared.platform.volume_types
    case.platform(volume_types={name: kind.model_copy(update=entry) for name, kind in types.items()})


def _plain(case: Case) -> None:
    about = case.about("encryption")
    about.clear()
    about["encryption_id"] = None


def _members_without_keys(case: Case) -> None:
    """A Barbican with its old defaults, in which no tenant has a volume yet."""
    case.answer("key-quotas", 403)
    for row in case.rows("volumes"):
        row["encryption_key_id"] = (
            row["encryption_key_id"] if row["os-vol-tenant-attr:tenant_id"] == case.seen["token"]["project_id"] else None
        )


def _bare(case: Case, *others: str, **entries: str) -> Json:
    """Return a volume as Cinder tells of one without a key: the field is left out. ``others``: fields that say somebody else."""
    row = {**case.row("volumes"), "encrypted": False, "metadata": {}, **dict.fromkeys(others, "other"), **entries}
    row.pop("encryption_key_id")
    return row


def _subnets(case: Case) -> list[Json]:
    """Return how full the external network's subnets are."""
    subnets: list[Json] = case.about("addresses-left")["network_ip_availability"]["subnet_ip_availability"]
    return subnets


def _unmade(case: Case, stack: str, kind: str) -> None:
    """Let a stack know nothing of what is there."""
    assert case.made is not None
    case.made[stack].pop(kind)


def _no_tenant_yet(case: Case, **flavor: int) -> None:
    """No tenant is up, and a new project gets little."""
    assert case.made is not None
    case.made["acme"] = {}
    case.seen["answers"]["compute-defaults"]["body"]["quota_set"].update(flavor)


DAMAGES = {
    "a declaration has a mistake": Damage("declarations", FAIL, "Pulumi.acme.yaml:7: no such zone", lambda case: setattr(
        case, "declared", replace(case.declared, problems=(Problem("no such zone", "Pulumi.acme.yaml:7"),)))),
    "a second identity is in the environment": Damage("settings", FAIL, "mixed", lambda case: _set(case.seen["here"], environment="mixed")),
    "there is no key": Damage("tools", FAIL, "no key yet", lambda case: _set(case.seen["here"], key="no key yet")),
    "there is no image": Damage("tools", FAIL, "no image", lambda case: _set(case.seen["here"], image="no image")),
    "there is no engine": Damage("tools", FAIL, "no engine", lambda case: _set(case.seen["here"], engine="no engine")),
    "there is no Glance": Damage("services", FAIL, "image (Glance), which is", lambda case: case.seen["services"].pop("image")),
    "Cinder is too old": Damage("services", FAIL, "3.50, 3.64 is needed", lambda case: _set(
        case.seen["services"]["block-storage"], microversion="3.50")),
    "Cinder's versions count as numbers": Damage("services", FAIL, "3.7, 3.64 is needed", lambda case: _set(
        case.seen["services"]["block-storage"], microversion="3.7")),
    "Keystone is version 2": Damage("services", FAIL, "version 2.0, 3 is needed", lambda case: _set(
        case.seen["services"]["identity"], version="2.0")),
    "Barbican does not answer": Damage("services", ERROR, "does not answer: 503", lambda case: _set(
        case.seen["services"]["key-manager"], why="503")),
    "Nova tells no microversion": Damage("services", ERROR, "no microversion", lambda case: _set(
        case.seen["services"]["compute"], microversion="")),
    "Neutron tells no version": Damage("services", ERROR, "does not tell its version", lambda case: _set(
        case.seen["services"]["network"], version="")),
    "a region is not there": Damage("regions", FAIL, "RegionTwo", lambda case: case.platform(allowed_regions=("RegionOne", "RegionTwo"))),
    "the role is a manager's": Damage("role", FAIL, "may not list Neutron's agents", _each(
        lambda case: _token(case, roles=["manager", "member"]), lambda case: _refused(case, "agents")),
        frozenset({"agents", "left-open"})),
    "the role is only seen to read": Damage("role", ERROR, "reads as an admin does", lambda case: _token(case, roles=["auditor"])),
    "an admin is refused": Damage("role", ERROR, "may not list Cinder's hosts", lambda case: _refused(case, "volume-hosts"),
                                  frozenset({"volume-hosts"})),
    "nobody's project": Damage("role", FAIL, "for no project", lambda case: _token(case, project_id="", project=""),
                               frozenset({"trusted-project", "leftover-keys"})),
    "a restricted application credential": Damage("credential", FAIL, "restricted", lambda case: _token(
        case, methods=["application_credential"], restricted=True)),
    "the role of readers is missing": Damage("roles", FAIL, "no role reader", lambda case: _drop(case.rows("roles"), name="reader")),
    "the domain is not there": Damage("domain", FAIL, "no domain customers", lambda case: case.platform(domain="customers")),
    "the platform is in another domain": Damage("domain", FAIL, "is in domain other", lambda case: _token(case, domain_id="other")),
    "the platform's project is another": Damage("trusted-project", FAIL, "for a tenant", lambda case: case.platform(projects=("abc",))),
    "the platform's project has another name": Damage("trusted-project", FAIL, "admin", lambda case: _token(case, project="admin")),
    "an extension is missing": Damage("extensions", FAIL, "port-security is missing", lambda case: _drop(
        case.rows("extensions"), alias="port-security")),
    "an extension is missing that a tenant needs": Damage("extensions", FAIL, "a tenant declares some", lambda case: _drop(
        case.rows("extensions"), alias="address-group")),
    "an extension is not known": Damage("understood", FAIL, "extension:acme-bypass", lambda case: case.rows("extensions").append(
        {"alias": "acme-bypass", "name": "bypass"})),
    "the external network is not there": Damage("external-network", FAIL, "there are: public", lambda case: case.platform(
        external_network="outside")),
    "the external network is there twice": Damage("external-network", FAIL, "2 external", lambda case: case.rows("external").append(
        {**case.row("external"), "id": "other"}), frozenset({"addresses"})),
    "the external network is off": Damage("external-network", FAIL, "switched off", lambda case: _set(
        case.row("external"), admin_state_up=False)),
    "the external network has IPv6 only": Damage("external-network", FAIL, "no IPv4 subnet", lambda case: _drop(
        case.about("external-subnets")["subnets"], ip_version=4)),
    "its subnets are not told": Damage("external-network", ERROR, "not told", lambda case: case.forget("external-subnets")),
    "networks are too small for IPv6": Damage("mtu", FAIL, "globex declares IPv6", lambda case: _set(
        case.row("internal"), mtu=1200)),
    "networks inside are larger": Damage("mtu", ERROR, "larger packets than public", lambda case: _set(case.row("internal"), mtu=8942)),
    "an agent is dead": Damage("agents", FAIL, "does not report", lambda case: _set(case.row("agents"), alive=False)),
    "an agent is off": Damage("agents", FAIL, "switched off", lambda case: _set(case.row("agents"), admin_state_up=False)),
    "drivers are mixed": Damage("agents", ERROR, "widest", lambda case: case.rows("agents").append(
        {**case.row("agents"), "binary": "neutron-openvswitch-agent", "configurations": {"ovs_hybrid_plug": False}})),
    "no agent tells": Damage("agents", ERROR, "(none)", lambda case: case.rows("agents").clear()),
    "groups are off": Damage("enforcement", FAIL, "switched off where the port is bound", lambda case: _set(
        case.row("bound-ports")["binding:vif_details"], port_filter=False)),
    "new groups let in": Damage("default-rules", FAIL, "let in", lambda case: _set(
        case.row("default-rules", used_in_non_default_sg=True), direction="ingress")),
    "the template is refused": Damage("default-rules", ERROR, "(403)", lambda case: _refused(case, "default-rules")),
    "a host is down": Damage("hosts", FAIL, "is down", lambda case: _set(case.row("compute-hosts"), state="down")),
    "all hosts are off": Damage("hosts", FAIL, "no host takes servers", lambda case: _set(case.row("compute-hosts"), status="disabled")),
    "one is ironic": Damage("hypervisors", FAIL, "is ironic", lambda case: _set(case.row("hypervisors"), hypervisor_type="ironic")),
    "another processor": Damage("hypervisors", FAIL, "aarch64", lambda case: _set(case.row("hypervisors"), cpu_info={"arch": "aarch64"})),
    "a processor is not told": Damage("hypervisors", ERROR, "not told", lambda case: _set(case.row("hypervisors"), cpu_info="")),
    "there is no hypervisor": Damage("hypervisors", FAIL, "no hypervisor", lambda case: case.rows("hypervisors").clear()),
    "a flavor is not there": Damage("flavors", FAIL, "acme/web names", lambda case: case.server(flavor="huge")),
    "a flavor is too small": Damage("flavors", FAIL, "256 MiB", lambda case: _set(case.row("flavors", name="small"), ram=256)),
    "the flavor of the services server is not there": Damage("flavors", FAIL, "huge, which services server names", lambda case: offering(
        case, flavor="huge")),
    "there is no room for a services server that is declared later": Damage("platform-quota", FAIL, "volumes", _each(
        offering, lambda case: full(case, "volume-quota", "volumes"))),
    "a flavor is disabled": Damage("flavors", FAIL, "is disabled", lambda case: _set(
        case.row("flavors", name="small"), **{"OS-FLV-DISABLED:disabled": True})),
    "a flavor is private": Damage("flavors", FAIL, "not public", lambda case: _set(
        case.row("flavors", name="small"), **{"os-flavor-access:is_public": False})),
    "the image is on another bus": Damage("image", FAIL, "hw_cdrom_bus sata, needed is scsi", lambda case: _set(
        case.row("images"), hw_cdrom_bus="sata")),
    "the image lacks a property": Damage("image", FAIL, "hw_machine_type unset", lambda case: case.row("images").pop("hw_machine_type")),
    "the image is private": Damage("image", FAIL, "is private", lambda case: _set(case.row("images"), visibility="private")),
    "the image is half uploaded": Damage("image", FAIL, "is saving", lambda case: _set(case.row("images"), status="saving")),
    "the image wants large disks": Damage("image", FAIL, "disks of 20 GiB", lambda case: _set(case.row("images"), min_disk=20)),
    "Glance takes no qcow2": Damage("image", FAIL, "no qcow2", lambda case: case.seen["answers"]["image-schema"]["body"]["properties"][
        "disk_format"]["enum"].remove("qcow2")),
    "no host makes volumes": Damage("volume-hosts", FAIL, "is down", lambda case: _set(case.row("volume-hosts"), state="down")),
    "Barbican refuses": Damage("barbican", ERROR, "refuses (403)", lambda case: _refused(case, "secrets"), frozenset({"leftover-keys"})),
    "members may have no keys": Damage("keys", ERROR, "no role creator", _members_without_keys),
    "a volume type stores plain text": Damage("volume-types", FAIL, "plain text", _plain),
    "a volume type has another cipher": Damage("volume-types", FAIL, "cipher aes-cbc", lambda case: _set(
        case.about("encryption"), cipher="aes-cbc")),
    "a volume type is private": Damage("volume-types", FAIL, "not public", lambda case: _set(
        case.row("volume-types", name="encrypted"), is_public=False)),
    "how a volume type encrypts is not told": Damage("volume-types", ERROR, "is not told", lambda case: case.forget("encryption")),
    "a volume type is a stranger's": Damage("volume-type-names", FAIL, "no stack made it", lambda case: _unmade(
        case, "platform", "volume_types")),
    "keys are of the wrong size for Ceph": Damage("key-size", FAIL, "simple_crypto refuse on ceph", lambda case: _types(
        case, encryption=Encryption(key_size=512)), frozenset({"volume-types"})),
    "keys are of the wrong size for others": Damage("key-size", FAIL, "AES-128 on iSCSI", lambda case: _set(
        case.row("pools")["capabilities"], storage_protocol="iSCSI")),
    "a type's storage is not there": Damage("key-size", FAIL, "volume_backend_name fast", lambda case: _types(
        case, extra_specs={"volume_backend_name": "fast"})),
    "the storage is of no kind": Damage("key-size", ERROR, "kind of storage", lambda case: case.row("pools")["capabilities"].pop(
        "storage_protocol")),
    "the platform's project is full": Damage("platform-quota", FAIL, "router", _each(_with_tenants(20), lambda case: _set(
        case.seen["answers"]["network-quota"]["body"]["quota"]["router"], limit=10))),
    "a new project is too small": Damage("tenant-quota", FAIL, "cores: 2 are needed, a new project has 1", lambda case: _no_tenant_yet(
        case, cores=1), frozenset({"names", "leftover-projects", "leftovers", "platform-quota"})),
    "the pool is too small": Damage("places", FAIL, "routes on the platform's routers: for 29 tenants, 40", lambda case: setattr(
        case, "tenants", 40)),
    "no address is left": Damage("addresses", FAIL, "0 addresses are left", _each(_with_tenants(3), lambda case: [
        subnet.update(used_ips=subnet["total_ips"]) for subnet in _subnets(case)])),
    "addresses are not told": Damage("addresses", ERROR, "is not told", lambda case: case.forget("addresses-left")),
    "a service is late": Damage("clock", FAIL, "60 s behind", lambda case: _set(
        case.seen["clocks"][0], before=case.seen["clocks"][0]["theirs"] + 61, after=case.seen["clocks"][0]["theirs"] + 62)),
    "a service is early": Damage("clock", FAIL, "60 s ahead of", lambda case: _set(
        case.seen["clocks"][0], before=case.seen["clocks"][0]["theirs"] - 61, after=case.seen["clocks"][0]["theirs"] - 60)),
    "nobody tells the time": Damage("clock", ERROR, "no answer had a date", lambda case: case.seen["clocks"].clear()),
    "tokens are short": Damage("token", FAIL, "lives 10 min", lambda case: _token(case, expires=case.seen["token"]["issued"] + 600)),
    "a token is over": Damage("token", FAIL, "not valid", lambda case: _set(case.seen, now=case.seen["token"]["expires"] + 1)),
    "a token does not say until when": Damage("token", ERROR, "does not say", lambda case: _token(case, expires=0.0)),
    "there is no route to the bastion": Damage("bastion-route", FAIL, "no route", lambda case: _way(case, source="")),
    "nobody answers on the way to the bastion": Damage("bastion-route", ERROR, "says nothing (timed out)", lambda case: _way(
        case, answer="timed out")),
    "a firewall answers for everybody": Damage("bastion-route", ERROR, "answers for addresses that nobody has", lambda case: _way(
        case, control="refused")),
    "the bastion says nothing": Damage("bastion-route", FAIL, "does not answer as an SSH server (refused)", lambda case: _way(
        case, bastion=True)),
    "no subnet outside is told": Damage("bastion-route", ERROR, "no subnet", _each(_way, lambda case: case.seen["ways"].clear())),
    "the bastion would not let this machine in": Damage("bastion-allowed", ERROR, "not in bastion.allowed_from", lambda case: _way(
        case, source="192.0.2.1")),
    "a tenant's project is a stranger's": Damage("names", FAIL, "the project acme", lambda case: _unmade(case, "acme", "projects"),
                                                 frozenset({"leftover-projects"})),
    "a tenant's user is a stranger's": Damage("names", FAIL, "the user acme-reader", lambda case: _unmade(case, "acme", "users")),
    "the platform's key pair is a stranger's": Damage("names", FAIL, "key pair platform-automation", lambda case: _unmade(
        case, "platform", "key_pairs")),
    "a tenant is left over": Damage("leftover-projects", FAIL, "initech", lambda case: case.rows("projects").append(
        {**case.row("projects"), "id": "old", "name": "initech", "tags": ["managed-by=ringfence", "tenant=initech"]})),
    "a user is left over": Damage("leftover-projects", FAIL, "user initech-deployer", lambda case: case.rows("users").append(
        {**case.row("users"), "id": "old", "name": "initech-deployer", "default_project_id": "gone"})),
    "a network is left over": Damage("leftovers", FAIL, "network initech-app", lambda case: case.rows("marked-networks").append(
        {**case.row("marked-networks"), "id": "old", "name": "initech-app"})),
    "a router is left over": Damage("leftovers", FAIL, "router initech-edge", lambda case: case.rows("marked-routers").append(
        {**case.row("marked-routers"), "id": "old", "name": "initech-edge"})),
    "a floating IP is left over": Damage("leftovers", FAIL, "floating IP 192.0.2.9", lambda case: case.rows("marked-addresses").append(
        {**case.row("marked-addresses"), "id": "old", "floating_ip_address": "192.0.2.9"})),
    "a server is left over": Damage("leftovers", FAIL, "server old-bastion", lambda case: case.rows("servers").append(
        {**case.row("servers"), "id": "old", "name": "old-bastion"})),
    "a volume is left over": Damage("leftovers", FAIL, "volume old-root", lambda case: case.rows("volumes").append(
        {**case.row("volumes"), "id": "old", "name": "old-root"})),
    "an image is left over": Damage("leftovers", FAIL, "image ringfence-debian-13-0", lambda case: case.rows("images").append(
        {**case.row("images"), "id": "old", "name": "ringfence-debian-13-0"})),
    "a key is left over": Damage("leftover-keys", FAIL, "no volume's", lambda case: case.rows("secrets").append(
        {**case.row("secrets"), "secret_ref": "http://barbican.test/v1/secrets/old"})),
}  # fmt: skip
"""Every damage by a sentence. At least one for each check that judges something."""

HARMLESS: dict[str, Callable[[Case], object]] = {
    "others have volumes that are not encrypted": lambda case: case.rows("volumes").extend(
        [_bare(case, "os-vol-tenant-attr:tenant_id", id="plain", name="plain"), _bare(case, id="own", name="own")]),
    "services that are declared, and room for them": offering,
    "services that are up, and no room for them again": _each(
        offering,
        lambda case: case.made["platform"]["servers"].update({"platform-services": "x"}),  # type: ignore[index]
        lambda case: full(case, "volume-quota", "volumes")),
    "an external network by its id": lambda case: case.platform(external_network=case.row("external")["id"]),
    "a named secret of the operator's": lambda case: case.rows("secrets").append(
        {**case.row("secrets"), "name": "mine", "secret_ref": "x/y"}),
    "no quota for volumes": lambda case: _set(case.seen["answers"]["volume-quota"]["body"]["quota_set"]["volumes"], limit=-1),
    "a bastion that answers": lambda case: _way(case, bastion=True, answer="ssh"),
    "a gateway that refuses": _way,
    "keys by role": _each(_members_without_keys, lambda case: case.rows("implied-roles").append(
        {"prior_role": {"name": "member"}, "implies": [{"name": "creator"}]})),
    "a volume type in plain text that is declared so": _each(
        lambda case: case.platform(volume_types={"encrypted": VolumeType()}), _plain),
    "a larger pool": lambda case: case.platform(pool=case.declared.platform.pool.model_copy(  # type: ignore[union-attr]
        update={"cidr": IPv4Network("172.16.0.0/12")})),
}  # fmt: skip
"""What is different and lacks nothing."""
