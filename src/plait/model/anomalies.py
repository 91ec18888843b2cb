"""Anomalies: how far each step of a table lies from what was foreseen by what came before it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from plait.answer import Answer
from plait.data.table import Table, read
from plait.errors import TargetError, UsageError
from plait.listening import heard, listened_if_asked
from plait.progress import Progress

if TYPE_CHECKING:
    from plait.model.forecast import Forecast
    from plait.model.model import Model


@listened_if_asked
def anomalies(
    model: Model,
    rows: Any,
    *,
    every: int | None = None,
    on_error: str | None = None,
    root: Any = None,
    progress: Progress | bool | None = None,
) -> Answer:
    """Return how far each value of rows in time lies from what was foreseen before it.

    From a moment that has a whole lookback before it, at least half of it known, the steps up to
    the next moment are foreseen by what came before that moment alone (rolling origin): neither
    the step itself nor a later one has a say. A value that is out of the ordinary belongs to what
    came before of those that follow, whose intervals are the wider for it.

    Columns are the time, the group where there is one, how many ``steps_ahead`` of what was known
    the row lay (0 where nothing was foreseen), and for each target its value, the forecast, the
    ends of the 90 % interval, and

    * ``_score``: the distance of the value from the forecast, in units of the distance from there
      to the end of the interval on that side: 1 lies on the end, about one value in ten beyond it,
      fewer where few stretches of time told how far errors go; if errors are normal, one in a
      thousand lies beyond 2. Where a target is told in logarithms, both distances are theirs.
    * ``_rank``: 1 for the highest score of all series.
    * ``_unscored``: why there is no score: ``too little before``, or ``no value``.

    Rows stand by series and time; between two steps, and steps without a row, have none.

    Args:
        model: That forecasts.
        rows: Rows in time; those it has learned from lie nearer to its forecasts than new ones.
        every: Steps from one moment to the next: 1 foresees each step from the one before it, in
            more time. Default as many as are foreseen at once.
        on_error, root, progress: As for `Model.predict`.

    Raises:
        TargetError: The model does not forecast.
        UsageError: `every` is none of the steps that are foreseen.
    """
    table = read(rows, on_error=on_error, root=root)
    told = forecast_of(model, table)
    horizon = told.plan.horizon
    if every is not None and not 1 <= every <= horizon:
        raise UsageError(
            "so far apart no moments are",
            expected=f"1 to {horizon} steps, which are foreseen at once",
            received=str(every),
        )
    from plait.model.residuals import compared_rows

    return compared_rows(model, told, table, every or horizon, heard(progress))


def forecast_of(model: Model, table: Table) -> Forecast:
    """Return how a model forecasts rows in time. Raises `TargetError` where it does not."""
    told = model.forecast
    if told is None or not told.reads(table):
        raise TargetError(
            "only of a forecast it is known how far a step lies from it",
            expected="a bundle that plait fit --horizon wrote, and rows in time",
            received="windows" if told else f"a model of '{model.target}'",
            hint="plait fit TABLE --target COLUMN --horizon 24 --time TIME",
        )
    return told
