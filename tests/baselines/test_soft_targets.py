"""Simple models learn what a teacher says, are judged by truth, and are saved in half precision."""

from __future__ import annotations

import numpy as np
import pytest
from simple_tables import make_prepared

from plait.baselines.base_models import Linear, ProductOfExperts
from plait.baselines.contract import read_files, write_files
from plait.baselines.features import FeatureMap
from plait.baselines.labelled_rows import LabelledRows
from plait.modalities.category.codec import CategoryCodec
from plait.modalities.number.codec import NumberCodec

ROWS = np.arange(200)


@pytest.fixture(scope="module", params=[0, 400])
def table(request):
    prepared = make_prepared(200, wide=request.param)
    return prepared, *FeatureMap.fit(prepared, list(prepared.columns), ROWS)


def test_a_linear_model_learns_what_a_teacher_knows_from_truth_that_is_mostly_noise(table):
    prepared, _, matrices = table
    known = (prepared.score > 0).astype(np.int64)
    truth = np.where(np.random.default_rng(0).random(200) < 0.4, 1 - known, known)
    soft = np.stack([0.6 - 0.2 * known, 0.4 + 0.2 * known], 1).astype(np.float32)
    codec, told, alone = CategoryCodec(labels=("low", "high")), Linear(), Linear()
    told.fit(LabelledRows(matrices, truth, codec, soft), seed=0)
    alone.fit(LabelledRows(matrices, truth, codec), seed=0)
    right = [(one.outputs(matrices).argmax(1) == known).mean() for one in (told, alone)]
    assert right[0] > 0.9 and right[0] > right[1] + 0.05


def test_a_number_is_learned_from_the_teacher_and_its_spread_from_truth(table):
    prepared, _, matrices = table
    truth, model = prepared.score, Linear()
    soft = (truth + 5.0)[:, None].astype(np.float32)
    model.fit(LabelledRows(matrices, truth, NumberCodec().fit(truth.tolist()), soft), seed=0)
    outputs = model.outputs(matrices)
    assert abs(outputs[:, 0].mean() - truth.mean() - 5.0) < 0.2
    assert abs(outputs[:, 2].mean() - truth.mean()) < 0.5


def test_soft_targets_travel_with_their_rows(table):
    _, _, matrices = table
    soft = np.arange(400, dtype=np.float32).reshape(200, 2)
    rows = LabelledRows(matrices, np.zeros(200, np.int64), CategoryCodec(labels=("a", "b")), soft)
    np.testing.assert_array_equal(rows.take(np.array([3, 1])).targets(), soft[[3, 1]])
    np.testing.assert_array_equal(rows.only(["size"]).targets(), soft)


def test_halved_weights_are_saved_in_half_and_answer_alike(tmp_path):
    prepared = make_prepared(200, wide=2000)
    features, matrices = FeatureMap.fit(prepared, list(prepared.columns), ROWS)
    truth = np.digitize(prepared.score, [0, 1.5])
    codec, model = CategoryCodec(labels=("low", "middle", "high")), Linear()
    model.fit(LabelledRows(matrices, truth, codec), seed=0)
    before = model.outputs(matrices)
    model.save(tmp_path / "whole")
    model.halve()
    model.save(tmp_path / "halved")
    sizes = [(tmp_path / n / "base_model.safetensors").stat().st_size for n in ("whole", "halved")]
    assert sizes[1] < 0.6 * sizes[0]
    np.testing.assert_allclose(model.outputs(matrices), before, atol=2e-3)
    loaded = Linear.load(tmp_path / "halved")
    np.testing.assert_array_equal(loaded.outputs(matrices), model.outputs(matrices))


def test_only_what_loses_nothing_is_written_in_half(tmp_path):
    fine = np.linspace(0, 1, 4096, dtype=np.float32)
    arrays = {"coarse": fine.astype(np.float16).astype(np.float32), "fine": fine, "few": fine[:2]}
    write_files(tmp_path, {"name": "x"}, arrays)
    about, found = read_files(tmp_path)
    assert about == {"name": "x"}
    for name, array in arrays.items():
        assert found[name].dtype == np.float32
        np.testing.assert_array_equal(found[name], array)
    assert (tmp_path / "base_model.safetensors").stat().st_size < 4096 * 7


def test_a_product_without_neighbours_keeps_no_rows(tmp_path):
    prepared = make_prepared(200)
    _, matrices = FeatureMap.fit(prepared, list(prepared.columns), ROWS)
    codec, truth = CategoryCodec(labels=("low", "high")), (prepared.score > 0).astype(np.int64)
    model = ProductOfExperts([["size"], ["kind"]], neighbours=False)
    model.fit(LabelledRows(matrices, truth, codec), seed=0)
    model.halve()
    model.save(tmp_path)
    assert all(b"points" not in f.read_bytes() for f in tmp_path.rglob("*.safetensors"))
    assert (model.outputs(matrices).argmax(1) == truth).mean() > 0.8


def test_many_rows_of_words_learn_from_a_teacher_by_landmarks():
    prepared = make_prepared(200, wide=150)
    _, matrices = FeatureMap.fit(prepared, list(prepared.columns), ROWS)
    codec, model = CategoryCodec(labels=("low", "high")), Linear()
    truth = (prepared.score > 0).astype(np.int64)
    soft = np.stack([1 - truth, truth], 1).astype(np.float32)
    rows = LabelledRows(matrices, truth, codec, soft)
    assert matrices.sparse.num_features > matrices.dense.shape[1] and len(rows) > 150
    model.fit(rows, seed=0)
    assert model.held_out is not None and len(model.held_out.places) < 200
    assert (model.outputs(matrices).argmax(1) == truth).mean() > 0.8
