"""A fit of what to do: steps of episodes become moments, each with what is known at it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from plait.data.episodes.episodes import Episode, read_episodes
from plait.data.episodes.plan import EPISODE, SPLIT, EpisodePlan, plan_episodes
from plait.data.episodes.rows import learning_episodes, parts_of, worths_of
from plait.data.schema import make_codec
from plait.data.table import Table
from plait.errors import TableError, UsageError, no_column
from plait.fitting.setup.fit_config import FitConfig
from plait.fitting.setup.fit_settings import Rows, refuse_settings
from plait.fitting.setup.roles import check_apart, split_column
from plait.modalities import find_codec, traits_of_modality
from plait.modalities.action.cells import written
from plait.modalities.action.codec import BEST
from plait.modalities.action.space import Space

ACTION, REWARD = "action", "reward"
"""Names of columns that say by themselves that it is asked what to do."""

NUM_QUANTILES = 101
"""Of training's returns, which are kept."""


def acts(table: Table, asked: FitConfig) -> bool:
    """Tell whether it is asked what to do, by what was said or by the names of columns."""
    rows, target = asked.rows, asked.target
    if asked.acting.reward is not None:
        return True
    if target is None or target not in table.schema or asked.forecasting.horizon is not None:
        return False
    if rows.group is None or rows.time is None:
        return False
    if traits_of_modality(table.schema[target].modality).decides:
        return True
    said = target in table.overrides
    return target.casefold() == ACTION and not said and _reward_in(table) is not None


def in_episodes(table: Table, asked: FitConfig) -> tuple[Table, FitConfig, EpisodePlan]:
    """Return the table of moments and the settings to fit, and their plan.

    Raises:
        UsageError: What is needed is not said, or something is said that has no meaning.
        TableError, CellError, ColumnError: See `plait.data.episodes`.
    """
    target, group, time, reward = _check(table, asked)
    plan = plan_episodes(
        table,
        target,
        group=group,
        time=time,
        reward=reward,
        split=asked.rows.split or split_column(table.schema, asked.exclude),
        lookback=asked.forecasting.lookback,
        exclude=asked.exclude,
    )
    episodes, notes = read_episodes(table, plan, action_codec(table, target), recorded=True)
    parts = parts_of(table, plan, episodes, asked.seed)
    learned = [one for one, part in zip(episodes, parts, strict=True) if part == 0]
    space = _space(table, plan, learned)
    returns = np.quantile([one.total for one in learned] or [0.0], np.linspace(0, 1, NUM_QUANTILES))
    plan = replace(
        plan, labels=space.labels, low=space.low, high=space.high, returns=tuple(returns.tolist())
    )
    told: dict[str, Any] = {"labels": space.labels, "low": space.low, "high": space.high}
    largest = max((float(np.abs(one.to_go).max()) for one in learned), default=0.0)
    settings: dict[str, dict[str, Any]] = {
        "action": {
            **told,
            "declared": _declared(table, target).low != (),
            "state_width": max(len(plan.numbers), 1),
        },
        "trajectory": {
            **told,
            "numbers": plan.numbers,
            "return_scale": largest or 1.0,
            "num_steps": max(map(len, learned), default=1),
        },
    }
    notes = (*_told(episodes, learned, space), *_without_best(plan, episodes, parts), *notes)
    moments = learning_episodes(table, plan, episodes, parts, settings, notes)
    rows = Rows(split=plan.named(SPLIT), group=plan.named(EPISODE))
    forecasting = replace(asked.forecasting, lookback=None)
    asked = replace(asked, target=plan.goal, rows=rows, forecasting=forecasting, exclude=())
    return moments, asked, plan


def action_codec(table: Table, column: str) -> Any:
    """Return what reads actions: of a space that was declared, where it was."""
    known = table.schema[column]
    if traits_of_modality(known.modality).decides:
        return make_codec(known)
    return find_codec(ACTION)()


def _declared(table: Table, column: str) -> Space:
    codec = action_codec(table, column)
    found: Space = codec.space
    return found


def _space(table: Table, plan: EpisodePlan, learned: Sequence[Episode]) -> Space:
    """Return the space of actions: declared, or that of training."""
    said = _declared(table, plan.action)
    if said.labels or said.low:
        return said
    return Space.of(one for episode in learned for one in episode.actions if one is not None)


def _told(episodes: Sequence[Episode], learned: Sequence[Episode], space: Space) -> list[str]:
    totals = np.array([one.total for one in learned])
    steps = sum(map(len, episodes))
    unknown = sum(one is None for episode in episodes for one in episode.actions[:-1])
    low, middle, high = (written(round(float(q), 3)) for q in np.quantile(totals, (0.1, 0.5, 0.9)))
    notes = [
        f"{len(episodes):,} episodes of {steps:,} steps; {len(learned):,} are learned from, whose "
        f"returns are {low}, {middle} and {high} (lowest tenth, median, highest tenth)",
        f"the space of actions: {space.told}",
    ]
    if unknown:
        notes.append(f"{unknown:,} steps do not say what was done: nothing is learned of them")
    return notes


def _without_best(plan: EpisodePlan, episodes: Sequence[Episode], parts: np.ndarray) -> list[str]:
    """Return that none of the episodes that choose, or judge, is of the best third."""
    worths, notes = np.array(worths_of(episodes, plan.returns)), []
    for part, what in ((1, "choose"), (2, "judge")):
        own = worths[parts == part]
        if len(own) and not (own > BEST).any():
            notes.append(
                f"none of the {len(own):,} episodes that {what} is of the best third by its "
                "return: agreement with the best third is with all of them there"
            )
    return notes


def _reward_in(table: Table) -> str | None:
    return next((name for name in table.column_names if name.casefold() == REWARD), None)


def _check(table: Table, asked: FitConfig) -> tuple[str, str, str, str]:
    """Return the columns of actions, episodes, times and rewards."""
    rows = asked.rows
    told = {
        "weights": rows.weights is not None,
        "base": asked.start.base is not None,
        "metric": asked.choice.metric is not None,
        "horizon": asked.forecasting.horizon is not None,
        "items": asked.recommending.items is not None,
        "leave_last_out": asked.recommending.leave_last_out,
    }
    refuse_settings("a policy has no use for these settings", told)
    named = {"target": asked.target, "group": rows.group, "time": rows.time}
    check_apart([*named.items()])
    missing = [name for name, column in named.items() if column is None]
    if missing:
        raise UsageError(
            "a policy needs to know what was done, in which episode, and when",
            expected="columns of actions, of episodes, and of times",
            received="no " + ", no ".join(missing),
            hint="--target action --group episode --time step --reward reward",
        )
    reward = asked.acting.reward or _reward_in(table)
    if reward is None:
        raise UsageError(
            "a policy needs to know what each step brought, and there is no column of rewards",
            expected="a column of numbers",
            received=", ".join(table.column_names),
            hint="name it with --reward; of plain imitation, without one, say --columns "
            f"{asked.target}=category",
        )
    lookback = asked.forecasting.lookback
    if lookback is not None and lookback < 1:
        raise UsageError("the lookback is no length", expected="1 step or more", received=lookback)
    for column in (*named.values(), reward, *filter(None, [rows.split])):
        if column not in table.column_names:
            raise no_column(str(column), table.column_names)
    if not table.num_rows:
        raise TableError("the table has no rows", expected="rows of steps")
    return str(asked.target), str(rows.group), str(rows.time), reward
