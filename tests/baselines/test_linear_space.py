"""The linear space: views of one cause find each other, also through a third; gaps; files."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from simple_tables import FakeColumn, VectorCodec

from plait.baselines.linear_space import LinearSpace
from plait.retrieval import mean_reciprocal_rank

ROWS, INPUT_COLUMNS = 240, {"a": ("a",), "b": ("b",), "c": ("c",)}
LEARN, CHOOSE, JUDGE = np.arange(0, 160), np.arange(160, 190), np.arange(190, 240)


def views_of_one_cause(gaps=None, seed=0):
    """Three columns, each a random linear view of the same latent vector, with noise."""
    rng = np.random.default_rng(seed)
    latent = rng.normal(size=(ROWS, 5))
    columns = {}
    for name, size in (("a", 8), ("b", 12), ("c", 9)):
        found = latent @ rng.normal(size=(5, size)) + 0.1 * rng.normal(size=(ROWS, size))
        values = [{"values": row} for row in found.astype(np.float32)]
        for row in (gaps or {}).get(name, ()):
            values[row] = None
        columns[name] = FakeColumn(VectorCodec(size), values)
    return SimpleNamespace(columns=columns, num_rows=ROWS)


def fit(prepared, **settings):
    return LinearSpace.fit(prepared, INPUT_COLUMNS, LEARN, CHOOSE, dim=5, **settings)[1]


def test_views_of_one_cause_find_each_other():
    prepared = views_of_one_cause()
    vectors, present = fit(prepared).vectors(prepared, JUDGE)
    assert present.all() and vectors.shape == (3, len(JUDGE), 5)
    assert np.allclose(np.linalg.norm(vectors, axis=-1), 1.0, atol=1e-5)
    for a, b in ((0, 1), (1, 2), (2, 0)):
        assert mean_reciprocal_rank(vectors[a], vectors[b]) > 0.9


def test_a_pair_never_seen_together_is_joined_by_a_third():
    gaps = {"a": range(0, 190, 2), "c": range(1, 190, 2)}
    prepared = views_of_one_cause(gaps)
    vectors, _ = fit(prepared).vectors(prepared, JUDGE)
    assert mean_reciprocal_rank(vectors[0], vectors[2]) > 0.7


def test_unrelated_views_stay_at_chance():
    prepared, other = views_of_one_cause(), views_of_one_cause(seed=9)
    prepared.columns["b"] = other.columns["b"]
    vectors, _ = fit(prepared).vectors(prepared, JUDGE)
    assert mean_reciprocal_rank(vectors[0], vectors[1]) < 0.25
    assert mean_reciprocal_rank(vectors[0], vectors[2]) > 0.9


def test_a_missing_input_column_has_no_vector():
    prepared = views_of_one_cause({"b": [200]})
    vectors, present = fit(prepared).vectors(prepared, JUDGE, ["b"])
    assert not present[0, 10] and not vectors[0, 10].any()
    assert present.sum() == len(JUDGE) - 1


@pytest.mark.parametrize("rows", [JUDGE, np.array([230])])
def test_saved_and_loaded_it_gives_the_same_vectors(rows, tmp_path):
    prepared = views_of_one_cause()
    space = fit(prepared)
    (tmp_path / "space").mkdir()
    space.save(tmp_path / "space")
    codecs = {name: column.codec for name, column in prepared.columns.items()}
    again = LinearSpace.load(tmp_path / "space", codecs, INPUT_COLUMNS)
    assert np.array_equal(again.vectors(prepared, rows)[0], space.vectors(prepared, rows)[0])
