"""Episodes as moments: what is known at each step, which part it is of, and what is refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import plait
from plait.data.episodes.episodes import read_episodes
from plait.data.episodes.plan import TRAJECTORY, plan_episodes
from plait.data.episodes.rows import PARTS, learning_episodes, parts_of
from plait.errors import CellError, TableError
from plait.fitting.setup.fit_config import FitConfig
from plait.fitting.setup.windows import in_time
from plait.modalities.action.codec import ActionCodec
from plait.train.budget import Budget

SAID = {"group": "episode", "time": "step", "reward": "reward", "split": None}


def steps(num_episodes=10, length=4):
    """Rows whose numbers tell where they are from: 100 * episode + step."""
    return [
        {"episode": f"e{e}", "step": t, "x": 100.0 * e + t, "room": "ab"[t % 2],
         "action": ("left", "right")[(e + t) % 2], "reward": float(e + t)}
        for e in range(num_episodes) for t in range(length)
    ]  # fmt: skip


def opened(rows, codec=None, **settings):
    table = plait.read(rows)
    plan = plan_episodes(table, "action", **{**SAID, **settings})
    episodes, notes = read_episodes(table, plan, codec or ActionCodec(), recorded=True)
    return table, plan, episodes, notes


def test_returns_to_go_are_of_the_step_and_all_behind_it():
    _, plan, episodes, _ = opened(steps())
    assert plan.states == ("x", "room") and plan.numbers == ("x",)
    one = episodes[2]
    assert one.rewards.tolist() == [2, 3, 4, 5] and one.total == 14
    assert one.to_go.tolist() == [14, 12, 9, 5]
    assert one.for_return(20.0).tolist() == [20, 18, 15, 11]


def test_a_moment_knows_states_up_to_it_and_actions_before_it():
    table, plan, episodes, _ = opened(steps(), lookback=3)
    told = learning_episodes(table, plan, episodes, np.array([0] * 8 + [1, 2], np.int8), {})
    place = told.column("x").index(203.0)
    trajectory = told.column(plan.named(TRAJECTORY), [place])[0]
    assert trajectory.states[:, 0].tolist() == [201.0, 202.0, 203.0]
    assert [one.name for one in trajectory.actions] == ["right", "left"]
    assert trajectory.returns.tolist() == [12.0, 9.0, 5.0] and trajectory.first == 1
    assert told.column("action", [place])[0].name == "right"


def test_what_comes_later_changes_no_moment_but_by_its_return():
    rows = steps()
    changed = [dict(row) for row in rows]
    for row in changed:
        if row["episode"] == "e3" and row["step"] > 1:
            row |= {"x": -9.0, "room": "b", "action": "left"}
    # Rewards move from one later step to another: the return to go before them stays.
    changed[15]["reward"] += changed[14]["reward"]
    changed[14]["reward"] = 0.0
    parts = np.array([0] * 8 + [1, 2], np.int8)
    first, second = (learning_episodes(*opened(one)[:3], parts, {}) for one in (rows, changed))
    places = [i for i, x in enumerate(first.column("x")) if x in (300.0, 301.0)]
    assert len(places) == 2
    for place in places:
        a, b = (t.column(TRAJECTORY, [place])[0] for t in (first, second))
        assert (a.states == b.states).all() and (a.returns == b.returns).all()
        assert a.actions == b.actions


def test_episodes_lie_in_one_part_and_worth_is_by_training_alone():
    table, plan, episodes, _ = opened(steps(20))
    parts = parts_of(table, plan, episodes, 0)
    assert sorted(np.bincount(parts).tolist()) == [2, 2, 16]
    learned = [one.total for one, part in zip(episodes, parts, strict=True) if part == 0]
    plan = replace(plan, returns=tuple(sorted(learned)))
    told = learning_episodes(table, plan, episodes, parts, {})
    split, who = told.column("split"), told.column(plan.named("episode"))
    by_episode = {}
    for part, name in zip(split, who, strict=True):
        by_episode.setdefault(name, set()).add(part)
    assert all(len(one) == 1 for one in by_episode.values()) and set(split) == set(PARTS)
    worths = {name: one.worth for name, one in zip(who, told.column("action"), strict=True)}
    best = max(episodes, key=lambda one: one.total)
    assert worths[best.name] == 1.0 and min(worths.values()) < 0.2


def test_rows_are_put_in_the_order_of_time_and_it_is_said():
    rows = steps()
    rows[0], rows[3] = rows[3], rows[0]
    _, _, episodes, notes = opened(rows)
    assert episodes[0].states[:, 0].tolist() == [0.0, 1.0, 2.0, 3.0]
    assert notes == ("1 episodes were put in the order of 'step'",)


@pytest.mark.parametrize(
    "row, change, words, column",
    [
        (6, {"reward": None}, "has no reward", "reward"),
        (6, {"reward": "much"}, "not a number", "reward"),
        (6, {"action": None}, "does not say what was done", "action"),
        (6, {"step": 1}, "of the same time", "step"),
        (6, {"episode": None}, "does not say whose", "episode"),
    ],
)
def test_broken_steps_are_named_by_row_and_column(row, change, words, column):
    rows = steps()
    rows[row] |= change
    with pytest.raises((TableError, CellError), match=words) as caught:
        opened(rows)
    assert (caught.value.row, caught.value.column) == (row, column)


def test_an_episode_of_one_step_is_refused():
    rows = steps()
    with pytest.raises(TableError, match="one step only") as caught:
        opened([*rows, {**rows[-1], "episode": "alone"}])
    assert (caught.value.row, caught.value.column) == (40, "episode")


def test_an_action_outside_of_the_space_is_named():
    with pytest.raises(CellError, match="outside the space") as caught:
        opened(steps(), ActionCodec(labels=("left",)))
    assert (caught.value.row, caught.value.column) == (1, "action")


def test_the_last_action_of_an_episode_may_be_missing():
    rows = steps()
    rows[3] |= {"action": None, "reward": None}
    table, plan, episodes, _ = opened(rows)
    told = learning_episodes(table, plan, episodes, np.array([0] * 8 + [1, 2], np.int8), {})
    assert told.num_rows == 39


def test_an_episode_in_two_parts_is_refused():
    rows = [{**row, "part": "train" if i % 4 else "test"} for i, row in enumerate(steps())]
    table, plan, episodes, _ = opened(rows, split="part")
    with pytest.raises(TableError, match="two parts") as caught:
        parts_of(table, plan, episodes, 0)
    assert (caught.value.row, caught.value.column) == (1, "part")


def test_where_none_of_the_best_third_judges_that_is_said():
    part = {"e0": "test", "e1": "test", "e9": "validation"}
    rows = [{**row, "part": part.get(row["episode"], "train")} for row in steps()]
    asked = FitConfig.of(
        target="action", group="episode", time="step", split="part", budget=Budget(5, "steps")
    )
    notes = " | ".join(in_time(plait.read(rows), asked)[0].notes)
    assert "none of the 2 episodes that judge is of the best third" in notes
    assert "episodes that choose is" not in notes
