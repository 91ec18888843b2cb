"""Arrays in few bits: what is packed comes back within half a step of its group's scale."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plait.packing import GROUP, LEAST_SIZE, MOST, coded, pack, unpack


@given(
    st.sampled_from([4, 8]),
    st.integers(1, 3 * GROUP),
    st.integers(LEAST_SIZE // 8, LEAST_SIZE // 4),
    st.floats(1e-3, 1e3),
)
def test_numbers_come_back_within_a_step_of_their_group(bits, width, height, size):
    array = np.random.default_rng(0).normal(0, size, (height, width)).astype(np.float32)
    found = unpack(pack({"w": array}, bits))["w"]
    assert found.shape == array.shape and found.dtype == np.float32
    padded = np.pad(array.reshape(-1), (0, -array.size % GROUP)).reshape(-1, GROUP)
    step = np.repeat(np.abs(padded).max(1) / MOST[bits], GROUP)[: array.size]
    # The scale itself is rounded to float16, by at most 2^-11 of it, times the largest code.
    allowed = step * (0.5 + MOST[bits] * 2**-10) + 1e-6
    assert (np.abs(found - array).reshape(-1) <= allowed).all()


def test_a_row_of_known_numbers():
    codes, scales = coded(np.array([127.0, -63.5, 0.0, 1.0] * 8, np.float32), 8)
    assert scales.tolist() == [1.0]
    assert codes[:4].tolist() == [127, -64, 0, 1]


@pytest.mark.parametrize("bits", [4, 8])
def test_what_is_small_whole_or_in_line_stays(bits):
    arrays = {
        "line": np.ones(5000, np.float32),
        "few": np.ones((4, 4), np.float32),
        "whole": np.ones((100, 100), np.int64),
    }
    found = pack(arrays, bits)
    assert all(found[name] is array for name, array in arrays.items())


@pytest.mark.parametrize(("bits", "share"), [(4, 0.15), (8, 0.28)])
def test_bytes_are_saved(bits, share):
    array = np.random.default_rng(0).normal(size=(256, 256)).astype(np.float32)
    held = sum(part.nbytes for part in pack({"w": array}, bits).values())
    assert held <= share * array.nbytes


def test_zeros_and_tiny_numbers_are_zero():
    array = np.zeros((64, 64), np.float32)
    array[0] = 1e-12
    assert not unpack(pack({"w": array}, 8))["w"].any()
