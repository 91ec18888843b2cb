"""How like real rows made ones are: shares of each column, associations of pairs, nearest rows.

Guarantees: distances to the nearest training rows, and copies, are counted exactly of the rows
that are looked at. Does not guarantee privacy: nothing here is differentially private, and a row
that is far from all others in these distances may still tell who it is of.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from plait.whole_rows.columns import MISSING, CodedColumn, Labels, LabelSets

Raws = Mapping[str, Sequence[Any]]
"""Column -> values of rows."""

MOST_CLASSES = 10
"""Of a column, where its association with others is measured."""

MOST_BARS = 12
CHUNK_ROWS = 16


def gaps(columns: Mapping[str, CodedColumn], one: Raws, other: Raws) -> dict[str, float]:
    """Return column -> the total variation distance between its codes in two sets of rows.

    0 where shares are equal, 1 where no value occurs in both; of sets, the mean over labels.
    """
    found = {}
    for name, column in columns.items():
        first, second = column.encode(one[name]), column.encode(other[name])
        which = range(first.shape[1]) if isinstance(column, LabelSets) else [0]
        sizes = column.variables
        distances = [
            np.abs(_shares(first[:, i], sizes[i].size) - _shares(second[:, i], sizes[i].size)).sum()
            for i in which
        ]
        found[name] = float(np.mean(distances) / 2)
    return found


def bars(column: CodedColumn, real: Sequence[Any], made: Sequence[Any]) -> list[dict[str, Any]]:
    """Return ``label``, ``real`` and ``made``: shares of a column's classes in two sets of rows."""
    names, classes = _classes(column, real, MOST_BARS)
    first, second = (_shares(classes(raws), len(names)) for raws in (real, made))
    return [
        {"label": name, "real": float(a), "made": float(b)}
        for name, a, b in zip(names, first, second, strict=True)
        if a > 0 or b > 0
    ]


def associations(columns: Mapping[str, CodedColumn], rows: Raws, real: Raws) -> np.ndarray:
    """Return how strongly each pair of columns goes together, float64 ``[column, column]``.

    Cramér's V in [0, 1], less what chance alone brings (Bergsma 2013), of up to ten classes of each
    column: the most frequent labels, or tenths of `real` rows, and missing cells.
    """
    found = np.eye(len(columns))
    classes = [_classes(c, real[name], MOST_CLASSES)[1](rows[name]) for name, c in columns.items()]
    for i, one in enumerate(classes):
        for j in range(i):
            found[i, j] = found[j, i] = cramers_v(one, classes[j])
    return found


def cramers_v(first: np.ndarray, second: np.ndarray) -> float:
    """Return Cramér's V of two classes ``[row]``, corrected for chance (Bergsma 2013, eq. 9)."""
    a, left = np.unique(first, return_inverse=True)
    b, right = np.unique(second, return_inverse=True)
    num, rows, cols = len(first), len(a), len(b)
    if min(rows, cols) < 2 or num < 2:
        return 0.0
    pairs = np.bincount(left * cols + right, minlength=rows * cols).reshape(rows, cols) / num
    alone = np.outer(pairs.sum(1), pairs.sum(0))
    phi = float(((pairs - alone) ** 2 / alone).sum())
    phi = max(phi - (rows - 1) * (cols - 1) / (num - 1), 0.0)
    least = min(rows - (rows - 1) ** 2 / (num - 1), cols - (cols - 1) ** 2 / (num - 1)) - 1
    return float(np.sqrt(min(phi / max(least, 1e-12), 1.0)))


def nearest(columns: Mapping[str, CodedColumn], asked: Raws, learned: Raws) -> np.ndarray:
    """Return the distance of each asked row to its nearest learned one, float64 ``[row]``.

    Gower's (1971): the mean over columns of 0 or 1 for labels, and for numbers of the share of
    learned rows that lie between the two. 0 is a copy: the same value in every column.
    """
    total = len(columns)
    amounts = list[tuple[np.ndarray, np.ndarray]]()
    labels = list[tuple[np.ndarray, np.ndarray]]()
    for name, column in columns.items():
        parts = _comparable(column, asked[name], learned[name])
        (labels if parts[0].dtype.kind == "i" else amounts).append(parts)
    found = np.empty(len(next(iter(asked.values()))))
    for first in range(0, len(found), CHUNK_ROWS):
        some = slice(first, first + CHUNK_ROWS)
        apart: Any = 0.0
        for mine, theirs in amounts:
            apart = apart + np.abs(mine[some, None] - theirs)
        for mine, theirs in labels:
            apart = apart + (mine[some, None] != theirs)
        found[some] = apart.min(1) / total
    return found


def privacy(made: np.ndarray, held: np.ndarray) -> dict[str, float]:
    """Return what distances to the nearest training rows say of made and of held-out rows.

    Returns:
        ``copies`` and ``copies_held``: shares at distance 0; ``median`` and ``median_held``;
        ``near``: share of made rows nearer than the nearest 5 % of held-out ones (5 % is chance).
    """
    low = float(np.quantile(held, 0.05))
    return {
        "copies": float((made == 0).mean()),
        "copies_held": float((held == 0).mean()),
        "median": float(np.median(made)),
        "median_held": float(np.median(held)),
        "near": float((made < low).mean() + 0.0),
        "near_held": float((held < low).mean()),
    }


def _comparable(
    column: CodedColumn, asked: Sequence[Any], learned: Sequence[Any]
) -> tuple[np.ndarray, np.ndarray]:
    """Return a column of both as ranks in [0, 1], missing -1 (float32), or numbers of labels."""
    if isinstance(column, Labels | LabelSets):
        numbers: dict[Any, int] = {}
        told = [np.array([numbers.setdefault(one, len(numbers)) for one in raws], np.int32)
                for raws in (asked, learned)]  # fmt: skip
        return told[0], told[1]
    values = [column.features(raws)[:, 0] for raws in (asked, learned)]
    order = np.sort(values[1][~np.isnan(values[1])])
    ranks = [
        (np.searchsorted(order, one, "left") + np.searchsorted(order, one, "right"))
        / (2 * max(len(order), 1))
        for one in values
    ]
    far = [np.where(np.isnan(one), -1.0, rank) for one, rank in zip(values, ranks, strict=True)]
    return far[0].astype(np.float32), far[1].astype(np.float32)


def _classes(column: CodedColumn, real: Sequence[Any], most: int) -> tuple[list[str], Any]:
    """Return names of up to `most` classes of a column, and what puts values into them."""
    if isinstance(column, LabelSets):
        return _sets(column, real, most)
    if isinstance(column, Labels):
        codes = column.encode(real)[:, 0]
        counts = np.bincount(codes, minlength=1 + len(column.labels))
        counts[MISSING] = 0
        top = [int(one) for one in np.argsort(-counts, kind="stable")[: most - 2] if counts[one]]
        place = np.full(1 + len(column.labels), len(top))
        place[top], place[MISSING] = np.arange(len(top)), len(top) + 1
        names = [column.labels[one - 1] for one in top] + ["others", "missing"]
        return names, lambda raws: place[column.encode(raws)[:, 0]]
    values = column.features(real)[:, 0]
    values = values[~np.isnan(values)]
    inner = np.linspace(0, 1, most)[1:-1]
    cuts = np.unique(np.quantile(values, inner, method="lower")) if len(values) else np.zeros(0)
    ends = [str(one) for one in column.write(cuts.tolist())]
    names = [f"up to {ends[0]}"] if ends else ["all"]
    names += [f"up to {end}" for end in ends[1:]] + ([f"above {ends[-1]}"] if ends else [])

    def classes(raws: Sequence[Any]) -> np.ndarray:
        told = column.features(raws)[:, 0]
        place = np.searchsorted(cuts, np.nan_to_num(told), side="left")
        return np.where(np.isnan(told), len(cuts) + 1, place)

    return [*names, "missing"], classes


def _sets(column: LabelSets, real: Sequence[Any], most: int) -> tuple[list[str], Any]:
    """Return the most frequent sets as classes."""
    counts: dict[Any, int] = {}
    for raw in real:
        if raw is not None:
            key = frozenset(raw)
            counts[key] = counts.get(key, 0) + 1
    top = sorted(counts, key=lambda one: (-counts[one], sorted(one)))[: most - 2]
    places = {key: place for place, key in enumerate(top)}

    def classes(raws: Sequence[Any]) -> np.ndarray:
        return np.array(
            [len(top) + 1 if r is None else places.get(frozenset(r), len(top)) for r in raws]
        )

    return ["; ".join(sorted(one)) or "none" for one in top] + ["others", "missing"], classes


def _shares(codes: np.ndarray, size: int) -> np.ndarray:
    counts = np.bincount(codes, minlength=size)
    return counts / max(len(codes), 1)
