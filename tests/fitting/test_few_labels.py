"""Few labels: rows without any are counted, and what cannot be compared ships as equals."""

from __future__ import annotations

import numpy as np

import plait
import plait.fitting.setup.problem
from plait.fitting.choice.choose import unjudged
from plait.networks.config import SystemConfig

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


def test_few_rows_without_a_target_are_left_out():
    model = fitted(rows(100, labelled=30, validation=54))
    notes = model.records["metrics"]["notes"]
    assert any("16 rows have no target" in note for note in notes)


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
