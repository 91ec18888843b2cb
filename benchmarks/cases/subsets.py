"""Stickers with columns missing: one model of all columns beside a model of just those columns."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np
import pyarrow as pa

from benchmarks.data import Split
from benchmarks.data.stickers import INPUTS, TARGET, stickers
from benchmarks.data.tables import validation_words
from benchmarks.fits import Outcome, columns_of, fit_and_score
from benchmarks.rows import Row
from benchmarks.settings import Settings

BUDGET = "40s"
NUM_FOLDS, USED_FOLDS = 3, 2
"""Folds, and how many of them are scored: 30 fits in all."""

QUICK_SUBSETS = 2


def run(settings: Settings) -> list[Row]:
    """Cross-validate one model of all columns and one of every smaller set of them.

    Two thirds of the rows are scored, by models that did not learn from them. A set of columns is
    judged on the rows where all of them are filled; the model of all columns then sees nothing
    else.
    """
    if not settings.with_plait:
        return []
    table = stickers().drop_columns(["split"])
    folds = make_folds(table[TARGET].to_pylist(), settings.seed)
    used = range(1 if settings.quick else USED_FOLDS)
    sets = subsets()[:QUICK_SUBSETS] if settings.quick else subsets()
    right = [_score_fold(table, folds == fold, sets, settings) for fold in used]
    rows = []
    for columns in sets:
        mine, peers = (np.concatenate([part[columns][i] for part in right]) for i in (0, 1))
        rows.append(_row(columns, mine, peers, len(used), settings))
    whole = np.concatenate([part[tuple(INPUTS)][0] for part in right])
    everything = Row(
        benchmark="subsets", case="all columns", metric="accuracy", value=float(whole.mean()),
        seed=settings.seed, note="as filled in the table",
    )  # fmt: skip
    return [everything, *rows, _worst(rows, settings)]


def subsets() -> list[tuple[str, ...]]:
    """Return every set of columns but the empty one and the whole."""
    sizes = range(1, len(INPUTS))
    return [columns for size in sizes for columns in combinations(INPUTS, size)]


def make_folds(targets: Sequence[object], seed: int, num_folds: int = NUM_FOLDS) -> np.ndarray:
    """Return the fold of every row, int64 ``[row]``, every class in the same shares."""
    rng = np.random.default_rng(seed)
    _, codes = np.unique(np.array([str(target) for target in targets]), return_inverse=True)
    folds = np.empty(len(codes), np.int64)
    folds[np.lexsort((rng.random(len(codes)), codes))] = np.arange(len(codes)) % num_folds
    return folds


def _score_fold(
    table: pa.Table, is_test: np.ndarray, sets: Sequence[tuple[str, ...]], settings: Settings
) -> dict[tuple[str, ...], tuple[np.ndarray, np.ndarray]]:
    """Return per set of columns which rows the whole's model and the set's own get right."""
    train, test = table.filter(pa.array(~is_test)), table.filter(pa.array(is_test))
    test = test.filter(test[TARGET].is_valid())
    words = validation_words(train[TARGET].to_pylist(), 0.0, settings.seed)
    split = Split(train.append_column("split", pa.array(words)), test)
    whole = _fit(split, settings)
    every = _right(whole, split.test)
    found = {tuple(INPUTS): (every, every)}
    for columns in sets:
        part = _only(split, columns)
        peer = _fit(part, settings)
        found[columns] = _right(whole, part.test), _right(peer, part.test)
    return found


def _only(split: Split, columns: tuple[str, ...]) -> Split:
    """Return some columns: all rows to learn from, and the test rows where they are filled."""
    filled = np.ones(split.test.num_rows, bool)
    for name in columns:
        filled &= split.test[name].is_valid().to_numpy(zero_copy_only=False)
    test = split.test.filter(pa.array(filled)).select([*columns, TARGET])
    return Split(split.train.select([*columns, TARGET, "split"]), test)


def _fit(split: Split, settings: Settings) -> Outcome:
    columns = columns_of(split.train, {**INPUTS, TARGET: "category"})
    budget = settings.budget_or(BUDGET)
    return fit_and_score(split, target=TARGET, columns=columns, budget=budget, seed=settings.seed)


def _right(outcome: Outcome, rows: pa.Table) -> np.ndarray:
    """Return 1 where the prediction is right, else 0, float64 ``[row]``."""
    found = outcome.model.predict(rows.drop_columns([TARGET])).columns["prediction"]
    pairs = zip(found, rows[TARGET].to_pylist(), strict=True)
    return np.array([float(guess == truth) for guess, truth in pairs])


def _row(
    columns: tuple[str, ...],
    mine: np.ndarray,
    peers: np.ndarray,
    num_folds: int,
    settings: Settings,
) -> Row:
    gap = mine - peers
    error = float(gap.std(ddof=1)) / len(gap) ** 0.5
    return Row(
        benchmark="subsets", case=" + ".join(columns), metric="accuracy", value=float(mine.mean()),
        peer="fitted on these alone", peer_value=float(peers.mean()), target=">= peer - 0.01",
        seed=settings.seed,
        note=f"gap {100 * gap.mean():+.1f} points, standard error {100 * error:.1f}; "
        f"{len(gap):,} test rows of {num_folds} of {NUM_FOLDS} folds",
    )  # fmt: skip


def _worst(rows: Sequence[Row], settings: Settings) -> Row:
    gaps = {row.case: 100 * ((row.value or 0.0) - (row.peer_value or 0.0)) for row in rows}
    worst = min(gaps, key=lambda case: gaps[case])
    return Row(
        benchmark="subsets", case="worst of all sets", metric="gap in points", value=gaps[worst],
        target=">= -1", seed=settings.seed,
        note=f"{worst}; mean of {len(gaps)} sets {np.mean(list(gaps.values())):+.1f}",
    )  # fmt: skip
