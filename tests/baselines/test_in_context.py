"""A tabular foundation model as a base model: told rows, answering others, kept in plain files."""

from __future__ import annotations

import json
import sys
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from nearest_network import install, save
from simple_tables import make_prepared

from plait.backbones.folder import CheckpointError
from plait.backbones.table_model import open_table_model
from plait.baselines.base_models import load_base_model
from plait.baselines.features import FeatureMap
from plait.baselines.in_context import MAX_ROWS, InContext, table_models_in
from plait.baselines.labelled_rows import LabelledRows
from plait.baselines.reduced_models import WithReducedModels
from plait.bundle import to_json
from plait.errors import ExtraError, TargetError, UsageError
from plait.modalities.category.codec import CategoryCodec
from plait.modalities.number.codec import NumberCodec

COLUMNS = ("size", "kind")
CODEC = CategoryCodec(labels=("a", "b", "c"))


@pytest.fixture
def package(monkeypatch):
    """A package tabicl whose network is `Nearest`."""
    install(monkeypatch)


def made(num=60):
    prepared = make_prepared(num)
    features, matrices = FeatureMap.fit(prepared, COLUMNS, np.arange(num))
    return prepared, features, matrices


def classes_of(prepared):
    return (np.asarray(prepared.score) > np.median(prepared.score)).astype(np.int64)


@pytest.fixture
def model(package, tmp_path):
    return open_table_model(save(tmp_path / "icl"), classes=True)


def test_classes_are_those_that_the_network_tells_shrunk_a_little(model):
    prepared, _, matrices = made()
    truth = classes_of(prepared)
    base_model = InContext(model)
    base_model.fit(LabelledRows(matrices, truth, CODEC), seed=0)
    found = base_model.outputs(matrices)
    assert found.shape == (60, 3) and found.dtype == np.float32
    np.testing.assert_allclose(found.sum(1), 1, atol=1e-5)
    assert (found.argmax(1) == truth).mean() > 0.9
    # The third class never occurs: it has the share of the one row that told every class.
    np.testing.assert_allclose(found[:, 2], 1 / 3 / 61, rtol=1e-4)


def test_numbers_come_back_in_their_unit_with_their_quantiles_in_order(package, tmp_path):
    model = open_table_model(save(tmp_path / "icl", max_classes=0), classes=False)
    prepared, _, matrices = made()
    truth = np.asarray(prepared.score, np.float32) * 10 + 50
    base_model = InContext(model)
    base_model.fit(LabelledRows(matrices, truth, NumberCodec()), seed=0)
    found = base_model.outputs(matrices)
    assert found.shape == (60, 4) and (np.diff(found[:, 1:], axis=1) >= 0).all()
    assert np.corrcoef(found[:, 0], truth)[0, 1] > 0.9
    np.testing.assert_allclose(found[:, 3] - found[:, 2], truth.std(), rtol=1e-3)


def test_it_is_told_at_most_so_many_rows_and_asked_in_pieces(model, monkeypatch):
    from plait.backbones import tabicl
    from plait.baselines import in_context

    monkeypatch.setattr(in_context, "MAX_ROWS", 20)
    monkeypatch.setattr(tabicl, "CHUNK_ROWS", 16)
    prepared, _, matrices = made()
    base_model = InContext(model)
    base_model.fit(LabelledRows(matrices, classes_of(prepared), CODEC), seed=0)
    base_model.outputs(matrices)
    assert MAX_ROWS == 2000
    width = base_model._table.shape[1]
    sizes = [36, 36, 36, 32]
    assert base_model._network.asked == [(n, width) for n in sizes for _ in range(4)]


def test_what_is_told_has_mean_0_and_gaps_are_the_mean(model):
    prepared, _, matrices = made()
    base_model = InContext(model)
    base_model.fit(LabelledRows(matrices, classes_of(prepared), CODEC), seed=0)
    raw = base_model._selection.table(matrices)
    np.testing.assert_allclose(base_model._table.mean(0), 0, atol=1e-5)
    assert (base_model._table[np.isnan(raw)] == 0).all()
    assert np.abs(base_model._table).max() <= 10


def test_it_is_saved_as_plain_files_with_its_network(model, tmp_path):
    prepared, _, matrices = made()
    base_model = InContext(model)
    base_model.fit(LabelledRows(matrices, classes_of(prepared), CODEC), seed=0)
    expected = base_model.outputs(matrices)
    base_model.save(tmp_path / "saved")
    (tmp_path / "icl").rename(tmp_path / "gone")
    names = sorted(p.relative_to(tmp_path / "saved").as_posix()
                   for p in (tmp_path / "saved").rglob("*") if p.is_file())  # fmt: skip
    assert names == [
        "base_model.json", "base_model.safetensors",
        "network/config.json", "network/model.safetensors",
    ]  # fmt: skip
    assert str(tmp_path) not in (tmp_path / "saved" / "base_model.json").read_text()
    loaded = load_base_model("in_context", tmp_path / "saved")
    np.testing.assert_allclose(loaded.outputs(matrices), expected, atol=1e-6)
    assert loaded.model.key == model.key and loaded.model.source == "icl"
    loaded.save(tmp_path / "again")
    assert (tmp_path / "again" / "network" / "model.safetensors").is_file()


def test_too_many_classes_are_refused(package, tmp_path):
    model = open_table_model(save(tmp_path / "icl", max_classes=2), classes=True)
    prepared, _, matrices = made()
    with pytest.raises(TargetError, match="too many classes") as caught:
        InContext(model).fit(LabelledRows(matrices, classes_of(prepared), CODEC), seed=0)
    assert (caught.value.expected, caught.value.received) == ("at most 2", "3")


def test_without_its_package_the_extra_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "tabicl", None)
    prepared, _, matrices = made()
    base_model = InContext(open_table_model(save(tmp_path / "icl"), classes=True))
    base_model.fit(LabelledRows(matrices, classes_of(prepared), CODEC), seed=0)
    with pytest.raises(ExtraError, match="tabular foundation model needs the extra 'tabular'"):
        base_model.outputs(matrices)


@pytest.mark.parametrize("settings", [{"odd": 1}, {"sharpness": "x"}])
def test_settings_or_weights_of_another_network_are_refused(package, tmp_path, settings):
    prepared, _, matrices = made()
    base_model = InContext(open_table_model(save(tmp_path / "icl", **settings), classes=True))
    base_model.fit(LabelledRows(matrices, classes_of(prepared), CODEC), seed=0)
    with pytest.raises(CheckpointError, match="do not fit its settings"):
        base_model.outputs(matrices)


def test_the_authors_files_are_opened_by_the_kind_that_is_needed(package, tmp_path):
    folder = tmp_path / "hub"
    folder.mkdir()
    for name, most in (("classifier", 10), ("regressor", 0)):
        state = {"config": {"max_classes": most}, "state_dict": {"sharpness": torch.tensor(2.0)}}
        torch.save(state, folder / f"tabicl-{name}-v2.ckpt")
    for classes, most in ((True, 10), (False, 0)):
        model = open_table_model(folder, classes=classes)
        assert model.max_classes == most and model.tensors()["sharpness"] == 2
        files = model.files()
        assert json.loads(files["config.json"]) == {"model_type": "tabicl", "max_classes": most}
        assert sorted(files) == ["config.json", "model.safetensors"]


def test_a_pickle_that_holds_more_than_tensors_is_refused(tmp_path):
    torch.save({"config": {}, "state_dict": SimpleNamespace()}, tmp_path / "tabicl-classifier.ckpt")
    with pytest.raises(CheckpointError, match="cannot be loaded safely"):
        open_table_model(tmp_path, classes=True)


def test_a_folder_without_one_says_what_is_needed(package, tmp_path):
    with pytest.raises(UsageError, match="no such checkpoint folder"):
        open_table_model(tmp_path / "none", classes=True)
    with pytest.raises(CheckpointError, match="no tabular foundation model of classes") as caught:
        open_table_model(tmp_path, classes=True)
    assert "model.safetensors" in str(caught.value) and caught.value.received == "an empty folder"
    with pytest.raises(CheckpointError, match="of numbers") as caught:
        open_table_model(save(tmp_path / "icl"), classes=False)
    assert caught.value.received == "one of classes"


def test_the_sources_of_a_mix_are_found(model):
    inner = InContext(model)
    assert list(table_models_in([inner, WithReducedModels(inner)])) == [model, model]


def test_a_random_network_of_the_package_is_read(tmp_path):
    """The package's own network, tiny and with random weights: it answers, saves and loads."""
    pytest.importorskip("tabicl", exc_type=ImportError)
    from safetensors.torch import save_file
    from tabicl._model.tabicl import TabICL

    prepared, _, matrices = made(40)
    sizes = {
        "embed_dim": 8, "col_num_blocks": 1, "col_nhead": 2, "col_num_inds": 4, "row_num_blocks": 1,
        "row_nhead": 2, "row_num_cls": 2, "icl_num_blocks": 1, "icl_nhead": 2, "zero_init": False,
    }  # fmt: skip
    for most, truth, codec, width in (
        (10, classes_of(prepared), CODEC, 3),
        (0, np.asarray(prepared.score, np.float32), NumberCodec(), 4),
    ):
        torch.manual_seed(0)
        folder = tmp_path / str(most)
        folder.mkdir()
        settings = {"max_classes": most, "num_quantiles": 19, **sizes}
        save_file(TabICL(**settings).state_dict(), folder / "model.safetensors")
        (folder / "config.json").write_bytes(to_json({"model_type": "tabicl", **settings}))
        base_model = InContext(open_table_model(folder, classes=most > 0))
        base_model.fit(LabelledRows(matrices, truth, codec), seed=0)
        found = base_model.outputs(matrices)
        assert found.shape == (40, width) and np.isfinite(found).all()
        base_model.save(tmp_path / f"{most}-saved")
        loaded = load_base_model("in_context", tmp_path / f"{most}-saved")
        np.testing.assert_allclose(loaded.outputs(matrices), found, atol=1e-5)
