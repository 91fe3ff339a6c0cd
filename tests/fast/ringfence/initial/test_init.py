"""``ringfence init``: what it writes is right whatever was chosen, what it cannot know it asks for at once, and it overwrites nothing."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.declaration import load_platform, load_tenant
from infra.declaration.values import NAME
from infra.errors import RingfenceError
from ringfence.commands import init
from ringfence.initial import choice, files
from ringfence.initial import seen as looking
from ringfence.initial.seen import Outside, Seen, Size
from tests.fast.declaration.declared import TODAY

if TYPE_CHECKING:
    from pathlib import Path

    from tests.fast.ringfence.command import Run

pytestmark = pytest.mark.fast

FLAGS = ("--no-cloud", "--region", "RegionOne", "--external-network", "public", "--flavor", "small", "--operators", "198.51.100.0/24")
SEEN = Seen(
    "mine",
    "north",
    "d0",
    (Outside("ext", 1450, ("203.0.113.0/24",)),),
    (Size(64, 1, 1, "tiny"), Size(1024, 1, 0, "m1"), Size(4096, 2, 20, "m2")),
    ("debian 13",),
    frozenset({"encrypted"}),
    "p0",
)


@pytest.fixture(autouse=True)
def folder(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty working directory, with no cloud chosen; ``run``, which works in another, is named to come first."""
    del run
    for name in init.CHOSEN_BY:
        monkeypatch.delenv(name, raising=False)
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    return work


WORDS = st.one_of(
    st.sampled_from(["no", "0443", "null", "~", "1e3", "12:30", "a: b", "#x", "- x", "'", '"', "{a}", "é", "$flavor", "%"]), st.text()
)
PREFIXES = st.builds(
    lambda number, length: f"{number >> 24 & 255}.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}/{length}",
    st.integers(0, 2**32 - 1),
    st.integers(0, 32),
)
NAMES = st.one_of(st.from_regex(NAME, fullmatch=True), st.sampled_from(["no", "on", "null", "platform", "admin", "a/b", ""]))


@given(st.builds(choice.Asked, WORDS, WORDS, WORDS, st.lists(PREFIXES, min_size=1).map(tuple), WORDS, PREFIXES, PREFIXES), NAMES, PREFIXES)
def test_whatever_is_chosen_nothing_wrong_is_written(
    tmp_path_factory: pytest.TempPathFactory, asked: choice.Asked, tenant: str, zone: str
) -> None:
    """Flags of any kind are refused before anything is written, or the loader reads back exactly what was chosen."""
    place = tmp_path_factory.mktemp("chosen")
    try:
        init.refuse_name(tenant)
        texts = init.texts_of(place, tenant, asked, Seen(), zone)
        files.judged(place, texts, TODAY)
    except RingfenceError:
        assert not list(place.iterdir())
        return
    files.write(place, texts)
    read_back(place, asked, tenant, zone)


@given(
    st.text(
        st.characters(min_codepoint=33, max_codepoint=0x2FF, exclude_categories=("Cc", "Cf", "Zs", "Zl", "Zp")), min_size=1, max_size=40
    ),
    st.from_regex(r"[a-z][a-z0-9]{9,20}", fullmatch=True).filter(lambda name: name not in {"everything", "everywhere", "declarations"}),
    st.integers(0, 254),
)
def test_whatever_can_be_meant_is_written(tmp_path_factory: pytest.TempPathFactory, word: str, tenant: str, number: int) -> None:
    """Words with any sign in them, of one line and without blanks at their ends, are written, and read back as they are."""
    place = tmp_path_factory.mktemp("meant")
    asked = choice.Asked(word, word, word, (f"203.0.{number}.0/24",), word, f"172.29.{number}.0/24", "172.30.0.0/16")
    zone = f"10.{number}.0.0/24"
    texts = init.texts_of(place, tenant, asked, Seen(), zone)
    files.judged(place, texts, TODAY)
    files.write(place, texts)
    read_back(place, asked, tenant, zone)


def read_back(place: Path, asked: choice.Asked, tenant: str, zone: str) -> None:
    """Hold what the loader reads against what was asked for."""
    platform = load_platform(place / "Pulumi.platform.yaml").platform
    first = load_tenant(place / f"Pulumi.{tenant}.yaml", platform, today=TODAY).tenant
    words = [asked.region, asked.external_network, asked.flavor]
    assert [platform.region, platform.external_network, platform.bastion.flavor] == [word.strip() for word in words]
    assert [str(prefix) for prefix in platform.bastion.allowed_from] == list(asked.operators)
    assert (str(platform.backbone.cidr), str(platform.pool.cidr)) == (asked.backbone, asked.pool)
    assert not asked.image.strip() or platform.image == asked.image.strip()
    assert (str(first.zones["app"].cidr), first.region) == (zone, asked.region.strip())


def test_from_flags_alone(folder: Path, run: Run) -> None:
    """Without a cloud, four flags are enough; what is written is right, and the next steps are told."""
    ended = run("init", "initech", *FLAGS, "--json")
    assert ended.code == 0
    assert ended.json["written"] == ["Pulumi.yaml", "__main__.py", "Pulumi.platform.yaml", "Pulumi.initech.yaml"]
    assert "pulumi stack init initech && pulumi up -s initech" in ended.json["next"]
    assert run("validate", folder / "Pulumi.platform.yaml", folder / "Pulumi.initech.yaml").code == 0


def test_everything_that_is_missing_is_asked_for_at_once(folder: Path, run: Run) -> None:
    """One answer names every flag that nobody can do without, and nothing is written."""
    ended = run("init", "--json")
    assert ended.code == 2
    assert [one["where"] for one in ended.json["errors"]] == ["--region", "--external-network", "--flavor", "--operators"]
    assert not list(folder.iterdir())


def test_nothing_is_overwritten(folder: Path, run: Run) -> None:
    """What is there stays byte for byte; a second tenant takes region and flavor from the platform that is declared."""
    assert run("init", "initech", *FLAGS).code == 0
    before = {file.name: file.read_bytes() for file in folder.iterdir()}
    again = run("init", "initech", "--no-cloud", "--json")
    assert (again.code, again.json["written"]) == (0, [])
    second = run("init", "umbrella", "--json")
    assert second.json["written"] == ["Pulumi.umbrella.yaml"]
    assert "flavor: small" in (folder / "Pulumi.umbrella.yaml").read_text()
    assert {name: (folder / name).read_bytes() for name in before} == before


def test_a_file_that_comes_up_meanwhile_stays(folder: Path) -> None:
    """Between looking and writing somebody else may write: theirs stays, and that is an error."""
    (folder / "b").write_text("theirs")
    with pytest.raises(RingfenceError, match="written before it"):
        files.write(folder, {"a": "ours", "b": "ours"})
    assert (folder / "b").read_text() == "theirs"


def test_in_a_checkout_the_program_is_the_checkouts(folder: Path, run: Run) -> None:
    """Beside the program of the stacks, the engine's file names it, and no second one is written."""
    (folder / "infra").mkdir()
    (folder / "infra" / "__main__.py").touch()
    assert run("init", *FLAGS, "--json").json["written"] == ["Pulumi.yaml", "Pulumi.platform.yaml", "Pulumi.acme.yaml"]
    assert "main: infra/" in (folder / "Pulumi.yaml").read_text()


def test_a_cloud_is_looked_at(folder: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Region, domain, the only network outside and the smallest flavor that is large enough are chosen, and all that is offered is told."""
    monkeypatch.setattr(looking, "look", lambda name: SEEN if name == "mine" else None)
    ended = run("init", "--cloud", "mine", "--operators", "198.51.100.0/24", "--json")
    assert (ended.code, ended.json["cloud"]) == (0, "mine")
    platform = load_platform(folder / "Pulumi.platform.yaml").platform
    assert (platform.region, platform.domain, platform.external_network, platform.bastion.flavor) == ("north", "d0", "ext", "m1")
    assert platform.projects == ("p0",)
    assert platform.default_volume_type == "ringfence"
    text = (folder / "Pulumi.platform.yaml").read_text()
    assert all(words in text for words in ("ext (MTU 1450, 203.0.113.0/24)", "m2 (2 vCPU, 4096 MiB, 20 GiB)", "debian 13"))


REFUSED: dict[str, tuple[list[str], str]] = {
    "a network that the cloud does not have": (["--external-network", "public"], "the cloud mine has no such network towards the outside"),
    "a flavor that the cloud does not have": (["--flavor", "huge"], "the cloud mine has no such flavor"),
    "another region than the credential's": (["--region", "south"], "the credential is for another region"),
    "a backbone within the external network": (["--backbone", "203.0.113.64/26"], "the prefix overlaps the subnet 203.0.113.0/24 of ext"),
    "a prefix that is none": (["--pool", "172.30.0.0"], "not an IPv4 prefix"),
}


@pytest.mark.parametrize(("flags", "said"), REFUSED.values(), ids=REFUSED)
def test_what_the_cloud_contradicts_is_refused(
    flags: list[str], said: str, folder: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is said with what there is instead, and nothing is written."""
    monkeypatch.setattr(looking, "look", lambda _: SEEN)
    ended = run("init", "--cloud", "mine", "--operators", "198.51.100.0/24", *flags)
    assert ended.code == 2
    assert said in ended.err
    assert not list(folder.iterdir())


def test_a_comment_about_a_cloud_stays_a_comment(folder: Path) -> None:
    """A name with a line end or a command of the terminal in it can be seen, and ends no comment."""
    hostile = Seen("c", "r", "", (Outside("x\nregion: elsewhere"),), (Size(512, 1, 1, "s\x1b[2J"),), ("i\r\n# ",))
    chosen = choice.choose(
        choice.Asked(operators=("198.51.100.0/24",), external_network="x\nregion: elsewhere", flavor="s\x1b[2J"), hostile
    )
    text = files.platform(chosen, hostile)
    assert "\x1b" not in text
    assert not [line for line in text.splitlines() if line.startswith("region")]
    with pytest.raises(RingfenceError, match="a character that cannot be seen"):
        files.judged(folder, {"Pulumi.platform.yaml": text}, TODAY)


def test_a_cloud_is_read_by_its_api() -> None:
    """Networks outside with MTU and prefixes, flavors by size, images and types by name, region and domain of the credential."""
    one = SimpleNamespace
    access = one(project_domain_id="d0", project_id="p0", project_name="operations")
    connection = one(
        config=one(name="mine", region_name="north"),
        session=one(auth=one(get_access=lambda _: access)),
        network=one(
            networks=lambda **asked: [one(id="n", name="ext", mtu=1450)] if asked == {"is_router_external": True} else [],
            subnets=lambda: [one(network_id="n", cidr="203.0.113.0/24"), one(network_id="m", cidr="10.0.0.0/24")],
        ),
        compute=one(flavors=lambda: [one(name="m2", ram=4096, vcpus=2, disk=20), one(name="m1", ram=1024, vcpus=1, disk=0)]),
        image=one(images=lambda: [one(name="debian 13"), one(name=None)]),
        block_storage=one(types=lambda: [one(name="encrypted")]),
    )
    found = looking.seen(connection)  # type: ignore[arg-type]
    assert found == Seen("mine", "north", "d0", SEEN.outside, SEEN.sizes[1:], SEEN.images, SEEN.volume_types, "p0")
    access.project_name = "platform"
    assert looking.seen(connection).project == ""  # type: ignore[arg-type]


def test_names_that_are_no_tenants_are_refused(folder: Path, run: Run) -> None:
    """Neither the platform's name nor a path is a tenant's, and a word with a meaning of its own is a mistake."""
    assert [run("init", name, *FLAGS).code for name in ("platform", "../x", "internet", "Acme")] == [2] * 4
    assert not list(folder.iterdir())
    assert json.loads(run("init", "platform", *FLAGS, "--json").out)["errors"]
