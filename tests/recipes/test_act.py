"""What to do: a policy by the return that is wanted, better than imitation; all verbs; play."""

from __future__ import annotations

import io
import json
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

import plait
from plait.cli import run
from plait.data.episodes.plan import EpisodePlan
from plait.errors import PlaitError, TargetError, UsageError
from plait.modalities.action.cells import Action
from plait.modalities.action.space import Space
from plait.model.wants import Wants
from plait.recipes.environments import Hands, Senses

LENGTH = 6
ASKED = {"target": "action", "group": "episode", "time": "step"}


def signals(num_episodes=120, seed=0):
    """Episodes in which a signal's sign says what is good: right of positive ones, else left.

    A step brings 1 where the good thing is done. Good, middling and bad episodes do it with
    chances of .95, .2 and .05, so that in either state the bad thing is done more often than not.
    """
    rng, rows = np.random.default_rng(seed), []
    for episode in range(num_episodes):
        sure = (0.95, 0.2, 0.05)[episode % 3]
        for step in range(LENGTH):
            signal = round(float(rng.choice([-1, 1]) * rng.uniform(0.2, 1)), 3)
            good, bad = ("right", "left") if signal > 0 else ("left", "right")
            right = rng.random() < sure
            rows.append({"episode": f"e{episode}", "step": step, "signal": signal,
                         "noise": round(float(rng.normal()), 3),
                         "action": good if right else bad, "reward": float(right)})  # fmt: skip
    return rows


STATES = [{"signal": s, "noise": 0.0} for s in (-0.9, -0.4, 0.4, 0.9)]
GOOD, BAD = ["left", "left", "right", "right"], ["right", "right", "left", "left"]


@pytest.fixture(scope="module")
def fitted(tmp_path_factory):
    path = tmp_path_factory.mktemp("act") / "policy.plait"
    model = plait.fit(
        plait.read(signals()), **ASKED, budget="90 steps", size="tiny", out=path, seed=1
    )
    return model, path


# What is learned


def test_a_policy_does_what_leads_to_the_return_that_is_wanted(fitted):
    model, _ = fitted
    assert model.predict(STATES).columns["prediction"] == GOOD
    assert model.predict(STATES, return_to_go=LENGTH).columns["prediction"] == GOOD
    assert model.predict(STATES, return_to_go=0).columns["prediction"] == BAD


def test_it_does_better_than_imitation_which_does_what_most_did(fitted):
    model, _ = fitted
    told = {one["name"]: one["metrics"] for one in model.records["metrics"]["candidates"]}
    assert told["cloned"]["best_agreement"] < 0.6
    assert told[model.summary()["shipped"]]["best_agreement"] > 0.85
    assert told["conditioned"]["best_agreement"] > 0.85 and "deep" in told


def test_the_network_alone_does_too():
    model = plait.fit(
        plait.read(signals()), **ASKED, budget="90 steps", size="tiny", baselines=False, seed=1
    )
    assert model.predict(STATES, return_to_go=LENGTH).columns["prediction"] == GOOD
    assert model.predict(STATES, return_to_go=0).columns["prediction"] == BAD


def test_numbers_within_a_box_are_decided_too():
    rng, rows = np.random.default_rng(0), []
    for episode in range(120):
        good = episode % 3 == 0
        for step in range(4):
            x = float(rng.uniform(-1, 1))
            wanted = 0.8 * x if good else -0.8 * x
            action = float(np.clip(wanted + 0.02 * rng.normal(), -1, 1))
            rows.append({"episode": episode, "step": step, "x": x, "action": [action, 0.5 * x],
                         "reward": 1.0 - abs(action - 0.8 * x)})  # fmt: skip
    model = plait.fit(plait.read(rows), **ASKED, budget="10 steps", simple=True)
    said = [
        json.loads(one) for one in model.predict([{"x": 0.7}, {"x": -0.7}]).columns["prediction"]
    ]
    np.testing.assert_allclose(said, [[0.56, 0.35], [-0.56, -0.35]], atol=0.12)


# Verbs


def test_steps_are_answered_in_their_order_by_what_came_before_alone(fitted):
    model, _ = fitted
    rows = signals(3, seed=5)
    answer = model.predict(rows, return_to_go=6).columns
    assert answer["episode"] == [row["episode"] for row in rows]
    rewards = np.array([row["reward"] for row in rows]).reshape(3, LENGTH)
    left = 6 - np.cumsum(rewards, axis=1) + rewards
    np.testing.assert_allclose(answer["return_to_go"], left.reshape(-1))
    changed = [dict(row) for row in rows]
    for row in changed[3:LENGTH]:
        row |= {"signal": -row["signal"], "action": "left", "reward": 9.0}
    again = model.predict(changed, return_to_go=6).columns
    assert again["prediction"][:3] == answer["prediction"][:3]
    turned = [rows[place] for place in (2, 0, 1, *range(3, len(rows)))]
    moved = model.predict(turned, return_to_go=6).columns["prediction"]
    assert [moved[place] for place in (1, 2, 0)] == answer["prediction"][:3]


def test_a_loaded_bundle_answers_the_same_and_is_scored(fitted):
    model, path = fitted
    again, rows = plait.load(path), signals(6, seed=7)
    assert again.predict(rows).columns == model.predict(rows).columns
    scores = plait.evaluate(again, rows)
    assert scores["rows"] == 6 * LENGTH and 0 < scores["metrics"]["agreement"] <= 1
    assert again.policy == model.policy
    assert again.policy.wanted(None) == np.quantile(model.policy.plan.returns, 0.95)


def test_the_bundle_says_that_it_was_never_trained_online(fitted, tmp_path):
    model, path = fitted
    assert any("never tried in its environment" in one for one in model.records["metrics"]["notes"])
    page = plait.report(path, tmp_path / "report.html").read_text(encoding="utf8")
    assert "never tried in its environment" in page and "agreement with the best third" in page


def test_the_command_line_fits_and_predicts(tmp_path, capsys):
    import csv

    source = tmp_path / "episodes.csv"
    rows = signals(30)
    with source.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    out, bundle = tmp_path / "done.csv", tmp_path / "policy.plait"
    asked = ["--target", "action", "--group", "episode", "--time", "step"]
    assert run(["fit", str(source), *asked, "--simple", "--budget", "2 steps", "--out", str(bundle),
                "--json", "--quiet"]) == 0  # fmt: skip
    assert json.loads(capsys.readouterr().out)["task"] == "decide"
    assert run(["predict", str(bundle), str(source), "--return-to-go", "6", "--out", str(out),
                "--json"]) == 0  # fmt: skip
    assert json.loads(capsys.readouterr().out)["rows"] == 30 * LENGTH
    with out.open() as file:
        told = list(csv.DictReader(file))
    assert list(told[0]) == ["episode", "step", "return_to_go", "prediction"]


def test_a_picture_is_a_state():
    def drawn(value):
        buffer = io.BytesIO()
        Image.new("RGB", (16, 16), (200, 30, 30) if value > 0 else (30, 30, 200)).save(
            buffer, "PNG"
        )
        return buffer.getvalue()

    rows = [
        {"episode": r["episode"], "step": r["step"], "view": drawn(r["signal"]),
         "action": r["action"], "reward": r["reward"]}
        for r in signals(60)
    ]  # fmt: skip
    model = plait.fit(plait.read(rows), **ASKED, budget="10 steps", simple=True)
    asked = [{"view": drawn(-1.0)}, {"view": drawn(1.0)}]
    assert model.predict(asked, return_to_go=6).columns["prediction"] == ["left", "right"]
    assert model.predict(asked, return_to_go=0).columns["prediction"] == ["right", "left"]


# What is refused


@pytest.mark.parametrize(
    "asked, words",
    [
        ({"reward": "rewards"}, "no column 'rewards'"),
        ({"reward": "reward", "time": None}, "which episode, and when"),
        ({"reward": "reward", "horizon": 3}, "no use for these settings"),
        ({"reward": "reward", "lookback": 0}, "no length"),
    ],
)
def test_what_is_not_said_or_means_nothing_is_refused(asked, words):
    with pytest.raises(UsageError, match=words):
        plait.fit(plait.read(signals(6)), **{**ASKED, **asked}, budget="10 steps", simple=True)


def test_a_table_without_rewards_is_told_so():
    rows = [{k: v for k, v in row.items() if k != "reward"} for row in signals(6)]
    with pytest.raises(UsageError, match="no column of rewards") as caught:
        plait.fit(
            plait.read(rows, columns={"action": "action"}), **ASKED, budget="10 steps", simple=True
        )
    assert "--reward" in str(caught.value.hint)


def test_a_declared_space_is_kept_and_an_action_outside_refused():
    declared = {"modality": "action", "settings": {"labels": ["left", "right", "stay"]}}
    model = plait.fit(
        plait.read(signals(12), columns={"action": declared}),
        **ASKED,
        budget="10 steps",
        simple=True,
    )
    assert model.policy.plan.labels == ("left", "right", "stay")
    rows = signals(12)
    rows[8] |= {"action": "jump"}
    with pytest.raises(PlaitError, match="outside the space") as caught:
        plait.fit(
            plait.read(rows, columns={"action": declared}), **ASKED, budget="10 steps", simple=True
        )
    assert (caught.value.row, caught.value.column) == (8, "action")


def test_actions_that_are_said_to_be_categories_are_classified():
    table = plait.read(signals(20), columns={"action": "category"})
    model = plait.fit(table, **ASKED, budget="4 steps", simple=True, scores=False)
    assert model.policy is None and model.summary()["task"] == "classify"


def test_rows_may_lack_columns_but_not_all(fitted):
    model, _ = fitted
    for row in ({"noise": 0.0}, {"signal": None, "noise": None}):
        answer = model.predict([row]).columns
        assert answer["prediction"][0] in ("left", "right") and len(answer["return_to_go"]) == 1
    with pytest.raises(PlaitError, match="none of the columns"):
        model.predict([{"other": 1.0}])


def test_unreadable_actions_are_named_or_skipped(fitted):
    rows = signals(12)
    rows[3] |= {"action": [["left"]]}
    with pytest.raises(PlaitError, match="not an action") as caught:
        plait.fit(plait.read(rows), **ASKED, budget="4 steps", simple=True)
    assert (caught.value.row, caught.value.column) == (3, "action")
    table = plait.read(rows, on_error="skip")
    model = plait.fit(table, **ASKED, budget="4 steps", simple=True, scores=False)
    assert any("do not say what was done" in one for one in model.records["metrics"]["notes"])


def test_too_few_episodes_are_refused():
    with pytest.raises(PlaitError, match="too few episodes"):
        plait.fit(plait.read(signals(3)), **ASKED, budget="10 steps", simple=True)


def test_wants_of_other_models_are_refused(fitted):
    model, _ = fitted
    with pytest.raises(UsageError, match="nothing is ranked"):
        model.predict(STATES, top=3)
    with pytest.raises(UsageError, match="no number"):
        model.predict(STATES, return_to_go=float("nan"))
    with pytest.raises(UsageError, match="nothing is decided"):
        Wants(return_to_go=3.0).only("top")


# Play


@pytest.fixture(scope="module")
def signal_world():
    """An environment of the same rule, registered with gymnasium: actions 0 (left), 1 (right)."""
    gymnasium = pytest.importorskip("gymnasium")

    class Signal(gymnasium.Env):
        metadata = {"render_modes": ["rgb_array"], "render_fps": 10}

        def __init__(self, render_mode=None):
            self.render_mode = render_mode
            self.observation_space = gymnasium.spaces.Box(-9, 9, (2,), np.float32)
            self.action_space = gymnasium.spaces.Discrete(2)

        def _seen(self):
            sign = self.np_random.choice([-1, 1])
            self.signal = float(sign * self.np_random.uniform(0.2, 1))
            return np.array([self.signal, self.np_random.normal()], np.float32)

        def reset(self, *, seed=None, options=None):
            super().reset(seed=seed)
            self.step_number = 0
            return self._seen(), {}

        def step(self, action):
            reward = float((action == 1) == (self.signal > 0))
            self.step_number += 1
            return self._seen(), reward, self.step_number >= LENGTH, False, {}

        def render(self):
            return np.full((40, 60, 3), 120 + int(100 * self.signal), np.uint8)

    gymnasium.register("Signal-v0", entry_point=Signal)
    yield "Signal-v0"
    del gymnasium.registry["Signal-v0"]


@pytest.fixture(scope="module")
def player(tmp_path_factory):
    rows = [{**row, "action": int(row["action"] == "right")} for row in signals()]
    path = tmp_path_factory.mktemp("play") / "policy.plait"
    model = plait.fit(plait.read(rows), **ASKED, budget="10 steps", simple=True, out=path)
    return model, path


def test_play_reaches_what_is_wanted(player, signal_world):
    model, _ = player
    high = plait.play(model, signal_world, episodes=12, return_to_go=LENGTH, seed=3)
    low = plait.play(model, signal_world, episodes=12, return_to_go=0, seed=3)
    assert high["mean"] > 5 and low["mean"] < 1
    assert high["steps"] == [LENGTH] * 12 and len(high["returns"]) == 12
    assert high["interval"][0] <= high["mean"] <= high["interval"][1]
    assert high["trained_online"] is False and "never trained" in high["notes"][0]
    again = plait.play(model, signal_world, episodes=12, return_to_go=LENGTH, seed=3)
    assert again == high


def test_draws_of_one_step_are_not_those_of_the_next(signal_world):
    rows = [{**row, "action": int(row["action"] == "right")} for row in signals(30)]
    model = plait.fit(
        plait.read(rows), **ASKED, budget="2 steps", size="tiny", baselines=False, scores=False
    )
    drawn = plait.play(model, signal_world, episodes=8, temperature=50.0, seed=1)
    assert 1 < drawn["mean"] < 5
    assert drawn == plait.play(model, signal_world, episodes=8, temperature=50.0, seed=1)


def test_play_writes_a_film_and_a_page(player, signal_world, tmp_path, capsys):
    _, path = player
    film, page = tmp_path / "play.gif", tmp_path / "play.html"
    words = ["play", str(path), signal_world, "--episodes", "2"]
    assert run([*words, "--out", str(film), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["episodes"] == 2 and told["out"] == str(film)
    with Image.open(film) as picture:
        assert picture.format == "GIF" and picture.n_frames == LENGTH + 1
    assert run([*words, "--out", str(film)]) == 2  # it is there already
    assert run([*words, "--out", str(page)]) == 0
    text = page.read_text(encoding="utf8")
    assert "data:image/gif;base64," in text and "no, never" in text and "http" not in text.split(
        "<main")[1].split("data:image")[0]  # fmt: skip
    assert "mean return" in capsys.readouterr().out


def test_a_picture_is_seen_as_a_whole_and_parts_by_their_order():
    gymnasium = pytest.importorskip("gymnasium")
    plan = EpisodePlan(action="a", group="e", time="t", reward="r", states=("view", "speed"),
                       numbers=("speed",))  # fmt: skip
    space = gymnasium.spaces.Dict(
        {"a view": gymnasium.spaces.Box(0, 255, (8, 6, 3), np.uint8),
         "speed": gymnasium.spaces.Box(-1, 1, (1,), np.float32)}
    )  # fmt: skip
    senses = Senses(plan, space, "Any-v0")
    pixels = np.random.default_rng(0).integers(0, 256, (8, 6, 3)).astype(np.uint8)
    cells = senses.cells({"a view": pixels, "speed": np.float32([0.5])})
    with Image.open(io.BytesIO(cells["view"]["bytes"])) as picture:
        assert (np.array(picture) == pixels).all()
    assert senses.numbers(cells).tolist() == [0.5]


def test_numbers_are_kept_within_the_bounds_of_the_environment():
    gymnasium = pytest.importorskip("gymnasium")
    space = gymnasium.spaces.Box(-1.0, 1.0, (2,), np.float32)
    hands = Hands(Space((), (-3.0, -3.0), (3.0, 3.0)), space, "Any-v0")
    assert hands.action(Action("", (2.5, -0.5))).tolist() == [1.0, -0.5]
    with pytest.raises(UsageError, match="actions are not those") as caught:
        Hands(Space((), (-3.0,), (3.0,)), space, "Any-v0")
    assert caught.value.expected == "2 numbers"


def test_play_refuses_what_is_no_environment_or_another(player, fitted, tmp_path):
    model, _ = player
    for name in ("CartPole-v9", "os:Signal-v0", "antigravity:CartPole-v1"):
        with pytest.raises(UsageError, match="no environment of that name"):
            plait.play(model, name)
    with pytest.raises(UsageError, match="not what the policy was learned from") as caught:
        plait.play(model, "CartPole-v1", episodes=1)
    assert caught.value.received == "4 values" and "signal, noise" in caught.value.expected
    with pytest.raises(UsageError, match="so many episodes"):
        plait.play(model, "CartPole-v1", episodes=0)
    with pytest.raises(UsageError, match="another ending"):
        plait.play(model, "CartPole-v1", out=tmp_path / "film.mp4")


def test_play_refuses_actions_of_other_names_and_models_without_a_policy(fitted, signal_world):
    model, _ = fitted
    with pytest.raises(UsageError, match="actions are not those of Signal-v0") as caught:
        plait.play(model, signal_world, episodes=1)
    assert caught.value.expected == "actions 0 to 1"
    with pytest.raises(TargetError, match="holds no policy"):
        plait.play(replace(model, policy=None), signal_world)
