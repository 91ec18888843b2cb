"""Base models on a base's vectors: nearest class mean by hand, tuned prompts, a linear probe."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from simple_tables import FakeColumn, VectorCodec, make_prepared

from plait.baselines.base_models import load_base_model
from plait.baselines.features import FeatureMap
from plait.baselines.labelled_rows import LabelledRows
from plait.baselines.linear import Linear
from plait.baselines.space_base_models import (
    TEMPERATURES,
    Probe,
    Prompts,
    Prototypes,
    space_columns,
    space_points,
)
from plait.modalities.category.codec import CategoryCodec

LABELS = CategoryCodec(labels=("low", "middle", "high"))
LEARN, JUDGE = np.arange(0, 90), np.arange(90, 150)


def unit(x):
    return x / np.linalg.norm(x, axis=-1, keepdims=True)


def make_table(num=150, seed=0, noise=0.4):
    """Two columns of unit vectors around three class means, one with gaps, and a plain number."""
    rng = np.random.default_rng(seed)
    prepared, truth = make_prepared(num, seed=seed), rng.integers(0, 3, num)
    means = np.eye(6)[:3]
    for name in ("note~space", "photo~space"):
        rows = unit(means[truth] + noise * rng.normal(size=(num, 6))).astype(np.float32)
        values = [{"values": row} for row in rows]
        if name == "photo~space":
            values[::4] = [None] * len(values[::4])
        prepared.columns[name] = FakeColumn(VectorCodec(6), values)
    return prepared, truth


@pytest.fixture(scope="module")
def table():
    prepared, truth = make_table()
    features, matrices = FeatureMap.fit(prepared, list(prepared.columns), LEARN)
    return SimpleNamespace(
        prepared=prepared, truth=truth, matrices=matrices, held=features.matrices(prepared, JUDGE)
    )


def fitted(base_model, table, truth=None, codec=LABELS):
    truth = table.truth[LEARN] if truth is None else truth
    base_model.fit(LabelledRows(table.matrices, truth, codec), seed=0)
    return base_model


def accuracy(outputs, truth):
    return (outputs.argmax(1) == truth).mean()


def test_points_are_the_means_of_what_a_row_has(table):
    points = space_points(table.matrices)
    columns = table.prepared.columns
    for place, row in enumerate(LEARN):
        there = [
            columns[name][row]["values"]
            for name in ("note~space", "photo~space")
            if columns[name][row] is not None
        ]
        np.testing.assert_allclose(points[place], unit(np.sum(there, 0)), atol=1e-5)


def test_only_the_bases_vectors_are_seen(table):
    assert space_columns(table.matrices) == ["note~space", "photo~space"]


@pytest.mark.parametrize("kind", [Prototypes, Probe])
def test_a_base_models_outputs_do_not_depend_on_other_columns(kind, table):
    one = fitted(kind(), table).outputs(table.held)
    alone = {n: c for n, c in table.prepared.columns.items() if n.endswith("~space")}
    prepared = SimpleNamespace(columns=alone, num_rows=150)
    features, matrices = FeatureMap.fit(prepared, list(alone), LEARN)
    two = fitted(kind(), SimpleNamespace(matrices=matrices, truth=table.truth))
    np.testing.assert_allclose(one, two.outputs(features.matrices(prepared, JUDGE)), atol=1e-5)


def test_prototypes_are_unit_class_means_and_the_nearest_wins(table):
    base_model = fitted(Prototypes(), table)
    points, truth = space_points(table.matrices), table.truth[LEARN]
    expected = np.stack([unit(points[truth == label].mean(0)) for label in range(3)])
    np.testing.assert_allclose(base_model._prototypes, expected, atol=1e-5)
    outputs = base_model.outputs(table.held)
    cosines = space_points(table.held) @ expected.T
    assert outputs.argmax(1).tolist() == cosines.argmax(1).tolist()
    assert accuracy(outputs, table.truth[JUDGE]) > 0.8
    np.testing.assert_allclose(outputs.sum(1), 1.0, atol=1e-5)
    logits = cosines / base_model._temperature
    np.testing.assert_allclose(
        np.log(outputs[:, 0] / outputs[:, 1]), logits[:, 0] - logits[:, 1], rtol=1e-2, atol=1e-2
    )


def test_the_temperature_is_the_best_by_leaving_each_row_out(table):
    base_model = fitted(Prototypes(), table)
    points, truth = space_points(table.matrices), table.truth[LEARN]
    costs = []
    for temperature in TEMPERATURES:
        total = 0.0
        for row, label in enumerate(truth):
            others = np.delete(np.arange(len(truth)), row)
            means = [unit(points[others[truth[others] == k]].sum(0)) for k in range(3)]
            logits = np.array([points[row] @ mean for mean in means]) / temperature
            total += np.log(np.exp(logits).sum()) - logits[label]
        costs.append(total)
    assert base_model._temperature == TEMPERATURES[int(np.argmin(costs))]


def test_noise_makes_it_less_sure():
    found = {}
    for noise in (0.1, 1.5):
        prepared, truth = make_table(noise=noise)
        features, matrices = FeatureMap.fit(prepared, list(prepared.columns), LEARN)
        base_model = fitted(Prototypes(), SimpleNamespace(matrices=matrices, truth=truth))
        found[noise] = base_model.outputs(features.matrices(prepared, JUDGE)).max(1).mean()
    assert found[0.1] > 0.95 and found[1.5] < 0.7


def test_a_class_without_rows_keeps_a_small_share(table):
    truth = np.where(table.truth[LEARN] == 2, 0, table.truth[LEARN])
    outputs = fitted(Prototypes(), table, truth).outputs(table.held)
    assert outputs.shape == (60, 3) and np.isfinite(outputs).all()
    assert (outputs[:, 2] < 0.02).all() and (outputs[:, 2] > 0).all()
    np.testing.assert_allclose(outputs.sum(1), 1.0, atol=1e-5)


def test_a_class_of_one_row_and_rows_of_unknown_classes(table):
    truth = np.where(table.truth[LEARN] == 2, -1, table.truth[LEARN])
    truth[np.flatnonzero(truth == -1)[0]] = 2
    outputs = fitted(Prototypes(), table, truth).outputs(table.held)
    assert np.isfinite(outputs).all() and (outputs[:, 2] > 0).all()


def test_rows_without_any_vector_get_even_scores(table):
    prepared, truth = make_table()
    for name in ("note~space", "photo~space"):
        prepared.columns[name]._values[100] = None
        prepared.columns[name].present[100] = False
    features, matrices = FeatureMap.fit(prepared, list(prepared.columns), LEARN)
    base_model = fitted(Prototypes(), SimpleNamespace(matrices=matrices, truth=truth))
    outputs = base_model.outputs(features.matrices(prepared, np.array([99, 100, 101])))
    np.testing.assert_allclose(outputs[1], 1 / 3, atol=0.02)
    assert outputs[[0, 2]].max(1).min() > 0.5


def test_the_probe_is_the_linear_model_on_vectors(table):
    probe = fitted(Probe(), table).outputs(table.held)
    linear = Linear()
    columns = space_columns(table.matrices)
    rows = LabelledRows(table.matrices, table.truth[LEARN], LABELS)
    linear.fit(rows.only(columns), seed=0)
    np.testing.assert_allclose(probe, linear.outputs(table.held.only(columns)), atol=1e-6)
    assert accuracy(probe, table.truth[JUDGE]) > 0.8


def test_prompts_answer_by_what_was_tuned(table):
    seen = []

    def tune(points, truth, seed):
        seen.append((points, truth, seed))
        return np.roll(np.eye(6, dtype=np.float32)[:3], 1, 0)  # class k is where k - 1 lies

    base_model = Prompts(tune)
    base_model.fit(LabelledRows(table.matrices, table.truth[LEARN], LABELS), seed=4)
    points, truth, seed = seen[0]
    np.testing.assert_array_equal(points, space_points(table.matrices))
    assert truth.tolist() == table.truth[LEARN].tolist() and seed == 4
    found = base_model.outputs(table.held)
    cosines = space_points(table.held) @ np.roll(np.eye(6)[:3], 1, 0).T
    assert found.argmax(1).tolist() == cosines.argmax(1).tolist()
    # Prompts that are wrong for the labelled rows cannot be trusted: the softest temperature.
    assert base_model._temperature == TEMPERATURES[-1]


def test_prompts_are_as_sure_as_the_heavier_rows_allow(table):
    """Prompts that are right for every second row: sharp where these weigh, soft where not."""
    rows = table.truth[LEARN]
    right = np.arange(len(rows)) % 2 == 0
    temperatures = []
    for heavy in (right, ~right):
        weights = np.where(heavy, 1.99, 0.01).astype(np.float32)
        truth = np.where(right, rows, (rows + 1) % 3)
        matrices = table.matrices.weighted(weights)
        base_model = Prompts(lambda points, truth, seed: np.eye(6, dtype=np.float32)[:3])
        base_model.fit(LabelledRows(matrices, truth, LABELS), seed=0)
        temperatures.append(base_model._temperature)
    assert temperatures[0] < temperatures[1]


def test_a_loaded_prompts_base_model_cannot_be_fitted(table):
    with pytest.raises(ValueError, match="cannot be fitted again"):
        fitted(Prompts(), table)


@pytest.mark.parametrize("name", ["prototypes", "probe", "prompts"])
def test_saved_and_loaded_they_answer_the_same(name, table, tmp_path):
    make = {
        "prototypes": Prototypes,
        "probe": Probe,
        "prompts": lambda: Prompts(lambda *_: np.eye(6, dtype=np.float32)[:3]),
    }
    base_model = fitted(make[name](), table)
    base_model.save(tmp_path / name)
    assert {file.suffix for file in (tmp_path / name).iterdir()} <= {".json", ".safetensors"}
    again = load_base_model(name, tmp_path / name)
    assert again.name == name == type(base_model).name
    np.testing.assert_array_equal(base_model.outputs(table.held), again.outputs(table.held))
