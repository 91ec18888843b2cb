"""Every modality x every promise of a network."""

import pytest

from plait.modalities import modalities
from plait.testing import NETWORK_CHECKS


@pytest.mark.parametrize("check", NETWORK_CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("modality", modalities())
def test_network(modality, check):
    check(modality)
