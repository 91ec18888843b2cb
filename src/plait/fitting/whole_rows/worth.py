"""What made rows are worth: whether trees tell them from real ones, and learn from them as well."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from plait.baselines.boosting import Grower, predict
from plait.baselines.contract import is_late
from plait.metrics import auc
from plait.modalities.forms import CLASSES, NUMBER
from plait.whole_rows.columns import CodedColumn, Labels, Numbers
from plait.whole_rows.likeness import Raws

ROUNDS = 80
MOST_CLASSES = 8
"""Labels of a column that are predicted; rarer ones count as one more."""

MOST_COLUMNS = 40
"""That are predicted from the others."""

LEAST_ROWS = 30
"""Held-out rows that have a value, fewer of which judge nothing."""


def told_apart(
    columns: Mapping[str, CodedColumn], real: Raws, made: Raws, *, seed: int
) -> dict[str, Any]:
    """Return ``auc`` of boosted trees that tell made rows from real ones; 0.5 is best.

    They learn from half of both, and are judged by the other half.
    """
    num = min(len(next(iter(real.values()))), len(next(iter(made.values()))))
    one, other = (features(columns, rows)[:num] for rows in (real, made))
    table = np.concatenate([one, other])
    is_made = np.repeat([0, 1], num)
    half = np.random.default_rng([seed, 5]).permutation(2 * num)
    learn, judge = half[:num], half[num:]
    said = _boosted(columns, table[learn], is_made[learn], table[judge], 2, seed)
    found = auc(said, is_made[judge] == 1)
    return {"auc": found, "rows": num}


def learned_from(
    columns: Mapping[str, CodedColumn],
    rows: Mapping[str, Raws],
    held: Raws,
    *,
    seed: int,
    deadline: float | None = None,
) -> list[dict[str, Any]]:
    """Return of each column how well boosted trees predict it in held-out rows, from all others.

    Args:
        columns: Of the rows.
        rows: Name of what is learned from (``real``, ``made``) -> as many rows of each.
        held: Real rows that nobody learned from.
        seed: Of the trees.
        deadline: Of `time.monotonic`, beyond which no further column is begun.

    Returns:
        ``column``, ``metric`` and a score by each name: of labels ``auc``, of several the mean
        over classes; of numbers ``r2``, of their logarithm where they are positive and skewed.
        Columns of sets, and those that held-out rows say too little of, are left out.
    """
    tables = {name: features(columns, one) for name, one in rows.items()}
    judged, found = features(columns, held), list[dict[str, Any]]()
    spans, first = {}, 0
    for name, column in columns.items():
        wide = column.features([None]).shape[1]
        spans[name], first = slice(first, first + wide), first + wide
    for name, column in columns.items():
        if not isinstance(column, Labels | Numbers) or len(columns) < 2:
            continue
        if len(found) >= MOST_COLUMNS or is_late(deadline):
            break
        goals = {key: judged_by(column, one[name]) for key, one in {**rows, "held": held}.items()}
        scores = {}
        for key, table in tables.items():
            inputs = [np.delete(one, spans[name], 1) for one in (table, judged)]
            others = {other: one for other, one in columns.items() if other != name}
            scores[key] = _score(column, others, inputs, goals[key], goals["held"], seed)
        if all(score is not None for score in scores.values()):
            metric = "auc" if isinstance(column, Labels) else "r2"
            found.append({"column": name, "metric": metric, **scores})
    return found


def judged_by(column: CodedColumn, raws: Sequence[Any]) -> np.ndarray:
    """Return what is to be predicted, float64 ``[row]``: numbers, or classes; NaN where missing."""
    values = column.features(raws)[:, 0]
    if not isinstance(column, Numbers):
        return np.minimum(values - 1, MOST_CLASSES)
    wide = column.bins.low >= 0 and column.bins.high > 100 * max(np.nanmedian(values), 1e-9)
    return np.log1p(values) if wide else values


def features(columns: Mapping[str, CodedColumn], rows: Raws) -> np.ndarray:
    """Return what trees read of rows, float32 ``[row, feature]``; NaN where missing."""
    parts = [column.features(rows[name]) for name, column in columns.items()]
    return np.concatenate(parts, axis=1).astype(np.float32)


def _score(
    column: CodedColumn,
    others: Mapping[str, CodedColumn],
    inputs: Sequence[np.ndarray],
    goal: np.ndarray,
    truth: np.ndarray,
    seed: int,
) -> float | None:
    """Return the score of trees on held-out rows; None where it cannot be said."""
    learn, judge = ~np.isnan(goal), ~np.isnan(truth)
    table, judged = inputs[0][learn], inputs[1][judge]
    goal, truth = goal[learn], truth[judge]
    if len(truth) < LEAST_ROWS or len(goal) < LEAST_ROWS:
        return None
    if isinstance(column, Labels):
        num = min(len(column.labels), MOST_CLASSES + 1)
        if num < 2 or len(np.unique(truth)) < 2:
            return None
        said = _boosted(others, table, goal.astype(np.int64), judged, num, seed)
        said = np.stack([1 - said, said], 1) if said.ndim == 1 else said
        each = [auc(said[:, number], truth == number) for number in range(num)]
        return float(np.nanmean(each))
    if np.ptp(truth) == 0:
        return None
    said = _boosted(others, table, goal, judged, 0, seed)
    return float(1 - ((said - truth) ** 2).sum() / ((truth - truth.mean()) ** 2).sum())


def _boosted(
    columns: Mapping[str, CodedColumn],
    table: np.ndarray,
    goal: np.ndarray,
    judged: np.ndarray,
    num_classes: int,
    seed: int,
) -> np.ndarray:
    """Return what trees say of `judged`: ``[row]``, of more than two classes ``[row, class]``."""
    wide = {name: one.features([None]).shape[1] for name, one in columns.items()}
    kinds = [isinstance(columns[name], Labels) for name, num in wide.items() for _ in range(num)]
    grower = Grower(CLASSES if num_classes else NUMBER, num_classes, seed)
    named = [place for place, kind in enumerate(kinds) if kind]
    grown = grower.grow(table, goal, named, rounds=ROUNDS)
    return predict(grown.booster, judged, ROUNDS).astype(np.float64)
