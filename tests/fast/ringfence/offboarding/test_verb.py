"""The verb: what it says, what it refuses, its exit codes, the certificate, its page and its signatures."""

from __future__ import annotations

import hashlib
import json
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from infra import paths
from infra.declaration.model import DataReturn, Offboarding, Person
from infra.offboarding.proof import Absence
from infra.offboarding.signatures import Signer
from infra.offboarding.steps import Step
from infra.outcome import CheckVerdict
from ringfence.offboarding import opening, places, signing, work
from ringfence.offboarding.course import StepEnd
from ringfence.offboarding.work import Settings, Work
from tests.fast.key_paths import hold, key_paths
from tests.fast.offboarding.tenants import BACKUP, NEIGHBOUR, ROOT, inventory
from tests.fast.ringfence.hostile import SCRIPT

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.fast.ringfence.command import Run

pytestmark = pytest.mark.fast
KEYS = Path(__file__).parents[1] / "json_keys"
END = Offboarding.model_validate(
    {"requested_by": SCRIPT, "ticket": "C-1", "not_before": "2020-01-31", "return_data": DataReturn.NOT_WANTED}
    | {"run_by": Person(name="anna berg", title="engineer", location="hall 1", contact="anna@example.org")}
)
GOOD = [Absence("cinder lists no volumes of the tenant", CheckVerdict.PASS, "", "3 volumes of others are listed")]
LEFT = Absence("no image", CheckVerdict.FAIL, "volumes/x")


class Cloud:
    """A tenant that can be removed: nothing but what this machine keeps is real."""

    def __init__(self, place: places.Place) -> None:
        self.place, self.declared = place, END
        self.done: list[str] = []
        self.found = [*GOOD]
        self.running = False

    def opened(self, _name: str, settings: Settings, *_: object) -> Work:
        """Return its work."""
        return Removed(self, settings)


class Removed(Work):
    """Work of which only the first and the last steps are those of the product."""

    __slots__ = ("cloud",)
    cloud: Cloud

    def __init__(self, cloud: Cloud, settings: Settings) -> None:
        fields: dict[str, Any] = {"place": cloud.place, "admin": None, "deployer": None, "blank": None, "declared": cloud.declared}
        super().__init__(**fields, settings=settings)
        object.__setattr__(self, "cloud", cloud)

    def steps(self) -> dict[Step, Callable[[], StepEnd]]:
        """Keep an inventory, do nothing in between, prove and certify."""
        real = super().steps()
        kept = {step: real[step] for step in (Step.RETURN, Step.PROOF, Step.CERTIFICATE)}
        return {step: kept.get(step, lambda step=step: self._do(step)) for step in Step}  # type: ignore[misc]

    def _do(self, step: Step) -> StepEnd:
        self.cloud.done.append(step)
        if step is Step.INVENTORY:
            self.place.keep_inventory(replace_name(SCRIPT))
        if step is Step.REVOKE:
            self.place.keep(self.place.request, work.agreed(END))
        return StepEnd(1, "well")

    def absences(self) -> list[Absence]:
        """Return what was found."""
        return list(self.cloud.found)

    def uncordon(self) -> None:
        """Note it."""
        self.cloud.done.append("uncordoned")

    def _storage(self) -> StepEnd:
        return self._do(Step.STORAGE)


def replace_name(region: str) -> Any:  # noqa: ANN401 - an inventory
    """Return an inventory with a region of that name."""
    import msgspec  # noqa: PLC0415 - here alone

    return msgspec.structs.replace(inventory(ROOT, BACKUP, NEIGHBOUR), region=region)


@pytest.fixture
def cloud(tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cloud:
    """Put a tenant in the place of the cloud's."""
    del tree
    monkeypatch.setenv(paths.STATE, str(tmp_path / "state"))
    monkeypatch.setattr("os.fsync", lambda _: None)
    made = Cloud(places.of("acme", "p1"))
    monkeypatch.setattr(opening, "opened", made.opened)
    monkeypatch.setattr(opening, "of_place", lambda name, _place, settings: made.opened(name, settings))
    return made


def test_from_the_plan_to_a_certificate_that_is_signed_by_two(cloud: Cloud, run: Run, tmp_path: Path) -> None:
    """Prepared, stopped, prepared again, erased, proven once more, signed and checked by what OpenSSH says of it."""
    keys = list(key_paths(run("offboard", "acme", "--json").json))
    assert "to do" in run("offboard", "acme", "--json").out
    assert run("offboard", "acme", "--prepare").code == 0
    assert cloud.done == [Step.INVENTORY, Step.CORDON]
    assert run("offboard", "acme", "--stop").code == 0
    assert cloud.done[-1] == "uncordoned"
    told = run("offboard", "acme", "--erase", "--json")
    keys += key_paths(told.json)
    assert (told.code, {step["state"] for step in told.json["steps"]}) == (0, {"done"})
    told = run("offboard", "acme", "--prove", "--json")
    keys += key_paths(told.json)
    assert told.code == 0
    made = json.loads(cloud.place.certificate.read_bytes())
    keys += [f"certificate.{path}" for path in key_paths(made, {"sanitisation.tools"})]
    assert (made["verdict"], made["request"]["requested_by"]) == ("removed", SCRIPT)
    for signer in Signer:
        key = tmp_path / signer
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
        told = run("offboard", "acme", "--sign", key, "--as", signer, "--json")
        keys += key_paths(told.json)
        assert told.code == 0
    hold(KEYS / "offboard.txt", keys)
    allowed = tmp_path / "allowed"
    allowed.write_text("".join(f"{one} {(tmp_path / f'{one}.pub').read_text(encoding='utf-8')}" for one in Signer), encoding="utf-8")
    content = cloud.place.certificate.read_bytes()
    assert [is_signed(cloud.place, allowed, one, content) for one in Signer] == [True, True]
    assert not is_signed(cloud.place, allowed, Signer.RUN_BY, content.replace(b"removed", b"r3moved"))
    assert run("offboard", "acme", "--sign", tmp_path / Signer.RUN_BY, "--as", Signer.VERIFIED_BY).code == 2
    assert "one key signs for both" in run("offboard", "acme", "--sign", tmp_path / Signer.RUN_BY, "--as", Signer.VERIFIED_BY).err


def is_signed(place: places.Place, allowed: Path, signer: Signer, content: bytes) -> bool:
    """Check a signature with the command that the manual shows."""
    signature = str(signing.signature(place, signer))
    words = ["ssh-keygen", "-Y", "verify", "-f", str(allowed), "-I", signer, "-n", "ringfence-removal", "-s", signature]
    return subprocess.run(words, input=content, capture_output=True, check=False).returncode == 0


def test_the_page_shows_names_as_text(cloud: Cloud, run: Run) -> None:
    """Whoever asked for the removal may have any name."""
    assert run("offboard", "acme", "--erase").code == 0
    page = cloud.place.page.read_text(encoding="utf-8")
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert "anna berg" in page
    assert "volumes/volume-v1" in page
    assert "\x1b" not in run("offboard", "acme").out


@pytest.mark.parametrize(("verdict", "code"), [(CheckVerdict.FAIL, 1), (CheckVerdict.ERROR, 2)])
def test_there_is_no_certificate_while_something_is_left_or_unknown(cloud: Cloud, run: Run, verdict: CheckVerdict, code: int) -> None:
    """The storage is swept once more, and the same command goes on when the reason is gone."""
    cloud.found.append(replace(LEFT, verdict=verdict))
    told = run("offboard", "acme", "--erase", "--json")
    assert told.code == code
    assert told.json["proof"][-1]["said"] == "volumes/x"
    assert not cloud.place.certificate.exists()
    assert cloud.done.count(Step.STORAGE) == (2 if verdict is CheckVerdict.FAIL else 1)
    assert run("offboard", "acme", "--prove").code == code
    assert run("offboard", "acme", "--stop").code == 2
    cloud.found.pop()
    cloud.declared = None  # type: ignore[assignment]
    assert run("offboard", "acme", "--erase").code == 0
    assert cloud.place.certificate.exists()


def test_nothing_is_erased_too_early_undeclared_or_by_half_an_order(cloud: Cloud, run: Run) -> None:
    """Each says what is missing."""
    cloud.declared = END.model_copy(update={"not_before": END.not_before.replace(year=9999)})
    told = run("offboard", "acme", "--erase")
    assert (told.code, cloud.done) == (2, [])
    assert "too early" in told.err
    cloud.declared = END.model_copy(update={"return_data": DataReturn.RECEIPT})
    assert "--receipt" in run("offboard", "acme", "--erase").err
    assert "--receipt" in run("offboard", "acme", "--prepare").err
    cloud.declared = None  # type: ignore[assignment]
    assert "nobody declared" in run("offboard", "acme", "--erase").err
    assert "one thing at a time" in run("offboard", "acme", "--erase", "--stop").err
    assert "nobody began" in run("offboard", "globex", "--prove").err
    assert Step.REVOKE not in cloud.done


def test_a_receipt_is_kept_by_its_digest(cloud: Cloud, run: Run, tmp_path: Path) -> None:
    """The file itself stays with whoever has it."""
    cloud.declared = END.model_copy(update={"return_data": DataReturn.RECEIPT})
    assert run("offboard", "acme", "--prepare", "--receipt", tmp_path / "none").code == 2
    (tmp_path / "receipt").write_bytes(b"signed")
    assert run("offboard", "acme", "--prepare", "--receipt", tmp_path / "receipt").code == 0
    assert json.loads(cloud.place.receipt.read_bytes())["sha256"] == hashlib.sha256(b"signed").hexdigest()
