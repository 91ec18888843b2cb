"""Compares the network with simple models, and chooses what ships, on rows none learned from."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

import numpy as np

from plait.baselines.stack import mix_outputs
from plait.baselines.weighted_statistics import mean_by
from plait.fitting.candidates.base_models import BaseModels
from plait.fitting.choice.choose import SIMPLE, Choice, choose, unjudged
from plait.fitting.setup.deep_plan import DeepResult
from plait.fitting.setup.problem import Problem
from plait.model.ensemble import DEEP


@dataclass(frozen=True)
class Candidates:
    """What each candidate answers for rows that none of them learned from.

    The network may have been judged by fewer rows than the simple models.

    Attributes:
        outputs: Candidate -> outputs ``[row, output]``, the network's where there is one.
        rows: int64 ``[row]``: row numbers of `outputs`, sorted.
        simple: Simple model -> outputs ``[more rows, output]``.
        judged: int64 ``[more rows]``: row numbers of `simple`, sorted; `rows` are among them.
    """

    outputs: Mapping[str, np.ndarray]
    rows: np.ndarray
    simple: Mapping[str, np.ndarray]
    judged: np.ndarray

    @classmethod
    def of(cls, deep: DeepResult, base_models: BaseModels) -> Candidates:
        """Return the network beside the simple models."""
        return cls(
            outputs_of(deep, base_models), deep.rows, base_models.outputs, base_models.judged
        )

    @property
    def is_partial(self) -> bool:
        """Whether the network was judged by some of the rows only."""
        return bool(self.simple) and len(self.rows) < len(self.judged)

    def take(self, wanted: np.ndarray) -> Candidates:
        """Return the rows that are wanted, bool ``[row of the table]``."""
        here, there = wanted[self.rows], wanted[self.judged]
        return Candidates(
            {name: found[here] for name, found in self.outputs.items()},
            self.rows[here],
            {name: found[there] for name, found in self.simple.items()},
            self.judged[there],
        )

    def only(self, names: Collection[str]) -> Candidates:
        """Return these with some candidates only."""
        outputs = {name: found for name, found in self.outputs.items() if name in names}
        simple = {name: found for name, found in self.simple.items() if name in names}
        return replace(self, outputs=outputs, simple=simple)

    def mixed(self, weights: Mapping[str, float]) -> np.ndarray:
        """Return the outputs of a mix on `rows`."""
        return mix_outputs({name: self.outputs[name] for name in weights}, weights)


def choose_candidates(problem: Problem, candidates: Candidates, metric: str | None) -> Choice:
    """Choose what ships.

    Where the network was judged by some of the rows only, simple models are chosen by all of them,
    and then that mix is compared with the network on these few.
    """
    outputs, rows = candidates.outputs, candidates.rows
    if not candidates.is_partial:
        return _chosen(problem, outputs, rows, metric)
    first = _chosen(problem, candidates.simple, candidates.judged, metric)
    network = {DEEP: outputs[DEEP]} if DEEP in outputs else {}
    mixed = {SIMPLE: candidates.mixed(first.weights)}
    second = _chosen(problem, {**network, **mixed}, rows, metric)
    share = second.weights.get(SIMPLE, 0.0)
    weights = {name: share * weight for name, weight in first.weights.items() if share}
    if DEEP in second.weights:
        weights = {DEEP: second.weights[DEEP], **weights}
    heavy = None if problem.weights is None else problem.weights[rows]
    truth, cost = problem.truth[rows], problem.target_codec.cost
    costs = {name: mean_by(cost(found, truth), heavy) for name, found in outputs.items()}
    return Choice(weights, costs, tuple(dict.fromkeys((*first.notes, *second.notes))))


def outputs_of(deep: DeepResult, base_models: BaseModels) -> dict[str, np.ndarray]:
    """Return candidate -> outputs on ``deep.rows``, the network's where there is one."""
    found = base_models.outputs
    if _is_partial(deep, base_models):
        places = places_of(deep.rows, base_models.judged)
        found = {name: one[places] for name, one in found.items()}
    return {**({DEEP: deep.outputs} if deep.systems else {}), **found}


def on_all_rows(
    deep: DeepResult, base_models: BaseModels, weights: Mapping[str, float]
) -> DeepResult:
    """Return what tells on which rows a mix is known: all, where the network is not part of it."""
    if DEEP in weights or not _is_partial(deep, base_models):
        return deep
    return replace(
        deep, rows=base_models.judged, systems=(), stages=(), outputs=_nothing(deep, base_models)
    )


def places_of(rows: np.ndarray, among: np.ndarray) -> np.ndarray:
    """Return the places of sorted rows among more of them."""
    return np.searchsorted(among, rows)


def _is_partial(deep: DeepResult, base_models: BaseModels) -> bool:
    return bool(base_models.fitted) and len(deep.rows) < len(base_models.judged)


def _nothing(deep: DeepResult, base_models: BaseModels) -> np.ndarray:
    return np.full((len(base_models.judged), deep.outputs.shape[1]), np.nan, np.float32)


def _chosen(
    problem: Problem, outputs: Mapping[str, np.ndarray], rows: np.ndarray, metric: str | None
) -> Choice:
    """Choose by outputs of rows that no candidate learned from."""
    truth, groups = problem.truth[rows], problem.groups[rows]
    heavy = None if problem.weights is None else problem.weights[rows]
    return unjudged(outputs, truth) or choose(
        outputs, truth, problem.target_codec, groups, row_weights=heavy, metric=metric
    )
