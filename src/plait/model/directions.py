"""Scores a shared space: retrieval from every input column to every other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from plait.data.contents import content_numbers
from plait.data.prepared import Prepared
from plait.retrieval import match_ranks, retrieval_metrics

if TYPE_CHECKING:
    from plait.model.shared_space import SharedSpace

LEAST_ROWS = 2


def evaluate_space(space: SharedSpace, prepared: Prepared) -> dict[str, Any]:
    """Return the scores of a space over all prepared rows, as `Model.evaluate` gives them."""
    vectors, present = space.input_column_vectors(prepared, np.arange(prepared.num_rows))
    contents = {
        name: content_numbers(prepared, columns) for name, columns in space.input_columns.items()
    }
    scored = score_space(vectors, present, contents)
    return {"task": "embed", "rows": prepared.num_rows, **scored}


def score_space(
    vectors: np.ndarray, present: np.ndarray, contents: Mapping[str, np.ndarray]
) -> dict[str, Any]:
    """Return ``retrieval`` per direction, ``by_present`` per set of columns, and mean ``metrics``.

    Args:
        vectors: Unit vectors ``[input, row, dim]``.
        present: bool ``[input, row]``.
        contents: Input column -> int64 ``[row]``, in the order of `vectors`.
    """
    input_columns = list(contents)
    directions = score_directions(vectors, present, input_columns, contents)
    return {
        "metrics": summary_of(directions),
        "retrieval": directions,
        "by_present": score_present(vectors, present, input_columns, contents),
    }


def score_directions(
    vectors: np.ndarray,
    present: np.ndarray,
    input_columns: Sequence[str],
    contents: Mapping[str, np.ndarray],
) -> dict[str, dict[str, float]]:
    """Return ``{"a->b": {"r@1", "r@5", "r@10", "median_rank", "n"}}`` over rows that have both.

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
            found[f"{first}->{second}"] = retrieval_metrics(ranks)
    return found


def score_present(
    vectors: np.ndarray,
    present: np.ndarray,
    input_columns: Sequence[str],
    contents: Mapping[str, np.ndarray],
) -> dict[str, dict[str, float]]:
    """Return retrieval of each input column by all the others that a row has, per set that occurs.

    Keys are ``"a+b->c"``: the query is the mean of what the row has of a and b, the items are c.
    """
    found: dict[str, dict[str, float]] = {}
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
            found[key] = retrieval_metrics(ranks[rows[there]])
    return found


def summary_of(directions: Mapping[str, Mapping[str, Any]]) -> dict[str, float]:
    """Return the means of ``r@1``, ``r@10`` and ``median_rank`` over directions."""
    names = ("r@1", "r@10", "median_rank")
    if not directions:
        return {}
    return {n: float(np.mean([one[n] for one in directions.values()])) for n in names}
