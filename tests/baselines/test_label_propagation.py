"""Label propagation: a target flows along its cluster, stops at the gap, and reaches new rows."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from simple_tables import FakeColumn, VectorCodec

from plait.baselines.base_models import load_base_model
from plait.baselines.features import FeatureMap
from plait.baselines.label_propagation import LabelPropagation
from plait.baselines.labelled_rows import LabelledRows
from plait.modalities.category.codec import CategoryCodec

CODEC = CategoryCodec(labels=("left", "right"))


def two_arcs(num=120, seed=0):
    """Two long arcs side by side: the nearest labelled row is often on the other one."""
    rng = np.random.default_rng(seed)
    truth = np.arange(num) % 2
    angle = rng.random(num) * np.pi
    x = np.where(truth == 0, np.cos(angle), 1 - np.cos(angle))
    y = np.where(truth == 0, np.sin(angle), 0.4 - np.sin(angle))
    points = np.stack([x, y], 1) + 0.03 * rng.normal(size=(num, 2))
    values = [{"values": row} for row in points.astype(np.float32)]
    columns = {"place": FakeColumn(VectorCodec(2), values)}
    return SimpleNamespace(columns=columns, num_rows=num), truth


@pytest.fixture
def fitted():
    prepared, truth = two_arcs(240)
    features, every = FeatureMap.fit(prepared, ["place"], np.arange(160))
    labelled = np.array([0, 1, 2, 3])
    base_model = LabelPropagation(every.take(np.arange(4, 160)))
    base_model.fit(LabelledRows(every.take(labelled), truth[labelled], CODEC), seed=0)
    return base_model, features.matrices(prepared, np.arange(160, 240)), truth[160:]


def test_four_labels_reach_two_arcs(fitted):
    base_model, matrices, truth = fitted
    outputs = base_model.outputs(matrices)
    assert np.allclose(outputs.sum(1), 1.0, atol=1e-5)
    assert (outputs.argmax(1) == truth).mean() > 0.9


def test_saved_and_loaded_it_says_the_same(fitted, tmp_path):
    base_model, matrices, _ = fitted
    base_model.save(tmp_path / "label_propagation")
    again = load_base_model("label_propagation", tmp_path / "label_propagation")
    assert np.allclose(again.outputs(matrices), base_model.outputs(matrices), atol=0.02)


def test_it_needs_rows_without_a_target():
    prepared, truth = two_arcs()
    _, matrices = FeatureMap.fit(prepared, ["place"], np.arange(20))
    with pytest.raises(ValueError, match="rows without a target"):
        LabelPropagation().fit(LabelledRows(matrices, truth[:20], CODEC), seed=0)
