"""Fits whose budget is counted in steps: however fast or slow the machine, the same model."""

from __future__ import annotations

import itertools
import time

import numpy as np
import pyarrow as pa
import pytest

import plait
from plait.baselines.base_models import WithReducedModels


def table(num_rows: int) -> pa.Table:
    """Numbers, a category and words with gaps, so that reduced models and folds have work."""
    rng = np.random.default_rng(0)
    size, kind = rng.normal(size=num_rows), rng.integers(0, 3, num_rows)
    words = [" ".join(rng.choice(["red", "old", "big", "wet"], 2)) for _ in range(num_rows)]
    gone = rng.random((3, num_rows)) < 0.25
    return pa.table(
        {
            "size": pa.array(size, mask=gone[0]),
            "kind": pa.array(np.array(["a", "b", "c"])[kind], mask=gone[1]),
            "note": pa.array(words, mask=gone[2]),
            "label": np.where(size + kind + rng.normal(size=num_rows) > 1, "yes", "no"),
        }
    )


def fitted(
    rows: pa.Table, seconds_per_look: float, monkeypatch, cache, *, simple: bool
) -> plait.Model:
    """Fit while every look at the clock finds so many seconds gone."""
    ticks = itertools.count(step=seconds_per_look)
    with monkeypatch.context() as patched:
        for name in ("monotonic", "perf_counter", "process_time"):
            patched.setattr(time, name, lambda: float(next(ticks)))
        patched.setenv("PLAIT_CACHE", str(cache))
        return plait.fit(
            rows, target="label", budget="4 steps", samples=False, simple=simple,
            **({} if simple else {"size": "tiny", "fusion": "mid"}),
            baselines=("majority", "linear", "neighbour"),
        )  # fmt: skip


@pytest.mark.parametrize("simple", [False, True])
def test_a_clock_that_runs_away_changes_nothing(simple, monkeypatch, tmp_path):
    rows = table(200)
    steady, racing = (
        fitted(rows, seconds, monkeypatch, tmp_path / str(seconds), simple=simple)
        for seconds in (0.0, 500.0)
    )
    first, second = (model.records["metrics"] for model in (steady, racing))
    for part in ("weights", "notes", "validation", "test", "subsets"):
        np.testing.assert_equal(first[part], second[part])
    for part in ("steps", "precision", "join"):
        assert first["training"].get(part) == second["training"].get(part)
    reduced = [
        one for one in steady.ensemble.base_models.values() if isinstance(one, WithReducedModels)
    ]
    assert any(one.routes for one in reduced) or not simple
    found = [model.predict(rows.drop_columns(["label"])).columns for model in (steady, racing)]
    np.testing.assert_array_equal(found[0]["confidence"], found[1]["confidence"])
