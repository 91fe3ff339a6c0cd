"""The shape of the code, held by tests: who may import whom, who may touch the world, and where numbers may stand."""

from __future__ import annotations

import ipaddress
import re
from collections import Counter
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import TYPE_CHECKING

from tests.fast.architecture import sources
from tests.fast.architecture.sources import around, below, imports, is_below, modules, named_numbers, offences, package_of, texts, written

if TYPE_CHECKING:
    import pytest

LAYERS = (
    "infra.text",
    "infra.errors",
    "infra.outcome",
    "infra.paths",
    "infra.units",
    "infra.structs",
    "infra.cinder",
    "infra.ssh",
    "infra.outputs",
    "infra.pki",
    "infra.declaration",
    "infra.acceptances",
    "infra.backups",
    "infra.offboarding",
    "infra.fleet",
    "infra.operators",
    "infra.sessions",
    "infra.logs",
    "infra.vulnerabilities",
    "infra.ranges",
    "infra.packets",
    "infra.policy",
    "infra.topology",
    "infra.render",
    "infra.reachability",
    "infra.queries",
    "infra.proof",
    "infra.diff",
    "infra.neutron.owners",
    "infra.neutron.pools",
    "infra.neutron.snapshot",
    "infra.neutron.quotas",
    "infra.neutron.semantics",
    "infra.neutron.comparison",
    "infra.neutron.sources",
    "infra.neutron.plans",
    "infra.drift",
    "infra.neutron.lint",
    "hardening",
    "infra.dynamic",
    "infra.delivery",
    "infra.components",
)
"""From the ground up: each may import itself and what comes before it. Every folder of ``infra`` and ``hardening`` is in one of them."""

PROGRAMS = ("ringfence", "benchmarks", "labcloud", "toolchain", "examiners")
"""What is in scripts; each stands alone, and nothing outside scripts uses any of them."""

USES = {"benchmarks": {"ringfence"}, "examiners": {"ringfence"}}
"""Which program may import which: the benchmarks measure the product, and the examiners write their page as it does."""

SERVERS = "hardening"
"""What is in a server. The layers of ``infra`` below it decide, and those above it put it there."""

ABOVE = LAYERS[LAYERS.index(SERVERS) + 1 :]

DECIDING = tuple(layer for layer in LAYERS if layer not in {SERVERS, "infra.ssh", *ABOVE})
"""What decides and never acts: the same input gives the same answer, on any machine."""

ACTING = ("pulumi", "pulumi_openstack", "paramiko", "openstack", "subprocess", "requests", "urllib.request", "http.client", "asyncio")
PURE_SOCKET = {"socket.AF_INET", "socket.AF_INET6", "socket.inet_pton", "socket.inet_ntop"}
"""Conversions between texts and bytes, which live in the module of the sockets and open none."""

ADDRESSES_OF_THEIR_OWN = {
    "infra/declaration/reserved.py": "prefixes that the RFCs reserve: the declaration's own knowledge",
    "infra/neutron/sources/declared.py": "stands for the outside in a plan, where nobody has given it an address yet",
    **dict.fromkeys(
        [f"hardening/controls/{name}.py" for name in ("accounts", "confinement", "files", "kernel")],
        "numbers of the CIS benchmark look like addresses",
    ),
    "scripts/ringfence/checker/cloud.py": "repeats what private addresses are, because it checks the proof independently",
}
"""Files outside the tests in which an address may be written, and why."""

PORTS_OF_THEIR_OWN = {
    "infra/declaration/platform.py": "the declaration's own default",
    "infra/ssh/access.py": "OpenSSH writes the known hosts of its own port without one",
    "hardening/firstboot/files.py": "the port that the image's sshd has without any setting",
}
"""Files outside the tests in which a port may be written, and why."""

TOGETHER = {
    "scripts/labcloud": "`probes` names the children's type; the texts of both decide whether a lab that is up is this one",
}
"""Folders with a circle, and why it stays."""

LAST_PORT = 65535

LONGEST = 300
"""Lines of a module: more than that is two modules."""

FULLEST = 20
"""Modules of a folder: more than that is two folders."""

WORKPLACES = re.compile(r"(?<![\w.$}])/(?:Users|work|build)/\w+/")
"""Paths below the folders where people build."""

IN_TREE = re.compile(r"\$\{?ROOT\}?/([\w./-]*[\w/-])")
"""A path below the root, as scripts of the shell write it."""


def upward_imports(module: Path) -> list[str]:
    """Find imports of a layer above the module's own, of a program, and of tests."""
    own = package_of(module)
    level = next((number for number, layer in enumerate(LAYERS) if is_below(own, layer)), len(LAYERS))
    above = {layer for layer in LAYERS[level + 1 :] if not is_below(own, layer)} | {*PROGRAMS, "tests"}
    return [f"line {line}: {name}" for line, name in imports(module) if not above.isdisjoint(around(name))]


def other_programs(module: Path) -> list[str]:
    """Find imports of another program than the module's own, and of tests."""
    own = package_of(module).partition(".")[0]
    others = [program for program in (*PROGRAMS, "tests") if program != own and program not in USES.get(own, ())]
    return [f"line {line}: {name}" for line, name in imports(module) if any(is_below(name, other) for other in others)]


def circle(folder: Path) -> list[str]:
    """Return modules and folders of a folder that import each other in a circle, perhaps by way of others; nothing when there is none."""
    depth = len(folder.parts)
    within = {package_of(module): module for module in modules() if module.parts[:depth] == folder.parts}
    rooms = {name: _room(module, depth) for name, module in within.items()}
    uses: dict[str, set[str]] = {}
    for name, module in within.items():
        used = (rooms.get(other) or rooms.get(other.rpartition(".")[0]) for _, other in imports(module))
        uses.setdefault(rooms[name], set()).update(room for room in used if room)
    try:
        TopologicalSorter({room: used - {room, ""} for room, used in uses.items() if room}).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def _room(module: Path, depth: int) -> str:
    """Return the module or the folder directly in a folder that a module is, or is in; what says of the folder itself is in none."""
    first = module.parts[depth]
    return "" if first == "__init__.py" else first


def acts(module: Path) -> list[str]:
    """Find imports that could reach a network, a process or a cloud."""
    wrong = [(line, name) for line, name in imports(module) if any(is_below(name, each) for each in ACTING)]
    wrong += [(line, name) for line, name in imports(module) if is_below(name, "socket") and name not in PURE_SOCKET]
    return [f"line {line}: {name}" for line, name in wrong]


def addresses_written(module: Path) -> list[str]:
    """Find texts that are the address or prefix of somebody in particular."""
    return [f"line {line}: {text}" for line, text in texts(module) if is_somewhere(text)]


def ports_written(module: Path) -> list[str]:
    """Find numbers with the name of a port; 65535 is the end of the range and nobody's port."""
    return [f"line {line}: {name} = {value}" for line, name, value in named_numbers(module) if is_port(name) and 0 < value < LAST_PORT]


def too_long(module: Path) -> list[str]:
    """Find a module that is two modules."""
    lines = len((sources.ROOT / module).read_text(encoding="utf-8").splitlines())
    return [f"{lines} lines"] if lines > LONGEST else []


def crowded() -> dict[str, int]:
    """Return the folders that hold more modules than a reader can keep apart."""
    count = Counter(str(module.parent) for module in below("infra", "hardening", "scripts"))
    return {folder: number for folder, number in count.items() if number > FULLEST}


def test_imports_go_one_way() -> None:
    """Declaration, policy, neutron, hardening, components: a module imports what is below it, and never a program."""
    assert not offences(upward_imports, below("infra", "hardening"))


def test_no_arrow_runs_back_up() -> None:
    """In every folder, at every depth: what is in it can be drawn so that each stands above all that it imports."""
    folders = {parent for module in below("infra", "hardening", "scripts") for parent in module.parents if parent != Path()}
    assert {str(folder): found for folder in sorted(folders) if (found := circle(folder))}.keys() == TOGETHER.keys()


def test_only_what_acts_looks_into_a_server() -> None:
    """``infra`` stands on both sides of ``hardening``: below is what decides, and it knows nothing of a server's inside."""
    users = {package_of(module) for module in below("infra") if any(is_below(name, SERVERS) for _, name in imports(module))}
    assert users
    assert [user for user in sorted(users) if not any(is_below(user, layer) for layer in ABOVE)] == []


def test_programs_stand_alone() -> None:
    """Nothing outside the lab knows the lab, and the tool knows no toolchain; what they need of each other goes by settings."""
    assert not offences(other_programs, below("scripts"))


def test_deciding_code_does_not_act() -> None:
    """What decides imports nothing that could reach a network, a process or a cloud."""
    deciding = [module for module in modules() if any(is_below(package_of(module), each) for each in DECIDING)]
    assert deciding
    assert not offences(acts, deciding)


def test_addresses_are_declared_and_not_written_in_code() -> None:
    """No text in the code is an address or a prefix, apart from "everything", loopback and what is listed with its reason."""
    code = below("infra", "hardening", "scripts/ringfence")
    assert offences(addresses_written, code).keys() == ADDRESSES_OF_THEIR_OWN.keys()


def test_ports_are_declared_and_not_written_in_code() -> None:
    """No number in the code is called a port, apart from the model's defaults and what is listed with its reason."""
    assert offences(ports_written, below("infra", "hardening")).keys() == PORTS_OF_THEIR_OWN.keys()


def test_a_module_is_short() -> None:
    """A module of more than 300 lines is two modules."""
    assert not offences(too_long, modules())


def test_a_folder_is_small() -> None:
    """A folder of more than 20 modules is two folders."""
    assert not crowded()


def test_every_folder_has_its_place_among_the_layers() -> None:
    """A folder that is in no layer could import anything."""
    placed = [module for module in below("infra", "hardening") if module.parts[1:] not in {("__init__.py",), ("__main__.py",)}]
    homeless = [str(module) for module in placed if not any(is_below(package_of(module), layer) for layer in LAYERS)]
    assert set(homeless) <= {"infra/neutron/__init__.py"}


def test_nothing_speaks_of_the_machine_it_was_written_on() -> None:
    """Texts, code and settings hold no path of anybody's machine."""
    wrong = [
        str(path) for path in written() if path != Path(__file__) and WORKPLACES.search(path.read_text(encoding="utf-8", errors="replace"))
    ]
    assert not wrong


def test_the_rules_notice_what_they_forbid(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A module that breaks every rule is found by each of them, and one that breaks none by none."""
    folder = tmp_path / "infra" / "policy"
    folder.mkdir(parents=True)
    text = "import subprocess\nfrom infra.components import tenant\nimport labcloud.up\nfrom socket import socket\n"
    (folder / "bad.py").write_text(text + 'HOME = "10.1.2.0/24"\nSSH_PORT = 22\n' + "\n" * LONGEST)
    (folder / "good.py").write_text('"""10.1.2.0/24"""\nfrom socket import inet_pton\nANY = "0.0.0.0/0"\n')
    monkeypatch.setattr(sources, "ROOT", tmp_path)
    for rule in (upward_imports, other_programs, acts, addresses_written, ports_written, too_long):
        assert rule(Path("infra/policy/bad.py")), rule.__name__
        assert not rule(Path("infra/policy/good.py")), rule.__name__


@cache
def is_somewhere(text: str) -> bool:
    """Tell whether a text is an address or a prefix of somebody in particular."""
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        return False
    protocol_own = network.is_loopback or network.is_unspecified or network.is_multicast or network.is_link_local
    return network.prefixlen > 0 and not protocol_own


def is_port(name: str) -> bool:
    """Tell whether a name speaks of a port number."""
    words = set(re.split(r"[_\W]+", name.lower()))
    return bool(words & {"port", "ports", "dport", "sport"})


def test_every_path_that_a_script_names_exists() -> None:
    """A file that moves takes the scripts along: nobody imports it there."""
    shells = [path for path in written() if path.suffix in {"", ".sh"} and path.is_relative_to(sources.ROOT / "scripts")]
    named = {(path.name, found) for path in shells for found in IN_TREE.findall(path.read_text(encoding="utf-8", errors="replace"))}
    assert named
    made = (".venv", ".pytest_cache")
    assert [each for each in sorted(named) if not each[1].startswith(made) and not (sources.ROOT / each[1]).exists()] == []
