"""Where two classes are told apart: a threshold on a probability, by what each mistake costs."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from plait.errors import TargetError, UsageError
from plait.intervals import metric_intervals
from plait.modalities import PredictiveTarget, TargetCodec

if TYPE_CHECKING:
    from plait.model.model import Model

HALF = 0.5
POSITIVE_WORDS = frozenset({"1", "true", "yes", "y", "positive", "pos"})
MISTAKES = ("false_negative", "false_positive")

LEAST_POSITIVE = 20
"""Rows of either class from which on a threshold may be searched among held-out rows."""

MIN_GAIN_ERRORS = 2.0
"""Standard errors by which a searched threshold must beat that of the costs alone."""


@dataclass(frozen=True, kw_only=True)
class Decision:
    """When a row counts as the positive class.

    Attributes:
        positive: Label of the class that is looked for.
        threshold: Its probability from which on a row counts as it, in (0, 1).
        false_negative, false_positive: What a missed positive, and a false alarm, cost.
        how: One sentence for people.
    """

    positive: str
    threshold: float
    false_negative: float = 1.0
    false_positive: float = 1.0
    how: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready data."""
        return asdict(self)

    def answer(self, codec: PredictiveTarget, outputs: np.ndarray) -> dict[str, Any]:
        """Return the codec's answer with ``prediction``, and its ``confidence``, by the threshold.

        Args:
            codec: Of a target of two classes.
            outputs: Their probabilities, ``[row, class]``.
        """
        columns = dict(codec.answer(outputs))
        place = self._place(codec)
        chosen = np.where(outputs[:, place] >= self.threshold, place, 1 - place)
        values = getattr(codec, "classes", None) or _names(codec)
        columns["prediction"] = [values[i] for i in chosen]
        columns["confidence"] = outputs[np.arange(len(outputs)), chosen]
        return columns

    def measure(
        self,
        codec: PredictiveTarget,
        outputs: np.ndarray,
        truth: np.ndarray,
        *,
        groups: np.ndarray | None = None,
        intervals: bool = True,
    ) -> dict[str, Any]:
        """Return the decision, and what it and one at 0.5 do on rows of known truth.

        ``at_threshold`` and ``at_half`` each hold ``accuracy``, ``precision``, ``recall``,
        ``specificity``, ``f1`` and ``cost`` (mean per row); ``never`` and ``always`` are the mean
        cost of a row where no row, or every one, counts as the positive class. ``intervals`` are
        those of ``cost`` at the threshold, and of ``saved``: how much less that is than the cheaper
        of never and always. Rows of an unknown class count as neither: they are left out.

        Args:
            codec, outputs, truth: As for `make_decision`.
            groups: int ``[row]``: rows of one number are not independent; None where all are.
            intervals: False leaves them out, where time is short.
        """
        place, seen = self._place(codec), truth >= 0
        share, real = outputs[seen, place], truth[seen] == place
        never = np.where(real, self.false_negative, 0.0)
        always = np.where(real, 0.0, self.false_positive)
        idle = min((never, always), key=lambda costs: float(costs.mean()) if len(costs) else 0.0)
        acted = self.costs(share, real, self.threshold)
        pairs = np.stack([acted, idle - acted], axis=1)
        units = None if groups is None else groups[seen]
        return {
            **self.to_dict(),
            "at_threshold": self._at(share, real, self.threshold),
            "at_half": self._at(share, real, HALF),
            "never": _mean(never),
            "always": _mean(always),
            "intervals": metric_intervals(_costs, pairs, real, groups=units) if intervals else {},
        }

    def costs(self, share: np.ndarray, real: np.ndarray, threshold: float) -> np.ndarray:
        """Return what each row costs at a threshold, float64 ``[row]``.

        Args:
            share: Probability of the positive class.
            real: Whether the row is of it.
            threshold: In (0, 1).
        """
        said = share >= threshold
        return np.where(real & ~said, self.false_negative, 0.0) + np.where(
            ~real & said, self.false_positive, 0.0
        )

    def _at(self, share: np.ndarray, real: np.ndarray, threshold: float) -> dict[str, float]:
        said = share >= threshold
        hits, rejected = int((real & said).sum()), int((~real & ~said).sum())
        costs = self.costs(share, real, threshold)
        return {
            "accuracy": _ratio(hits + rejected, len(real)),
            "precision": _ratio(hits, int(said.sum())),
            "recall": _ratio(hits, int(real.sum())),
            "specificity": _ratio(rejected, int((~real).sum())),
            "f1": _ratio(2 * hits, int(real.sum() + said.sum())),
            "cost": _mean(costs),
        }

    def _place(self, codec: TargetCodec) -> int:
        return [str(name) for name in _names(codec)].index(self.positive)


def make_decision(
    codec: PredictiveTarget,
    outputs: np.ndarray,
    truth: np.ndarray,
    *,
    threshold: float | None,
    costs: Mapping[str, float] | None,
    positive: str | None,
) -> Decision | None:
    """Return the decision that was asked for, or None where none was.

    For calibrated probabilities, mistakes cost least at ``fp / (fp + fn)`` (Elkan 2001, "The
    foundations of cost-sensitive learning", equation 2). A threshold searched on the rows replaces
    it where it costs less by two standard errors of the paired difference.

    Args:
        codec: Of the target.
        outputs: Honest outputs of rows that nobody learned from, ``[row, class]``.
        truth: Of these rows.
        threshold: As given; None to choose it by `costs`.
        costs: ``false_negative`` and ``false_positive``; None for a given threshold.
        positive: As given; None takes what `positive_label` finds.

    Raises:
        TargetError: The target has not two classes.
        UsageError: An unknown label, a threshold outside (0, 1), or costs that are none.
    """
    if threshold is None and costs is None and positive is None:
        return None
    label, how = positive_label(codec, positive)
    if costs is None:
        value = HALF if threshold is None else check_threshold(threshold)
        return Decision(positive=label, threshold=value, how=f"as given; {how}")
    prices = read_costs(costs)
    fn, fp = prices["false_negative"], prices["false_positive"]
    ratio = fp / (fp + fn)
    decision = Decision(
        positive=label,
        threshold=ratio,
        false_negative=fn,
        false_positive=fp,
        how=f"by the costs of mistakes, {fp:g} / ({fp:g} + {fn:g}); {how}",
    )
    found = _searched(decision, codec, outputs, truth)
    if found is None:
        return decision
    why = f"by the costs of mistakes on {len(truth):,} held-out rows; {how}"
    return replace(decision, threshold=found, how=why)


def with_threshold(model: Model, threshold: float, *, positive: str | None = None) -> Model:
    """Return the model with another decision threshold; it shares everything else.

    Args:
        model: Of two classes.
        threshold: Probability of the positive class from which on a row counts as it, in (0, 1).
        positive: Its label; default that of the fit, else what `positive_label` finds.

    Raises:
        TargetError: The target has not two classes.
        UsageError: The threshold is outside (0, 1), or there is no such label.
    """
    known = model.ensemble.decision
    if positive is None and known is not None:
        positive = known.positive
    label, how = positive_label(model.ensemble.target, positive)
    start = known or Decision(positive=label, threshold=HALF)
    changed = replace(
        start, positive=label, threshold=check_threshold(threshold), how=f"as given; {how}"
    )
    return replace(model, parts=replace(model.ensemble, decision=changed))


def positive_label(codec: TargetCodec, given: str | None) -> tuple[str, str]:
    """Return the label that is looked for, and why: as given, one that says so, else the rarer.

    Raises `TargetError` when there are not two classes, `UsageError` when `given` is neither.
    """
    exclusive = isinstance(codec, PredictiveTarget) and codec.form.exclusive
    names = [str(name) for name in _names(codec)] if exclusive else []
    if len(names) != 2:
        raise TargetError(
            "a decision threshold is for two classes",
            expected="a category with two labels as the target",
            received=f"{len(names)} classes" if names else f"a target of task {codec.task}",
        ).of_call()
    if given is not None:
        if str(given) not in names:
            raise UsageError(
                f"the target has no class '{given}'",
                expected=" or ".join(names),
                received=str(given),
            )
        return str(given), f"'{given}' is looked for"
    telling = [name for name in names if name.strip().lower() in POSITIVE_WORDS]
    if len(telling) == 1:
        return telling[0], f"'{telling[0]}' is looked for"
    return names[1], f"'{names[1]}', the rarer class, is looked for"


def check_threshold(threshold: float) -> float:
    """Return it. Raises `UsageError` outside (0, 1)."""
    if not 0.0 < float(threshold) < 1.0:
        raise UsageError(
            "the threshold is no probability",
            expected="more than 0 and less than 1",
            received=str(threshold),
        )
    return float(threshold)


def read_costs(costs: Mapping[str, float]) -> dict[str, float]:
    """Return both costs, 1 where only the other is given. Raises `UsageError` for anything else."""
    unknown = [name for name in costs if name not in MISTAKES]
    if unknown:
        close = difflib.get_close_matches(unknown[0], MISTAKES, 1)
        raise UsageError(
            f"there is no mistake '{unknown[0]}'",
            expected=" and ".join(MISTAKES),
            hint=f"did you mean '{close[0]}'?" if close else None,
        )
    found = {name: float(costs.get(name, 1.0)) for name in MISTAKES}
    if not all(np.isfinite(value) and value > 0 for value in found.values()):
        raise UsageError(
            "a mistake has to cost something",
            expected="numbers above 0, such as false_negative=10,false_positive=1",
            received=", ".join(f"{name}={value:g}" for name, value in found.items()),
        )
    return found


def _searched(
    decision: Decision, codec: PredictiveTarget, outputs: np.ndarray, truth: np.ndarray
) -> float | None:
    """Return the threshold that costs least on the rows, where it is clearly better."""
    place, seen = decision._place(codec), truth >= 0
    share, real = outputs[seen, place].astype(np.float64), truth[seen] == place
    if min(int(real.sum()), int((~real).sum())) < LEAST_POSITIVE:
        return None
    tried = np.unique(np.quantile(share, np.linspace(0.01, 0.99, 99)))
    tried = tried[(tried > 0) & (tried < 1)]
    if not len(tried):
        return None
    best = min(tried, key=lambda t: float(decision.costs(share, real, float(t)).mean()))
    gain = decision.costs(share, real, decision.threshold) - decision.costs(share, real, best)
    error = float(gain.std(ddof=1)) / len(gain) ** 0.5
    return float(best) if float(gain.mean()) > MIN_GAIN_ERRORS * error else None


def _names(codec: TargetCodec) -> list[Any]:
    return list(getattr(codec, "labels", ()))


def _costs(pairs: np.ndarray, _: np.ndarray) -> dict[str, float]:
    cost, saved = pairs.mean(axis=0)
    return {"cost": float(cost), "saved": float(saved)}


def _mean(values: np.ndarray) -> float:
    return float(values.mean()) if len(values) else float("nan")


def _ratio(part: int, whole: int) -> float:
    return part / whole if whole else float("nan")
