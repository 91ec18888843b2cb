"""Numbers that are read all at once are those that are read one by one."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plait.data.decoding import read_cell
from plait.modalities import Media
from plait.modalities.number.codec import NumberCodec
from plait.modalities.number.plain import plain_values

NUMBERS = st.one_of(st.none(), st.floats(-1e29, 1e29), st.integers(-(10**20), 10**20))
WRITTEN = st.one_of(
    st.none(),
    st.just(""),
    st.decimals(-(10**12), 10**12, places=4).map(lambda one: f"{one:f}"),
    st.integers(-(10**9), 10**9).map(str),
)
MEDIA = Media(Path("."))
CODECS = [
    NumberCodec(mean=1.5, scale=3.0, low=-1e6, high=1e6),
    NumberCodec(mean=2.0, scale=0.7, low=0.1, high=1e9, log=True),
    NumberCodec(mean=1.5, scale=3.0, low=-1e6, high=1e6, marked=True),
]


@pytest.mark.parametrize("codec", CODECS, ids=["plain", "log", "marked"])
@given(cells=st.one_of(st.lists(NUMBERS, min_size=1), st.lists(WRITTEN, min_size=1)))
def test_all_at_once_is_as_one_by_one(codec, cells):
    media = MEDIA
    values = codec.read_plain(cells, media)
    one_by_one = [read_cell(codec, cell, media) for cell in cells]
    if values is None:  # negative zero and the like are read by themselves
        return
    assert [None if math.isnan(v) else v for v in values.tolist()] == one_by_one
    parts = codec.prepare_plain(values)
    for place, raw in enumerate(one_by_one):
        for name, array in parts.items():
            expected = np.zeros(1, np.float32) if raw is None else codec.prepare(raw)[name]
            np.testing.assert_array_equal(array[place], expected)


@pytest.mark.parametrize(
    "cells",
    [[1.0, "2"], [True, 2.0], [math.inf], [1e31], [10**400], ["1,5"], ["<3", "4"], ["nd"], [b"1"]],
    ids=str,
)
def test_what_needs_a_closer_look_is_left(cells):
    assert plain_values(cells, texts=True) is None


def test_text_is_left_where_a_comma_is_the_decimal_sign():
    assert NumberCodec(decimal=",").read_plain(["1.500"], MEDIA) is None
    assert NumberCodec(decimal=",").read_plain([1.5], MEDIA) == [1.5]


def test_ordinary_numbers_need_none():
    assert plain_values([1, 2.5, None], texts=True)[1] == 2.5
    assert plain_values(["1", "-2.25", ""], texts=True)[1] == -2.25
