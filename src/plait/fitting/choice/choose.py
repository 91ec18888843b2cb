"""Chooses what to ship: the base model, or mix of base models, with the lowest honest cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from plait.baselines.stack import best_mix
from plait.baselines.weighted_statistics import mean_by
from plait.display import model_name
from plait.errors import TargetError
from plait.fitting.setup.by_metric import best_by_metric
from plait.modalities import PredictiveTarget
from plait.model.ensemble import DEEP
from plait.sampling_error import standard_error

SIMPLE = "simple models"
"""The mix of these, as one candidate beside the network."""


@dataclass(frozen=True)
class Choice:
    """What ships.

    Attributes:
        weights: Base model name -> weight; they sum to 1.
        costs: Candidate name -> mean cost on the rows of the choice.
        notes: What a person should know.
    """

    weights: Mapping[str, float]
    costs: Mapping[str, float]
    notes: tuple[str, ...]

    @property
    def shipped(self) -> str:
        """A name for people: ``deep``, ``boosted``, or ``stack (deep 0.6 + boosted 0.4)``."""
        if len(self.weights) == 1:
            return next(iter(self.weights))
        ranked = sorted(self.weights.items(), key=lambda item: -item[1])
        return "stack (" + " + ".join(f"{name} {weight:.2f}" for name, weight in ranked) + ")"


def choose(
    outputs: Mapping[str, np.ndarray],
    truth: np.ndarray,
    codec: PredictiveTarget,
    groups: np.ndarray | None = None,
    *,
    row_weights: np.ndarray | None = None,
    metric: str | None = None,
) -> Choice:
    """Choose by outputs on rows that no candidate learned from.

    Args:
        outputs: Candidate name -> canonical outputs ``[row, output]``.
        truth: Targets of those rows.
        codec: The target's codec; its `cost` decides.
        groups: int ``[row]``: rows of one number are not independent; None where all are.
        row_weights: How much each row counts, ``[row]``; None for the same.
        metric: What decides instead; see `plait.fitting.setup.by_metric`.

    Raises `TargetError` when no candidate's outputs are finite.
    """
    costs = {
        name: mean_by(codec.cost(found, truth), row_weights) for name, found in outputs.items()
    }
    usable = {name: found for name, found in outputs.items() if np.isfinite(costs[name])}
    diverged = tuple(
        f"{model_name(n)} diverged and cannot ship" for n in outputs if n not in usable
    )
    if not usable:
        raise TargetError(
            "training diverged: no model gives finite outputs",
            hint="lower the learning rate, or keep the baselines on",
        )
    weights = best_mix(usable, truth, codec.cost, groups=groups, weights=row_weights)
    if metric is not None:
        weights = best_by_metric(
            usable, truth, codec, metric, costs, weights, groups=groups, row_weights=row_weights
        )
        diverged += (f"chosen by {metric} on held-out rows, not by the cost",)
    compared = _compare(usable, truth, codec, costs, groups, row_weights)
    if DEEP in weights and len(weights) > 1:
        compared = tuple(f"{note}; the mix that it is part of did best" for note in compared)
    return Choice(weights, costs, (*diverged, *compared))


def unjudged(outputs: Mapping[str, np.ndarray], truth: np.ndarray) -> Choice | None:
    """Return equal shares of label propagation and the linear model where nothing can be compared.

    That is where most classes have a single label: held out, it was never learned. None otherwise.

    Args:
        outputs: As for `choose`.
        truth: Classes of the rows, int64 ``[row]``.
    """
    trusted = [name for name in ("label_propagation", "linear") if name in outputs]
    counts = np.unique(truth[truth >= 0], return_counts=True)[1]
    if "label_propagation" not in outputs or not len(counts) or np.median(counts) > 1:
        return None
    note = (
        "too few labels to compare candidates: "
        + " and ".join(map(model_name, trusted))
        + " ship as equals"
    )
    return Choice(dict.fromkeys(trusted, 1 / len(trusted)), {}, (note,))


def _compare(
    outputs: Mapping[str, np.ndarray],
    truth: np.ndarray,
    codec: PredictiveTarget,
    costs: Mapping[str, float],
    groups: np.ndarray | None,
    row_weights: np.ndarray | None,
) -> tuple[str, ...]:
    simple = {name: costs[name] for name in outputs if name != DEEP}
    if DEEP not in outputs or not simple:
        return ()
    best = min(simple, key=lambda name: simple[name])
    gap = codec.cost(outputs[DEEP], truth) - codec.cost(outputs[best], truth)
    gap = gap if row_weights is None else gap * row_weights / row_weights.mean()
    if gap.mean() + 1.96 * standard_error(gap, groups) < 0:
        return ()
    other = (
        "the mix of simple models"
        if best == SIMPLE
        else f"the best simple model ({model_name(best)})"
    )
    if gap.mean() > 0:
        return (f"the deep model does not beat {other} on these data",)
    return (f"the deep model is not clearly better than {other} on these data",)
