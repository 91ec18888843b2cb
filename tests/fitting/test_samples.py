"""Rows to look at: what a card needs is in the records, for every kind of target."""

from __future__ import annotations

import numpy as np
import pytest

import plait
from plait.fitting.records.samples import NUM_WORST
from plait.networks.config import SystemConfig

TINY = SystemConfig(dim=16, depth=1, num_heads=2)


def rows(num=120):
    rng = np.random.default_rng(0)
    sizes = rng.normal(size=num)
    kinds = np.where(sizes + rng.normal(0, 0.7, num) > 0, "large", "small")
    return [
        {
            "size": round(float(sizes[i]), 4),
            "weight": round(float(sizes[i] * 3 + rng.normal()), 4),
            "kind": str(kinds[i]),
            "tags": ("x;" if sizes[i] > 0 else "") + ("y" if i % 2 else "z"),
        }
        for i in range(num)
    ]


def fitted(target, modality, leave):
    columns = {"size": "number", "weight": "number", "kind": "category", "tags": "categories"}
    table = plait.read(rows(), columns=columns | {target: modality})
    return plait.fit(table, target=target, exclude=leave, budget="2 steps", size=TINY, fusion="mid")


@pytest.fixture(scope="module")
def classes():
    return fitted("kind", "category", ["tags"])


def test_cards_are_drawn_by_lot_and_from_the_worst(classes):
    samples = classes.records["samples"]
    assert [one["drawn"] for one in samples].count("worst") == NUM_WORST
    assert len({one["row"] for one in samples}) == len(samples) == 12


def test_classes_have_a_second_choice_and_know_whether_they_are_right(classes):
    for one in classes.records["samples"]:
        assert one["right"] == (one["truth"] == one["prediction"])
        assert one["second"]["label"] != one["prediction"]
        assert one["second"]["probability"] + one["confidence"] == pytest.approx(1, abs=1e-5)


def test_numbers_have_an_interval_and_know_whether_it_holds():
    model = fitted("weight", "number", ["tags"])
    for one in model.records["samples"]:
        assert one["q05"] <= one["q95"]
        assert one["right"] == (one["q05"] <= one["true"] <= one["q95"])
        assert float(one["truth"]) == pytest.approx(one["true"], abs=1e-3)
    points = model.records["metrics"]["test"]["scatter"]
    assert all(len(point) == 4 and point[2] <= point[3] for point in points)
    inside = np.mean([low <= true <= high for true, _, low, high in points])
    assert inside == pytest.approx(model.records["metrics"]["test"]["metrics"]["coverage"])


def test_tags_know_what_was_missed_and_what_was_too_many():
    model = fitted("tags", "categories", ["kind"])
    for one in model.records["samples"]:
        true, said = (set(filter(None, one[k].split(";"))) for k in ("truth", "prediction"))
        assert set(one["missed"]) == true - said and set(one["extra"]) == said - true
        assert one["right"] == (true == said)
    scores = model.records["metrics"]["test"]["per_label"]
    assert {one["label"] for one in scores} == {"x", "y", "z"}
    assert all(0 <= one["f1"] <= 1 for one in scores)
    f1 = np.mean([one["f1"] for one in scores if one["rows"]])
    assert f1 == pytest.approx(model.records["metrics"]["test"]["metrics"]["macro_f1"])
