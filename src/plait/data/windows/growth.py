"""Whether a series varies the more the higher it is: then it is told in logarithms.

Of stretches of such a series the spread goes with the level (Tukey 1977, "Exploratory Data
Analysis", chapter 4, spread-versus-level plots), which a logarithm makes even.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

NUM_STRETCHES, LEAST_STRETCH = 12, 6
LEAST_SLOPE, LEAST_CORRELATION, LEAST_CHANGE = 0.5, 0.5, 0.1
"""Of the logarithm of a spread by that of a level; and the spread of the latter."""

FLOOR_SHARE = 0.5
"""Of the least value seen: what falls below it later counts as that."""


def floors_of(series: Sequence[np.ndarray], targets: Sequence[str]) -> dict[str, float]:
    """Return target -> the least value that is told, of those that are told in logarithms.

    Args:
        series: Each float64 ``[step, target]``, in the units of the table, without what is judged
            by: that has no say.
        targets: In the order of their values.
    """
    found = {}
    for place, name in enumerate(targets):
        columns = [one[:, place] for one in series]
        whole = np.concatenate([np.zeros(0), *columns])
        whole = whole[~np.isnan(whole)]
        if len(whole) and whole.min() > 0 and grows(columns):
            found[name] = float(FLOOR_SHARE * whole.min())
    return found


def grows(columns: Sequence[np.ndarray]) -> bool:
    """Tell whether series of values above 0, each ``[step]``, vary the more the higher they are."""
    levels, spreads = [], []
    for values in columns:
        num = min(NUM_STRETCHES, len(values) // LEAST_STRETCH)
        stretches = [one[~np.isnan(one)] for one in np.array_split(values, max(num, 1))]
        kept = [one for one in stretches if len(one) >= LEAST_STRETCH // 2 and one.std() > 0]
        if len(kept) < 3:
            continue
        told = np.log([[one.mean(), one.std()] for one in kept])
        told = told - told.mean(axis=0)
        levels.append(told[:, 0])
        spreads.append(told[:, 1])
    if not levels:
        return False
    level, spread = np.concatenate(levels), np.concatenate(spreads)
    if level.std() < LEAST_CHANGE or spread.std() == 0:
        return False
    slope = float(level @ spread) / float(level @ level)
    correlation = float(np.corrcoef(level, spread)[0, 1])
    return slope >= LEAST_SLOPE and correlation >= LEAST_CORRELATION


def in_logarithms(
    values: np.ndarray, targets: Sequence[str], floors: Mapping[str, float]
) -> np.ndarray:
    """Return ``[step, target]`` with those that have a floor as logarithms."""
    found = values.copy()
    for place, name in enumerate(targets):
        if name in floors:
            found[:, place] = np.log(np.maximum(values[:, place], floors[name]))
    return found


def out_of_logarithms(
    values: np.ndarray, targets: Sequence[str], floors: Mapping[str, float]
) -> np.ndarray:
    """Undo `in_logarithms`."""
    found = values.copy()
    for place, name in enumerate(targets):
        if name in floors:
            found[:, place] = np.exp(values[:, place])
    return found
