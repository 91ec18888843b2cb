"""A column of series as the target: drawn from the others, honestly compared, and varied."""

from __future__ import annotations

import json

import numpy as np
import pytest

import plait
from plait.networks.config import SystemConfig
from plait.train.config import TrainConfig

TINY = SystemConfig(dim=64, depth=1, num_heads=2, join=0)
SHAPES = {"wave": lambda t: np.sin(t), "ramp": lambda t: t / 6 - 1, "step": lambda t: 1.0 * (t > 6)}
COLUMNS = {"size": "number", "shape": "category", "curve": "series"}


def curve(size, shape, steps=24):
    """The true curve of a row: a shape, times a size."""
    return size * SHAPES[shape](np.linspace(0, 12, steps))


def rows(num, seed=0, gaps=0.05, lengths=(24,)):
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(num):
        size, shape = float(rng.uniform(0.5, 3)), list(SHAPES)[rng.integers(3)]
        steps = int(rng.choice(lengths))
        drawn = curve(size, shape, steps) + rng.normal(0, 0.1, steps) + rng.normal(0, 0.3)
        row = {"size": size, "shape": shape}
        gone = [name for name in row if rng.random() < gaps]
        found.append({**row, **dict.fromkeys(gone), "curve": drawn.round(3).tolist()})
    return found


def fit(table, out=None, steps=300):
    return plait.fit(
        plait.read(table, columns=COLUMNS), target="curve", budget=f"{steps} steps", size=TINY,
        train=TrainConfig(learning_rate=5e-3, batch_size=32), out=out,
    )  # fmt: skip


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    path = tmp_path_factory.mktemp("curves") / "curves.plait"
    return fit(rows(400), path), path


def test_it_learns_the_curves_and_beats_its_baselines(drawn):
    model, path = drawn
    metrics = model.records["metrics"]
    scores = {one["name"]: one["metrics"]["mse"] for one in metrics["candidates"]}
    assert metrics["shipped"] == "deep"
    assert scores.keys() == {"deep", "typical", "nearest", "linear_map"}
    assert scores["deep"] < min(scores["nearest"], scores["linear_map"]) < scores["typical"]
    asked = [{"size": size, "shape": shape} for size in (1.0, 2.5) for shape in SHAPES]
    said = [np.array(json.loads(text))[:, 0] for text in model.predict(asked)["prediction"]]
    for made, row in zip(said, asked, strict=True):
        assert made.shape == (24,) and np.abs(made - curve(**row)).mean() < 0.25, row
    again = plait.load(path).predict(asked)["prediction"]
    assert list(again) == list(model.predict(asked)["prediction"])
    fresh = plait.evaluate(path, rows(100, seed=1, gaps=0.0))
    low, high = fresh["intervals"]["mse"]
    assert low <= fresh["metrics"]["mse"] <= high and fresh["metrics"]["length_off"] == 0.0


def test_draws_vary_as_training_does_together_and_by_step(drawn):
    model, _ = drawn
    one = {"size": 1.5, "shape": "ramp"}
    said = [model.predict([one], temperature=1.0, seed=s)["prediction"][0] for s in range(60)]
    draws = np.array([json.loads(text) for text in said])[..., 0]
    rest = draws - draws.mean(0)
    assert 0.15 < rest.mean(1).std() < 0.5  # the level that all steps share: .3
    alone = rest - rest.mean(1, keepdims=True)
    assert 0.05 < alone.std() < 0.3  # each step by itself: .1


def test_series_of_several_lengths_are_drawn_in_their_length():
    table = rows(300, lengths=(12, 24), gaps=0.0)
    for row in table:
        row["shape"] = "wave" if len(row["curve"]) == 12 else "ramp"
    model = fit(table, steps=150)
    made = model.predict([{"size": 1.0, "shape": "wave"}, {"size": 1.0, "shape": "ramp"}])
    lengths = [len(json.loads(text)) for text in made["prediction"]]
    if model.records["metrics"]["shipped"] == "deep":
        assert abs(lengths[0] - 12) <= 2 and abs(lengths[1] - 24) <= 3
    assert all(1 <= length <= 48 for length in lengths)


def test_the_page_draws_pairs(drawn, tmp_path):
    page = plait.report(drawn[1], tmp_path / "page.html").read_text(encoding="utf8")
    assert "Draws" in page and "mean squared error by step" in page and "MSE" in page
