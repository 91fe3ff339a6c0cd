"""What the environment may choose."""

from __future__ import annotations

from pathlib import Path

import pytest

from labcloud.settings import LabError, Settings


def test_state_and_cache_follow_the_desktop_standard() -> None:
    """Without settings of ours, the XDG directories hold a folder of our name."""
    settings = Settings.of({"HOME": "/home/ada", "XDG_CACHE_HOME": "/big/cache"})
    assert settings == Settings(Path("/home/ada/.local/state/ringfence/lab"), Path("/big/cache/ringfence"), 0, forward=True)


def test_our_own_variables_win() -> None:
    """RINGFENCE_STATE and RINGFENCE_CACHE name the directories themselves."""
    settings = Settings.of({"RINGFENCE_STATE": "/s", "RINGFENCE_CACHE": "/c", "XDG_STATE_HOME": "/x"})
    assert (settings.root, settings.cache) == (Path("/s/lab"), Path("/c"))


@pytest.mark.parametrize("hidden", ["/var/lib/ringfence", "/etc/x", "/run/y"])
@pytest.mark.parametrize("variable", ["RINGFENCE_STATE", "RINGFENCE_CACHE"])
def test_a_directory_that_the_lab_covers_is_refused(variable: str, hidden: str) -> None:
    """The lab's own /etc, /var and /run would hide such a directory from it."""
    with pytest.raises(LabError, match=f"{variable}: the lab has a private") as refused:
        Settings.of({variable: hidden})
    assert hidden in str(refused.value)


@pytest.mark.parametrize("offset", ["-1", "ten", "1.5", "55840"])
def test_an_offset_without_valid_ports_is_refused(offset: str) -> None:
    """Neither words nor numbers that push Neutron's port over 65535."""
    with pytest.raises(LabError, match="RINGFENCE_LAB_PORT_OFFSET"):
        Settings.of({"RINGFENCE_LAB_PORT_OFFSET": offset})


def test_the_largest_offset_is_allowed() -> None:
    """The bound itself still works."""
    assert Settings.of({"RINGFENCE_LAB_PORT_OFFSET": "55839"}).port_offset == 55839


def test_forwarding_is_yes_or_no() -> None:
    """No is no, anything else than the two words is refused."""
    assert not Settings.of({"RINGFENCE_LAB_FORWARD": "no"}).forward
    with pytest.raises(LabError, match="yes or no"):
        Settings.of({"RINGFENCE_LAB_FORWARD": "0"})
