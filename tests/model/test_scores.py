"""What a score holds, and what it says that it leaves out."""

from __future__ import annotations

import numpy as np
import pytest

from plait.metrics import expected_calibration_error
from plait.modalities import forms
from plait.modalities.category.codec import CategoryCodec
from plait.model.judges import OutputJudge
from plait.model.scores import score


def test_a_table_of_confusion_too_large_to_show_is_said_to_be_left_out(monkeypatch):
    judge = OutputJudge(CategoryCodec(labels=("x", "y", "z")))
    outputs = np.float32([[0.6, 0.2, 0.2], [0.1, 0.8, 0.1], [0.3, 0.3, 0.4]])
    truth, present = np.array([0, 1, 2]), {"a": np.ones(3, bool)}
    whole = score(judge, outputs, truth, present)
    assert "confusion" in whole and "left_out" not in whole
    monkeypatch.setattr(forms, "MAX_CONFUSION", 2)
    less = score(judge, outputs, truth, present)
    assert "confusion" not in less and "more than 2 classes" in less["left_out"][0]


def test_expected_calibration_error_by_hand():
    bins = [
        {"confidence": 0.9, "accuracy": 0.7, "count": 30},
        {"confidence": 0.5, "accuracy": 0.6, "count": 10},
    ]
    assert expected_calibration_error(bins) == pytest.approx((30 * 0.2 + 10 * 0.1) / 40)
    assert np.isnan(expected_calibration_error([]))


def test_a_set_of_columns_that_all_rows_have_is_scored_once():
    rng = np.random.default_rng(0)
    judge = OutputJudge(CategoryCodec(labels=tuple("vwxyz")))
    outputs = rng.dirichlet(np.ones(5), 40).astype(np.float32)
    truth = rng.integers(0, 5, 40)
    found = score(judge, outputs, truth, {"a": np.ones(40, bool), "b": np.zeros(40, bool)})
    (one,) = found["by_present"].items()
    assert one == ("a", {name: found[name] for name in ("rows", "metrics", "intervals")})
    assert found["rows"] == 40 and set(found["intervals"]) == set(found["metrics"])
    some = np.arange(40) < 15
    found = score(judge, outputs, truth, {"a": np.ones(40, bool), "b": some})
    assert {key: one["rows"] for key, one in found["by_present"].items()} == {"a": 25, "a+b": 15}
    alone = score(judge, outputs[some], truth[some], {"a": np.ones(15, bool)})
    assert found["by_present"]["a+b"]["metrics"] == alone["metrics"]
