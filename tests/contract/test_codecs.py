"""Every modality x every promise of a codec."""

import pytest

from plait.modalities import modalities
from plait.testing import CODEC_CHECKS


@pytest.mark.parametrize("check", CODEC_CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("modality", modalities())
def test_codec(modality, check):
    check(modality)
