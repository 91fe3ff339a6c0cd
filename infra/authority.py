"""The certificate authority that signs the cloud's TLS certificates, where a private one is named in the environment.

``OS_CACERT`` is what the provider and the ``openstack`` command read. openstacksdk does not, once ``OS_CLOUD`` chooses a cloud by name.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from infra.errors import CloudError

if TYPE_CHECKING:
    from collections.abc import Mapping

VARIABLE = "OS_CACERT"


def of_environment(environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return the setting for ``openstack.connect``; empty when the environment names no authority.

    Raises :class:`CloudError` for a file that another working directory, such as the engine's, would not find.
    """
    text = environment.get(VARIABLE, "")
    if not text:
        return {}
    if not Path(text).is_absolute():
        raise CloudError.of(
            "the certificate authority's file has a relative name, and not every program starts in this folder",
            where=VARIABLE,
            expected="an absolute path",
            got=text,
            hint=f'export {VARIABLE}="$(realpath {text})"',
        )
    if not Path(text).is_file():
        raise CloudError.of("the certificate authority's file is not there", where=VARIABLE, expected="a file in PEM format", got=text)
    return {"cacert": text}
