"""What concerns a server, what would mend it, and when its deadline is over."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from infra.vulnerabilities import journal, tracker
from infra.vulnerabilities.findings import Remedy, assessed, hits, judged
from infra.vulnerabilities.installed import Package, Source, installed
from infra.vulnerabilities.tracker import Severity
from tests.fast.vulnerabilities.publishing import Row, listed, packed

if TYPE_CHECKING:
    from infra.vulnerabilities.findings import Assessed

pytestmark = pytest.mark.fast
DAY = datetime(2026, 11, 1, tzinfo=UTC)
DAYS = {Severity.HIGH: 7, Severity.MEDIUM: 30, Severity.LOW: 90, Severity.UNASSIGNED: 30}
OPENSSL = Row("CVE-2026-1", "openssl", "SHRF", "3.5.2-1", "3.0.17-1~deb12u3 3.5.1-1+deb12u9 3.5.1-1+deb13u1")
LINUX = Row("CVE-2026-2", "linux", "SM F", "6.17-1", "6.12.63-1")
UNFIXED = Row("CVE-2026-3", "openssl", "S   ", "3.6-1")


def package(name: str, version: str, source: str = "", own: str = "") -> Package:
    """A package that is offered."""
    return Package(name, version, (Source(source or name, own or version),))


def kernel(version: str) -> str:
    """A signed kernel."""
    return f"linux-image-{version}-amd64 {version}-1 linux-signed-amd64 {version}+1 linux (= {version}-1)"


def found(
    *packages: str, rows: tuple[Row, ...] = (OPENSSL, LINUX, UNFIXED), offered: tuple[Package, ...] | None = ()
) -> dict[str, Assessed]:
    """What is found of a server, by vulnerability."""
    data, has = tracker.read(packed(rows), "trixie"), installed(listed(*packages))
    return {hit.entry.bug: assessed(hit, has, offered, "13") for hit in hits(has, data)}


def test_a_vulnerability_is_found_once_with_every_package_of_its_source() -> None:
    """With the version that the release has of it: no other release's."""
    seen = found("openssl 3.5.1-1 openssl 3.5.1-1", "libssl3t64 3.5.1-1+b1 openssl 3.5.1-1", "bash 5 bash 5")
    assert {bug: [each.name for each in one.hit.packages] for bug, one in seen.items()} == {
        "CVE-2026-1": ["libssl3t64", "openssl"],
        "CVE-2026-3": ["libssl3t64", "openssl"],
    }
    assert (seen["CVE-2026-1"].fixed, seen["CVE-2026-1"].fix) == ("3.5.1-1+deb13u1", True)
    assert (seen["CVE-2026-3"].fixed, seen["CVE-2026-3"].fix) == ("", False)
    assert set(found("openssl 3.5.1-1+deb13u1 openssl 3.5.1-1+deb13u1")) == {"CVE-2026-3"}
    assert found("openssl 3.6-1 openssl 3.6-1") == {}


def test_a_signed_kernel_is_found_by_what_is_built_into_it() -> None:
    """Debian's data knows nothing of the source of its signatures."""
    assert list(found(kernel("6.12.57"))) == ["CVE-2026-2"]
    assert found(kernel("6.12.63")) == {}


def test_an_entry_of_a_package_concerns_it_alone() -> None:
    """By its own version and not its source's, and no other package of that source."""
    row = Row("CVE-2026-4", "libfoo1", "BH F", "1.2")
    assert list(found("libfoo1 1.1 foo 9", "libfoo2 1.1 foo 9", rows=(row,))["CVE-2026-4"].hit.packages) == [
        package("libfoo1", "1.1", "foo", "9")
    ]
    assert found("libfoo1 1.2 foo 0.1", rows=(row,)) == {}
    assert list(found("libfoo1 9 foo 9", rows=(Row("CVE-2026-4", "libfoo1", "BH F"),))) == ["CVE-2026-4"]


ONE, TWO = "openssl 3.5.1-1 openssl 3.5.1-1", "libssl3t64 3.5.1-1 openssl 3.5.1-1"
GOOD, LATER = "3.5.1-1+deb13u1", "3.5.1-1+deb13u0"
REMEDIES = {
    "all of it is offered": (("openssl", "libssl3t64"), GOOD, Remedy.UPDATE),
    "half of it is offered": (("openssl",), GOOD, Remedy.NONE),
    "a later version that has it too is offered": (("openssl", "libssl3t64"), LATER, Remedy.NONE),
    "nothing is offered": ((), GOOD, Remedy.NONE),
}


@pytest.mark.parametrize("case", REMEDIES.values(), ids=REMEDIES)
def test_an_update_would_do_when_it_brings_all_of_it_without_the_vulnerability(case: tuple[tuple[str, ...], str, Remedy]) -> None:
    """A later version is not a better one by itself."""
    names, version, remedy = case
    offered = tuple(package(name, version, "openssl") for name in names)
    assert found(ONE, TWO, offered=offered)["CVE-2026-1"].remedy is remedy


def test_without_a_service_of_packages_nobody_knows_what_an_update_would_do() -> None:
    """It is said, and is no fix."""
    seen = found(ONE, offered=None)
    assert [(one.remedy, one.fix) for one in seen.values()] == [(Remedy.NOT_ASKED, True), (Remedy.NOT_ASKED, False)]


def test_a_fix_that_the_data_does_not_know_of_is_one_when_it_is_offered() -> None:
    """The deadline begins."""
    one = found(ONE, offered=(package("openssl", "3.6-1"),))["CVE-2026-3"]
    assert (one.remedy, one.fix, one.fixed) == (Remedy.UPDATE, True, "")


def test_a_kernel_that_comes_beside_the_old_one_mends_it_and_the_old_one_is_to_be_removed() -> None:
    """Packages of other names, which have the version in them; a package of the same source and another name is none."""
    new = Package("linux-image-6.12.63-amd64", "6.12.63-1", (Source("linux-signed-amd64", "6.12.63+1"), Source("linux", "6.12.63-1")))
    assert found(kernel("6.12.57"), offered=(new,))["CVE-2026-2"].remedy is Remedy.UPDATE
    assert found(kernel("6.12.57"), kernel("6.12.63"))["CVE-2026-2"].remedy is Remedy.REMOVE
    headers = package("linux-headers-6.12.63-amd64", "6.12.63-1", "linux")
    assert found(kernel("6.12.57"), offered=(headers,))["CVE-2026-2"].remedy is Remedy.NONE


def test_a_deadline_counts_from_the_first_fix_and_is_over_only_behind_it() -> None:
    """By severity; without a fix there is none, however long it is known."""
    seen = list(found(ONE).values())
    sights = {"openssl CVE-2026-1": journal.Sight(DAY, DAY + timedelta(days=3)), "openssl CVE-2026-3": journal.Sight(DAY)}
    at = DAY + timedelta(days=10)
    for now, over in ((at, False), (at + timedelta(seconds=1), True)):
        first, second = judged(seen, sights, DAYS, now)
        assert (first.deadline, first.over) == (at, over)
        assert (second.deadline, second.over, second.what.hit.entry.bug) == (None, False, "CVE-2026-3")
    with pytest.raises(KeyError):
        judged(seen, {}, DAYS, at)
