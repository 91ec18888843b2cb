"""Leaves a network with two heads the one that answers rows held out at less cost."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from plait.baselines.weighted_statistics import mean_by
from plait.fitting.setup.problem import Problem
from plait.networks.config import OWN
from plait.networks.system import System


def leave_better_head(
    problem: Problem, systems: Sequence[System], outputs: np.ndarray, rows: np.ndarray
) -> np.ndarray:
    """Leave all networks of a fit the same head, and return its outputs ``[row, output]``.

    One choice of two by rows that the networks did not learn from, and that they are then compared
    with other models on: what it flatters them by is far below the error of such a comparison.

    Args:
        problem: Its target.
        systems: All with the same heads, one or two.
        outputs: float32 ``[row, output]`` of one head, ``[row, head, output]`` of two.
        rows: Row numbers of them.
    """
    if outputs.ndim == 2:  # one head, or no row to tell by
        _leave(systems, OWN if len(systems[0].config.heads) > 1 else systems[0].config.heads[0])
        return outputs
    truth = problem.truth[rows]
    heavy = None if problem.weights is None else problem.weights[rows]
    costs = [
        mean_by(problem.target_codec.cost(head, truth), heavy) for head in outputs.swapaxes(0, 1)
    ]
    best = int(np.argmin(costs))
    _leave(systems, systems[0].config.heads[best])
    return np.ascontiguousarray(outputs[:, best])


def _leave(systems: Sequence[System], name: str) -> None:
    for system in systems:
        system.keep_head(name)
