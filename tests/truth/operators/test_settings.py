"""What sshd would do on hosts that have operators is what a verification expects of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hardening.controls import effects
from hardening.controls.catalogue import CATALOGUE
from hardening.controls.model import SshSetting
from hardening.firstboot import sshd as first_boot
from hardening.operators.declared import sshd_before_the_image
from tests.truth import netns
from tests.truth.operators import stacks, world
from tests.truth.operators.world import BASTION, SERVER, STORE

if TYPE_CHECKING:
    from tests.truth.operators.world import World

pytestmark = [pytest.mark.truth, netns.NEEDS_ROOT]
OF_SSHD = tuple(control for control in CATALOGUE if all(isinstance(part, SshSetting) for part in control.renders))
TENANTS = {BASTION: "", SERVER: "acme", STORE: "platform"}


@pytest.mark.parametrize("host", TENANTS)
def test_sshd_says_what_is_expected_of_it_and_not_what_the_image_alone_would_make_it_say(platform: World, host: str) -> None:
    """Sshd reads the operators' file, the first boot's and the image's, and is asked as a verification asks it."""
    own = effects.settings(sshd_before_the_image(stacks.platform(), TENANTS[host]), first_boot.config(world.plan(host)))
    asked = effects.at_work(OF_SSHD, own)
    said = platform[host].must("bash", "-s", text=effects.script(asked))
    assert len(OF_SSHD) >= 5
    assert [str(one) for one in effects.unmet(said, asked)] == []
    assert {one.control for one in effects.unmet(said, OF_SSHD)} >= {"ssh-keys-only", "ssh-algorithms"}
