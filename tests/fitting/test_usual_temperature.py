"""The temperature that rows held out speak for: the warmest that is not clearly worse."""

import numpy as np
import pytest

from plait.fitting.choice.usual_temperature import warmest


@pytest.mark.parametrize(
    ("costs", "which"),
    [
        ([[0.5, 0.7, 0.6], [0.1, 0.2, 0.3], [0.9, 0.8, 0.9]], 1),
        ([[0.5, 0.7, 0.6], [0.1, 0.2, 0.3], [0.3, 0.1, 0.25]], 2),
        ([[0.1, 0.1, 0.1], [0.1, 0.1, 0.1]], 1),
        ([[0.1, 0.2, 0.1], [0.3, 0.4, 0.3], [0.3, 0.4, 0.31]], 0),
    ],
    ids=["one is best", "a warmer one within its error", "all alike", "the coldest"],
)
def test_the_warmest_within_a_standard_error_is_taken(costs, which):
    assert warmest(np.array(costs)) == which


def test_rows_are_compared_in_pairs():
    """Rows differ far more than ways do, yet each is a little worse with the second."""
    hard = np.linspace(0, 1, 20)
    steady = 0.02 + 0.001 * np.cos(np.arange(20))
    assert warmest(np.stack([hard, hard + steady])) == 0
