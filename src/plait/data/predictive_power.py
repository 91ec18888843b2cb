"""Guesses a target from one column or two, every second row from the others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy import ndarray

from plait.types import Cell

if TYPE_CHECKING:
    from jaxtyping import Bool, Float, Int

LEAST_ROWS = 20
MANY = 20
"""Numbers with more distinct values than this are numbers, not labels."""

REACH, NUM_BINS, NUM_PAIR_BINS = 8, 32, 10
"""Neighbours in a mean; parts of equal many rows that a number is cut into, alone and in a pair."""


def coded(target: Sequence[Cell]) -> tuple[np.ndarray, bool]:
    """Return the target as numbers, or as class numbers, and whether it is a number."""
    targets = numbers_of(target)
    if targets is not None and is_many(targets):
        return targets, True
    return codes_of([str(value) for value in target]), False


def is_many(numbers: Float[ndarray, " row"]) -> bool:
    """Tell whether numbers have too many values to be labels."""
    return len(np.unique(numbers[~np.isnan(numbers)])) > MANY


def numbers_of(cells: Sequence[Cell]) -> Float[ndarray, " row"] | None:
    """Return float64 ``[row]`` with NaN where missing; None when a cell is no number."""
    try:
        return np.array([np.nan if cell is None else float(cell) for cell in cells])
    except (TypeError, ValueError):
        return None


def codes_of(labels: Sequence[str]) -> Int[ndarray, " row"]:
    """Return a number for each label, in the order that they come."""
    numbers: dict[str, int] = {}
    return np.array([numbers.setdefault(label, len(numbers)) for label in labels], np.int64)


def power_of_numbers(numbers: Float[ndarray, " row"], truth: np.ndarray, is_number: bool) -> float:
    """Return the best of: the nearest number, the mean or vote of several, and parts of the line.

    The nearest finds exact copies and fine steps, several see through noise, parts find thresholds.
    """
    known = np.arange(len(numbers)) % 2 == 0
    filled = np.nan_to_num(numbers, nan=_below(numbers))
    order = np.argsort(filled[known], kind="stable")
    line, targets = filled[known][order], truth[known][order]
    guesses = [targets[_nearest(line, filled[~known])]]
    if is_number:
        places = np.searchsorted(line, filled[~known]).clip(REACH // 2, len(line) - REACH // 2)
        sums = np.concatenate([[0.0], np.cumsum(targets)])
        guesses.append((sums[places + REACH // 2] - sums[places - REACH // 2]) / REACH)
    scores = [score(guess, truth[~known], is_number) for guess in guesses]
    return max(*scores, power_of_codes(_parts(filled, NUM_BINS), truth, is_number))


def power_of_codes(codes: Int[ndarray, " row"], truth: np.ndarray, is_number: bool) -> float:
    """Return how well the mean, or the commonest class, of a code tells the target."""
    known = np.arange(len(codes)) % 2 == 0
    return score(_by_code(codes, truth, known, mean=is_number), truth[~known], is_number)


def power_of_pair(
    one: Sequence[Cell], other: Sequence[Cell], truth: np.ndarray, is_number: bool
) -> float:
    """Return how well two columns tell the target together: by their codes, or by a formula."""
    codes = [_pair_codes(cells) for cells in (one, other)]
    both = np.unique(codes[0] * (int(codes[1].max()) + 1) + codes[1], return_inverse=True)[1]
    found = power_of_codes(both, truth, is_number) if both.max() < len(both) // 3 else 0.0
    numbers = [numbers_of(cells) for cells in (one, other)]
    if is_number and numbers[0] is not None and numbers[1] is not None:
        found = max(found, _by_formula(numbers[0], numbers[1], truth))
    return found


def score(guess: np.ndarray, truth: np.ndarray, is_number: bool) -> float:
    """Return R2, or accuracy where 0 is that of always guessing the commonest class."""
    if is_number:
        spread = float(((truth - truth.mean()) ** 2).sum())
        return max(0.0, 1 - float(((truth - guess) ** 2).sum()) / spread) if spread else 0.0
    accuracy = float((guess == truth).mean())
    base = float(np.bincount(truth).max()) / len(truth)
    return max(0.0, (accuracy - base) / (1 - base)) if base < 1 else 0.0


def _below(numbers: np.ndarray) -> float:
    return float(np.nanmin(numbers)) - 1.0


def _nearest(line: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Return the place of the nearest number in a sorted line."""
    right = np.searchsorted(line, wanted).clip(1, len(line) - 1)
    is_left = wanted - line[right - 1] < line[right] - wanted
    return np.asarray(right - is_left)


def _parts(numbers: np.ndarray, num: int) -> np.ndarray:
    """Return which part of the line each number lies in, parts of about equally many rows."""
    edges = np.unique(np.quantile(numbers, np.linspace(0, 1, num + 1)[1:-1]))
    return np.searchsorted(edges, numbers, side="right").astype(np.int64)


def _pair_codes(cells: Sequence[Cell]) -> np.ndarray:
    numbers = numbers_of(cells)
    if numbers is not None and is_many(numbers):
        return _parts(np.nan_to_num(numbers, nan=_below(numbers)), NUM_PAIR_BINS)
    return codes_of(["" if cell is None else str(cell).strip() for cell in cells])


def _by_code(
    codes: Int[ndarray, " row"], truth: np.ndarray, known: Bool[ndarray, " row"], *, mean: bool
) -> np.ndarray:
    """Return the mean or the commonest target of the known rows with the same code."""
    num = int(codes.max()) + 1
    counts = np.bincount(codes[known], minlength=num)
    if mean:
        sums = np.bincount(codes[known], truth[known], minlength=num)
        means = np.where(counts > 0, sums / np.maximum(counts, 1), truth[known].mean())
        return np.asarray(means[codes[~known]])
    pairs, times = np.unique(np.stack([codes[known], truth[known]]), axis=1, return_counts=True)
    best = np.full(num, int(np.bincount(truth[known]).argmax()))
    order = np.argsort(times, kind="stable")
    best[pairs[0, order]] = pairs[1, order]
    return best[codes[~known]]


def _by_formula(one: np.ndarray, other: np.ndarray, truth: np.ndarray) -> float:
    """Return R2 of sum, difference, product and ratio of two numbers, fitted to half of them."""
    there = np.flatnonzero(~(np.isnan(one) | np.isnan(other)))
    if len(there) < max(LEAST_ROWS, len(truth) // 2):
        return 0.0
    a, b, truth = one[there], other[there], truth[there]
    ratio = np.divide(a, b, out=np.zeros_like(a), where=b != 0)
    columns = np.stack([np.ones_like(a), a, b, a * b, ratio], axis=1)
    known = np.arange(len(a)) % 2 == 0
    scale = np.abs(columns).max(axis=0)
    columns = columns / np.where(scale > 0, scale, 1.0)
    weights = np.linalg.lstsq(columns[known], truth[known], rcond=None)[0]
    return score(columns[~known] @ weights, truth[~known], True)
