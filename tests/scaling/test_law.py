"""Laws of scaling: found again where the truth is known, and honest where it is noisy."""

import numpy as np
import pytest

from plait.errors import UsageError
from plait.scaling.law import Law, Point, fit_law

TRUE = Law((float(np.log(0.3)), float(np.log(8.0)), 0.4, float(np.log(20.0)), 0.6))
SIZES, ROWS = (2e4, 1e5, 5e5), (100, 200, 400, 800, 1600)


def runs(noise=0.0, seed=0, sizes=SIZES, rows=ROWS):
    rng = np.random.default_rng(seed)
    return [
        Point(n, d, TRUE.loss(n, d) * float(np.exp(rng.normal(0, noise))))
        for n in sizes
        for d in rows
    ]


def test_a_loss_by_hand():
    law = Law((float(np.log(0.5)), float(np.log(2.0)), 1.0, float(np.log(3.0)), 0.5))
    assert law.loss(4.0, 9.0) == pytest.approx(0.5 + 2 / 4 + 3 / 3)
    assert law.floor == pytest.approx(0.5)


def test_the_law_is_found_again_and_foretells_larger_runs():
    found = fit_law(runs())
    assert found.law.loss(2e6, 6400) == pytest.approx(TRUE.loss(2e6, 6400), rel=0.03)
    assert found.law.floor == pytest.approx(TRUE.floor, rel=0.15)


LADDER = ((1e5, 200), (1e5, 400), (1e5, 800), (1e5, 1600), (3e4, 400), (3e4, 1600), (5e5, 400),
          (5e5, 800))  # fmt: skip
"""Weights and rows of as many runs as `plait scale` fits a law to."""


def test_intervals_hold_the_truth_nearly_as_often_as_they_say():
    held, widths, truth = [], [], TRUE.loss(5e5, 1600)
    for seed in range(16):
        rng = np.random.default_rng(seed)
        runs = [
            Point(n, d, TRUE.loss(n, d) * float(np.exp(rng.normal(0, 0.03)))) for n, d in LADDER
        ]
        best, low, high = fit_law(runs, num_resamples=40, seed=seed).foreseen(5e5, 1600)
        assert best == pytest.approx(truth, rel=0.1)
        held.append(low <= truth <= high)
        widths.append(high / low)
    assert np.mean(held) >= 0.85 and np.median(widths) < 1.3


def test_what_all_runs_have_in_common_tells_nothing():
    found = fit_law(runs(sizes=(1e5,)))
    now = (1e5, 1600.0)
    assert found.gain(now, (2e5, 1600.0))[0] == pytest.approx(0.0, abs=1e-9)
    assert found.gain(now, (1e5, 3200.0))[0] > 0.05


def test_gains_are_shares_of_the_loss():
    found = fit_law(runs())
    best, low, high = found.gain((1e5, 800.0), (1e5, 1600.0))
    truth = 1 - TRUE.loss(1e5, 1600.0) / TRUE.loss(1e5, 800.0)
    assert best == pytest.approx(truth, abs=0.01) and low <= best <= high


def test_too_few_runs_tell_no_law():
    with pytest.raises(UsageError, match="tell no law"):
        fit_law(runs()[:3])
    with pytest.raises(UsageError, match="tell no law"):
        fit_law([Point(1e5, 100 * n, 0.0) for n in range(1, 6)])
