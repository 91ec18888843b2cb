"""Suspects leaks: a column that tells the target all by itself."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from plait.types import Cell

LEAST_ROWS = 20
SUSPICIOUS = 0.97
MANY = 20
"""Numbers with more distinct values than this are numbers, not labels."""


def predictive_power(cells: Sequence[Cell], target: Sequence[Cell]) -> float:
    """Return how well a column alone tells the target, from 0 (not at all) to 1 (exactly).

    Every second row is guessed from the others: a label by the commonest target (or mean) of
    the same label, a number by the target of the nearest number. The score is accuracy beyond the
    commonest class, or R2. A text that is seldom the same twice tells the target when it
    contains the name of its class.

    Args:
        cells: The column, None where missing.
        target: The target, no None.
    """
    if len(cells) < LEAST_ROWS:
        return 0.0
    known = np.arange(len(cells)) % 2 == 0
    targets = _numbers(target)
    is_number = targets is not None and len(np.unique(targets)) > MANY
    truth = targets if is_number and targets is not None else _codes([str(v) for v in target])
    numbers = _numbers(cells)
    if numbers is not None and len(np.unique(numbers[~np.isnan(numbers)])) > MANY:
        guess = _by_nearest(numbers, truth, known)
    else:
        labels = _codes(["" if cell is None else str(cell).strip() for cell in cells])
        if labels.max() >= len(cells) // 2:
            return _share_named(cells, target)
        guess = _by_label(labels, truth, known, mean=is_number)
    return _explained(guess, truth[~known]) if is_number else _gained(guess, truth[~known])


def _numbers(cells: Sequence[Cell]) -> np.ndarray | None:
    """Return float64 ``[row]`` with NaN where missing; None when a cell is no number."""
    try:
        return np.array([np.nan if cell is None else float(cell) for cell in cells])
    except (TypeError, ValueError):
        return None


def _codes(labels: Sequence[str]) -> np.ndarray:
    numbers: dict[str, int] = {}
    return np.array([numbers.setdefault(label, len(numbers)) for label in labels], np.int64)


def _by_nearest(numbers: np.ndarray, truth: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Return the target of the known row whose number is nearest; NaN counts as a number."""
    numbers = np.nan_to_num(numbers, nan=np.nanmin(numbers) - 1.0)
    order = np.argsort(numbers[known], kind="stable")
    line, targets = numbers[known][order], truth[known][order]
    right = np.searchsorted(line, numbers[~known]).clip(1, len(line) - 1)
    is_left = numbers[~known] - line[right - 1] < line[right] - numbers[~known]
    return targets[right - is_left]


def _by_label(
    labels: np.ndarray, truth: np.ndarray, known: np.ndarray, *, mean: bool
) -> np.ndarray:
    """Return the mean or the commonest target of the known rows with the same label."""
    num_labels = int(labels.max()) + 1
    counts = np.bincount(labels[known], minlength=num_labels)
    if mean:
        sums = np.bincount(labels[known], truth[known], minlength=num_labels)
        means = np.where(counts > 0, sums / np.maximum(counts, 1), truth[known].mean())
        return np.asarray(means[labels[~known]])
    pairs, times = np.unique(np.stack([labels[known], truth[known]]), axis=1, return_counts=True)
    best = np.full(num_labels, int(np.bincount(truth[known]).argmax()))
    order = np.argsort(times, kind="stable")
    best[pairs[0, order]] = pairs[1, order]
    return best[labels[~known]]


def _gained(guess: np.ndarray, truth: np.ndarray) -> float:
    """Return accuracy, 0 where always guessing the commonest class does as well."""
    accuracy = float((guess == truth).mean())
    base = float(np.bincount(truth).max()) / len(truth)
    return max(0.0, (accuracy - base) / (1 - base)) if base < 1 else 0.0


def _explained(guess: np.ndarray, truth: np.ndarray) -> float:
    spread = float(((truth - truth.mean()) ** 2).sum())
    return max(0.0, 1 - float(((truth - guess) ** 2).sum()) / spread) if spread else 0.0


def _share_named(cells: Sequence[Cell], target: Sequence[Cell]) -> float:
    """Return the share of texts that contain their own label, less that of a label by chance."""
    labels = [str(value).strip().lower() for value in target]
    if len(set(labels)) < 2 or min(map(len, labels)) < 3:
        return 0.0
    texts = ["" if cell is None else str(cell).lower() for cell in cells]
    others = np.random.default_rng(0).permutation(len(labels))
    own = sum(label in text for label, text in zip(labels, texts, strict=True)) / len(labels)
    chance = sum(labels[o] in t for o, t in zip(others, texts, strict=True)) / len(labels)
    return max(0.0, (own - chance) / (1 - chance)) if chance < 1 else 0.0
