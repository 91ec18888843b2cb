"""Draws a shared space: rows and their values in two dimensions, and what lies nearest to what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from plait.data.contents import content_numbers
from plait.fitting.records.shown_cells import show_cell
from plait.fitting.setup.problem import Problem
from plait.types import Html

MAX_ROWS, MAX_POINTS, MAX_INPUT_COLUMNS = 300, 1200, 8
MAX_MAP_BYTES, MAX_NEIGHBOUR_BYTES = 4_000_000, 1_500_000
MAX_QUERIES, QUERIES_PER_INPUT_COLUMN, NUM_NEAREST = 24, 8, 3

LEAST_TSNE_POINTS = 20
"""Fewer points than this are drawn by PCA: they have no neighbourhoods to keep."""

TSNE_STEPS = 500


def make_map(
    problem: Problem, rows: np.ndarray, vectors: np.ndarray, present: np.ndarray, *, seed: int
) -> dict[str, Any]:
    """Return the map of a shared space, ready for JSON; empty when no row has an input column.

    Args:
        problem: The table, to show its cells.
        rows: int64 ``[row]``: row numbers in the table.
        vectors: Unit vectors float32 ``[input, row, dim]``, input columns in the order of the
            problem.
        present: bool ``[input, row]``.
        seed: Of the rows drawn, the queries asked, and the projection.

    Returns:
        ``method`` (of the projection), ``input_columns`` (those drawn: the 8 that most rows have),
        ``rows`` (how many there are; at most 300 are drawn, fewer when their cells are heavy),
        ``points`` of ``{"input_column", "row", "x", "y"}`` with x, y in [0, 1], ``cells`` (row ->
        {input_column: html}), and ``neighbours``; see `find_neighbours`.
    """
    names = list(problem.input_columns)
    drawn = _most_present(present)
    candidates = np.flatnonzero(present[drawn].any(0)) if drawn else np.zeros(0, np.int64)
    if not len(candidates):
        return {}
    num = min(len(candidates), MAX_ROWS, max(1, MAX_POINTS // len(drawn)))
    chosen = np.random.default_rng(seed).choice(candidates, num, replace=False)
    cells = _cells_of(problem, [int(rows[place]) for place in chosen])
    chosen = chosen[: len(cells)]
    which = [(s, int(place)) for place in chosen for s in drawn if present[s, place]]
    middles = _middles(vectors, present)
    spots, method = project(np.stack([vectors[s, p] - middles[s] for s, p in which]), seed=seed)
    points = [
        {"input_column": names[s], "row": int(rows[place]), "x": float(x), "y": float(y)}
        for (s, place), (x, y) in zip(which, spots.round(4), strict=True)
    ]
    contents = np.stack(
        [content_numbers(problem.prepared, c)[rows] for c in problem.input_columns.values()]
    )
    found = find_neighbours(names, rows, vectors, present, contents, seed=seed)
    return {
        "method": method,
        "rows": len(candidates),
        "input_columns": [names[s] for s in drawn],
        "points": points,
        "cells": cells,
        "neighbours": _with_cells(problem, found, cells),
    }


def project(vectors: np.ndarray, *, seed: int) -> tuple[np.ndarray, str]:
    """Return float64 ``[point, 2]`` in [0, 1], and the method: ``t-SNE`` or ``PCA``.

    t-SNE (van der Maaten and Hinton 2008) starts from PCA, and needs scikit-learn and 20 points.
    """
    flat = _principal(vectors)
    method, spots = "PCA", flat
    if len(vectors) >= LEAST_TSNE_POINTS and flat[:, 0].std() > 0:
        try:
            from sklearn.manifold import TSNE
        except ImportError:
            method = "PCA, for scikit-learn is not installed"
        else:
            method = "t-SNE"
            start = (flat / flat[:, 0].std() * 1e-4).astype(np.float32)
            tsne = TSNE(
                init=start,
                perplexity=min(30.0, (len(vectors) - 1) / 3),
                random_state=seed,
                max_iter=TSNE_STEPS,
            )
            spots = tsne.fit_transform(vectors.astype(np.float32)).astype(np.float64)
    low, high = spots.min(0), spots.max(0)
    flat_axis = high <= low
    return np.where(flat_axis, 0.5, (spots - low) / np.where(flat_axis, 1.0, high - low)), method


def find_neighbours(
    names: Sequence[str],
    rows: np.ndarray,
    vectors: np.ndarray,
    present: np.ndarray,
    contents: np.ndarray,
    *,
    seed: int,
) -> list[dict[str, Any]]:
    """Return queries drawn by the seed, never by success, with the nearest items of other columns.

    Args:
        names: Of the input columns.
        rows: int64 ``[row]``: row numbers in the table.
        vectors: Unit vectors ``[input, row, dim]``.
        present: bool ``[input, row]``.
        contents: int64 ``[input, row]``: equal for equal content, shown and counted once.
        seed: Of the draw.

    Returns:
        ``{"input_column", "row", "found": {other: {"rank", "among", "items"}}}`` per query, input
        columns in turn. ``rank`` is where the right item came, from 1 (ties share their mean, as in
        `plait.retrieval.match_ranks`), ``among`` so many rows that have both; ``items`` are the 3
        nearest of different content, ``{"row", "cosine", "right"}``.
    """
    rng = np.random.default_rng(seed)
    several = present.sum(0) >= 2
    per_input_column = max(1, min(QUERIES_PER_INPUT_COLUMN, MAX_QUERIES // max(len(names), 1)))
    drawn = []
    for input_column in range(len(names)):
        able = np.flatnonzero(present[input_column] & several)
        places = rng.choice(able, min(per_input_column, len(able)), replace=False)
        drawn += [(turn, input_column, int(place)) for turn, place in enumerate(places)]
    found = []
    for _, input_column, place in sorted(drawn):
        others = [o for o in range(len(names)) if o != input_column and present[o, place]]
        answers = {
            names[o]: _nearest(rows, vectors, present, contents[o], input_column, o, place)
            for o in others
        }
        found.append(
            {"input_column": names[input_column], "row": int(rows[place]), "found": answers}
        )
    return found


def _nearest(
    rows: np.ndarray,
    vectors: np.ndarray,
    present: np.ndarray,
    contents: np.ndarray,
    input_column: int,
    other: int,
    place: int,
) -> dict[str, Any]:
    items = np.flatnonzero(present[input_column] & present[other])
    scores = vectors[other, items] @ vectors[input_column, place]
    right = contents[items] == contents[place]
    best = scores[right].max()
    rank = 1 + (scores[~right] > best).sum() + (scores[~right] == best).sum() / 2
    order = np.argsort(-scores, kind="stable")
    _, first = np.unique(contents[items[order]], return_index=True)
    nearest = order[np.sort(first)[:NUM_NEAREST]]
    return {
        "rank": float(rank),
        "among": len(items),
        "items": [
            {"row": int(rows[items[i]]), "cosine": float(scores[i]), "right": bool(right[i])}
            for i in nearest
        ],
    }


def _most_present(present: np.ndarray) -> list[int]:
    """Return the input columns to draw, in their own order."""
    counts = present.sum(1)
    most = np.argsort(-counts, kind="stable")[:MAX_INPUT_COLUMNS]
    return sorted(int(s) for s in most if counts[s])


def _middles(vectors: np.ndarray, present: np.ndarray) -> np.ndarray:
    """Return the mean vector of every input column, ``[input, dim]``.

    Shared spaces keep a gap between modalities (Liang et al. 2022): with it a map shows little but
    which dot is of which input column. A shift of all items of an input column alike changes no
    ranking of them.
    """
    share = present / np.maximum(present.sum(1, keepdims=True), 1)
    middles: np.ndarray = np.einsum("sr,srd->sd", share, vectors)
    return middles


def _principal(vectors: np.ndarray) -> np.ndarray:
    """Return the first two principal components, signs fixed, float64 ``[point, 2]``."""
    centred = vectors.astype(np.float64) - vectors.mean(0, dtype=np.float64)
    left, values, _ = np.linalg.svd(centred, full_matrices=False)
    flat = np.zeros((len(vectors), 2))
    parts = (left * values)[:, :2]
    flat[:, : parts.shape[1]] = np.where(np.abs(parts) > 1e-9, parts, 0.0)
    largest = np.take_along_axis(flat, np.abs(flat).argmax(0)[None], 0)
    return flat * np.where(largest < 0, -1.0, 1.0)


def _cells_of(problem: Problem, rows: Sequence[int]) -> dict[str, dict[str, Html]]:
    """Return the rendered cells of the first rows, as many as fit; of one row at least."""
    found: dict[str, dict[str, Html]] = {}
    total = 0
    for row in rows:
        shown = {name: show_cell(problem, row, name) for name in problem.input_columns}
        kept = {name: html for name, html in shown.items() if html is not None}
        total += sum(map(len, kept.values()))
        if found and total > MAX_MAP_BYTES:
            break
        found[str(row)] = kept
    return found


def _with_cells(
    problem: Problem, found: Sequence[Mapping[str, Any]], cells: dict[str, dict[str, Html]]
) -> list[dict[str, Any]]:
    """Add the cells that the queries and their answers show; return as many queries as fit."""
    total, kept = 0, list[dict[str, Any]]()
    for query in found:
        needed = [(query["row"], query["input_column"])]
        for name, answer in query["found"].items():
            needed += [(item["row"], name) for item in answer["items"]]
        shown = {}
        for row, name in needed:
            html = cells.get(str(row), {}).get(name)
            shown[row, name] = show_cell(problem, row, name) if html is None else html
        total += sum(len(html or "") for html in shown.values())
        if kept and total > MAX_NEIGHBOUR_BYTES:
            break
        kept.append(dict(query))
        for (row, name), html in shown.items():
            if html is not None:
                cells.setdefault(str(row), {})[name] = html
    return kept
