"""Keeps the statistics by which what ships can learn on a device."""

from __future__ import annotations

import numpy as np

from plait.fitting.candidates.base_models import BaseModels
from plait.fitting.setup.problem import Problem
from plait.model.ensemble import DEEP, Ensemble
from plait.model.rehearsal import Rehearsal
from plait.model.rehearsing import MAX_ROWS, can_be_learned, make_rehearsal


def keep_rehearsal(
    problem: Problem, base_models: BaseModels, shipped: Ensemble
) -> Rehearsal | None:
    """Return the statistics of rows whose out-of-fold answers are kept; None where there are none.

    Features are those that simple models learned from. Of a network there are none: it becomes a
    graph before a device runs it, and what writes the graph makes them.

    Args:
        problem: Its rows and target.
        base_models: What made the features.
        shipped: With its kept answers.
    """
    kept, features, bench = shipped.answers, shipped.features, base_models.bench
    if kept is None or features is None or bench is None or not len(kept.rows):
        return None
    if DEEP in shipped.weights or not can_be_learned(shipped.target):
        return None
    places = np.linspace(0, len(kept.rows) - 1, min(len(kept.rows), MAX_ROWS)).astype(np.int64)
    rows, known = kept.rows[places], bench.known_matrices
    matrices = features.matrices_from(known, problem.prepared, rows)
    outputs = kept.outputs[places].astype(np.float32)
    return make_rehearsal(shipped.target, outputs, matrices.compact, problem.truth[rows])
