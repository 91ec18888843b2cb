"""Numbers of distinct values: equal where what the network sees is equal, and only there."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plait.data.contents import content_numbers
from plait.data.fitting import fit_codecs
from plait.data.prepared import prepare_table
from plait.data.table import read


def prepared_of(rows, columns="a=number,b=text"):
    table = read(rows, columns=columns)
    names = [part.split("=")[0] for part in columns.split(",")]
    return prepare_table(table, fit_codecs(table, names, np.arange(len(rows))))


@pytest.fixture
def prepared():
    rows = [
        {"a": 1.0, "b": "boot"},
        {"a": 2.0, "b": "boot"},
        {"a": 1.0, "b": "boot"},
        {"a": None, "b": None},
        {"a": None, "b": None},
        {"a": 1.0, "b": None},
        {"a": 1.0, "b": "hat"},
    ]
    return prepared_of(rows)


def groups(numbers):
    """Return which rows share a number, as sets of rows."""
    return {tuple(np.flatnonzero(numbers == n)) for n in np.unique(numbers)}


def test_one_column(prepared):
    assert groups(content_numbers(prepared, ["a"])) == {(0, 2, 5, 6), (1,), (3,), (4,)}
    assert groups(content_numbers(prepared, ["b"])) == {(0, 1, 2), (6,), (3,), (4,), (5,)}


def test_all_columns_must_agree(prepared):
    found = content_numbers(prepared, ["a", "b"])
    assert found.dtype == np.int64
    assert groups(found) == {(0, 2), (1,), (3,), (4,), (5,), (6,)}


def test_rows_with_nothing_are_each_their_own(prepared):
    found = content_numbers(prepared, ["a", "b"])
    assert found[3] != found[4]


def test_no_rows():
    empty = prepared_of([{"a": 1.0, "b": "x"}])
    assert content_numbers(type(empty)(empty.columns, 0), ["a"]).tolist() == []


@given(st.lists(st.sampled_from([None, "ash", "bay", "elm tree", "tree elm"]), min_size=2))
@settings(max_examples=15, deadline=None)
def test_numbers_agree_with_the_cells(cells):
    prepared = prepared_of([{"b": cell, "a": 1.0} for cell in [*cells, "oak"]])
    numbers = content_numbers(prepared, ["b"])[:-1]
    for i, first in enumerate(cells):
        for j, second in enumerate(cells):
            same = i == j or (first is not None and first == second)
            assert (numbers[i] == numbers[j]) == same
