"""What the codec of a target may know: labels of all rows, a scale only of rows learned from."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

import plait
from plait.baselines.base_models import Boosted, Linear, NearestNeighbour
from plait.baselines.features import FeatureMap
from plait.baselines.labelled_rows import LabelledRows
from plait.data.table import read
from plait.fitting.setup.fit_settings import Rows
from plait.fitting.setup.problem import make_problem
from plait.progress import SILENT


def problem_of(table: pa.Table, target: str):
    return make_problem(
        read(table), target=target, exclude=(), rows=Rows(split="split"), seed=0,
        progress=SILENT,
    )  # fmt: skip


def prices(far: float) -> pa.Table:
    """Sixty rows to learn from, and forty that judge, whose prices lie `far` away."""
    rng = np.random.default_rng(0)
    split = np.array(["train"] * 60 + ["validation"] * 20 + ["test"] * 20)
    price = rng.normal(size=100) + np.where(split == "train", 0.0, far)
    return pa.table({"size": rng.normal(size=100), "price": price, "split": split})


def test_the_scale_of_a_number_is_of_training_rows_alone():
    near, far = (problem_of(prices(away), "price").target_codec for away in (0.0, 1000.0))
    assert near == far and far.high < 10


def test_numbers_that_training_has_once_are_scaled_by_what_there_is():
    table = prices(0.0)
    rows = np.array(table["split"]) == "train"
    constant = pa.array(np.where(rows, 3.0, np.array(table["price"])))
    codec = problem_of(table.set_column(1, "price", constant), "price").target_codec
    assert codec.low < codec.high
    gone = pa.array(np.array(table["price"]), mask=rows)
    model = plait.fit(
        pa.table({"size": table["size"], "price": gone}), target="price", budget="5 steps",
        simple=True, samples=False, baselines=("linear",),
    )  # fmt: skip
    assert model.records["metrics"]["weights"] == {"linear": 1.0}


def test_a_label_of_validation_rows_alone_has_its_place():
    table = prices(0.0)
    label = np.array(["a", "b"])[np.arange(100) % 2].astype(object)
    label[65] = "rare"
    table = table.set_column(1, "label", pa.array(label.tolist()))
    assert set(problem_of(table, "label").target_codec.labels) == {"a", "b", "rare"}


def test_simple_models_answer_alike_whatever_the_scale():
    problem = problem_of(prices(0.0), "price")
    features, matrices = FeatureMap.fit(problem.prepared, problem.columns, problem.splits.train)
    truth = problem.truth[problem.splits.train]
    other = type(problem.target_codec)().fit((1000 * problem.truth).tolist())
    for kind in (Linear, NearestNeighbour, Boosted):
        found = []
        for codec in (problem.target_codec, other):
            base_model = kind()
            base_model.fit(LabelledRows(matrices, truth, codec), seed=0)
            found.append(
                base_model.outputs(features.matrices(problem.prepared, problem.splits.test))
            )
        np.testing.assert_allclose(found[0][:, 0], found[1][:, 0], rtol=1e-5)
