"""What each input column is worth to a fitted model: shuffled among rows, and taken away."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from plait.data.prepared import Prepared
from plait.display import IN_UNITS, with_unit
from plait.errors import UsageError
from plait.listening import heard, listened_if_asked
from plait.model.judges import Judge
from plait.model.judging import labelled_rows
from plait.progress import Progress
from plait.results import Ranking
from plait.spacing import evenly_spaced

if TYPE_CHECKING:
    from plait.model.model import Model

MAX_ROWS = 5000
"""More rows than this are judged by an even sample of so many."""

NUM_DRAWS = 200
"""Resamples behind a standard error."""


@listened_if_asked
def importance(
    model: Model,
    rows: Any,
    *,
    metric: str | None = None,
    repeats: int = 5,
    seed: int = 0,
    on_error: str | None = None,
    root: Any = None,
    progress: Progress | bool | None = None,
) -> Ranking:
    """Return what each input column is worth to the model, the most important first.

    ``shuffled`` is how much worse the metric gets when the column's values are shuffled among the
    rows that have one (Breiman 2001, "Random forests", section 10; so that gaps stay where they
    are), the mean over `repeats`; ``removed`` is how much worse when no row has the column. Each
    has its standard error (``shuffled_error``, ``removed_error``): rows, and shuffles, drawn anew.
    Negative where the model is better without. Columns that say the same share their worth: each
    alone may seem idle. Each entry names the ``metric``, and its ``unit`` where it is in one.

    Args:
        model: With a target.
        rows: As for `Model.evaluate`; more than 5,000 are judged by an even sample.
        metric: Any of the target's; default its headline.
        repeats: Shuffles of each column.
        seed: Of the shuffles and resamples.
        on_error, root: As for `Model.predict`.
        progress: As for `plait.fit`; a step is one answer for all rows.

    Raises:
        TargetError: The model, or the table, has no target.
        UsageError: An unknown metric, or no repeats.
    """
    if repeats < 1:
        raise UsageError("no shuffles", expected="repeats of at least 1", received=str(repeats))
    table = model.as_table(rows, on_error=on_error, root=root)
    progress = heard(progress)
    prepared, numbers, truth = labelled_rows(model, table, progress)
    some = evenly_spaced(len(numbers), MAX_ROWS)
    numbers, truth = numbers[some], truth[some]
    steps = _Steps(progress, num=1 + len(model.inputs) * (repeats + 1))
    base = steps.one(model.predictor.outputs(prepared, numbers))
    judge = _Loss(model.predictor.judge, base, truth, metric, seed)
    found = []
    for input_column in model.inputs:
        rng = np.random.default_rng(seed)
        num_present = int(model.present(prepared, input_column)[numbers].sum())
        one: dict[str, Any] = {"column": input_column, "rows": num_present, "metric": judge.name}
        one |= {"unit": judge.unit} if judge.unit else {}
        changed = []
        for number in range(repeats if num_present > 1 else 0):
            moved = _shuffled(model, prepared, input_column, numbers, rng)
            note = f"{input_column}, shuffle {number + 1} of {repeats}"
            changed.append(steps.one(model.predictor.outputs(moved, numbers), note))
        one["shuffled"], one["shuffled_error"] = judge.loss(changed)
        gone = model.predictor.outputs(_without(model, prepared, input_column), numbers)
        one["removed"], one["removed_error"] = judge.loss([steps.one(gone, input_column)])
        found.append(one)
    steps.end()
    found.sort(key=lambda one: -one["shuffled"])
    return _ranking(found, judge, len(numbers))


def _ranking(found: list[dict[str, Any]], judge: _Loss, num_rows: int) -> Ranking:
    value = with_unit(f"{judge.value:.4g}", judge.unit)
    title = f"Worth of columns: how much worse {judge.name} {value} on {num_rows:,} rows gets"
    shown = [
        {
            "column": one["column"],
            "rows": one["rows"],
            **{k: f"{one[k]:+.4f} ± {one[k + '_error']:.4f}" for k in ("shuffled", "removed")},
        }
        for one in found
    ]
    return Ranking(found, title=title, shown=shown)


class _Steps:
    """Counts the answers of which the work consists."""

    def __init__(self, progress: Progress, *, num: int) -> None:
        self._update, self._num, self._done = progress.task("worth of columns", num), num, 0

    def one(self, outputs: np.ndarray, note: str = "") -> np.ndarray:
        """Count an answer and return it."""
        self._done += 1
        self._update(self._done, note)
        return outputs

    def end(self) -> None:
        """Say that all is done, also where columns without values needed no answers."""
        self._update(self._num)


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
        self.unit = judge.unit if self.name in IN_UNITS else ""
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
