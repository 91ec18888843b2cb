"""The form of a network follows its time: folds where there is much, else a split of the rows."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from plait.fitting.candidates.base_models import BaseModels
from plait.fitting.network import network_pilot, network_time
from plait.fitting.network.network_time import (
    ENOUGH_PASSES,
    GOOD_FOLD_STEPS,
    GOOD_STEPS,
    LEAST_STEPS,
    Kept,
    NetworkTime,
    Trainings,
    kept_beside,
)
from plait.fitting.network.stage import NetworkStage, plan_network, train_network
from plait.fitting.setup.deep_plan import Form
from plait.fitting.setup.timetable import Timetable
from plait.modalities.category.codec import CategoryCodec

FORMS = {
    Form.FOLDS: Trainings(4, 1000, 4),
    Form.SPLIT: Trainings(1.0, 250),
}


def slow(step=0.25, answering=0.0):
    return NetworkTime(answering=answering, step=step, forms=FORMS, judged=100)


@pytest.mark.parametrize(
    ("seconds", "form"),
    [
        (4 * GOOD_FOLD_STEPS * 0.25, Form.FOLDS),
        (3.9 * GOOD_FOLD_STEPS * 0.25, Form.SPLIT),
        (LEAST_STEPS * 0.25, Form.SPLIT),
        (0.9 * LEAST_STEPS * 0.25, None),
    ],
)
def test_less_time_makes_fewer_networks_before_it_makes_none(seconds, form):
    assert slow().form(seconds) is form


def test_folds_that_are_answered_slowly_give_way_to_a_split():
    forms = {**FORMS, Form.FOLDS: Trainings(2, 500, 4)}
    seconds = 2 * GOOD_FOLD_STEPS * 0.25 + 800.0
    for answering, form in ((0.2, Form.FOLDS), (2.0, Form.SPLIT)):
        found = NetworkTime(answering=answering, step=0.25, forms=forms, judged=100)
        assert found.form(seconds) is form


def test_answers_count_too():
    assert slow(answering=0.1).least == pytest.approx(LEAST_STEPS * 0.25 + 0.1 * 350)


def test_simple_models_come_first_only_where_the_network_loses_nothing_by_it():
    assert slow().spared(10.8) == 10.8
    assert slow().spared(GOOD_STEPS * 0.25 + 1.0) == pytest.approx(1.0)
    assert slow().spared(1000.0) == pytest.approx(network_time.SPARED_SHARE * 1000.0)
    many = replace(slow(), steps_per_pass=1000.0)
    needed = ENOUGH_PASSES * 1000.0 * 0.25
    assert many.spared(10.8) == 10.8 and many.spared(0.9 * needed) == 0.0
    assert 0.0 < many.spared(1.1 * needed) <= 0.1 * needed
    assert NetworkStage().spared(3.0) == 3.0 and NetworkStage().spared(None) is None


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def work_of(seconds, **settings):
    timetable = Timetable(seconds, 100.0, clock=Clock())
    return SimpleNamespace(
        timetable=timetable, simple=False, trained=None, progress=None, **settings
    )


def plan():
    from plait.fitting.setup.deep_plan import DeepPlan
    from plait.networks.config import SystemConfig
    from plait.train.budget import Budget
    from plait.train.config import TrainConfig

    return DeepPlan(
        config=SystemConfig(dim=16, depth=1, num_heads=2), fusion="early", train=TrainConfig(),
        budget=Budget(40, "seconds"), folds=np.arange(1000) % 4, seed=0, device="cpu", folder=None,
    )  # fmt: skip


BASE_MODELS = BaseModels(fitted={"linear": None}, outputs={"linear": np.zeros((1000, 3))},
                judged=np.arange(1000))  # fmt: skip
PROBLEM = SimpleNamespace(judged=np.arange(100))


@pytest.mark.parametrize(("seconds", "form"), [(20.0, Form.SPLIT), (240.0, Form.FOLDS)])
def test_a_network_is_trained_in_the_form_that_fits(monkeypatch, seconds, form):
    trained = []
    monkeypatch.setattr(
        "plait.fitting.network.deep.train_deep",
        lambda problem, plan, progress: trained.append(plan),
    )
    train_network(PROBLEM, work_of(seconds), NetworkStage(plan(), slow()), BASE_MODELS, kept=5.0)
    assert trained[0].form is form and trained[0].budget.amount < seconds - 5.0
    assert trained[0].end == pytest.approx(100.0 + trained[0].budget.amount)


def test_without_time_for_any_form_it_says_what_it_needs():
    found = train_network(
        PROBLEM, work_of(12.0), NetworkStage(plan(), slow()), BASE_MODELS, kept=5.0
    )
    assert not found.systems and found.outputs.shape == (1000, 3)
    assert "5.8 s were left for it" in found.notes[0] and "takes about 10.0 s" in found.notes[0]


def test_with_no_time_at_all_a_network_is_not_even_looked_at():
    stage = plan_network(None, work_of(20.0), BASE_MODELS, None, None, left=0.1)
    found = train_network(PROBLEM, work_of(20.0), stage, BASE_MODELS, kept=0.0)
    assert stage.foreseen is None and found.notes == (
        "no network was trained: no time was left for it",
    )


def test_what_starts_from_a_base_has_the_size_of_the_base_from_the_first_look(monkeypatch):
    seen = []
    monkeypatch.setattr(NetworkTime, "of", lambda problem, plan, left: seen.append(plan) or slow())
    base = plan().config
    problem = SimpleNamespace(codecs={}, columns=(), splits=SimpleNamespace(train=np.arange(50)))
    work = work_of(
        40.0, size="auto", fusion="auto", train=plan().train, budget=plan().budget, seed=0,
        device="cpu", folder=None, adapt="auto",
    )  # fmt: skip
    space = SimpleNamespace(has_network=True, config=base)
    stage = plan_network(problem, work, BASE_MODELS, None, space, left=30.0)
    assert stage.plan.start is space and stage.plan.config == base
    assert [one.config for one in seen] == [base]


def test_looking_at_a_slow_network_ends_after_few_rows(monkeypatch):
    now, asked = [0.0], []

    def answer(system, prepared, rows, device):
        asked.append(len(rows))
        now[0] += 0.5 * len(rows)

    monkeypatch.setattr(network_pilot, "system_outputs", answer)
    monkeypatch.setattr(network_pilot, "time", SimpleNamespace(monotonic=lambda: now[0]))
    problem = SimpleNamespace(prepared=None)
    look = network_pilot.answer_seconds
    assert look(problem, plan(), None, np.arange(1000), seconds=1.0) == pytest.approx(0.5)
    assert asked == [2]
    assert look(problem, plan(), None, np.arange(1000), seconds=1e3) == pytest.approx(0.5)
    assert asked == [2, 2, 4, 16, 64]


def test_what_only_the_first_training_takes_is_no_part_of_a_step(monkeypatch):
    """A start of .4 s, 1.1 s more at the first, and .2 s a step."""
    now, runs = [0.0], []

    def train(objective, *, budget, **_):
        now[0] += 0.4 + 0.2 * budget.amount + (0.0 if runs else 1.1)
        runs.append(budget.amount)

    monkeypatch.setattr(network_pilot, "train", train)
    monkeypatch.setattr(network_pilot, "time", SimpleNamespace(monotonic=lambda: now[0]))
    for name in ("train_data", "Supervised"):
        monkeypatch.setattr(network_pilot, name, lambda *_: None)
    found = network_pilot.step_seconds(None, plan(), None, np.arange(100))
    assert found == pytest.approx(0.2)


def judging(**settings):
    """Return a problem of three classes in two columns, and simple models measured on it."""
    truth = np.arange(90) % 3
    problem = SimpleNamespace(
        target_codec=CategoryCodec(labels=("x", "y", "z")), judged=np.arange(60), truth=truth,
        inputs=("a", "b"), input_columns={"a": ("a",), "b": ("b",)},
        splits=SimpleNamespace(validation=np.arange(60)),
    )  # fmt: skip
    outputs = np.eye(3, dtype=np.float32)[truth[:60]] * 0.6 + 0.1
    base_models = BaseModels(
        outputs={"linear": outputs, "majority": np.full((60, 3), 1 / 3, np.float32)},
        seconds={"linear": 1.0, "majority": 0.1},
        answering={"linear": 0.001, "majority": 0.0},
        judged=np.arange(60), rows=np.arange(60), seconds_per_row=0.001, **settings,
    )  # fmt: skip
    return problem, base_models


@pytest.mark.parametrize(("per_call", "scoring"), [(0.0, 1.2), (0.3, 2.46), (9.0, 5.0)])
def test_scoring_keeps_what_is_foreseen(monkeypatch, per_call, scoring):
    monkeypatch.setattr(network_time, "scoring_seconds", lambda *_: per_call)
    problem, base_models = judging()
    table = Timetable(20.0, 100.0, clock=Clock())
    kept = network_time.after_network(problem, base_models, table, 0.5, has_folds=True)
    # Two models and three sets of columns are scored, and what ships twice; 60 rows are answered
    # by each model and in each set, and their features made twice: 7 calls and 0.36 s.
    assert kept.scoring == pytest.approx(scoring)
    assert kept.refitting == 0.0 and kept.choosing == 0.5


def test_sets_of_columns_wait_where_a_model_lacks_time(monkeypatch):
    monkeypatch.setattr(network_time, "scoring_seconds", lambda *_: 0.4)
    monkeypatch.setattr(network_time, "LEAST_ROWS", 20)
    table = Timetable(20.0, 100.0, clock=Clock())
    whole, lacking = (
        network_time.after_network(*judging(left_out=left), table, 0.0, has_folds=True).scoring
        for left in ({}, {"boosted": 30.0})
    )
    # Three sets of 20 rows in place of 60.
    assert whole - lacking == pytest.approx(3 * 2 / 3 * 0.4 + 3 * 40 * 0.001)


def test_what_was_cut_off_is_not_fitted_again():
    table = Timetable(20.0, 100.0, clock=Clock())
    whole, cut = (
        network_time.after_network(
            *judging(cut_short=frozenset(names)), table, 0.0, has_folds=False
        )
        for names in ((), ("linear",))
    )
    assert whole.refitting > 1.0 and cut.refitting == 0.0


def test_a_network_alone_tells_how_long_its_scoring_takes():
    kept = Kept(choosing=0.0, calibrating=1.0, scoring=60.0, refitting=0.0)
    forms = {Form.SPLIT: Trainings(1.0, 100, 2)}
    foreseen = NetworkTime(answering=0.001, step=0.1, forms=forms, judged=1000)
    # Two networks answer 1,000 rows in 2 s: once, once more, and in one set of columns.
    assert kept_beside(kept, foreseen, 1).scoring == pytest.approx(2.0 + 3 * 2.0)
    assert kept_beside(kept._replace(scoring=4.0), foreseen, 1).scoring == 4.0
    assert kept_beside(kept, None, 1) == kept
