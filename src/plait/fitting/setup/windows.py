"""A fit of rows in time: its table becomes one of windows, or of moments, its settings those."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from plait.data.episodes.plan import EpisodePlan
from plait.data.histories.plan import HistoryPlan
from plait.data.table import Table
from plait.data.windows.growth import floors_of
from plait.data.windows.parts import without_test
from plait.data.windows.plan import BLOCK, SPLIT, WindowPlan, plan_windows
from plait.data.windows.rows import learning_windows
from plait.data.windows.steps import clock_of, read_steps
from plait.data.windows.usual import Usual
from plait.errors import TargetError, UsageError, no_column
from plait.fitting.setup.episodes import acts, in_episodes
from plait.fitting.setup.fit_config import FitConfig
from plait.fitting.setup.fit_settings import Rows, refuse_settings
from plait.fitting.setup.histories import in_histories, is_asked
from plait.fitting.setup.roles import check_apart
from plait.words import split_list


def in_time(
    table: Table, asked: FitConfig
) -> tuple[Table, FitConfig, WindowPlan | HistoryPlan | EpisodePlan | None]:
    """Return the table and settings to fit, and the plan of windows, histories or episodes.

    All are as they are where neither a forecast, nor what comes next, nor what to do is asked.

    Windows say their split by time, and blocks of them, as long as what is foreseen, belong
    together.

    Raises:
        UsageError: What a forecast needs is not said, or something is said that it does not know.
        TableError, TargetError, ColumnError: See `plan_windows` and `learning_windows`, and
            `plait.fitting.setup.histories.in_histories` and
            `plait.fitting.setup.episodes.in_episodes`.
    """
    if acts(table, asked):
        return in_episodes(table, asked)
    if is_asked(table, asked):
        return in_histories(table, asked)
    horizon, rows = asked.forecasting.horizon, asked.rows
    if horizon is None:
        if asked.forecasting.lookback is not None:
            raise UsageError("a lookback is of a forecast", expected="--horizon beside --lookback")
        if asked.forecasting.ahead:
            raise UsageError(
                "columns that are known ahead are of a forecast",
                expected="--horizon beside --known",
            )
        return table, asked, None
    _check(asked)
    targets = tuple(split_list(str(asked.target)))
    check_apart([*(("target", one) for one in targets), ("time", rows.time), ("group", rows.group)])
    for name in (*targets, *filter(None, (rows.time, rows.group, rows.split))):
        if name not in table.column_names:
            raise no_column(name, table.column_names)
    plan = plan_windows(
        table,
        targets,
        time=rows.time,
        group=rows.group,
        horizon=horizon,
        lookback=asked.forecasting.lookback,
        known=asked.forecasting.ahead,
        split=rows.split,
        exclude=asked.exclude,
        clock=None if rows.time is None else clock_of(table, rows.time, rows.group),
    )
    series = read_steps(table, plan)
    _check_vary([one.values for one in series], plan.targets)
    lookback = min(plan.lookback, max(map(len, series)))
    floors = floors_of(without_test(table, plan, series), plan.targets)
    plan = replace(plan, floors=floors, lookback=lookback)
    if plan.group is not None:
        plan = replace(plan, usual=Usual.of(without_test(table, plan, read_steps(table, plan))))
    windows = learning_windows(table, plan)
    split = Rows(split=plan.named(SPLIT), group=plan.named(BLOCK))
    return windows, replace(asked, target=plan.goal, rows=split, exclude=()), plan


def _check_vary(values: Sequence[np.ndarray], targets: Sequence[str]) -> None:
    """Raise `TargetError` for a target that never changes, or of which nothing is known."""
    for place, name in enumerate(targets):
        known = np.concatenate([one[:, place] for one in values])
        known = known[~np.isnan(known)]
        if not len(known) or (known == known[0]).all():
            raise TargetError(
                "the target has the same value in every row, so there is nothing to learn",
                expected="at least two values",
                received=f"{known[0]:g}" if len(known) else "nothing",
                column=name,
                hint="name another with --target",
            )


def _check(asked: FitConfig) -> None:
    told = {
        "weights": asked.rows.weights is not None,
        "base": asked.start.base is not None,
        "metric": asked.choice.metric is not None,
    }
    refuse_settings("a forecast has no use for these settings", told)
    if asked.target is None:
        raise UsageError(
            "a forecast needs to know of what",
            expected="a column of numbers",
            hint="name it with --target load",
        )
