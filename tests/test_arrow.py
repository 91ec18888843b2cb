"""Arrow arrays without pandas: the same as those that pyarrow makes."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plait.arrow import array, kind_of, to_numpy

CELLS = [
    st.integers(-(2**64), 2**64),
    st.integers(-5, 5),
    st.floats(),
    st.text(max_size=5),
    st.booleans(),
    st.binary(max_size=3),
    st.dates(),
]
LISTS = st.one_of(*(st.lists(st.one_of(st.none(), cell), max_size=9) for cell in CELLS))
MIXED = st.lists(st.one_of(st.none(), *CELLS), max_size=5)


def made(call, *arguments):
    try:
        found = call(*arguments)
    except (pa.ArrowException, OverflowError, TypeError, ValueError) as error:
        return type(error)
    found.validate(full=True)
    return found


def same(first, second):
    if isinstance(first, type) or isinstance(second, type):
        return first is second
    return first.type == second.type and repr(first.to_pylist()) == repr(second.to_pylist())


@settings(max_examples=200, deadline=None)
@given(
    LISTS | MIXED, st.sampled_from([None, pa.string(), pa.large_string(), pa.float64(), pa.int64()])
)
def test_lists_become_what_pyarrow_makes_of_them(cells, kind):
    assert same(made(array, cells, kind), made(pa.array, cells, kind))
    if kind is None and not isinstance(made(pa.array, cells), type):
        assert kind_of(cells) == pa.array(cells).type


@pytest.mark.parametrize(
    "values",
    [
        np.arange(9)[::2],
        np.arange(5, dtype=np.int8),
        np.array([True, False, True] * 5),
        np.array([1.5, np.nan, -0.0]),
        np.array([1.5], np.float32),
        np.array(["a", "\u00e9"]),
        np.array(["a", None], object),
        np.array([1, None], object),
        np.array([1], ">i4"),
        np.array(["2024-01-01"], "datetime64[D]"),
        np.zeros(0),
    ],
    ids=str,
)
def test_numpy_arrays_become_what_pyarrow_makes_of_them(values):
    assert same(made(array, values), made(pa.array, values))


@pytest.mark.parametrize("kind", [pa.struct([]), pa.list_(pa.int64()), pa.binary()], ids=str)
@pytest.mark.parametrize("cells", [[], [None, None]], ids=str)
def test_nothing_is_of_the_type_that_was_asked_for(cells, kind):
    assert same(made(array, cells, kind), made(pa.array, cells, kind))


def test_numbers_come_back():
    assert to_numpy(pa.array([3, None, 1]), -1).tolist() == [3, -1, 1]
    assert to_numpy(pa.array([3, None, 1, 7]).slice(1), -1).tolist() == [-1, 1, 7]
    found = to_numpy(pa.array([True, False] * 9).slice(3))
    assert found.dtype == bool and found.tolist() == ([True, False] * 9)[3:]
    assert to_numpy(pa.array([], pa.int32())).tolist() == []


def test_plain_values_need_no_pandas():
    pytest.importorskip("pandas")
    code = (
        "import sys, numpy as np; from plait.arrow import array, kind_of, to_numpy;"
        "array(['a', None]); array([1.5, None]); array(np.arange(3)); kind_of([1, 2.5]);"
        "to_numpy(array([1, 2])); print('pandas' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False"]
