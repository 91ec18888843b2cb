"""Metrics of many resamples at once: those of the same rows, drawn and scored one by one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plait.metrics import classification_metrics
from plait.modalities.forms import CLASSES, LABELS, NUMBER
from plait.resampled_metrics import (
    CHUNK_ROWS,
    ROWS_PER_CLASS,
    are_many,
    resampled_classification_metrics,
)


@given(st.integers(0, 2**32 - 1), st.integers(3, 9), st.sampled_from([4, 40, CHUNK_ROWS + 9]))
@settings(max_examples=30, deadline=None)
def test_like_the_metrics_of_drawn_rows(seed, num_classes, num_rows):
    rng = np.random.default_rng(seed)
    outputs = np.round(rng.dirichlet(np.ones(num_classes), num_rows), 1).astype(np.float32)
    truth = rng.integers(-1, num_classes, num_rows)
    draws = rng.integers(0, num_rows, (5, num_rows))
    counts = np.stack([np.bincount(rows, minlength=num_rows) for rows in draws])
    found = resampled_classification_metrics(outputs, truth, counts.astype(np.float32))
    for number, rows in enumerate(draws):
        for name, value in classification_metrics(outputs[rows], truth[rows]).items():
            assert found[name][number] == pytest.approx(value, rel=1e-9, nan_ok=True), name


def test_only_many_classes_are_resampled_at_once():
    assert are_many(10 * ROWS_PER_CLASS, 10) and not are_many(10 * ROWS_PER_CLASS + 1, 10)
    assert not are_many(10, 2)
    counts = np.ones((3, 20), np.float32)
    truth, many = np.zeros(20, np.int64), np.full((20, 4), 0.25, np.float32)
    found = CLASSES.resampled_metrics(many, truth, counts)
    assert found is not None and found["accuracy"].tolist() == [1.0] * 3
    assert CLASSES.resampled_metrics(many[:, :2], truth, counts) is None
    assert LABELS.resampled_metrics(many, many, counts) is None
    assert NUMBER.resampled_metrics(many, many[:, 0], counts) is None
