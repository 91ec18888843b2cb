"""Which kind of fusion is taken after short runs: mid, unless another is clearly better."""

import numpy as np
import pytest

from plait.fitting.network.deep_trials import _mid_or_better

RNG = np.random.default_rng(0)


@pytest.mark.parametrize(
    ("late", "mid", "early", "chosen"),
    [(1.0, 1.0, 1.0, 2), (0.99, 1.0, 1.02, 2), (1.3, 1.0, 0.7, 0), (0.6, 1.0, 1.1, 3)],
)
def test_mid_is_left_for_what_is_clearly_better(late, mid, early, chosen):
    noise = RNG.normal(0, 1, 400)
    costs = {
        join: mean + noise + RNG.normal(0, 0.2, 400)
        for join, mean in ((3, late), (2, mid), (0, early))
    }
    assert _mid_or_better(costs, 2) == chosen
