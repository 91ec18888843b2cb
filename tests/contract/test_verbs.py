"""Every modality x every verb."""

import pytest

from plait.modalities import modalities
from plait.testing import VERB_CHECKS


@pytest.mark.parametrize("check", VERB_CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize(
    "modality", [pytest.param(m, marks=pytest.mark.xdist_group(m)) for m in modalities()]
)
def test_verb(modality, check):
    check(modality)
