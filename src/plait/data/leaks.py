"""Suspects leaks: a column that tells the target all by itself."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from plait.types import Cell

LEAST_ROWS = 20
SUSPICIOUS = 0.97
NUM_BINS = 64
MANY = 20
"""Numbers with more distinct values than this are binned, not taken as labels."""


def predictive_power(cells: Sequence[Cell], target: Sequence[Cell]) -> float:
    """Return how well a column alone tells the target, from 0 (not at all) to 1 (exactly).

    Values (numbers: in 64 quantile bins) are looked up in one half of the rows and the lookup is
    judged on the other: by accuracy beyond the commonest class, or by R2 for numbers. Labels
    that seldom come twice tell nothing.

    Args:
        cells: The column, None where missing.
        target: The target, no None.
    """
    if len(cells) < LEAST_ROWS:
        return 0.0
    groups = _groups(cells)
    if groups is None:
        return _share_named(cells, target)
    numbers = _numbers(target)
    half = np.arange(len(cells)) % 2 == 0
    if numbers is not None and len(np.unique(numbers)) > MANY:
        return _explained(groups, numbers, half)
    return _accuracy_gained(groups, _codes([str(value) for value in target]), half)


def _groups(cells: Sequence[Cell]) -> np.ndarray | None:
    """Return int64 ``[row]``, the group of each cell; None when nearly all are distinct labels."""
    numbers = _numbers(cells)
    if numbers is not None and len(np.unique(numbers[~np.isnan(numbers)])) > MANY:
        edges = np.unique(np.nanquantile(numbers, np.linspace(0, 1, NUM_BINS + 1)[1:-1]))
        return np.where(np.isnan(numbers), -1, np.searchsorted(edges, numbers)) + 1
    codes = _codes(["" if cell is None else str(cell).strip() for cell in cells])
    return codes if codes.max() + 1 <= len(cells) // 2 else None


def _numbers(cells: Sequence[Cell]) -> np.ndarray | None:
    """Return float64 ``[row]`` with NaN where missing; None when a cell is no number."""
    try:
        return np.array([np.nan if cell is None else float(cell) for cell in cells])
    except (TypeError, ValueError):
        return None


def _codes(labels: Sequence[str]) -> np.ndarray:
    numbers: dict[str, int] = {}
    return np.array([numbers.setdefault(label, len(numbers)) for label in labels], np.int64)


def _accuracy_gained(groups: np.ndarray, classes: np.ndarray, half: np.ndarray) -> float:
    num_classes = int(classes.max()) + 1
    table = np.zeros((int(groups.max()) + 1, num_classes), np.int64)
    np.add.at(table, (groups[half], classes[half]), 1)
    commonest = int(np.bincount(classes[half], minlength=num_classes).argmax())
    guess = np.where(table.any(1), table.argmax(1), commonest)[groups[~half]]
    accuracy = float((guess == classes[~half]).mean())
    base = float((classes[~half] == commonest).mean())
    return max(0.0, (accuracy - base) / (1 - base)) if base < 1 else 0.0


def _explained(groups: np.ndarray, numbers: np.ndarray, half: np.ndarray) -> float:
    num_groups = int(groups.max()) + 1
    counts = np.bincount(groups[half], minlength=num_groups)
    sums = np.bincount(groups[half], numbers[half], minlength=num_groups)
    mean = float(numbers[half].mean())
    guess = np.where(counts > 0, sums / np.maximum(counts, 1), mean)[groups[~half]]
    spread = float(((numbers[~half] - numbers[~half].mean()) ** 2).sum())
    return max(0.0, 1 - float(((numbers[~half] - guess) ** 2).sum()) / spread) if spread else 0.0


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
