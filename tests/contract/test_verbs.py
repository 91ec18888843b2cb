"""Every modality x every verb."""

import pytest

from plait.modalities import modalities
from plait.testing import VERB_CHECKS


@pytest.mark.parametrize("check", VERB_CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("modality", modalities())
def test_verb(modality, check):
    check(modality)
