"""The words of pages: what each metric is called, which way is better, and what it means."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from plait.display import IN_UNITS


@dataclass(frozen=True)
class Word:
    """A metric or term.

    Attributes:
        name: As people write it.
        says: What it is, in one sentence.
        share: Whether values are shares in [0, 1], written as percent.
        better: ``higher``, ``lower``, or "" where neither is.
        scaled: Whether values have a scale of their own, whatever is measured: they are written
            with three decimals.
    """

    name: str
    says: str
    share: bool = False
    better: str = ""
    scaled: bool = False


_brought: ContextVar[Mapping[str, Word] | None] = ContextVar("brought", default=None)

_unit: ContextVar[str] = ContextVar("unit", default="")

METRICS = {
    "accuracy": Word("accuracy", "Share of rows whose predicted class is the true one.", True,
                     "higher"),
    "macro_f1": Word("macro F1", "F1, the harmonic mean of precision and recall, averaged over the "
                     "classes, so that rare ones count as much as common ones.", True, "higher"),
    "micro_f1": Word("micro F1", "F1 over all labels of all rows counted together.", True,
                     "higher"),
    "auc": Word("ROC AUC", "Chance that a row of a class gets a higher score for it than a row of "
                "another class; 0.5 is guessing, 1 is perfect.", False, "higher", True),
    "log_loss": Word("log loss", "Mean of minus the logarithm of the probability given to what is "
                     "true: punishes being sure and wrong; 0 is perfect.", False, "lower"),
    "rmse": Word("RMSE", "Root mean squared error, in the unit of the target: large errors weigh "
                 "most.", False, "lower"),
    "mae": Word("MAE", "Mean absolute error, in the unit of the target.", False, "lower"),
    "r2": Word("R²", "Share of the target's variance that is explained: 1 is perfect, 0 is as good "
               "as always saying the mean.", False, "higher", True),
    "coverage": Word("coverage", "Share of rows whose true number lies inside the interval that "
                     "was given; it should be what the interval promises.", True),
    "ece": Word("ECE", "Expected calibration error: how far confidence and accuracy lie apart, on "
                "average over all rows.", True, "lower"),
    "precision": Word("precision", "Of the rows predicted as the class, the share that is of it.",
                      True, "higher"),
    "recall": Word("recall", "Of the rows of the class, the share that is predicted as it.", True,
                   "higher"),
    "f1": Word("F1", "Harmonic mean of precision and recall.", True, "higher"),
    "r@1": Word("R@1", "Share of queries whose own item comes first.", True, "higher"),
    "r@5": Word("R@5", "Share of queries whose own item is among the first five.", True, "higher"),
    "r@10": Word("R@10", "Share of queries whose own item is among the first ten.", True,
                 "higher"),
    "median_rank": Word("median rank", "Half of the queries find their own item at this place or "
                        "before.", False, "lower"),
    "mrr": Word("mean reciprocal rank", "Mean of 1 / place of the own item: 1 is always "
                "first.", False, "higher"),
}  # fmt: skip
"""Every metric by the name that bundles use."""

TERMS = {
    "95 % interval": "Where the value would lie in 95 of 100 repetitions with other rows of the "
    "same kind. Fewer than ten rows, or groups of rows, have none.",
    "test rows": "Rows that were set aside before anything was learned or chosen.",
    "guessing": "Always saying the most frequent class, the mean number, or the most typical "
    "value.",
    "simple model": "An ordinary model on simple features, measured beside the network as an "
    "honest baseline.",
    "pattern": "Which columns a row has: rows with gaps are scored apart from whole ones.",
    "confidence": "How sure the model says it is, from 0 to 100 %.",
    "cosine": "How alike two vectors point: 1 is the same, 0 is unrelated.",
    "near-duplicate": "A row whose value in some column is almost that of another row.",
    "leak": "A column that tells the target by itself, though it may not be known when the model "
    "is used.",
}

FACTS = {
    "num_parameters": "parameters",
    "wait_share": "share of time waiting for data",
    "join": "layer where the columns meet",
    "adapt": "start of the weights",
    "num_networks": "networks, whose mean answers",
    "cpu_seconds": "seconds of CPU",
    "peak_memory_mb": "peak memory, MB",
    "joules": "energy, joules",
    "method": "how energy was measured",
}
"""Facts of the making by the name that bundles use, where that is no plain English."""


def known_words() -> Mapping[str, Word]:
    """Return every metric that has a word here: those of all targets, and of the page's own."""
    return {**METRICS, **(_brought.get() or {})}


def word(name: str) -> Word:
    """Return a metric's word: of the page's target, or one of all; else it keeps its own name."""
    return known_words().get(name) or Word(name.replace("_", " "), "")


@contextmanager
def brought_along(told: Mapping[str, Mapping[str, Any]]) -> Iterator[None]:
    """Know the metrics that a bundle's target brought along, inside the block.

    Args:
        told: Metric -> ``name``, ``says``, ``lower_is_better`` and ``share``.
    """
    found = {
        name: Word(
            str(one["name"]),
            str(one["says"]),
            bool(one["share"]),
            "lower" if one["lower_is_better"] else "higher",
        )
        for name, one in told.items()
    }
    before = _brought.set(found)
    try:
        yield
    finally:
        _brought.reset(before)


@contextmanager
def measured_in(unit: str) -> Iterator[None]:
    """Know the unit of the page's target, a number, inside the block; "" for none."""
    before = _unit.set(unit)
    try:
        yield
    finally:
        _unit.reset(before)


def named_in_unit(name: str) -> str:
    """Return a metric's name with the unit that its values are in: ``RMSE in kg``."""
    unit = _unit.get() if name in IN_UNITS else ""
    return word(name).name + (f" in {unit}" if unit else "")


def target_unit() -> str:
    """Return the unit of the page's target; "" where it has none."""
    return _unit.get()


def arrow(name: str) -> str:
    """Return which way the metric is better: ``↑``, ``↓`` or nothing."""
    return {"higher": "↑", "lower": "↓", "": ""}[word(name).better]


def direction(name: str) -> str:
    """Return the direction in words: ``higher is better``."""
    better = word(name).better
    return f"{better} is better" if better else ""
