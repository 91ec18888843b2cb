"""A linear model with a closed form takes it where there is time: it cannot be cut short."""

from __future__ import annotations

import time
from types import SimpleNamespace

import numpy as np
import pytest
from simple_tables import FakeColumn, VectorCodec

from plait.baselines import landmarks, linear, linear_svm
from plait.baselines.base_models import Linear
from plait.baselines.contract import Deadline, is_late
from plait.baselines.features import FeatureMap
from plait.baselines.labelled_rows import LabelledRows
from plait.baselines.linear_svm import MAX_STEPS, PILOT_STEPS, fit_linear_svm
from plait.modalities.category.codec import CategoryCodec


def wide_matrices(num_rows=60, width=90):
    """More features than rows, of which the first tells the class."""
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 2, num_rows)
    table = rng.normal(size=(num_rows, width)).astype(np.float32)
    table[:, 0] += 6 * truth
    column = FakeColumn(VectorCodec(width), [{"values": row} for row in table])
    prepared = SimpleNamespace(columns={"v": column}, num_rows=num_rows)
    _, matrices = FeatureMap.fit(prepared, ["v"], np.arange(num_rows))
    return matrices, truth


@pytest.mark.parametrize(
    ("foreseen", "left", "way"),
    [
        (9.0, None, "_fit_closed"),
        (9.0, 60.0, "_fit_closed"),
        (9.0, 0.0, "_fit_descent"),
        (0.1, 0.0, "_fit_closed"),
    ],
)
def test_what_comes_too_late_for_a_closed_form_goes_step_by_step(monkeypatch, foreseen, left, way):
    matrices, truth = wide_matrices()
    done = []
    for name in ("_fit_closed", "_fit_descent"):
        real = getattr(Linear, name)
        watched = lambda self, *given, n=name, r=real: (done.append(n), r(self, *given))  # noqa: E731
        monkeypatch.setattr(Linear, name, watched)
    monkeypatch.setattr(linear, "foreseen_seconds", lambda *_: foreseen)
    deadline = None if left is None else time.monotonic() + left
    base_model = Linear()
    base_model.fit(
        LabelledRows(matrices, truth, CategoryCodec(labels=("x", "y"))), seed=0, deadline=deadline
    )
    assert done == [way]
    assert (base_model.outputs(matrices).argmax(1) == truth).mean() > 0.55


@pytest.mark.parametrize(("cells", "seen"), [(200_000, 90), (60, 20)])
def test_a_linear_svm_that_comes_too_late_is_of_few_steps_and_rows(monkeypatch, cells, seen):
    """A step cannot be cut short: how long one takes is told by some rows."""
    from scipy.sparse import csr_matrix
    from sklearn.svm import LinearSVC

    monkeypatch.setattr(linear_svm, "PILOT_CELLS", cells)
    monkeypatch.setattr(linear_svm, "LEAST_ROWS", 10)
    rng = np.random.default_rng(1)
    truth = rng.integers(0, 3, 90)
    rows = csr_matrix(rng.normal(size=(90, 40)) + 3 * np.eye(3, 40)[truth])
    done, real = [], LinearSVC.fit

    def fit(self, table, *given, **named):
        done.append((self.max_iter, table.shape[0]))
        return real(self, table, *given, **named)

    monkeypatch.setattr(LinearSVC, "fit", fit)
    deadline = Deadline(time.monotonic() - 1)
    weights = fit_linear_svm(rows, truth, 3, 40, 0.1, 0, None, deadline)
    assert done == [(PILOT_STEPS, seen)] * 2 and is_late(deadline)
    assert ((rows.toarray() @ weights.dense + weights.bias).argmax(1) == truth).mean() > 0.7
    fit_linear_svm(rows, truth, 3, 40, 0.1, 0, None, Deadline(time.monotonic() + 600))
    assert done[-1] == (MAX_STEPS, 90)


def test_a_linear_svm_that_comes_far_too_late_gives_way_to_landmarks(monkeypatch):
    matrices, truth = wide_matrices(num_rows=60, width=90)
    monkeypatch.setattr(linear, "foreseen_seconds", lambda *_: 6.0)
    monkeypatch.setattr(landmarks, "NUM_LANDMARKS", (500, 40, 20))
    monkeypatch.setattr(landmarks, "landmark_seconds", lambda _, num: num / 20)
    rows = LabelledRows(matrices, truth, CategoryCodec(labels=("x", "y")))

    def num(left):
        deadline = None if left is None else Deadline(time.monotonic() + left)
        return linear._num_landmarks(rows, deadline)

    assert [num(left) for left in (None, 2.5, 1.9, 0.9, -1.0)] == [0, 0, 20, 0, 0]
    monkeypatch.setattr(landmarks, "landmark_seconds", lambda _, num: num / 40)
    assert num(1.9) == 40
    base_model, deadline = Linear(), Deadline(time.monotonic() + 1.9)
    base_model._fit_landmarks(rows, 40, 0, deadline)
    assert deadline.stopped
    held = base_model.held_out
    assert (held.outputs.argmax(1) == truth[held.places]).mean() > 0.6
    assert (base_model.outputs(matrices).argmax(1) == truth).mean() > 0.9
