"""Every modality that can be generated x every promise of a generated target."""

import pytest

from plait.modalities import GeneratedTarget, modalities
from plait.testing import GENERATED_CHECKS

GENERATED = [name for name, codec in modalities().items() if isinstance(codec(), GeneratedTarget)]

GROUPED = [pytest.param(name, marks=pytest.mark.xdist_group(f"{name} made")) for name in GENERATED]
"""The checks of a modality share a worker, and so its one fit."""


@pytest.mark.parametrize("check", GENERATED_CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("modality", GROUPED)
def test_generated(modality, check):
    check(modality)
