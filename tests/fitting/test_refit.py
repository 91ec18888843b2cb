"""What ships is fitted once more as far as time goes: what weighs most in the mix comes first."""

from __future__ import annotations

import numpy as np
import pytest

from plait.fitting.candidates.base_models import BaseModels
from plait.fitting.candidates.refit import SLOWER, _in_time, refit_seconds

BASE_MODELS = BaseModels(
    seconds={"product_of_experts": 4.0, "boosted": 60.0, "linear": 1.0},
    seconds_per_row=0.5,
    rows=np.arange(100),
    judged=np.arange(100, 120),
)
WEIGHTS = {"linear": 0.1, "product_of_experts": 0.8, "boosted": 0.1}


def test_rows_that_judged_have_their_features_already():
    assert refit_seconds(BASE_MODELS, ["linear"], 20) == pytest.approx(SLOWER * 1.2)
    assert refit_seconds(BASE_MODELS, ["linear"], 30) == pytest.approx(SLOWER * 1.3 + 5.0)


@pytest.mark.parametrize(
    ("left", "names"),
    [
        (None, ["linear", "product_of_experts", "boosted"]),
        (200.0, ["linear", "product_of_experts", "boosted"]),
        (42.0, ["linear", "product_of_experts"]),
        (8.0, ["product_of_experts"]),
        (1.9, ["linear"]),
        (1.0, []),
    ],
)
def test_a_slow_member_does_not_keep_the_others_from_it(left, names):
    assert _in_time(BASE_MODELS, WEIGHTS, list(WEIGHTS), 20, left) == names
