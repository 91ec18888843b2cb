"""Fits plait on a data set's training rows and scores it on the official test rows."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from benchmarks.data import Split


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """A fitted model and its score.

    Attributes:
        model: The `plait.Model`.
        split: What it was fitted and scored on.
        metrics: On all official test rows.
        seconds: Of the fit.
        cost: Mean loss of the test rows, where a network ships that has one.
    """

    model: Any
    split: Split
    metrics: dict[str, float]
    seconds: float
    cost: float | None = None

    @property
    def note(self) -> str:
        """Say what was shipped."""
        summary = self.model.summary()
        return f"shipped: {summary['shipped']}, {summary['num_parameters'] or 0:,} parameters"

    def score_without(self, *names: str) -> dict[str, float]:
        """Return the metrics on the test rows when these columns are missing everywhere."""
        return score(
            self.model,
            Split(self.split.train, self.split.test.drop_columns(list(names)), self.split.root),
        )


def fit_and_score(
    split: Split,
    *,
    target: str,
    columns: Mapping[str, Any],
    budget: str,
    seed: int,
    **options: Any,
) -> Outcome:
    """Fit on ``split.train`` (its validation part included) and score on ``split.test``.

    The test rows are not in the table that `plait.fit` gets, so that nothing can leak from them.

    Args:
        split: The data set.
        target: Column to predict.
        columns: Modality of every column but ``split``.
        budget, seed: Of the fit.
        options: Further arguments of `plait.fit`; without encoders it is from scratch.
    """
    import plait

    roles, options = {**columns, "split": "split"}, {"encoders": "none", **options}
    table = plait.read(split.train, columns=roles, root=split.root)
    start = time.monotonic()
    model = plait.fit(
        table, target=target, budget=budget, split="split", seed=seed, samples=False, **options
    )
    seconds = time.monotonic() - start
    found = model.evaluate(split.test, root=split.root)
    return Outcome(
        model=model,
        split=split,
        metrics=found["metrics"],
        seconds=seconds,
        cost=found.get("cost"),
    )


def score(model: Any, split: Split) -> dict[str, float]:
    """Return the model's metrics on the test rows."""
    metrics: dict[str, float] = model.evaluate(split.test, root=split.root)["metrics"]
    return metrics


def columns_of(table: pa.Table, modality: Mapping[str, str]) -> dict[str, str]:
    """Return the modality of each of the table's columns that has one."""
    return {name: modality[name] for name in table.column_names if name in modality}
