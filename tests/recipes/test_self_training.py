"""Rows without a target: the network learns from guesses, judged on rows that no teacher saw."""

from __future__ import annotations

import numpy as np
import pytest

import plait
from plait.model.config import SystemConfig
from plait.recipes.choose import unjudged

TINY = SystemConfig(dim=16, depth=1, num_heads=2)


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
    table = plait.read(
        cells, columns={"x": "number", "y": "number", "kind": "category", "split": "split"}
    )
    return plait.fit(
        table, target="kind", split="split", budget="60 steps", size=TINY, fusion="early",
        samples=False,
    )  # fmt: skip


@pytest.mark.xdist_group("self-training")
def test_guesses_teach_the_network(monkeypatch):
    monkeypatch.setattr("plait.recipes.learn.LEAST_UNLABELLED", 10**6)  # no shared space first
    model = fitted(rows(260, labelled=30, validation=24))
    metrics = model.records["metrics"]
    assert any("by guesses of simple models" in note for note in metrics["notes"])
    assert metrics["validation"]["rows"] == 24
    fresh = rows(200, labelled=200, validation=0, seed=5)
    assert model.evaluate(fresh)["metrics"]["accuracy"] > 0.9
    deep = next(entry for entry in metrics["candidates"] if entry["name"] == "deep")
    assert deep["metrics"]["accuracy"] > 0.8


@pytest.mark.xdist_group("self-training")
def test_few_rows_without_a_target_are_left_out():
    model = fitted(rows(70, labelled=30, validation=24))
    notes = model.records["metrics"]["notes"]
    assert not any("guesses" in note for note in notes)
    assert any("16 rows have no target" in note for note in notes)


def test_one_label_a_class_is_not_judged():
    outputs = {"linear": np.zeros((3, 3)), "spread": np.zeros((3, 3)), "deep": np.zeros((3, 3))}
    choice = unjudged(outputs, np.array([0, 1, 2]))
    assert choice is not None and choice.weights == {"spread": 0.5, "linear": 0.5}
    assert "too few labels to compare" in choice.notes[0]
    assert unjudged(outputs, np.array([0, 0, 1, 1])) is None
    assert unjudged({"linear": outputs["linear"]}, np.array([0, 1, 2])) is None
