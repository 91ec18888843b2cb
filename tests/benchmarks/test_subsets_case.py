"""The benchmark of missing columns: every set beside its own model, and the worst is told."""

from __future__ import annotations

import numpy as np
import pytest
from benchmarks.cases import subsets
from benchmarks.settings import Settings


def test_every_set_has_a_row_and_the_worst_is_last(monkeypatch):
    def right(columns, rows):
        # The model of all columns errs where it sees the voice alone; all others are right.
        alone = columns == ("image", "name", "tags", "voice") and rows.column_names == [
            "voice",
            "group",
        ]
        return np.full(rows.num_rows, 0.0 if alone else 1.0)

    def fit(split, settings):
        return tuple(name for name in split.train.column_names if name not in ("group", "split"))

    monkeypatch.setattr(subsets, "_fit", fit)
    monkeypatch.setattr(subsets, "_right", right)
    found = subsets.run(Settings(seed=0))
    assert [row.case for row in found[:2]] == ["all columns", "image"]
    assert len(found) == 1 + 14 + 1 and found[0].value == 1.0
    by_case = {row.case: row for row in found}
    assert by_case["voice"].value == 0.0 and by_case["voice"].reached is False
    assert by_case["name + voice"].reached is True
    assert found[-1].value == pytest.approx(-100.0) and "voice" in found[-1].note
