"""Weights of rows in a fit: by column, by class; what they change, and what is refused."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

import plait
from plait.data.prepared import fit_codecs, prepare_table
from plait.errors import TableError, TargetError, UsageError
from plait.fitting.setup.row_weights import balanced_weights, normalised
from plait.networks.config import SystemConfig
from plait.networks.system import System, to_tensors
from plait.train.config import TrainConfig
from plait.train.data import TrainData
from plait.train.supervised import Supervised

RNG = np.random.default_rng(0)
SIZES = RNG.normal(size=300)
ROWS = [
    {"size": float(x), "kind": "pq"[i % 2], "trust": 9.0 if i % 2 else 1.0}
    for i, x in enumerate(SIZES)
]
QUICK = {"target": "kind", "simple": True, "budget": "5s", "samples": False}


def test_a_column_of_weights_is_no_input_and_decides():
    """Nothing tells the classes apart, so probabilities are their shares: by weight, 9 to 1."""
    table = plait.read(ROWS, columns="size=number,trust=number")
    plain = plait.fit(table, exclude=["trust"], **QUICK)
    heavy = plait.fit(table, weights="trust", **QUICK)
    assert heavy.inputs == ("size",)
    one = {"size": 0.0}
    place = heavy.classes_.index("q")
    assert plain.predict_proba(one)[0, plain.classes_.index("q")] == pytest.approx(0.5, abs=0.12)
    assert heavy.predict_proba(one)[0, place] == pytest.approx(0.9, abs=0.06)
    metrics = heavy.records["metrics"]
    assert "rows are weighted by 'trust'" in metrics["notes"]
    judged = metrics["test"]
    assert judged["weighted"]["accuracy"] == pytest.approx(0.9, abs=0.05)
    assert judged["metrics"]["accuracy"] < 0.7
    assert heavy.summary()["weighted"] == judged["weighted"]
    assert heavy.records["lineage"]["settings"]["weights"] == "trust"


def test_rows_of_weight_zero_take_no_part():
    rows = [dict(row, kind="pq"[i < 150], trust=float(i < 150)) for i, row in enumerate(ROWS)]
    with pytest.raises(TableError, match="all weights are 0"):
        plait.fit([{**row, "trust": 0.0} for row in ROWS], weights="trust", **QUICK)
    rows[0]["kind"] = rows[1]["kind"] = rows[2]["kind"] = "p"
    model = plait.fit(rows, weights="trust", **QUICK)
    assert "150 rows of weight 0 take no part" in model.records["metrics"]["notes"]
    assert model.predict_proba({"size": 0.0})[0, model.classes_.index("q")] > 0.9


def test_balanced_classes_count_alike():
    rows = [{**row, "kind": "p" if i % 10 else "q"} for i, row in enumerate(ROWS)]
    table = plait.read(rows, columns="size=number,trust=ignore")
    model = plait.fit(table, weights="balanced", **QUICK)
    assert model.predict_proba({"size": 0.0}).max() < 0.65
    assert "classes count alike" in " ".join(model.records["metrics"]["notes"])


def test_balanced_weights_by_hand():
    truth = np.array([0, 0, 0, 1, -1, 2])
    found = balanced_weights(truth, np.array([0, 1, 2, 3]))
    assert found.tolist() == pytest.approx([2 / 3, 2 / 3, 2 / 3, 2.0, 1.0, 1.0])
    assert normalised(found, np.arange(4)).mean() == pytest.approx(found.mean() / found[:4].mean())


@pytest.mark.parametrize(
    ("rows", "settings", "error", "message"),
    [
        (ROWS, {"weights": "trusty"}, UsageError, "no column 'trusty' of weights"),
        (ROWS, {"weights": "kind"}, UsageError, "no column 'kind' of weights"),
        (ROWS, {"weights": "trust", "target": None}, UsageError, "weights are of rows"),
        (ROWS, {"weights": "balanced", "target": "size"}, TargetError, "only classes"),
        ([{**r, "balanced": 1} for r in ROWS], {"weights": "balanced"}, UsageError, "also a word"),
        ([*ROWS[:9], {**ROWS[9], "trust": -1}], {"weights": "trust"}, TableError, "not usable"),
        ([*ROWS[:9], {**ROWS[9], "trust": None}], {"weights": "trust"}, TableError, "not usable"),
    ],
)
def test_wrong_weights_are_refused(rows, settings, error, message):
    table = plait.read(rows, columns="size=number")
    with pytest.raises(error, match=message) as caught:
        plait.fit(table, **{**QUICK, **settings})
    assert (caught.value.exit_code == 2) == (error is not TableError)
    if error is TableError:
        assert (caught.value.column, caught.value.row) == ("trust", 9)


def test_the_network_learns_by_weight():
    table = plait.read(ROWS[:40], columns="size=number,trust=ignore")
    codecs = fit_codecs(table, ["size", "kind"], np.arange(40))
    prepared = prepare_table(table, codecs)
    column = prepared.columns["kind"]
    data = TrainData(
        prepared=prepared, columns=("size",), codec=codecs["kind"],
        truth=codecs["kind"].truth([column[i] for i in range(40)]),
        rows=np.arange(32), rows_validation=np.arange(32, 40),
    )  # fmt: skip
    torch.manual_seed(0)
    config = SystemConfig(dim=16, depth=1, num_heads=2)
    system = System({"size": codecs["size"]}, codecs["kind"], config).eval()
    rows = np.arange(6)
    batch = to_tensors({"size": prepared.columns["size"].gather(rows)}, "cpu")

    def loss(weights):
        objective = Supervised(system, dataclasses.replace(data, weights=weights), TrainConfig())
        return float(objective.loss(rows, (batch,), "float32").detach())

    each = [loss(one) for one in np.eye(40, dtype=np.float32)[:6]]
    heavy = np.zeros(40, np.float32)
    heavy[:6] = [1, 2, 3, 0, 0, 4]
    assert loss(heavy) == pytest.approx(float(heavy[:6] @ each), rel=1e-4)
    assert loss(None) == pytest.approx(sum(each), rel=1e-4)
