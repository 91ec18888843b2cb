"""Keeps what the mix answers for rows of its fit by members that learned from others."""

from __future__ import annotations

import numpy as np

from plait.baselines.stack import mix_outputs
from plait.fitting.candidates.base_models import BaseModels
from plait.fitting.choice.comparison import on_all_rows, outputs_of, places_of
from plait.fitting.setup.deep_plan import DeepResult
from plait.fitting.setup.problem import Problem
from plait.model.ensemble import DEEP, Ensemble
from plait.model.kept_answers import KeptAnswers, id_hashes


def keep_answers(
    problem: Problem, base_models: BaseModels, deep: DeepResult, shipped: Ensemble
) -> KeptAnswers:
    """Return the calibrated out-of-fold answers of what ships.

    Where the network was judged by some of the rows only, its simple models alone answer the rest:
    they are known for all. Rows that no member answers so are left out.

    Args:
        problem: Its rows and target.
        base_models, deep: The candidates, with their honest outputs.
        shipped: Its weights and calibration.
    """
    weights = shipped.weights
    known = on_all_rows(deep, base_models, weights)
    outputs = outputs_of(known, base_models)
    mixed = mix_outputs({name: outputs[name] for name in weights}, weights)
    rows, simple = known.rows, {n: weight for n, weight in weights.items() if n != DEEP}
    rest = np.setdiff1d(base_models.judged, rows) if simple else rows[:0]
    if len(rest):
        places, total = places_of(rest, base_models.judged), sum(simple.values())
        some = {name: base_models.outputs[name][places] for name in simple}
        more = mix_outputs(some, {name: weight / total for name, weight in simple.items()})
        rows, mixed = np.concatenate([rows, rest]), np.concatenate([mixed, more])
    if shipped.calibration is not None:
        mixed = shipped.calibration.apply(mixed, problem.prepared, rows)
    return KeptAnswers.of(rows, mixed, problem.target_codec.form, id_hashes(problem.table))
