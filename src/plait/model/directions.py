"""Scores a shared space: retrieval from every input column to every other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from plait.bootstrap import LEAST_UNITS
from plait.data.contents import content_numbers
from plait.data.prepared import Prepared
from plait.retrieval import match_ranks, retrieval_metrics
from plait.sampling_error import share_interval, student_quantile

if TYPE_CHECKING:
    from plait.model.shared_space import SharedSpace

LEAST_ROWS = 2

Ranked = tuple[np.ndarray, np.ndarray]
"""The rows that ask in one direction, int64 ``[query]``, and the ranks of their own items."""


def evaluate_space(space: SharedSpace, prepared: Prepared) -> dict[str, Any]:
    """Return the scores of a space over all prepared rows, as `Model.evaluate` gives them."""
    vectors, present = space.input_column_vectors(prepared, np.arange(prepared.num_rows))
    contents = {
        name: content_numbers(prepared, columns) for name, columns in space.input_columns.items()
    }
    scored = score_space(vectors, present, contents)
    return {"task": "embed", "rows": prepared.num_rows, **scored}


def score_space(
    vectors: np.ndarray,
    present: np.ndarray,
    contents: Mapping[str, np.ndarray],
    groups: np.ndarray | None = None,
) -> dict[str, Any]:
    """Return ``retrieval`` per direction, ``by_present`` per set of columns, and mean ``metrics``.

    All have ``intervals``: see `summary_intervals` for those of the means, and `scored_ranks`.

    Args:
        vectors: Unit vectors ``[input, row, dim]``.
        present: bool ``[input, row]``.
        contents: Input column -> int64 ``[row]``, in the order of `vectors`.
        groups: int ``[row]``: rows of one number are not independent; None where all are.
    """
    input_columns = list(contents)
    ranks = ranks_of_directions(vectors, present, input_columns, contents)
    units = np.arange(vectors.shape[1]) if groups is None else np.asarray(groups)
    directions = {name: scored_ranks(one, units) for name, one in ranks.items()}
    asking = len(np.unique(units[present.sum(0) > 1]))
    return {
        **({"groups": asking} if groups is not None and asking < vectors.shape[1] else {}),
        "metrics": summary_of(directions),
        "intervals": summary_intervals(list(ranks.values()), units),
        "retrieval": directions,
        "by_present": score_present(vectors, present, input_columns, contents, units),
    }


def scored_ranks(ranked: Ranked, units: np.ndarray) -> dict[str, Any]:
    """Return the metrics of one direction, and ``intervals`` of its shares, the items held fixed.

    They are Wilson's (see `plait.sampling_error.share_interval`); of few units there are none.

    Args:
        ranked: The rows that ask, and the ranks of their own items.
        units: int ``[row]``: rows of one number are not independent.
    """
    rows, ranks = ranked
    asking, shares = units[rows], {"r@1": 1, "r@5": 5, "r@10": 10}
    known = len(np.unique(asking)) >= LEAST_UNITS
    intervals = {name: share_interval(ranks <= k, asking) for name, k in shares.items() if known}
    return {**retrieval_metrics(ranks), "intervals": intervals}


def ranks_of_directions(
    vectors: np.ndarray,
    present: np.ndarray,
    input_columns: Sequence[str],
    contents: Mapping[str, np.ndarray],
) -> dict[str, Ranked]:
    """Return ``{"a->b": (rows, ranks)}`` of the rows that have both, and of their own items.

    Args:
        vectors: Unit vectors ``[input, row, dim]``.
        present: bool ``[input, row]``.
        input_columns: Their names.
        contents: Input column -> int64 ``[row]``; items of equal content are equally right.
    """
    found = {}
    for a, first in enumerate(input_columns):
        for b, second in enumerate(input_columns):
            both = present[a] & present[b]
            if a == b or both.sum() < LEAST_ROWS:
                continue
            ranks = match_ranks(vectors[a][both], vectors[b][both], contents[second][both])
            found[f"{first}->{second}"] = np.flatnonzero(both), ranks
    return found


def score_directions(
    vectors: np.ndarray,
    present: np.ndarray,
    input_columns: Sequence[str],
    contents: Mapping[str, np.ndarray],
) -> dict[str, dict[str, float]]:
    """Return ``{"a->b": {"r@1", "r@5", "r@10", "median_rank", "n"}}`` over rows that have both.

    Arguments as of `ranks_of_directions`.
    """
    ranks = ranks_of_directions(vectors, present, input_columns, contents)
    return {name: retrieval_metrics(found) for name, (_, found) in ranks.items()}


def summary_intervals(ranked: Sequence[Ranked], units: np.ndarray) -> dict[str, list[float]]:
    """Return 95 % intervals of the mean ``r@1`` and ``r@10`` over directions; none of few units.

    A row asks in several directions, so that what its hits add to the mean is summed first, and the
    sums of rows, or of their groups, are taken as independent (Cameron and Miller 2015, equation
    11). The items are held fixed.

    Args:
        ranked: Of each direction.
        units: int ``[row]``: rows of one number are not independent.
    """
    asking = np.unique(np.concatenate([rows for rows, _ in ranked])) if ranked else np.zeros(0, int)
    num = len(np.unique(units[asking]))
    if num < LEAST_UNITS:
        return {}
    which = np.unique(units, return_inverse=True)[1].reshape(-1)
    found = {}
    for name, k in (("r@1", 1), ("r@10", 10)):
        added, mean = np.zeros(len(units)), 0.0
        for rows, ranks in ranked:
            hits = (ranks <= k).astype(np.float64)
            added[rows] += (hits - hits.mean()) / len(rows) / len(ranked)
            mean += float(hits.mean()) / len(ranked)
        error = float((np.bincount(which, added) ** 2).sum() * num / (num - 1)) ** 0.5
        margin = student_quantile(0.975, num - 1) * error
        found[name] = [max(mean - margin, 0.0), min(mean + margin, 1.0)]
    return found


def score_present(
    vectors: np.ndarray,
    present: np.ndarray,
    input_columns: Sequence[str],
    contents: Mapping[str, np.ndarray],
    units: np.ndarray,
) -> dict[str, dict[str, Any]]:
    """Return retrieval of each input column by all the others that a row has, per set that occurs.

    Keys are ``"a+b->c"``: the query is the mean of what the row has of a and b, the items are c.
    Rows of one number in `units`, int ``[row]``, are not independent.
    """
    found: dict[str, dict[str, Any]] = {}
    for goal, name in enumerate(input_columns):
        rest = [s for s in range(len(input_columns)) if s != goal]
        there = present[goal] & present[rest].any(0)
        sets = [tuple(np.flatnonzero(row)) for row in present[rest].T]
        queries = (vectors[rest] * present[rest][..., None]).sum(0)
        for one in sorted(set(s for s, ok in zip(sets, there, strict=True) if ok)):
            rows = np.array([s == one for s in sets]) & there
            if rows.sum() < LEAST_ROWS or len(one) < 2:
                continue
            ranks = match_ranks(queries[there], vectors[goal][there], contents[name][there])
            key = "+".join(input_columns[rest[s]] for s in one) + f"->{name}"
            found[key] = scored_ranks((np.flatnonzero(rows), ranks[rows[there]]), units)
    return found


def summary_of(directions: Mapping[str, Mapping[str, Any]]) -> dict[str, float]:
    """Return the means of ``r@1``, ``r@10`` and ``median_rank`` over directions."""
    names = ("r@1", "r@10", "median_rank")
    if not directions:
        return {}
    return {n: float(np.mean([one[n] for one in directions.values()])) for n in names}
