"""Rows to look at where values are generated: what was made beside what is true."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from plait.display import cell_text
from plait.fitting.records.samples import MAX_SAMPLE_BYTES
from plait.fitting.records.shown_cells import show_cell
from plait.fitting.setup.asked_of_inputs import offering
from plait.fitting.setup.problem import Problem
from plait.modalities import MadeFile
from plait.model.generator import Generator
from plait.model.made import raw_of
from plait.spacing import evenly_spaced
from plait.types import Html

BESIDE = ("made", "true")
"""What is said of the two that stand beside each other, where a target says nothing else."""

MOST_LEARNED = 5000
"""Training values among which the nearest of one that was made is looked for, at most."""

NUM_LOT, NUM_BEST, NUM_WORST = 6, 3, 3


def make_pairs(
    problem: Problem, generator: Generator, rows: np.ndarray, outputs: np.ndarray, true: np.ndarray,
    *, seed: int,
) -> list[dict[str, Any]]:  # fmt: skip
    """Return up to 12 of `rows`: by lot, the best made, and the worst made.

    Each is ``{"row", "cells": {column: html}, "truth", "prediction", "made": html, "true": html,
    "beside", "metric", "value", "drawn"}``; ``beside`` names the two, ``value`` is the row's own
    headline. Where it is known, it has a ``confidence`` in what it ``foretells``.
    """
    judge, codec, said = generator.judge, generator.target, raw_of(outputs)
    values, costs = judge.values(said, true, judge.headline), judge.cost(said, true)
    sure, trust = generator.confidence(outputs), generator.trust
    beside = getattr(codec, "beside", BESIDE)
    found, size = list[dict[str, Any]](), 0
    for drawn, place in _pick(costs, seed):
        row = int(rows[place])
        cells = {name: show_cell(problem, row, name) for name in problem.inputs}
        kept = {name: html for name, html in cells.items() if html is not None}
        made, real = (_shown(problem, kept, row, one) for one in (said[place], true[place]))
        size += sum(map(len, (*kept.values(), made, real)))
        if size > MAX_SAMPLE_BYTES and found:
            break
        found.append(
            {
                "row": row,
                "cells": kept,
                "truth": cell_text(problem.table.column(str(problem.target), [row])[0]),
                "prediction": _written(codec.write(said[place])),
                "made": made,
                "true": real,
                "beside": list(beside),
                "metric": judge.headline,
                "value": float(values[place]),
                "drawn": drawn,
                **(
                    {}
                    if sure is None or trust is None
                    else {"confidence": float(sure[place]), "foretells": trust.metric}
                ),
            }
        )
    return found


def make_panel(problem: Problem, said: Sequence[Any], true: Sequence[Any]) -> Html:
    """Return what the target's codec draws of pairs, and of what was made beside what was learned
    from, where it does (``beside_learned``)."""
    codec: Any = problem.goal
    shown: Html = codec.panel(said, true)
    if not hasattr(codec, "beside_learned"):
        return shown
    column, num = problem.prepared.columns[str(problem.target)], len(problem.learned)
    some = evenly_spaced(num, MOST_LEARNED)
    learned = [codec.decode(column[int(row)]) for row in problem.learned[some]]
    return shown + str(codec.beside_learned(said, true, learned))


def _shown(problem: Problem, cells: Mapping[str, Html], row: int, raw: Any) -> Html:
    """Return a value as people see it: over the picture whose places it tells of, where it can."""
    codec: Any = problem.goal
    for name in offering(problem.codecs, problem.target):
        if name in cells and hasattr(codec, "lay_over"):
            size = (problem.prepared.columns[name][row] or {}).get("size")
            if size is not None:
                found: Html = codec.lay_over(cells[name], raw, (float(size[0]), float(size[1])))
                return found
    shown: Html = codec.show(raw)
    return shown


def _pick(costs: np.ndarray, seed: int) -> list[tuple[str, int]]:
    """Return how each was drawn, and its place: no row twice."""
    order = np.argsort(costs, kind="stable")
    worst = order[::-1][: min(NUM_WORST, len(order) // 3)]
    best = order[: min(NUM_BEST, len(order) // 3)]
    others = np.setdiff1d(order, np.concatenate([worst, best]))
    rng = np.random.default_rng(seed)
    lot = rng.choice(others, min(NUM_LOT, len(others)), replace=False)
    groups = {"lot": lot, "best": best, "worst": worst}
    return [(drawn, int(place)) for drawn, places in groups.items() for place in places]


def _written(cell: Any) -> str:
    return f"a file {cell.ending}" if isinstance(cell, MadeFile) else cell_text(cell)
