"""Simple models in their time: what they are foreseen to need, and who is tried where none fits."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

import plait
from plait.baselines.costs import Size
from plait.fitting.candidates import base_model_bench, candidates, quick_trees
from plait.fitting.candidates.base_model_bench import BaseModelBench, Measured
from plait.fitting.candidates.base_models import measure_base_models
from plait.fitting.setup.cross_fitting import make_folds
from plait.fitting.setup.problem import make_problem
from plait.modalities.forms import CLASSES
from plait.progress import SILENT


def problem_of(num=200):
    rng = np.random.default_rng(0)
    rows = [{"size": float(rng.normal() + 3 * (i % 2)), "kind": f"k{i % 2}"} for i in range(num)]
    return make_problem(
        plait.read(rows), target="kind", exclude=[], seed=0,
        progress=SILENT,
    )  # fmt: skip


def measure(problem, seconds, folds=True):
    return measure_base_models(
        problem, make_folds(problem, 0) if folds else None, seed=0, seconds=seconds, enabled=True,
        progress=SILENT,
    )  # fmt: skip


def test_what_models_import_is_imported_before_they_are_timed(monkeypatch):
    """An import of seconds, times the folds, made trees look as if they needed ten."""
    order = []
    monkeypatch.setattr(candidates, "import_module", lambda name: order.append(name))
    real = BaseModelBench.measure
    monkeypatch.setattr(
        BaseModelBench, "measure", lambda *args: order.append("measured") or real(*args)
    )
    measure(problem_of(), 20.0)
    assert "lightgbm" in order and order.index("measured") > order.index("lightgbm")
    assert "lightgbm" not in order[order.index("measured") :]


def bench_of(monkeypatch, size, looked):
    bench = BaseModelBench.__new__(BaseModelBench)
    bench.rows = bench._seed = None
    bench._size, bench.slower, bench._num_folds = size, 1.0, 0
    for name, seconds in (("round_seconds", 0.5), ("step_seconds", 0.25)):
        monkeypatch.setattr(
            base_model_bench, name, lambda *_, n=name, s=seconds: looked.append(n) or s
        )
    monkeypatch.setattr(base_model_bench, "time", SimpleNamespace(monotonic=lambda: 100.0))
    return bench


def size(rows, outputs=40):
    return Size(
        rows=rows, judged=1000, dense=30, sparse=0.0, width=30, narrow=30, outputs=outputs,
        form=CLASSES, seconds=3e-11,
    )  # fmt: skip


def test_a_piece_of_the_real_work_decides_where_time_is_short(monkeypatch):
    looked = []
    bench = bench_of(monkeypatch, size(50_000), looked)
    found = bench.foreseen(["linear", "boosted", "majority"], 100.0 + 600.0)
    assert looked == ["round_seconds", "step_seconds"]
    assert found == pytest.approx({"linear": 75.0, "boosted": 57.55, "majority": 0.0})
    assert bench.foreseen(["linear"], None) == pytest.approx({"linear": 75.0})


def test_a_linear_model_of_many_classes_takes_no_longer_than_by_landmarks(monkeypatch):
    texts = replace(size(20_000, 400), dense=0, sparse=40.0, width=60_000)
    bench = bench_of(monkeypatch, texts, [])
    free, timed = (bench.foreseen(["linear"], end)["linear"] for end in (None, 120.0))
    assert 0 < timed < free / 5


@pytest.mark.parametrize(("rows", "end"), [(50_000, 101.0), (300, 700.0), (50_000, None)])
def test_where_it_is_quick_or_time_is_free_or_too_short_for_it_nothing_is_looked_at(
    monkeypatch, rows, end
):
    looked = []
    bench_of(monkeypatch, size(rows, 2 if rows == 300 else 40), looked).foreseen(
        ["linear", "boosted"], end
    )
    assert looked == []


def test_where_none_can_be_complete_one_is_tried_all_the_same(monkeypatch):
    monkeypatch.setattr(
        BaseModelBench,
        "foreseen",
        lambda self, names, end: {n: 0.0 if n == "majority" else 1e6 for n in names},
    )
    found = measure(problem_of(), 2.0, folds=False)
    assert set(found.outputs) == {"majority", "linear"}
    assert set(found.left_out) == {"neighbour", "boosted"}
    assert isinstance(found.found["linear"], Measured)


def test_nothing_is_tried_late_beside_one_that_is_there(monkeypatch):
    monkeypatch.setattr(
        BaseModelBench,
        "foreseen",
        lambda self, names, end: {n: 1e6 if n in ("linear", "boosted") else 0.0 for n in names},
    )
    found = measure(problem_of(), 2.0, folds=False)
    assert set(found.outputs) == {"majority", "neighbour"}
    assert set(found.left_out) == {"linear", "boosted"}


def problem_with(name, present, cell, num=400):
    """A plain column, and another that few rows have."""
    rng = np.random.default_rng(0)
    rows = [
        {"size": float(rng.normal() + 3 * (i % 2)), "kind": f"k{i % 2}",
         name: cell(i) if present(i) else None, "words": f"{'red' if i % 3 else 'blue'} boat {i}"}
        for i in range(num)
    ]  # fmt: skip
    columns = {"size": "number", "words": "text", name: "text" if name == "note" else "number"}
    return make_problem(
        plait.read(rows, columns=columns), target="kind", exclude=[], seed=0, progress=SILENT,
    )  # fmt: skip


def test_a_column_that_few_rows_have_is_not_taken_for_a_plain_one():
    """None of the rows that are looked at may have it: then it seems to have no features."""
    present = lambda i: i % 40 == 7  # noqa: E731
    problem = problem_with("note", present, lambda i: f"a note of boat {i}")
    assert candidates.quick_columns(problem) == ("size",)
    assert candidates.quick_columns(problem_with("rare", present, float)) == ("size", "rare")


def test_a_model_of_plain_columns_sees_the_same_features_later(monkeypatch):
    """Trees learn before all else, from columns planned on few rows: their places must stay."""
    problem = problem_with("rare", lambda i: i % 40 == 7, float)
    learned = problem.splits.train[problem.splits.train % 40 != 7]
    monkeypatch.setattr(quick_trees, "even_sample", lambda rows, num: learned[:8])
    found = measure(problem, 60.0, folds=False)
    assert "trees" in found.outputs
    (base_model, places), *_ = found.judges.stages["trees"]
    seen = found.judges.rows.matrices.take(places)
    assert seen.only(("size", "rare")).tree.shape[1] == len(base_model._boosted._selection.dense)
    np.testing.assert_allclose(base_model.outputs(seen), found.outputs["trees"][places], atol=1e-6)
    for gone in (["rare"], ["size"], ["words"]):
        assert np.isfinite(found.judges.hidden("trees", places, gone)).all()
