"""How much of the features each tree sees is chosen by rows that others than it answer."""

from __future__ import annotations

import numpy as np
import pytest

from plait.baselines.boosting import SHARES, Grower, Grown, feature_share
from plait.baselines.rounds import _Judged, _said, _Stage, _Units
from plait.modalities.forms import CLASSES


class Says:
    """A booster that answers with its number and that of its rounds."""

    best_iteration = 0

    def __init__(self, number):
        self.number = number

    def predict(self, table, num_iteration, num_threads):
        return np.full(len(table), 1000 * self.number + num_iteration, np.float32)


def grown(number, best, costs):
    return Grown(Says(number), max(best), best, costs, True, 0.1)


def half_and_half(costs):
    """A single fold of ten rows in two halves, and two variants with such costs there."""
    variants = [[grown(i, (100 + i, 200 + i), tuple(one))] for i, one in enumerate(costs)]
    halves = [np.arange(5), np.arange(5, 10)]
    return [_Stage(None, variants)], [_Judged(np.arange(10), halves, np.zeros((10, 1)))]


def test_each_half_is_answered_by_what_suits_the_other_best():
    stages, judged = half_and_half([[0.1, 0.5], [0.5, 0.1]])
    said = _said(stages, judged, 0)
    assert said[:5].tolist() == [1201.0] * 5  # the variant and the rounds of the second half
    assert said[5:].tolist() == [100.0] * 5


def test_what_ships_is_best_for_all():
    stages, judged = half_and_half([[0.1, 0.5], [0.4, 0.1]])
    assert _Units(stages, judged, 0).best() == 1


@pytest.mark.parametrize("num_features", [1, 7, 8, 14, 63, 64, 5000])
def test_trees_of_any_table_see_some_features_and_not_all(num_features):
    shares = {one.share or feature_share(num_features) for one in
              Grower(CLASSES, 2, 0).variants(num_features)}  # fmt: skip
    assert shares == (set(SHARES) if 8 <= num_features < 64 else {feature_share(num_features)})
