"""Stacks base models: a weighted mean of outputs, chosen greedily, only where it clearly pays."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from plait.sampling_error import standard_error

NUM_PICKS = 20
NUM_BAGS = 8
MIN_WEIGHT = 0.05
MAX_ROWS, LEAST_ROWS = 20_000, 500
MAX_CELLS = 1_000_000
"""Rows times outputs that are looked at; no fewer than 500 rows."""

MAX_AT_ONCE = 100_000
"""Numbers of all candidates' outputs that are asked for their costs at once."""

MIN_GAIN_ERRORS = 1.0

Cost = Callable[[np.ndarray, np.ndarray], np.ndarray]


def best_mix(
    outputs: Mapping[str, np.ndarray],
    truth: np.ndarray,
    cost: Cost,
    *,
    groups: np.ndarray | None = None,
    seed: int = 0,
    weights: np.ndarray | None = None,
) -> dict[str, float]:
    """Return weights that sum to 1, of one base model or of a mix.

    Greedy ensemble selection with replacement, averaged over bags of rows (Caruana et al. 2004,
    "Ensemble selection from libraries of models", sections 2.1 to 2.3). A mix must lower the mean
    cost by more than one standard error of the paired difference; else the best base model ships
    alone.

    Args:
        outputs: Base model -> canonical outputs ``[row, output]`` on rows it did not learn from.
        truth: Targets of the rows.
        cost: Proper loss per row, as `PredictiveTarget.cost`.
        groups: int ``[row]``: rows of one number are not independent; None where all are.
        seed: Of the bags.
        weights: How much each row counts, ``[row]``; None for the same.
    """
    if weights is not None:
        return _best_by_weight(outputs, truth, cost, weights, groups, seed)
    rng = np.random.default_rng(seed)
    width = next(iter(outputs.values())).shape[1]
    most = min(MAX_ROWS, max(MAX_CELLS // max(width, 1), LEAST_ROWS))
    if len(truth) > most:
        some = rng.choice(len(truth), most, replace=False)
        outputs, truth = {name: found[some] for name, found in outputs.items()}, truth[some]
        groups = None if groups is None else groups[some]
    alone = {name: cost(found, truth) for name, found in outputs.items()}
    best = min(alone, key=lambda name: float(alone[name].mean()))
    if len(outputs) == 1 or len(truth) < 2:
        return {best: 1.0}
    bags = [np.arange(len(truth))]
    bags += [np.sort(rng.integers(0, len(truth), len(truth))) for _ in range(NUM_BAGS)]
    picks = dict.fromkeys(outputs, 0)
    for bag in bags:
        for name in _pick({n: found[bag] for n, found in outputs.items()}, truth[bag], cost):
            picks[name] += 1
    mix = _rounded(picks)
    if len(mix) == 1:
        return {best: 1.0}
    gain = alone[best] - cost(mix_outputs(outputs, mix), truth)
    clear = float(gain.mean()) > MIN_GAIN_ERRORS * standard_error(gain, groups)
    return mix if clear else {best: 1.0}


def _best_by_weight(
    outputs: Mapping[str, np.ndarray],
    truth: np.ndarray,
    cost: Cost,
    weights: np.ndarray,
    groups: np.ndarray | None,
    seed: int,
) -> dict[str, float]:
    """Return the best mix where a row's cost counts by its weight: it travels as a last column."""
    heavy = (weights / weights.mean()).astype(np.float64)[:, None]
    marked = {name: np.concatenate([found, heavy], axis=1) for name, found in outputs.items()}

    def by_weight(found: np.ndarray, real: np.ndarray) -> np.ndarray:
        return cost(found[:, :-1].astype(np.float32), real) * found[:, -1]

    return best_mix(marked, truth, by_weight, groups=groups, seed=seed)


def mix_outputs(outputs: Mapping[str, np.ndarray], weights: Mapping[str, float]) -> np.ndarray:
    """Return the weighted mean of outputs, float32 ``[row, output]``.

    Probabilities stay probabilities; quantiles are averaged level by level (Vincent averaging).
    """
    parts = [outputs[name] * np.float32(weight) for name, weight in weights.items()]
    return np.asarray(np.sum(parts, axis=0), np.float32)


def _pick(outputs: Mapping[str, np.ndarray], truth: np.ndarray, cost: Cost) -> list[str]:
    """Return the picks of one greedy run, cut where the cost was lowest."""
    picked: list[str] = []
    costs: list[float] = []
    total = np.zeros_like(next(iter(outputs.values())), dtype=np.float32)
    for _ in range(NUM_PICKS):
        tried = _costs_with(total, outputs, len(picked) + 1, truth, cost)
        name = min(tried, key=lambda candidate: tried[candidate])
        picked.append(name)
        costs.append(tried[name])
        total += outputs[name]
    return picked[: int(np.argmin(costs)) + 1]


def _costs_with(
    total: np.ndarray, outputs: Mapping[str, np.ndarray], num: int, truth: np.ndarray, cost: Cost
) -> dict[str, float]:
    """Return the mean cost of a mean of `num` outputs, with each candidate as the last of them.

    Few rows are asked for all candidates at once: most of the time goes to the calls.
    """
    if total.size * len(outputs) > MAX_AT_ONCE:
        return {n: float(cost((total + found) / num, truth).mean()) for n, found in outputs.items()}
    together = np.concatenate([(total + found) / num for found in outputs.values()])
    found = cost(together, np.tile(truth, (len(outputs),) + (1,) * (truth.ndim - 1)))
    means = found.reshape(len(outputs), -1).mean(axis=1)
    return dict(zip(outputs, means.tolist(), strict=True))


def _rounded(picks: Mapping[str, int]) -> dict[str, float]:
    """Drop members below `MIN_WEIGHT`; the rest sum to 1, largest first."""
    total = sum(picks.values())
    kept = {name: n for name, n in picks.items() if n / total >= MIN_WEIGHT}
    ranked = sorted(kept.items(), key=lambda item: -item[1])
    return {name: n / sum(kept.values()) for name, n in ranked}
