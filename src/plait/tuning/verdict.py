"""Whether tuning paid: on folds that chose nothing, and told once on rows of the test."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from plait.data.table import Table
from plait.modalities import PredictiveTarget
from plait.model.judges import Judge
from plait.model.model import Model
from plait.model.paired import paired_gap
from plait.model.scores import intervals_of
from plait.report.words import word
from plait.sampling_error import standard_error, student_quantile
from plait.train.budget import Budget
from plait.tuning.folds import Fold
from plait.tuning.judged import COST, Judged, Trier, answers_of

LEVEL = 0.975
NORMAL = 1.96
"""Standard errors on each side of a 95 % interval."""

TUNED, PLAIN_FIT = "tuned", "plain"
"""What may be kept."""


def confirm(
    trier: Trier,
    settings: Mapping[str, Any],
    budget: Budget,
    folds: Sequence[Fold],
    *,
    metric: str | None,
    update: Callable[[], None],
) -> dict[str, Any]:
    """Judge the settings that a search found beside the plain ones, on folds that chose nothing.

    The best of many is optimistic on the rows that chose it (Cawley and Talbot 2010): here it is
    one beside one.

    Args:
        trier: Fits and judges.
        settings: That were found.
        budget: Of each fit.
        folds: Others than those of the search.
        metric: What the search was by; None for the cost.
        update: Called after each fit.

    Returns:
        ``metric``, ``gain`` (positive where the found ones are better), its 95 % ``interval``,
        ``plain`` and ``tuned`` values, ``rows``, and ``shown``: whether the whole interval is a
        gain.
    """
    pairs = []
    for fold in folds:
        found = []
        for one in ({}, settings):
            found.append(trier(one, budget, fold))
            update()
        pairs.append((found[0], found[1]))
    told = _by_cost(pairs) if metric is None else _by_metric(pairs, metric)
    rows = sum(len(plain.costs) for plain, _ in pairs)
    return {**told, "rows": rows, "shown": told["interval"][0] > 0}


def _by_cost(pairs: Sequence[tuple[Judged, Judged]]) -> dict[str, Any]:
    plain, tuned = (np.concatenate([pair[i].costs for pair in pairs]) for i in (0, 1))
    groups = np.concatenate([pair[0].groups for pair in pairs])
    gain, error = float((plain - tuned).mean()), standard_error(plain - tuned, groups)
    wide = student_quantile(LEVEL, max(len(np.unique(groups)) - 1, 1)) * error
    return {
        "metric": COST,
        "gain": gain,
        "interval": [gain - wide, gain + wide],
        "plain": float(plain.mean()),
        "tuned": float(tuned.mean()),
    }


def _by_metric(pairs: Sequence[tuple[Judged, Judged]], metric: str) -> dict[str, Any]:
    """Compare by a metric: fold by fold, for classes may differ from one to the next."""
    gaps = [
        paired_gap(a.judge, b.outputs, a.outputs, a.truth, a.groups, metric=metric)
        for a, b in pairs
    ]
    weights = np.array([len(a.costs) for a, _ in pairs], float)
    weights /= weights.sum()
    sign = -1.0 if gaps[0].lower_is_better else 1.0
    gain = sign * float(weights @ [one.gap for one in gaps])
    ends = [one.interval or [-np.inf, np.inf] for one in gaps]
    errors = np.array([(high - low) / (2 * NORMAL) for low, high in ends])
    wide = NORMAL * float(np.sqrt(((weights * errors) ** 2).sum()))
    return {
        "metric": metric,
        "gain": gain,
        "interval": [gain - wide, gain + wide],
        "plain": float(weights @ [one.second for one in gaps]),
        "tuned": float(weights @ [one.first for one in gaps]),
    }


def on_test(
    plain: Model, tuned: Model | None, table: Table, rows: np.ndarray, groups: np.ndarray
) -> dict[str, Any]:
    """Return how both fits do on rows of the test, which chose nothing; {} without any.

    Args:
        plain, tuned: Fits in the same time; no tuned one where the plain settings were the best.
        table: Of both.
        rows: Of the test.
        groups: int ``[rows]``: rows of one number are not independent.

    Returns:
        ``metric`` (the headline), ``rows``, ``plain`` and ``tuned`` (``value``, ``interval``),
        ``gain`` (positive where the tuned one is better) and its 95 % ``interval``.
    """
    if not len(rows):
        return {}
    first, truth = answers_of(plain, table, rows)
    judge = plain.predictor.judge
    name = next(iter(judge.metrics(first, truth)))
    scored = _scored(judge, first, truth, groups)
    found: dict[str, Any] = {"metric": name, "rows": len(rows), PLAIN_FIT: scored}
    if tuned is None:
        return found
    second, _ = answers_of(tuned, table, rows)
    found[TUNED] = _scored(judge, second, truth, groups)
    if isinstance(plain.target_codec, PredictiveTarget):
        gap = paired_gap(judge, second, first, truth, groups)
        gain, ends = gap.gap, gap.interval
        if gap.lower_is_better:
            gain, ends = -gain, [-end for end in reversed(ends)]
        return found | {"gain": gain, "interval": ends or None}
    costs = judge.cost(first, truth) - judge.cost(second, truth)
    gain, wide = float(costs.mean()), NORMAL * standard_error(costs, groups)
    return found | {"gain": gain, "interval": [gain - wide, gain + wide]}


def _scored(
    judge: Judge, outputs: np.ndarray, truth: np.ndarray, groups: np.ndarray
) -> dict[str, Any]:
    """Return the headline of some rows, and its 95 % interval."""
    name, value = next(iter(judge.metrics(outputs, truth).items()))
    interval = intervals_of(judge, outputs, truth, groups=groups).get(name)
    return {"value": value, "interval": interval}


def sentence(told: Mapping[str, Any]) -> str:
    """Return in words what was kept, and why.

    Args:
        told: The record of a tune: ``kept``, ``confirmed``, ``test``, ``winner``.
    """
    if told["winner"] is None:
        said = "No setting did better than the plain one where it was searched: the plain fit is "
        return said + f"kept.{_test_words(told['test'])}"
    confirmed = told["confirmed"]
    low, high = confirmed["interval"]
    per = "a row costs" if confirmed["metric"] == COST else f"{word(confirmed['metric']).name} is"
    better = "less" if confirmed["metric"] == COST else "better"
    gap = f"by {confirmed['gain']:.3g} ({low:.3g} to {high:.3g}, 95 %)"
    where = f"on {confirmed['rows']:,} rows in folds that chose nothing {per} {better} {gap}"
    if told["kept"] == TUNED:
        return f"The tuned fit is kept: {where}.{_test_words(told['test'])}"
    return (
        f"The plain fit is kept: {where}, which is no clear gain, though the settings were the "
        f"best of the search.{_test_words(told['test'])}"
    )


def _test_words(test: Mapping[str, Any]) -> str:
    if not test:
        return " No rows were set aside as a test."
    name = word(test["metric"]).name
    parts = [f"{_value(test[one])} {one}" for one in (TUNED, PLAIN_FIT) if one in test]
    return f" On {test['rows']:,} rows of the test, told once: {name} {', '.join(parts)}."


def _value(one: Mapping[str, Any]) -> str:
    ends = one.get("interval")
    spread = f" ({ends[0]:.3g} to {ends[1]:.3g})" if ends else ""
    return f"{one['value']:.4g}{spread}"
