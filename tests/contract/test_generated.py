"""Every modality that can be generated x every promise of a generated target."""

import pytest

from plait.modalities import GeneratedTarget, modalities
from plait.testing import GENERATED_CHECKS

GENERATED = [name for name, codec in modalities().items() if isinstance(codec(), GeneratedTarget)]


@pytest.mark.parametrize("check", GENERATED_CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("modality", GENERATED)
def test_generated(modality, check):
    check(modality)
