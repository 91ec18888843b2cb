"""Compares the network with simple models, and chooses what ships, on rows none learned from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from plait.baselines.contract import mean_by
from plait.baselines.stack import mix_outputs
from plait.model.ensemble import DEEP
from plait.recipes.choose import Choice, choose, unjudged
from plait.recipes.deep_plan import DeepResult
from plait.recipes.rivals import Rivals
from plait.recipes.task import Task

SIMPLE = "simple models"
"""The mix of these, as one candidate beside the network."""


def choose_candidates(task: Task, deep: DeepResult, rivals: Rivals, metric: str | None) -> Choice:
    """Choose what ships.

    Where the network was judged by some of the rows only, simple models are chosen by all of them,
    and then that mix is compared with the network on these few.
    """
    outputs = outputs_of(deep, rivals)
    if not _is_partial(deep, rivals):
        return _chosen(task, outputs, deep.rows, metric)
    first = _chosen(task, rivals.outputs, rivals.judged, metric)
    mixed = mix_outputs({name: outputs[name] for name in first.weights}, first.weights)
    second = _chosen(task, {DEEP: deep.outputs, SIMPLE: mixed}, deep.rows, metric)
    share = second.weights.get(SIMPLE, 0.0)
    weights = {name: share * weight for name, weight in first.weights.items() if share}
    if DEEP in second.weights:
        weights = {DEEP: second.weights[DEEP], **weights}
    heavy = None if task.weights is None else task.weights[deep.rows]
    truth, cost = task.truth[deep.rows], task.target_codec.cost
    costs = {name: mean_by(cost(found, truth), heavy) for name, found in outputs.items()}
    return Choice(weights, costs, tuple(dict.fromkeys((*first.notes, *second.notes))))


def outputs_of(deep: DeepResult, rivals: Rivals) -> dict[str, np.ndarray]:
    """Return candidate -> outputs on ``deep.rows``, the network's where there is one."""
    found = rivals.outputs
    if _is_partial(deep, rivals):
        places = places_of(deep.rows, rivals.judged)
        found = {name: one[places] for name, one in found.items()}
    return {**({DEEP: deep.outputs} if deep.systems else {}), **found}


def on_all_rows(deep: DeepResult, rivals: Rivals, weights: Mapping[str, float]) -> DeepResult:
    """Return what tells on which rows a mix is known: all, where the network is not part of it."""
    if DEEP in weights or not _is_partial(deep, rivals):
        return deep
    return replace(deep, rows=rivals.judged, systems=(), stages=(), outputs=_nothing(deep, rivals))


def places_of(rows: np.ndarray, among: np.ndarray) -> np.ndarray:
    """Return the places of sorted rows among more of them."""
    return np.searchsorted(among, rows)


def _is_partial(deep: DeepResult, rivals: Rivals) -> bool:
    return bool(rivals.experts) and len(deep.rows) < len(rivals.judged)


def _nothing(deep: DeepResult, rivals: Rivals) -> np.ndarray:
    return np.full((len(rivals.judged), deep.outputs.shape[1]), np.nan, np.float32)


def _chosen(
    task: Task, outputs: Mapping[str, np.ndarray], rows: np.ndarray, metric: str | None
) -> Choice:
    """Choose by outputs of rows that no candidate learned from."""
    truth, groups = task.truth[rows], task.groups[rows]
    heavy = None if task.weights is None else task.weights[rows]
    return unjudged(outputs, truth) or choose(
        outputs, truth, task.target_codec, groups, row_weights=heavy, metric=metric
    )
