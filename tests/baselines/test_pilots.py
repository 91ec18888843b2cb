"""Pieces of the real work tell how long all of it takes, whatever the machine is."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from simple_tables import make_prepared

from plait.baselines import boosting, descent
from plait.baselines.costs import NUM_ROUNDS, NUM_STEPS, Size, foreseen_seconds
from plait.baselines.features import FeatureMap
from plait.baselines.labelled_rows import LabelledRows
from plait.baselines.pilots import round_seconds, step_seconds
from plait.modalities import find_codec
from plait.modalities.forms import CLASSES, LABELS


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now


CODEC = find_codec("category")(labels=("a", "b", "c"))


@pytest.fixture
def rows():
    matrices = FeatureMap.fit(make_prepared(), ["size", "kind"], np.arange(100))[1]
    return LabelledRows(matrices, np.arange(100) % 3, CODEC)


def test_a_step_is_timed_on_few_rows_and_counts_for_all(rows, monkeypatch):
    clock, real = Clock(), descent.Softmax.loss_and_slope
    monkeypatch.setattr(descent, "time", clock)
    monkeypatch.setattr("plait.baselines.pilots.NUM_ROWS", 20)

    def slow(self, scores, *others):
        clock.now += 0.01 * len(scores)
        return real(self, scores, *others)

    monkeypatch.setattr(descent.Softmax, "loss_and_slope", slow)
    assert step_seconds(rows) == pytest.approx(1.0)


def test_a_round_is_timed_without_what_begins_the_first(rows, monkeypatch):
    clock, real = Clock(), boosting._Progress.__call__

    def slow(self, env):
        clock.now += 2.0 if env.iteration else 50.0
        real(self, env)

    monkeypatch.setattr(boosting, "time", clock)
    monkeypatch.setattr(boosting._Progress, "__call__", slow)
    assert round_seconds(rows, 0) == pytest.approx(2.0)
    several = np.eye(3, dtype=np.float32)[rows.truth]
    tags = SimpleNamespace(form=LABELS, labels=("a", "b", "c"))
    assert round_seconds(LabelledRows(rows.matrices, several, tags), 0) == pytest.approx(6.0)


def test_what_was_measured_counts_and_not_what_was_foreseen():
    size = Size(
        rows=5000, judged=1000, dense=10, sparse=0.0, width=10, narrow=10, outputs=5,
        form=CLASSES, seconds=3e-11, per_round=0.2, per_step=0.1,
    )  # fmt: skip
    assert foreseen_seconds("boosted", size) == pytest.approx(0.05 + 0.2 * NUM_ROUNDS)
    assert foreseen_seconds("linear", size) == pytest.approx(0.1 * NUM_STEPS)
    assert foreseen_seconds("product_of_experts", size) > 0.1 * NUM_STEPS
