"""What is installed with ringfence: the wheel asks for what a checkout pins, and the core for nothing that only a cloud needs."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from ringfence import extras
from tests.fast.architecture.sources import ROOT, facts, imports, modules

pytestmark = pytest.mark.fast
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS: dict[str, list[Requirement]] = {
    name: list(map(Requirement, texts)) for name, texts in {"": PROJECT["dependencies"], **PROJECT["optional-dependencies"]}.items()
}
BROUGHT_ALONG = {"pydantic_core": "pydantic", "keystoneauth1": "openstacksdk", "requests": "openstacksdk"}
"""Distributions that another one cannot be without, and whose modules are imported here as well."""
DISTRIBUTIONS = {"yaml": "pyyaml", "testinfra": "pytest-testinfra", "openstack": "openstacksdk", "pulumi_openstack": "pulumi-openstack"}
"""Modules that are called otherwise than their distribution."""
PRODUCT = ("infra", "hardening", "scripts/ringfence")
CHECKOUT = ("scripts/ringfence/demo", "scripts/ringfence/project.py")


def wanted() -> dict[str, Requirement]:
    """Return what requirements.in asks for."""
    lines = (ROOT / "requirements.in").read_text(encoding="utf-8").splitlines()
    found = [Requirement(line.partition("#")[0]) for line in lines if line.partition("#")[0].strip()]
    return {canonicalize_name(each.name): each for each in found}


def locked() -> dict[str, str]:
    """Return the versions of requirements.lock."""
    lines = (ROOT / "requirements.lock").read_text(encoding="utf-8").splitlines()
    pins = (line.split()[0].split("==") for line in lines if re.match(r"[A-Za-z]", line))
    return {canonicalize_name(name): version for name, version in pins}


@pytest.mark.parametrize("extra", EXTRAS)
def test_what_is_pinned_for_a_checkout_is_within_the_bounds_of_the_wheel(extra: str) -> None:
    """Both are asked for by name, and every bound has two ends."""
    for asked in EXTRAS[extra]:
        name = canonicalize_name(asked.name)
        assert name in wanted(), f"{name}: not in requirements.in"
        assert asked.specifier.contains(locked()[name]), f"{asked}: requirements.lock has {locked()[name]}"
        assert {bound.operator for bound in asked.specifier} == {">=", "<"}, str(asked)


def test_the_same_distribution_has_the_same_bounds_in_every_extra() -> None:
    """Whoever installs one extra gets what the other has been tried with."""
    bounds: dict[str, set[str]] = {}
    for asked in (each for listed in EXTRAS.values() for each in listed):
        bounds.setdefault(asked.name, set()).add(str(asked.specifier))
    assert [name for name, each in bounds.items() if len(each) > 1] == []


def imported() -> set[str]:
    """Return the distributions that the product imports, wherever it does."""
    own = [module for module in modules() if any(module.is_relative_to(each) for each in PRODUCT)]
    kept = [module for module in own if not any(module.is_relative_to(each) for each in CHECKOUT)]
    tops = {name.partition(".")[0] for module in kept for _, name in imports(module)} - set(sys.stdlib_module_names)
    others = tops - {"infra", "hardening", "ringfence", "__future__"}
    return {canonicalize_name(BROUGHT_ALONG.get(each, DISTRIBUTIONS.get(each, each))) for each in others}


def test_whatever_the_product_imports_is_asked_for_and_nothing_else() -> None:
    """A new import is a new dependency; what nobody imports any more is none. The tests of servers are the user's to run."""
    asked = {canonicalize_name(each.name) for listed in EXTRAS.values() for each in listed}
    assert imported() == asked - {"pytest-testinfra"}


def test_every_module_of_an_extra_is_known_by_it() -> None:
    """So that a verb that misses one says which extra has it."""
    for extra, names in extras.EXTRAS.items():
        brought = {canonicalize_name(each.name) for each in EXTRAS[extra]}
        assert {canonicalize_name(BROUGHT_ALONG.get(each, DISTRIBUTIONS.get(each, each))) for each in names} <= brought
    core = {canonicalize_name(each.name) for each in EXTRAS[""]}
    known = {each for names in extras.EXTRAS.values() for each in names}
    assert not {canonicalize_name(DISTRIBUTIONS.get(each, each)) for each in known} & core


WITHOUT = """
import sys
looked_for = []
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {names!r}:
            looked_for.append(name)
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Absent())
import contextlib, io, json, os
from ringfence import application
application.application()
import ringfence.verify.stacks, ringfence.verify.report.files
print(json.dumps(looked_for))
for arguments in {lines!r}:
    sys.stderr = io.StringIO()
    with contextlib.redirect_stdout(open(os.devnull, "w")):
        code = application.run(arguments)
    print(json.dumps([code, sys.stderr.getvalue()]))
"""


ANSWERS = {
    ("verify",): (2, "ringfence[verify]"),
    ("prove", "--state", "cloud", "--without-declarations"): (2, "ringfence[verify]"),
    ("--help",): (0, ""),
}
"""How a command line ends without any extra, and what it says."""


@pytest.fixture(scope="module")
def without_extras() -> tuple[list[str], list[tuple[int, str]]]:
    """Return what the command line looked for before a verb was run where no extra is installed, and how each one then ended."""
    names = {each for modules_ in extras.EXTRAS.values() for each in modules_}
    assert {"openstack", "paramiko", "pulumi"} <= names
    script = WITHOUT.format(names=names, lines=list(ANSWERS))
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, cwd=ROOT)
    looked_for, *told = map(json.loads, done.stdout.splitlines() or ["null"])
    assert len(told) == len(ANSWERS), done.stderr
    return looked_for, told


def test_a_verb_whose_extra_is_missing_says_which_and_no_other_verb_does(
    without_extras: tuple[list[str], list[tuple[int, str]]],
) -> None:
    """The core needs no extra: every verb is imported for the help, last of all. 2 is no answer."""
    for (code, error), (expected, said) in zip(without_extras[1], ANSWERS.values(), strict=True):
        assert (code, said in error, "Traceback" in error) == (expected, True, False), error


def test_a_question_does_not_wait_for_what_it_does_not_need(without_extras: tuple[list[str], list[tuple[int, str]]]) -> None:
    """The command line, and what `status` reads, come without the cloud's client, the SSH library and the engine: most of a second."""
    assert without_extras[0] == []


def test_no_module_of_the_product_imports_what_only_a_checkout_has() -> None:
    """The wheel has neither the lab nor the toolchain, the benchmarks or the demonstration."""
    absent = ("labcloud", "toolchain", "benchmarks", "tests", "ringfence.demo", "ringfence.project")
    wrong = [
        f"{module}:{line}: {name}"
        for module in modules()
        if any(module.is_relative_to(each) for each in PRODUCT) and not any(module.is_relative_to(each) for each in CHECKOUT)
        for line, name in imports(module)
        if any(name == each or name.startswith(f"{each}.") for each in absent)
    ]
    assert wrong == []


def test_no_module_of_the_product_looks_for_the_checkout_around_itself() -> None:
    """What is beside a module is its package's; the folders above it are wherever somebody installed it."""
    own = [module for module in modules() if any(module.is_relative_to(each) for each in PRODUCT)]
    assert [str(module) for module in own if any("__file__" in text for text in facts(module).parents)] == []
