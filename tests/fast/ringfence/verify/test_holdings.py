"""What strangers try at keys, images, transfers, backups and credentials, at a small cloud that keeps tenants apart, or does not."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from infra.outcome import CheckVerdict, Outcome
from ringfence.verify.denial import asking, bait, calls, holdings
from ringfence.verify.denial.attempts import Who
from ringfence.verify.denial.bait import Holder
from tests.fast.ringfence.verify.inventories import inventory

if TYPE_CHECKING:
    from ringfence.verify.inventory import TenantInventory

pytestmark = pytest.mark.fast
Json = dict[str, Any]
ACME, GLOBEX = inventory().tenants
OURS = "ringfence-verify-"


@dataclass
class Cloud:
    """Objects with their owners. ``holes`` are kinds that are everybody's; ``refuses`` maps the beginning of a request to a status."""

    holes: set[str] = field(default_factory=set)
    refuses: dict[str, int] = field(default_factory=dict)
    objects: dict[str, dict[str, Json]] = field(default_factory=lambda: defaultdict(dict))
    said: list[str] = field(default_factory=list)
    is_plain: bool = False

    def login(self, owner: str, who: Who = Who.DEPLOYER) -> Any:  # noqa: ANN401 - stands for a connection
        """Log in as one of a tenant's two."""
        asked = SimpleNamespace(request=lambda path, method, **more: self.answer(owner, who, f"{method} {path}", more))
        return SimpleNamespace(image=asked, block_storage=asked, key_manager=asked, identity=asked)

    def answer(self, owner: str, who: Who, request: str, more: Json) -> Any:  # noqa: ANN401 - stands for a response
        """Answer a request."""
        self.said.append(request)
        forced = next((status for begin, status in self.refuses.items() if request.startswith(begin)), 0)
        status, told = (forced, {}) if forced else self._told(owner, who, request, more)
        return SimpleNamespace(status_code=status, ok=status < 400, text=json.dumps(told))

    def _told(self, owner: str, who: Who, request: str, more: Json) -> tuple[int, Json]:
        method, path = request.split()
        words = path.split("?")[0].strip("/").split("/")
        body = more["json"] or {}
        if words[0] == "secrets":
            return self._if(words[1] == f"key-{owner}" and who is Who.DEPLOYER, "key", (200, {}), (403, {}))
        if words[0] == "users":
            return self._if(words[1] == f"reader-{owner}", "user", (201, {"made": {"id": "1"}}), (403, {}))
        if (method, words[0]) == ("POST", "credentials"):
            return self._if(body["credential"]["user_id"] == f"reader-{owner}", "user", (201, {"made": {"id": "1"}}), (403, {}))
        if (method, words[0]) == ("POST", "backups"):
            is_mine = body["backup"]["volume_id"].split("-")[1] == owner
            return (400, {}) if is_mine else self._if(False, "backup", (202, {"backup": {"id": "b"}}), (404, {}))
        return self._of_objects(owner, method, words, body)

    def _if(self, may: bool, kind: str, granted: tuple[int, Json], refused: tuple[int, Json]) -> tuple[int, Json]:  # noqa: FBT001
        return granted if may or kind in self.holes else refused

    def _of_objects(self, owner: str, method: str, words: list[str], body: Json) -> tuple[int, Json]:
        kind = self.objects[words[0]]
        if words[0] == "volumes" and words[-1].startswith("root-"):
            return 200, {"volume": {"encryption_key_id": "" if self.is_plain else f"key-{owner}"}}
        if method == "GET" and words[-1] in {words[0], "detail"}:
            return 200, {words[0].replace("volume-", ""): [one for one in kind.values() if one["owner"] == owner]}
        if method == "POST" and len(words) == 1:
            return self._made(kind, owner, body)
        one = kind.get(words[1])
        if one is None or (one["owner"] != owner and words[0] not in self.holes):
            return (400, {"badRequest": "Invalid auth key: ..."}) if one and words[-1] == "accept" else (404, {})
        if method == "DELETE":
            del kind[words[1]]
        return 200, {"volume": one} if words[0] == "volumes" else {"transfer": one}

    def _made(self, kind: dict[str, Json], owner: str, body: Json) -> tuple[int, Json]:
        values = next(iter(body.values())) if isinstance(next(iter(body.values())), dict) else body
        id_ = f"{OURS}{len(self.said)}"
        kind[id_] = {**values, "id": id_, "owner": owner, "status": "available"}
        return 201, {"id": id_, "volume": kind[id_], "transfer": kind[id_]}

    def left(self) -> list[str]:
        """Return what is there of ours."""
        return [id_ for kind in self.objects.values() for id_ in kind]


def tried(cloud: Cloud, attacker: TenantInventory = ACME, victim: TenantInventory = GLOBEX) -> list[Outcome]:
    """Let one tenant try at what the other one holds."""
    logins = {(tenant.name, who): cloud.login(tenant.name, who) for tenant in (ACME, GLOBEX) for who in Who}
    holder = Holder(victim, cloud.login(victim.name), f"reader-{victim.name}")
    held = holder.made()
    outcomes = [*held.missing(victim.name), *(calls.make(attempt, logins) for attempt in holdings.at(attacker, victim, held))]
    return [*outcomes, *holder.removed()]


def by_verdict(outcomes: list[Outcome], verdict: CheckVerdict) -> list[str]:
    """Return the names of the checks that came to a verdict."""
    return [outcome.check for outcome in outcomes if outcome.verdict is verdict]


def test_a_cloud_that_keeps_tenants_apart_passes_and_nothing_is_left() -> None:
    """Key, image, transfer, backup and credentials: each of them refused, and each possible for the owner."""
    cloud = Cloud()
    outcomes = tried(cloud)
    assert by_verdict(outcomes, CheckVerdict.PASS) == [outcome.check for outcome in outcomes]
    assert len(outcomes) == len({outcome.check for outcome in outcomes}) == 11
    assert cloud.left() == []


HOLES = {
    "key": ["acme's deployer reads the key of globex's volume", "acme's reader reads the key of globex's volume"],
    "images": [
        "acme's deployer shows globex's image",
        "acme's reader shows globex's image",
        "acme's deployer lends globex's image to itself",
    ],
    "volume-transfers": [
        "acme's deployer shows globex's volume transfer",
        "acme's reader shows globex's volume transfer",
        "acme's deployer accepts globex's volume transfer without its key",
    ],
    "backup": ["acme's deployer makes a backup of globex's volume"],
    "user": [
        "acme's reader makes an application credential for globex's reader",
        "acme's reader makes a key for EC2 for globex's reader",
    ],
}


@pytest.mark.parametrize("hole", HOLES)
def test_each_hole_is_named(hole: str) -> None:
    """One kind of thing is everybody's, and exactly the attempts at it fail."""
    outcomes = tried(Cloud(holes={hole}))
    assert by_verdict(outcomes, CheckVerdict.FAIL) == HOLES[hole]
    assert by_verdict(outcomes, CheckVerdict.ERROR) == []


UNPROVEN: dict[str, tuple[dict[str, int], CheckVerdict, str]] = {
    "nobody can read a key": ({"GET /secrets/": 404}, CheckVerdict.ERROR, "reads the key"),
    "the key manager is broken": ({"GET /secrets/": 500}, CheckVerdict.ERROR, "reads the key"),
    "images cannot be lent at all": ({"POST /images/": 403}, CheckVerdict.ERROR, "lends globex's image"),
    "the owner may keep no images": ({"POST /images": 403}, CheckVerdict.SKIPPED, "tries globex's image"),
    "Glance is broken": ({"POST /images": 503}, CheckVerdict.ERROR, "tries globex's image"),
    "volumes cannot be handed over": ({"POST /volume-transfers": 400}, CheckVerdict.SKIPPED, "tries globex's volume transfer"),
    "there is no room for a volume": ({"POST /volumes": 413}, CheckVerdict.SKIPPED, "tries globex's volume transfer"),
    "accepting is refused for something else": ({"POST /volume-transfers/": 400}, CheckVerdict.ERROR, "accepts globex's volume transfer"),
    "there are no backups": ({"POST /backups": 404}, CheckVerdict.ERROR, "makes a backup"),
    "a backup of a volume in use is made": ({"POST /backups": 202}, CheckVerdict.FAIL, "makes a backup"),
    "nobody makes keys for EC2": ({"POST /credentials": 403}, CheckVerdict.ERROR, "makes a key for EC2"),
    "nobody makes credentials": ({"POST /users/": 403}, CheckVerdict.ERROR, "makes an application credential"),
    "what was made cannot be deleted": ({"DELETE /images/": 409}, CheckVerdict.ERROR, "what was tried at is gone"),
}


@pytest.mark.parametrize("case", UNPROVEN)
def test_a_no_that_everybody_gets_proves_nothing(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only where the owner can, a refusal counts; what could not be tried at all is said."""
    monkeypatch.setattr(bait, "SECONDS", 0.0)
    refuses, verdict, what = UNPROVEN[case]
    outcomes = tried(Cloud(refuses=refuses))
    assert any(what in check for check in by_verdict(outcomes, verdict))
    assert not any(what in check for check in by_verdict(outcomes, CheckVerdict.PASS))


def test_what_a_verification_that_was_killed_left_goes_first() -> None:
    """An image, and a volume that is being handed over; nothing else of the tenant's."""
    cloud = Cloud()
    for _ in range(2):
        Holder(GLOBEX, cloud.login("globex"), "reader-globex").made()
        cloud.objects["images"]["own"] = {"id": "own", "name": "own", "owner": "globex"}
    assert len(cloud.left()) == 4
    assert by_verdict(tried(cloud), CheckVerdict.ERROR) == []
    assert cloud.left() == ["own"]


def test_a_volume_without_a_key_is_said() -> None:
    """Nobody can try at it, which is no pass."""
    assert by_verdict(tried(Cloud(is_plain=True)), CheckVerdict.SKIPPED) == ["another tenant tries globex's volume's key"]


def test_no_secret_is_kept_of_an_answer() -> None:
    """The payload of a key is asked for, and forgotten."""
    login: Any = SimpleNamespace(
        key_manager=SimpleNamespace(request=lambda *_, **__: SimpleNamespace(status_code=200, ok=True, text="the key"))
    )
    (attempt, *_) = holdings.at(ACME, GLOBEX, holdings.Bait("reader", "name", key="1"))
    assert asking.ask(login, attempt.call).text == ""
