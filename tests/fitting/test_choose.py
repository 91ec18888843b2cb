"""What ships: the lowest honest cost, never a model that diverged, and a plain word about it."""

from __future__ import annotations

import numpy as np
import pytest

from plait.errors import TargetError
from plait.fitting.choice.choose import choose
from plait.modalities.category.codec import CategoryCodec

CODEC = CategoryCodec(labels=("a", "b"))
TRUTH = np.arange(200) % 2


def outputs(right, *, wrong_rows=()):
    """Probability `right` of the true class, less of it in some rows."""
    sure = np.full(len(TRUTH), right)
    sure[list(wrong_rows)] = 1 - right
    return np.where(TRUTH[:, None] == [0, 1], sure[:, None], 1 - sure[:, None]).astype(np.float32)


def test_a_clear_winner_ships_alone():
    found = choose({"deep": outputs(0.9), "linear": outputs(0.6)}, TRUTH, CODEC)
    assert found.weights == {"deep": 1.0} and found.shipped == "deep" and not found.notes
    assert found.costs["deep"] == pytest.approx(-np.log(0.9), abs=1e-4)


def test_a_baseline_that_wins_ships_and_it_is_said():
    found = choose({"deep": outputs(0.6), "linear": outputs(0.9)}, TRUTH, CODEC)
    assert found.shipped == "linear"
    assert found.notes == (
        "the deep model does not beat the best simple model (linear model) on these data",
    )


def test_complementary_models_are_stacked():
    both = {
        "deep": outputs(0.8, wrong_rows=range(0, 40)),
        "boosted": outputs(0.8, wrong_rows=range(40, 80)),
    }
    found = choose(both, TRUTH, CODEC)
    assert sum(found.weights.values()) == pytest.approx(1.0)
    assert found.shipped.startswith("stack (") and set(found.weights) == set(both)
    assert found.notes[-1].endswith("; the mix that it is part of did best")


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_diverged_model_never_ships(value):
    broken = np.full((len(TRUTH), 2), value, np.float32)
    with np.errstate(invalid="ignore"):
        broken = broken / broken
    found = choose({"deep": broken, "linear": outputs(0.6)}, TRUTH, CODEC)
    assert found.weights == {"linear": 1.0}
    assert "the network diverged and cannot ship" in found.notes
    with pytest.raises(TargetError, match="training diverged"):
        choose({"deep": broken}, TRUTH, CODEC)
