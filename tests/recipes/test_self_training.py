"""Rows without a target: the network learns from guesses, judged on rows that no teacher saw."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

import plait
import plait.recipes.problem
from plait.networks.config import SystemConfig
from plait.progress import SILENT
from plait.recipes.base_models import BaseModels
from plait.recipes.choose import unjudged
from plait.recipes.fit_settings import Rows
from plait.recipes.self_training import _some, can_self_train
from plait.train.budget import Budget

TINY = SystemConfig(dim=16, depth=1, num_heads=2)
COLUMNS = {"x": "number", "y": "number", "kind": "category", "split": "split"}


def rows(num, labelled, validation, seed=0):
    rng = np.random.default_rng(seed)
    found = []
    for number in range(num):
        kind = int(rng.integers(0, 2))
        told = number < labelled + validation
        found.append(
            {
                "x": float(rng.normal(2 * kind - 1, 0.5)),
                "y": float(rng.normal(1 - 2 * kind, 0.5)),
                "kind": ("low", "high")[kind] if told else None,
                "split": "validation" if labelled <= number < labelled + validation else "train",
            }
        )
    return found


def fitted(cells):
    table = plait.read(cells, columns=COLUMNS)
    return plait.fit(
        table, target="kind", split="split", budget="60 steps", size=TINY, fusion="early",
        samples=False,
    )  # fmt: skip


@pytest.mark.xdist_group("self-training")
def test_guesses_teach_the_network(monkeypatch):
    monkeypatch.setattr("plait.recipes.linear_space.LEAST_UNLABELLED", 10**6)  # no space first
    model = fitted(rows(300, labelled=30, validation=54))
    metrics = model.records["metrics"]
    assert any("by guesses of simple models" in note for note in metrics["notes"])
    assert metrics["validation"]["rows"] == 27  # the other half stops the training early
    fresh = rows(200, labelled=200, validation=0, seed=5)
    assert model.evaluate(fresh)["metrics"]["accuracy"] > 0.9
    deep = next(entry for entry in metrics["candidates"] if entry["name"] == "deep")
    assert deep["metrics"]["accuracy"] > 0.8


@pytest.mark.xdist_group("self-training")
def test_few_rows_without_a_target_are_left_out():
    model = fitted(rows(100, labelled=30, validation=54))
    notes = model.records["metrics"]["notes"]
    assert not any("guesses" in note for note in notes)
    assert any("16 rows have no target" in note for note in notes)


def test_what_is_too_little_to_learn_from_guesses():
    problem = plait.recipes.problem.make_problem(
        plait.read(rows(300, labelled=30, validation=54), columns=COLUMNS),
        target="kind", exclude=(), rows=Rows(split="split"), seed=0,
        progress=SILENT,
    )  # fmt: skip
    assert can_self_train(problem, Budget(100, "steps"))
    assert can_self_train(problem, Budget(60, "seconds"))
    assert not can_self_train(problem, Budget(59, "seconds"))
    few = replace(problem.splits, validation=problem.splits.validation[:49])
    assert not can_self_train(replace(problem, splits=few), Budget(100, "steps"))
    assert not can_self_train(
        replace(problem, unlabelled=problem.unlabelled[:59]), Budget(100, "steps")
    )


def test_as_many_rows_are_guessed_as_the_time_allows():
    problem = SimpleNamespace(unlabelled=np.arange(1000))
    plan = SimpleNamespace(budget=Budget(10, "seconds"), seed=0)
    base_models = BaseModels(seconds_per_row=0.1)
    found = _some(problem.unlabelled, plan, base_models)
    assert len(found) == 15 and (np.diff(found) > 0).all()
    plan.budget = Budget(10, "steps")
    assert len(_some(problem.unlabelled, plan, base_models)) == 1000


def test_one_label_a_class_is_not_judged():
    outputs = {
        "linear": np.zeros((3, 3)),
        "label_propagation": np.zeros((3, 3)),
        "deep": np.zeros((3, 3)),
    }
    choice = unjudged(outputs, np.array([0, 1, 2]))
    assert choice is not None and choice.weights == {"label_propagation": 0.5, "linear": 0.5}
    assert "too few labels to compare" in choice.notes[0]
    assert unjudged(outputs, np.array([0, 0, 1, 1])) is None
    assert unjudged({"linear": outputs["linear"]}, np.array([0, 1, 2])) is None
