"""Chooses what to ship by a metric that a person named, rather than by the proper cost."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from plait.baselines.stack import mix_outputs
from plait.errors import TargetError, UsageError
from plait.metrics import LOWER_IS_BETTER
from plait.modalities import PredictiveTarget, TargetCodec

NUM_DRAWS = 200
NUM_PICKS = 12
MAX_ROWS = 5000
"""More rows than this are sampled: every comparison resamples them."""


def check_metric(metric: str, codec: TargetCodec) -> None:
    """Raise `UsageError` unless the metric is one of the target's that can be chosen by.

    Raises `TargetError` where the target is generated.
    """
    if not isinstance(codec, PredictiveTarget):
        raise TargetError(
            "a generated target is chosen by its own headline",
            expected="no metric",
            received=metric,
        )
    known = codec.form.choosable
    if metric not in known:
        close = difflib.get_close_matches(metric, known, 1)
        raise UsageError(
            f"the choice cannot be by '{metric}'",
            expected="one of " + ", ".join(known),
            received=metric,
            hint=f"did you mean '{close[0]}'?" if close else None,
        )


def best_by_metric(
    outputs: Mapping[str, np.ndarray],
    truth: np.ndarray,
    codec: PredictiveTarget,
    metric: str,
    costs: Mapping[str, float],
    mix: Mapping[str, float],
    *,
    groups: np.ndarray | None = None,
    row_weights: np.ndarray | None = None,
    seed: int = 0,
) -> dict[str, float]:
    """Return the weights of the candidate, or mix of candidates, that is best by a metric.

    Of the candidates that are not worse than the best by more than a standard error, the one with
    the lowest cost is taken: metrics such as accuracy say little on few rows. A mix, that of the
    costs or one picked greedily by the metric (Caruana et al. 2004, section 2.1), ships where it is
    better than that one by more than a standard error. Standard errors are of the paired
    difference, by a bootstrap that draws whole groups.

    Args:
        outputs: Candidate -> canonical outputs ``[row, output]`` of rows it did not learn from.
        truth: Of these rows.
        codec: Of the target.
        metric: One of its form's `choosable`.
        costs: Candidate -> mean cost.
        mix: Weights that the costs chose.
        groups: int ``[row]``: rows of one number are not independent.
        row_weights: How much each row counts.
        seed: Of the draws.
    """
    judge = _Judge(truth, codec, metric, groups, row_weights, seed)
    some = {name: found[judge.rows] for name, found in outputs.items()}
    scores = {name: judge.score(found) for name, found in some.items()}
    best = max(scores, key=lambda name: (scores[name], -costs[name]))
    level = [n for n in some if n == best or not judge.is_better(some[best], some[n])]
    alone = min(level, key=lambda name: costs[name])
    mixes = [dict(mix), _picked(some, judge)] if len(some) > 1 else []
    tried = [(judge.score(mix_outputs(_of(some, one), one)), one) for one in mixes if len(one) > 1]
    if not tried:
        return {alone: 1.0}
    _, chosen = max(tried, key=lambda pair: pair[0])
    mixed = mix_outputs(_of(some, chosen), chosen)
    return chosen if judge.is_better(mixed, some[alone]) else {alone: 1.0}


@dataclass
class _Judge:
    """Scores outputs of the rows by a metric, more always better."""

    truth: np.ndarray
    codec: PredictiveTarget
    metric: str
    groups: np.ndarray | None
    row_weights: np.ndarray | None
    seed: int

    def __post_init__(self) -> None:
        rng = np.random.default_rng(self.seed)
        num = len(self.truth)
        self.rows = np.arange(num)
        if num > MAX_ROWS:
            self.rows = np.sort(rng.choice(num, MAX_ROWS, replace=False))
        self._truth = self.truth[self.rows]
        self._heavy = None if self.row_weights is None else self.row_weights[self.rows]
        units = self.rows if self.groups is None else self.groups[self.rows]
        _, which = np.unique(units, return_inverse=True)
        order = np.argsort(which, kind="stable")
        parts = np.split(order, np.flatnonzero(np.diff(which[order])) + 1)
        draws = rng.integers(0, len(parts), (NUM_DRAWS, len(parts)))
        self._draws = [np.concatenate([parts[i] for i in draw]) for draw in draws]

    def score(self, outputs: np.ndarray, rows: np.ndarray | None = None) -> float:
        """Return the metric; minus infinity where it is not defined."""
        places = slice(None) if rows is None else rows
        found, truth = outputs[places], self._truth[places]
        if self._heavy is None:
            value = self.codec.metrics(found, truth)[self.metric]
        else:
            heavy = self._heavy[places]
            value = self.codec.form.weighted_metrics(found, truth, heavy)[self.metric]
        if not np.isfinite(value):
            return -np.inf
        return -value if self.metric in LOWER_IS_BETTER else value

    def is_better(self, first: np.ndarray, second: np.ndarray) -> bool:
        """Tell whether the first is better by more than a standard error of the difference."""
        gap = self.score(first) - self.score(second)
        drawn = np.array([self.score(first, d) - self.score(second, d) for d in self._draws])
        drawn = drawn[np.isfinite(drawn)]
        return bool(len(drawn) and np.isfinite(gap) and gap > max(float(drawn.std()), 1e-12))


def _picked(outputs: Mapping[str, np.ndarray], judge: _Judge) -> dict[str, float]:
    """Return the weights of one greedy run with replacement, cut where the metric was best."""
    picked: list[str] = []
    reached: list[float] = []
    total = np.zeros_like(next(iter(outputs.values())), dtype=np.float32)
    for _ in range(NUM_PICKS):
        tried = {n: judge.score((total + o) / (len(picked) + 1)) for n, o in outputs.items()}
        name = max(tried, key=lambda candidate: tried[candidate])
        picked.append(name)
        reached.append(tried[name])
        total += outputs[name]
    kept = picked[: int(np.argmax(reached)) + 1]
    return {name: kept.count(name) / len(kept) for name in dict.fromkeys(kept)}


def _of(outputs: Mapping[str, np.ndarray], weights: Mapping[str, float]) -> dict[str, np.ndarray]:
    return {name: outputs[name] for name in weights}
