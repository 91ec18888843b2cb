"""Chooses the temperature at which values are drawn where none is asked: by rows held out."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from plait.fitting.setup.problem import Problem
from plait.modalities import Asked
from plait.model.ensemble import DEEP
from plait.model.generator import Generator
from plait.spacing import even_sample

MOST_ROWS, LEAST_ROWS = 40, 8
"""By which temperatures are compared; of fewer nothing is told, and the first stays."""


def settle_temperature(
    problem: Problem, candidates: Mapping[str, Generator], rows: np.ndarray
) -> tuple[str, ...]:
    """Let the network's values be drawn at the temperature that rows held out speak for; return
    notes.

    Of those that its target names in ``temperatures``, the costs of each row are compared with
    those at the best one: of all that are no more than a standard error worse, the highest is
    taken. Colder draws are less varied, which the cost of single rows does not tell.

    Args:
        problem: With a generated target.
        candidates: Name -> what might ship.
        rows: That nobody learned from.
    """
    network = candidates.get(DEEP)
    tried: tuple[float, ...] = getattr(problem.goal, "temperatures", ())
    some = even_sample(rows, MOST_ROWS)
    if network is None or len(tried) < 2 or len(some) < LEAST_ROWS:
        return ()
    column = problem.prepared.columns[str(problem.target)]
    truth = network.truth([column[int(row)] or {} for row in some])
    costs, scores = list[np.ndarray](), dict[float, float]()
    for one in tried:
        asked = Asked(temperature=one, apart=True)
        made = network.outputs(problem.prepared, some, asked)
        costs.append(network.judge.cost(made, truth))
        scores[one] = network.judge.metrics(made, truth)[network.judge.headline]
    network.temperature = tried[warmest(np.stack(costs))]
    told = ", ".join(f"{score:.3f} at {one:g}" for one, score in scores.items())
    name = network.judge.words[network.judge.headline].name
    return (
        f"drawn at temperature {network.temperature:g} where none is asked: {name} of {len(some)} "
        f"rows held out is {told}",
    )


def warmest(costs: np.ndarray) -> int:
    """Return the last of several ways whose costs are no more than a standard error above the
    best's, of the same rows.

    Args:
        costs: float64 ``[way, row]``, of two rows or more.
    """
    best = costs[costs.mean(1).argmin()]
    off = costs - best
    errors = off.std(1, ddof=1) / np.sqrt(costs.shape[1])
    return int(np.flatnonzero(off.mean(1) <= errors).max())
