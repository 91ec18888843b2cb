"""What a page answers from a network's outputs is what Python answers from them."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from plait.data.collation import collate
from plait.model.calibration import Calibration
from plait.model.decision import Decision
from plait.model.scales import scale_of
from plait.networks.runner import flat
from plait.web.facts import page_facts

sys.path.insert(0, str(Path(__file__).parent))

from in_node import flat_rows, needs_node, run
from small_models import COLUMNS, small_model, table

pytestmark = needs_node

ANSWER = """
import { answerOf } from "./predictor.js";
const form = await import(`./forms/${given.facts.answer.form}.js`);
const codecs = {};
for (const { modality } of given.facts.columns) {
  codecs[modality] = await import(`./codecs/${modality}/codec.js`);
}
const answers = [];
for (const { cells, outputs } of given.rows) {
  const runners = outputs.map((one) => async () =>
    ({ outputs: Float32Array.from(one), latent: new Float32Array(0) }));
  const found = await answerOf(given.facts, codecs, form, runners, cells);
  answers.push({ ...found, outputs: Array.from(found.outputs) });
}
console.log(JSON.stringify(answers));
"""
CELLS = {"note": "a red boat", "size": "3.5", "shop": "north", "tags": "a;b"}


def outputs_for(model, num, seed=0):
    """Return outputs of the form of a model's target, float32 ``[row, output]``."""
    rng, codec = np.random.default_rng(seed), model.target_codec
    if codec.form.name == "number":
        found = np.sort(rng.normal(10, 4, (num, 4)), axis=1)
        found[:, 0] = found[:, 2]
    else:
        found = rng.dirichlet(np.ones(len(codec.labels)), num)
        if codec.form.name == "labels":
            found = rng.uniform(0, 1, (num, len(codec.labels)))
    return found.astype(np.float32)


def told(model, outputs, patterns):
    """Return what a page answers to rows that have some of the columns."""
    rows = [
        {
            "cells": {n: c for n, c, has in zip(CELLS, CELLS.values(), p, strict=True) if has},
            "outputs": [one.tolist()],
        }
        for one, p in zip(outputs, patterns, strict=True)
    ]
    return run(ANSWER, {"facts": page_facts(model), "rows": rows})


def patterned(num, seed=1):
    return np.random.default_rng(seed).random((num, len(COLUMNS))) < 0.6


def prepared_of(present):
    columns = {n: SimpleNamespace(present=present[:, i]) for i, n in enumerate(COLUMNS)}
    return SimpleNamespace(columns=columns, num_rows=len(present))


def calibration_of(model, *, known):
    """Return a calibration with three patterns; `known` says whose lack something is known of."""
    scale = scale_of(model.target_codec)
    num_factors = 2 if model.target_codec.form.name == "number" else 1
    rng = np.random.default_rng(2)
    lacking = rng.uniform(0.5, 2, (len(COLUMNS), num_factors)).astype(np.float32)
    lacking[~np.array(known)] = np.nan
    patterns = np.array([[1, 1, 1, 1], [1, 1, 1, 0], [0, 1, 0, 0], [1, 0, 0, 0]], bool)
    factors = rng.uniform(0.4, 2.5, (len(patterns), num_factors)).astype(np.float32)
    columns = {name: (name,) for name in COLUMNS}
    return Calibration(columns, patterns, factors, np.full(4, 50), lacking, scale)


@pytest.mark.parametrize("target", ["kind", "price", "words"])
@pytest.mark.parametrize("known", [(True,) * 4, (True, False, True, False), (False,) * 4], ids=str)
def test_calibrated_outputs_are_the_same_in_every_set_of_columns(target, known):
    model = small_model(target)
    model.ensemble.calibration = calibration_of(model, known=known)
    outputs, present = outputs_for(model, 60), patterned(60)
    wanted = model.ensemble.calibration.apply(outputs, prepared_of(present), np.arange(60))
    found = np.array([one["outputs"] for one in told(model, outputs, present)])
    np.testing.assert_allclose(found, wanted, atol=1e-6, rtol=1e-6)


@pytest.mark.parametrize("target", ["kind", "price", "words"])
def test_answers_and_confidence_are_the_same(target):
    model = small_model(target)
    outputs = outputs_for(model, 30)
    wanted = model.ensemble.answer(outputs)
    found = told(model, outputs, np.ones((30, 4), bool))
    np.testing.assert_allclose([one["confidence"] for one in found], wanted["confidence"], 1e-5)
    if target == "price":
        np.testing.assert_allclose([one["prediction"] for one in found], wanted["prediction"], 1e-6)
        ends = np.stack([wanted["q05"], wanted["q95"]], axis=1)
        np.testing.assert_allclose([one["interval"] for one in found], ends, 1e-6)
    else:
        assert [one["prediction"] for one in found] == list(wanted["prediction"])
        for label in model.target_codec.labels:
            shares = [s["share"] for one in found for s in one["shares"] if s["label"] == label]
            np.testing.assert_allclose(shares, wanted[f"p_{label}"], 1e-6)


def test_a_number_on_a_logarithmic_scale_is_as_sure_as_in_python():
    model = small_model("price")
    codec = type(model.target_codec)(log=True, mean=2.0, scale=0.7, low=1.0, high=90.0, unit="kg")
    model.ensemble.target = codec
    outputs = np.abs(outputs_for(model, 20))
    found = told(model, outputs, np.ones((20, 4), bool))
    wanted = codec.answer(outputs)["confidence"]
    np.testing.assert_allclose([one["confidence"] for one in found], wanted, 1e-5)
    assert found[0]["unit"] == "kg"


@pytest.mark.parametrize("threshold", [0.1, 0.5, 0.9])
def test_a_decision_moves_the_answer_and_its_confidence(threshold):
    decision = Decision(positive="good", threshold=threshold)
    model = small_model("kind", decision=decision)
    outputs = outputs_for(model, 40)
    wanted = model.ensemble.answer(outputs)
    found = told(model, outputs, np.ones((40, 4), bool))
    assert [one["prediction"] for one in found] == wanted["prediction"]
    assert len(set(wanted["prediction"])) == 2
    np.testing.assert_allclose([one["confidence"] for one in found], wanted["confidence"], 1e-6)


def test_several_networks_count_by_their_mean():
    model = small_model("kind")
    first, second = outputs_for(model, 2, seed=3)
    row = {"cells": CELLS, "outputs": [first.tolist(), second.tolist()]}
    (found,) = run(ANSWER, {"facts": page_facts(model), "rows": [row]})
    np.testing.assert_allclose(found["outputs"], (first + second) / 2, 1e-6)


def test_a_row_is_laid_out_as_graphs_take_it():
    model, read = small_model(), table()
    rows = [{name: read.column(name)[i] for name in COLUMNS} for i in (0, 1, 7)]
    found = flat_rows(page_facts(model)["columns"], rows)
    for cells, one in zip(rows, found, strict=True):
        prepared = model.prepare(model.as_table([cells]))
        batch = {
            name: collate([prepared.columns[name][0]], codec.layout)
            for name, codec in model.codecs.items()
        }
        wanted = flat(batch)
        assert one.keys() == wanted.keys()
        for name, array in wanted.items():
            least = np.zeros([max(2, n) if axis else n for axis, n in enumerate(array.shape)])
            short = one[name][tuple(map(slice, array.shape))]
            np.testing.assert_allclose(short, array, 1e-5, err_msg=name)
            assert one[name].shape in (array.shape, least.shape), name
            assert one[name].dtype.kind == array.dtype.kind, name


def test_a_cell_that_cannot_be_read_names_its_column():
    model = small_model()
    (found,) = flat_rows(page_facts(model)["columns"], [{"size": "many"}])
    assert found == {"error": "not a number; expected a number", "column": "size"}
