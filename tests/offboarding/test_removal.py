"""A tenant is made, filled, backed up, killed twice on its way out, and is certified: each claim beside a look of another kind."""

from __future__ import annotations

import itertools
import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from infra.dynamic import clouds
from infra.offboarding.fingerprints import AES_256_XTS
from ringfence.project import ROOT
from tests.fast.docs.snippets import FENCE
from tests.live.lifecycle import inventory
from tests.offboarding import course as running
from tests.offboarding import looks, plain, tenant
from tests.offboarding.looks import Storage
from tests.offboarding.tenant import NAME

if TYPE_CHECKING:
    from tests.offboarding.stage import Stage

pytestmark = pytest.mark.offboarding
PAGE = ROOT / "docs" / "offboarding.md"
OTHERS = {
    "token": "a token that the tenant had is refused by every service",
    "hypervisors": "no hypervisor has a folder",
    "storage": "no image, snapshot or trash",
    "objects": "no pool has the first object of a copy",
}
SERVICES = re.compile(r"(\w+) lists no (.+) of the tenant")
TABLES = re.compile(r"table (\w+) of the key manager's database has no row of the tenant")
SIGNERS = {"run-by": "anna", "verified-by": "bert"}


def proof(stage: Stage) -> dict[str, dict[str, str]]:
    """Return the certificate's claims."""
    return {each["claim"]: each for each in stage.certificate["proof"]}


def test_the_first_kill_came_before_any_erasure_and_nothing_was_erased(stage: Stage) -> None:
    """All rows of the tenant are still there, and no claim of the proof could be made but of what it never had."""
    assert stage.marker
    counts = {kind: ours for kind, (ours, _) in stage.had.rows.items()}
    assert {kind: ours for kind, (ours, _) in stage.rows_between.items()} == counts
    assert stage.between["code"] == 1
    verdicts = {each["claim"]: each["verdict"] for each in stage.between["told"]["proof"]}
    counts["routers"] = stage.had.named["neutron.routers"]
    for claim, verdict in verdicts.items():
        if (kind := SERVICES.fullmatch(claim)) and not counts[kind[2]]:
            assert verdict == "pass", claim
        elif claim == OTHERS["token"]:
            assert verdict == "error", "no token was kept yet"
        else:
            assert verdict == "fail", claim


def test_after_the_second_kill_there_was_no_way_back(stage: Stage) -> None:
    """The engine was at work; the same command went on, and each step was done once in the end."""
    code, told = stage.stop
    assert (code, "something was erased" in str(told)) == (2, True)
    lines = running.journal()
    twice = [now["step"] for before, now in itertools.pairwise(lines) if before["what"] == now["what"] == "began"]
    assert twice == ["cordon", "destroy"]
    assert [line["step"] for line in lines if line["what"] == "done"] == [each["step"] for each in stage.certificate["steps"]]
    assert all(each["began"] and each["ended"] for each in stage.certificate["steps"][:-1]), "the last one wrote it"


def test_every_claim_is_one_that_is_compared_here(stage: Stage) -> None:
    """Nothing was skipped, and each claim has a twin; a claim that is new has to get a look of another kind."""
    left = dict(proof(stage))
    assert {(each["verdict"], bool(each["twin"])) for each in left.values()} == {("pass", True)}
    kinds = {found[2] for claim in left if (found := SERVICES.fullmatch(claim))} | {
        found[1] for claim in left if (found := TABLES.fullmatch(claim))
    }
    assert kinds == looks.ROWS.keys()
    rest = [claim for claim in left if not SERVICES.fullmatch(claim) and not TABLES.fullmatch(claim)]
    assert sorted(next(word for word, text in OTHERS.items() if claim.startswith(text)) for claim in rest) == sorted(OTHERS)


def test_no_database_has_a_row_of_the_tenant(stage: Stage) -> None:
    """By SQL: rows that were there are gone, by project, by name and by the ids of the keys, and those of others are counted."""
    there = {kind for kind, (ours, _) in stage.had.rows.items() if ours}
    assert there >= {"servers", "volumes", "backups", "images", "ports", "networks", "users", "projects", "credentials"}
    assert there >= {"role assignments", "secrets", "encrypted_data", "kek_data", "subnets", "security groups"}
    now = looks.rows(stage.had.project)
    assert {kind: ours for kind, (ours, _) in now.items() if ours} == {}
    assert all(now[kind][1] for kind in there - {"backups", "credentials"}), now
    assert looks.secret_rows([*stage.had.ids["secrets"], *stage.had.keys.values()]) == 0
    names = looks.named(NAME)
    assert set(names.values()) == {0}, names
    assert all(stage.had.named.values()), stage.had.named


def test_every_service_says_that_it_has_none_of_what_was_there(stage: Stage) -> None:
    """By plain requests for every id, and for one of another tenant as well."""
    asked = [(kind, id_) for kind, ids in stage.had.ids.items() for id_ in ids]
    assert {kind for kind, _ in asked} == plain.PATHS.keys() - {"snapshots"}
    assert 404 not in stage.had.answers.values(), stage.had.answers
    answers = tenant.answers(stage.operator, stage.had.ids)
    assert set(answers.values()) == {404}, answers
    for kind, path in (("servers", "/servers?all_tenants=1"), ("volumes", "/volumes?all_tenants=1"), ("ports", "/v2.0/ports")):
        rows = stage.operator.rows(plain.PATHS[kind][0], path, kind)
        assert stage.operator.status(kind, rows[0]["id"]) == 200


def test_old_tokens_are_refused_by_every_service(stage: Stage) -> None:
    """One that ringfence kept, and one that it never saw."""
    kept = json.loads((running.place() / "token.json").read_bytes())["token"]
    for token in (kept, stage.had.caller.token):
        answers = plain.Caller(token, stage.operator.urls).harmless()
        assert set(answers.values()) <= {401, 404}, answers
        assert {status for service, status in answers.items() if service != "identity"} == {401}
    assert set(stage.operator.harmless().values()) == {200}


def test_the_end_waited_until_the_storage_had_trimmed_what_holds_a_header(stage: Stage) -> None:
    """Ceph trimmed nothing until a while after images were removed: their first objects were there for deleted snapshots."""
    (said,) = (each["said"] for each in stage.certificate["steps"] if each["step"] == "storage")
    assert "the storage had trimmed all deleted snapshots of copies after" in said


def test_nothing_is_left_in_the_raw_storage(stage: Stage) -> None:
    """By the UUID and the master key's digest in the first object of everything, by names, and by the objects of every image.

    The first objects are gone with the certificate; others may wait until Ceph has trimmed, as it says.
    """
    looks.wait_for_trimming()
    objects = Storage.read().objects
    for id_, header in stage.had.headers.items():
        assert len(stage.storage_before.holding(header.digest)) == 1
        assert looks.files_holding(header.uuid) == []
        assert stage.storage.holding(header.digest) == stage.storage.holding(header.uuid.encode()) == []
        assert any(name.startswith(f"{header.objects}.") for name in stage.storage_before.objects)
        assert f"{header.objects}{looks.FIRST}" not in stage.storage.objects
        assert not [name for name in objects if name.startswith(f"{header.objects}.")]
        assert any(id_ in name for name in stage.storage_before.names)
    ids = [*stage.had.ids["volumes"], *stage.had.ids["backups"], *stage.had.ids["images"]]
    assert not [name for name in stage.storage.names if any(id_ in name for id_ in ids)]
    named = {id_ for id_ in ids if any(id_ in file for file in stage.files_before)}
    assert named >= {*stage.had.ids["backups"], *stage.had.ids["images"]}
    assert not [file for file in looks.files() if any(id_ in file for id_ in ids)]


def test_every_header_of_others_is_found_by_the_same_scan(stage: Stage) -> None:
    """All that was there beside the tenant's is there, with the same master key."""
    ours = {f"{header.objects}{looks.FIRST}" for header in stage.had.headers.values()}
    for scan in (stage.storage_before, stage.storage):
        others = {name.rsplit(".", 1)[0] for name, head in scan.heads.items() if head.startswith(b"LUKS") and name not in ours}
        assert others
    headers = {name: head[:592] for name, head in stage.storage_before.heads.items() if name not in ours}
    assert {name: head[:592] for name, head in stage.storage.heads.items()} == headers


def test_nothing_is_left_on_the_hypervisor(stage: Stage) -> None:
    """Neither folder nor machine, secret or process; another tenant's server has all of them."""
    assert set(looks.hypervisor([*stage.had.ids["servers"], *stage.had.ids["volumes"]]).values()) == {0}
    others = stage.operator.rows("compute", "/servers/detail?all_tenants=1", "servers")
    ids = [str(each["id"]) for each in others] + [
        str(row["id"]) for row in stage.operator.rows("block_storage", "/volumes?all_tenants=1", "volumes")
    ]
    assert all(looks.hypervisor(ids).values())


def test_the_certificate_names_every_copy_as_it_was(stage: Stage) -> None:
    """Sizes, keys, UUIDs and digests as Cinder and cryptsetup told them; only the image, which Glance keeps as a file, is no purge."""
    media = {each["property_number"]: each for each in stage.certificate["media"] if each["kind"] in {"volume", "backup"}}
    assert media.keys() == {*stage.had.ids["volumes"], *stage.had.ids["backups"]}
    assert {id_: each["size_gib"] for id_, each in media.items()} == stage.had.sizes
    assert {id_: each["key_id"] for id_, each in media.items()} == stage.had.keys
    for id_, header in stage.had.headers.items():
        assert (media[id_]["serial_number"], media[id_]["master_key_digests"]) == (header.uuid, [header.digest.hex()])
    copies = {each["serial_number"] for id_, each in media.items() if id_ in stage.had.ids["backups"]}
    assert copies == {header.uuid for header in stage.had.headers.values()}
    assert {each["cipher"] for each in media.values()} == {AES_256_XTS}
    made = stage.certificate
    assert (made["verdict"], made["project"]) == ("removed", stage.had.project)
    (image,) = stage.had.ids["images"]
    assert (made["sanitisation"]["category"], made["sanitisation"]["reasons"]) == ("clear", [f"image {image} was not found in the storage"])
    assert made["people"] == {"run_by": tenant.RUN_BY, "verified_by": tenant.VERIFIED_BY}
    assert (made["request"]["ticket"], made["confidentiality"]["before"]) == ("C-4711", "confidential")
    assert made["returned_data"]["wanted"] is True
    assert (running.place() / "certificate-of-removal.html").stat().st_size


def test_two_people_sign_and_the_documented_command_checks_it(stage: Stage, tmp_path: Path) -> None:
    """As the page says it, without ringfence; what was changed afterwards is not good, and one key does not sign for both."""
    keys = {}
    for role, name in SIGNERS.items():
        keys[role] = tmp_path / name
        words = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", str(keys[role])]
        subprocess.run(words, check=True, stdin=subprocess.DEVNULL)
    assert stage.course.ended("offboard", NAME, "--sign", str(keys["run-by"]), "--as", "run-by")[0] == 0
    code, said = stage.course.ended("offboard", NAME, "--sign", str(keys["run-by"]), "--as", "verified-by")
    assert (code, "one key signs for both" in str(said)) == (2, True)
    assert stage.course.ended("offboard", NAME, "--sign", str(keys["verified-by"]), "--as", "verified-by")[0] == 0
    folder = tmp_path / "handed-over"
    folder.mkdir()
    for file in running.place().glob("certificate-of-removal.json*"):
        shutil.copy(file, folder)
    lines = (f"{name} {Path(f'{keys[role]}.pub').read_text()}" for role, name in SIGNERS.items())
    (folder / "allowed_signers").write_text("".join(lines))
    assert checked(folder) == (True, ['Good "ringfence-removal" signature for anna', 'Good "ringfence-removal" signature for bert'])
    certificate = folder / "certificate-of-removal.json"
    certificate.write_text(certificate.read_text().replace('"removed"', '"Removed"', 1))
    assert checked(folder) == (False, [])


def documented() -> str:
    """Return the command of the page that checks the signatures."""
    return next(block["body"] for block in FENCE.finditer(PAGE.read_text()) if "ssh-keygen -Y verify" in block["body"])


def checked(folder: Path) -> tuple[bool, list[str]]:
    """Return whether the command of the page ends well, and which signatures are good by it."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder)}
    done = subprocess.run(["bash", "-c", documented()], cwd=folder, env=environment, capture_output=True, text=True, check=False)
    return done.returncode == 0, [line.partition(" with ")[0] for line in done.stdout.splitlines() if line.startswith("Good ")]


def test_looking_once_more_finds_nothing(stage: Stage) -> None:
    """By the verb, which says that it is done, too."""
    code, told = stage.course.ended("offboard", NAME, "--prove", run="--prove of a tenant that is gone")
    assert (code, {each["verdict"] for each in told["proof"]}) == (0, {"pass"})
    assert stage.end[1]["certificate"] == str(running.place() / "certificate-of-removal.json")


def test_the_other_tenants_are_untouched(stage: Stage) -> None:
    """Every service lists what it listed before the tenant came, and the others are verified with packets."""
    assert inventory.everything(clouds.admin()) == stage.others
    done = subprocess.run([running.RINGFENCE, "verify"], cwd=ROOT, capture_output=True, text=True, timeout=running.SECONDS, check=False)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
