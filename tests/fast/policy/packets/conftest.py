"""Settings of the property tests."""

from __future__ import annotations

from hypothesis import settings

# How long an example takes depends on what else the machine does; being slow once is no defect of the algebra.
settings.register_profile("packets", deadline=None)
settings.load_profile("packets")
