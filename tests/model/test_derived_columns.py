"""Derived columns: a base's vectors, made once, and columns that the table lacks."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from plait.data.fitting import fit_codecs
from plait.data.prepared import prepare_table
from plait.data.table import read
from plait.errors import UsageError
from plait.model.derived_columns import SpaceColumn, with_derived_columns
from plait.model.shared_space import SharedSpace
from plait.networks.config import SystemConfig
from plait.networks.space import Space
from plait.networks.weights import tensors_of
from plait.progress import SILENT

NAMES = ("size", "note")
ROWS = [
    {"size": None if i % 5 == 0 else 0.5 * i, "note": None if i % 4 == 0 else f"item {i}"}
    for i in range(20)
]


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("PLAIT_CACHE", str(tmp_path / "cache"))


def table_of(rows=ROWS):
    return read(rows, columns={name: {"size": "number", "note": "text"}[name] for name in rows[0]})


@pytest.fixture
def parts():
    table = table_of()
    codecs = fit_codecs(table, NAMES, np.arange(20))
    torch.manual_seed(0)
    config = SystemConfig(dim=16, depth=1, num_heads=2)
    input_columns = {name: (name,) for name in NAMES}
    network = Space(codecs, config, input_columns)
    return (
        table,
        prepare_table(table, codecs),
        SharedSpace(codecs, input_columns, config, tensors_of(network)),
    )


def column_of(derived, table, prepared, **settings):
    return derived.read(table, prepared, progress=None, **settings)


def test_a_derived_column_holds_the_input_columns_vectors(parts):
    table, prepared, space = parts
    derived = SpaceColumn(space, "note")
    assert (derived.column, derived.codec.dim, derived.codec.num_tokens) == ("note~space", 16, 1)
    column = column_of(derived, table, prepared)
    vectors, present = space.vectors_of("note", prepared, np.arange(20))
    assert np.asarray(column.present).tolist() == present.tolist()
    assert column[0] is None
    for row in np.flatnonzero(present):
        assert column[int(row)]["vectors"].shape == (1, 16)
        np.testing.assert_allclose(column[int(row)]["vectors"][0], vectors[row], atol=1e-3)


def test_the_second_time_the_network_does_not_run(parts, monkeypatch):
    table, prepared, space = parts
    first = column_of(SpaceColumn(space, "note"), table, prepared)[1]["vectors"]

    def fail(*_, **__):
        raise AssertionError("the network ran again")

    monkeypatch.setattr(SharedSpace, "vectors_of", fail)
    again = column_of(SpaceColumn(space, "note"), table, prepared)[1]["vectors"]
    np.testing.assert_array_equal(first, again)
    with pytest.raises(AssertionError, match="ran again"):
        column_of(SpaceColumn(space, "size"), table, prepared)
    other = [*ROWS[:-1], {"size": 1.0, "note": "another"}]
    with pytest.raises(AssertionError, match="ran again"):
        column_of(SpaceColumn(space, "note"), table_of(other), prepared)
    space.tensors = {**space.tensors, "projections": space.tensors["projections"] + 1}
    with pytest.raises(AssertionError, match="ran again"):
        column_of(SpaceColumn(space, "note"), table, prepared)


def test_derived_columns_are_added_and_those_of_absent_input_columns_are_empty(parts):
    table, prepared, space = parts
    derived_columns = [SpaceColumn(space, name) for name in NAMES]
    found = with_derived_columns(derived_columns, table, prepared, progress=SILENT.task)
    assert list(found.columns) == ["size", "note", "size~space", "note~space"]
    less = table_of([{"size": 1.0}, {"size": None}])
    part = prepare_table(less, {"size": space.codecs["size"]})
    part = part.with_empty({"note": space.codecs["note"]})
    found = with_derived_columns(derived_columns, less, part, progress=SILENT.task)
    assert np.asarray(found.columns["size~space"].present).tolist() == [True, False]
    assert not np.asarray(found.columns["note~space"].present).any()
    assert found.num_rows == 2


def test_a_derived_column_does_not_depend_on_how_rows_are_cut(parts, monkeypatch):
    from plait.model import derived_columns

    table, prepared, space = parts
    whole = column_of(SpaceColumn(space, "note"), table, prepared)
    monkeypatch.setattr(derived_columns, "CHUNK_ROWS", 3)
    done = []
    skipping = table.told(on_error="skip")  # another entry of the cache
    again = SpaceColumn(space, "note").read(skipping, prepared, progress=done.append)
    assert done == [3, 6, 9, 12, 15, 18, 20]
    for row in range(20):
        if whole[row] is not None:
            np.testing.assert_allclose(whole[row]["vectors"], again[row]["vectors"], atol=2e-3)


def test_what_a_bundle_tells_of_a_derived_column(parts):
    derived = SpaceColumn(parts[2], "note")
    assert derived.facts() == {"kind": "space", "input_column": "note"} and derived.files() == {}


def test_row_vectors_are_the_mean_of_what_is_there(parts):
    table, prepared, space = parts
    vectors, present = space.input_column_vectors(prepared, np.arange(20))
    rows = space.row_vectors(prepared, np.arange(20))
    for row in range(20):
        there = vectors[present[:, row], row]
        if not len(there):
            assert not rows[row].any()
            continue
        expected = there.sum(0) / np.linalg.norm(there.sum(0))
        np.testing.assert_allclose(rows[row], expected, atol=1e-5)
    only = space.row_vectors(prepared, np.arange(20), weights={"size": 0.0, "note": 3.0})
    np.testing.assert_allclose(only, vectors[1], atol=1e-5)


def test_the_key_tells_weights_and_preprocessing_apart(parts):
    table, prepared, space = parts
    same = SharedSpace(space.codecs, space.input_columns, space.config, dict(space.tensors))
    assert same.key == space.key and len(space.key) == 32
    moved = {**space.tensors, "projections": space.tensors["projections"] + 1e-3}
    assert SharedSpace(space.codecs, space.input_columns, space.config, moved).key != space.key
    other = fit_codecs(table, NAMES, np.arange(5))
    assert SharedSpace(other, space.input_columns, space.config, space.tensors).key != space.key


@pytest.mark.parametrize("weights", [{"colour": 1.0}, {"size": -1.0}])
def test_wrong_weights(parts, weights):
    with pytest.raises(UsageError, match="a weight does not fit the shared space"):
        parts[2].weights_of(weights)
