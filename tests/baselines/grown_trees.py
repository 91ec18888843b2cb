"""Small boosted trees of every objective, and the numbers and categories that they read."""

from __future__ import annotations

import lightgbm
import numpy as np


def table(num, seed, *, gaps):
    """Return numbers, whole numbers with many zeros, and categories up to 70; gaps where asked."""
    rng = np.random.default_rng(seed)
    found = rng.normal(size=(num, 5)).astype(np.float32)
    found[:, 2] = rng.integers(-1, 3, num)
    found[:, 3] = rng.integers(0, 70, num)
    if gaps:
        found[rng.random(found.shape) < 0.15] = np.nan
    return found


def grown(objective, *, gaps, rounds, **settings):
    data = table(700, 0, gaps=gaps)
    filled = np.nan_to_num(data)
    goal = filled[:, 0] * filled[:, 1] + (filled[:, 3] % 3) - filled[:, 2]
    if objective != "regression":
        goal = np.digitize(goal, [0.0] if objective == "binary" else [-0.5, 1.0])
    told = {"objective": objective, "verbosity": -1, "num_leaves": 15, "min_data_in_leaf": 5}
    told |= {"num_class": 3} if objective == "multiclass" else {}
    rows = lightgbm.Dataset(data, goal, categorical_feature=[3])
    return lightgbm.train(told | settings, rows, num_boost_round=rounds)
