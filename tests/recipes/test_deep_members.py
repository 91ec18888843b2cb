"""Networks that are trained at once on one split differ: their mean is judged, and ships."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import pytest

import plait
from plait.networks.config import SystemConfig
from plait.networks.torch_runners import system_outputs
from plait.progress import SILENT
from plait.recipes import deep, deep_member
from plait.recipes.deep_member import num_members, train_member
from plait.recipes.deep_plan import DeepPlan, settled
from plait.recipes.deep_training import fit_network, make_system
from plait.recipes.fit_settings import Rows
from plait.recipes.problem import make_problem
from plait.train.budget import Budget
from plait.train.config import TrainConfig

TINY = SystemConfig(dim=16, depth=1, num_heads=2)


@pytest.fixture(scope="module")
def problem():
    rng = np.random.default_rng(0)
    rows = [
        {
            "size": float(rng.normal(i % 2, 0.5)),
            "kind": "pq"[i % 2],
            "split": "validation" if i % 4 > 1 else "train",
        }
        for i in range(80)
    ]
    table = plait.read(rows, columns={"size": "number", "kind": "category", "split": "split"})
    return make_problem(
        table, target="kind", exclude=(), rows=Rows(split="split"), seed=0, progress=SILENT
    )


def plan(**changes):
    found = DeepPlan(
        config=TINY,
        fusion="early",
        train=TrainConfig(),
        budget=Budget(1.0, "seconds"),
        folds=None,
        seed=3,
        device="cpu",
        folder=None,
    )
    return settled(replace(found, **changes))


def test_the_mean_of_several_is_judged_and_ships(problem):
    found = deep.train_deep(problem, plan(end=time.monotonic() + 1.0, members=2), SILENT)
    assert len(found.systems) == 2 and np.array_equal(found.rows, problem.validation)
    each = [system_outputs(one, problem.prepared, found.rows) for one in found.systems]
    assert not np.allclose(*each)
    np.testing.assert_allclose(found.outputs, np.mean(each, axis=0), atol=1e-6)
    assert [rows.tolist() for _, rows in found.stages] == [found.rows.tolist()] * 2


def test_one_is_trained_where_steps_are_counted(problem):
    found = deep.train_deep(problem, plan(budget=Budget(3, "steps")), SILENT)
    assert len(found.systems) == 1 and found.run.steps == 3


def test_large_networks_and_those_with_a_start_are_trained_alone(problem, monkeypatch):
    monkeypatch.setattr(deep_member, "num_at_once", lambda num, device: num)
    assert num_members(problem, plan()) == 2
    assert num_members(problem, replace(plan(), start=object())) == 1
    monkeypatch.setattr(deep_member, "MOST_PARAMETERS", 10)
    assert num_members(problem, plan()) == 1


def test_a_row_that_several_judge_is_answered_by_their_mean(problem):
    from plait.recipes.held_out import _Answers

    found = deep.train_deep(problem, plan(end=time.monotonic() + 0.5, members=2), SILENT)
    held = object.__new__(_Answers)
    held._problem, held._deep = problem, found
    answers = held._network(np.arange(len(found.rows)), ())
    np.testing.assert_allclose(answers, found.outputs, atol=1e-6)
    held._deep = replace(found, stages=found.stages[:0])
    assert np.isnan(held._network(np.arange(3), ())).all()


def test_what_is_fitted_first_takes_its_part_of_the_time(problem, monkeypatch):
    seen = []

    def slow(*args):
        time.sleep(0.4)
        return make_system(*args)

    def remembered(problem, plan, *args, **options):
        seen.append(plan.budget.amount)
        return fit_network(problem, plan, *args, **options)

    for module in (deep, deep_member):
        monkeypatch.setattr(module, "make_system", slow)
        monkeypatch.setattr(module, "fit_network", remembered)
    deep.train_deep(problem, plan(end=time.monotonic() + 1.0), SILENT)
    rows, held = problem.learned, problem.validation
    timed = plan(end=time.monotonic() + 1.0)
    train_member(problem, timed, rows, held, lambda share, note: None)
    train_member(problem, timed, rows, held, lambda share, note: None, share=0.5)
    assert seen[0] <= 0.6 and seen[1] <= 0.6 and seen[2] <= 0.3
