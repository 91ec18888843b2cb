"""What each input column is worth to a fitted model: shuffled among rows, and taken away."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from plait.data.prepared import Prepared
from plait.errors import UsageError
from plait.model.judges import Judge
from plait.model.judging import labelled_rows
from plait.results import Ranking

if TYPE_CHECKING:
    from plait.model.model import Model

MAX_ROWS = 5000
"""More rows than this are judged by an even sample of so many."""

NUM_DRAWS = 200
"""Resamples behind a standard error."""


def importance(
    model: Model,
    rows: Any,
    *,
    metric: str | None = None,
    repeats: int = 5,
    seed: int = 0,
    on_error: str | None = None,
    root: Any = None,
) -> Ranking:
    """Return what each input column is worth to the model, the most important first.

    ``shuffled`` is how much worse the metric gets when the column's values are shuffled among the
    rows that have one (Breiman 2001, "Random forests", section 10; so that gaps stay where they
    are), the mean over `repeats`; ``removed`` is how much worse when no row has the column. Each
    has its standard error (``shuffled_error``, ``removed_error``): rows, and shuffles, drawn anew.
    Negative where the model is better without. Columns that say the same share their worth: each
    alone may seem idle.

    Args:
        model: With a target.
        rows: As for `Model.evaluate`; more than 5,000 are judged by an even sample.
        metric: Any of the target's; default its headline.
        repeats: Shuffles of each column.
        seed: Of the shuffles and resamples.
        on_error, root: As for `Model.predict`.

    Raises:
        TargetError: The model, or the table, has no target.
        UsageError: An unknown metric, or no repeats.
    """
    if repeats < 1:
        raise UsageError("no shuffles", expected="repeats of at least 1", received=str(repeats))
    table = model.as_table(rows, on_error=on_error, root=root)
    prepared, numbers, truth = labelled_rows(model, table)
    if len(numbers) > MAX_ROWS:
        some = np.linspace(0, len(numbers) - 1, MAX_ROWS).astype(np.int64)
        numbers, truth = numbers[some], truth[some]
    base = model.predictor.outputs(prepared, numbers)
    judge = _Loss(model.predictor.judge, base, truth, metric, seed)
    found = []
    for input_column in model.inputs:
        rng = np.random.default_rng(seed)
        num_present = int(model.present(prepared, input_column)[numbers].sum())
        one: dict[str, Any] = {"column": input_column, "rows": num_present}
        changed = [
            model.predictor.outputs(_shuffled(model, prepared, input_column, numbers, rng), numbers)
            for _ in range(repeats if num_present > 1 else 0)
        ]
        one["shuffled"], one["shuffled_error"] = judge.loss(changed)
        gone = model.predictor.outputs(_without(model, prepared, input_column), numbers)
        one["removed"], one["removed_error"] = judge.loss([gone])
        found.append(one)
    found.sort(key=lambda one: -one["shuffled"])
    scored = f"{judge.name} {judge.value:.4g} on {len(numbers):,} rows"
    title = f"Worth of columns: how much worse {scored} gets"
    shown = [
        {
            "column": one["column"],
            "rows": one["rows"],
            **{k: f"{one[k]:+.4f} ± {one[k + '_error']:.4f}" for k in ("shuffled", "removed")},
        }
        for one in found
    ]
    return Ranking(found, title=title, shown=shown)


class _Loss:
    """How much worse a metric gets, and its standard error."""

    def __init__(
        self, judge: Judge, base: np.ndarray, truth: np.ndarray, name: str | None, seed: int
    ) -> None:
        self._metrics, self._base, self._truth, self._seed = judge.metrics, base, truth, seed
        known = judge.metrics(base, truth)
        self.name = next(iter(known)) if name is None else name
        if self.name not in known:
            raise UsageError(
                "unknown metric", expected="one of " + ", ".join(known), received=self.name
            )
        self.value = known[self.name]
        self._sign = -1.0 if judge.lower_is_better(self.name) else 1.0

    def loss(self, changed: list[np.ndarray]) -> tuple[float, float]:
        """Return how much worse the changed outputs are on average, and the standard error."""
        if not changed:
            return 0.0, 0.0
        every = np.arange(len(self._truth))
        whole = [self._gap(one, every) for one in changed]
        rng = np.random.default_rng(self._seed)
        drawn = []
        for number in range(NUM_DRAWS):
            draw = rng.integers(0, len(self._truth), len(self._truth))
            drawn.append(self._gap(changed[number % len(changed)], draw))
        return float(np.mean(whole)), float(np.nanstd(drawn))

    def _gap(self, other: np.ndarray, rows: np.ndarray) -> float:
        found = (self._metrics(o[rows], self._truth[rows])[self.name] for o in (self._base, other))
        before, after = found
        return float(self._sign * (before - after))


def _shuffled(
    model: Model,
    prepared: Prepared,
    input_column: str,
    numbers: np.ndarray,
    rng: np.random.Generator,
) -> Prepared:
    """Return the rows with a column's values shuffled among those of `numbers` that have it."""
    there = numbers[model.present(prepared, input_column)[numbers]]
    order = np.arange(prepared.num_rows)
    order[there] = rng.permutation(there)
    columns = dict(prepared.columns)
    for name in model.input_columns[input_column]:
        columns[name] = columns[name].reordered(order)
    return Prepared(columns, prepared.num_rows)


def _without(model: Model, prepared: Prepared, input_column: str) -> Prepared:
    """Return the rows with a column missing in each."""
    gone = {name: prepared.columns[name].codec for name in model.input_columns[input_column]}
    kept = {name: column for name, column in prepared.columns.items() if name not in gone}
    return Prepared(kept, prepared.num_rows).with_empty(gone)
