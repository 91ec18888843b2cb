"""Rows are answered in their order, one alone as among others."""

from __future__ import annotations

import numpy as np
import pytest

from plait.data.prepared import prepare_rows
from plait.data.table import read
from plait.modalities.text.codec import TextCodec
from plait.networks.infer import row_outputs

NOTES = ["a", None, "a much longer note", "bc", "note"]


class Lengths:
    """Answers how long a note is, and how many rows it was asked with."""

    columns = ("note",)

    def __init__(self) -> None:
        self.sizes: list[int] = []

    def __call__(self, arrays):
        present = arrays["note:present:"]
        self.sizes.append(len(present))
        lengths = arrays["note:length:byte"]
        return {"outputs": np.stack([np.where(present, lengths, 0), present], 1)}


@pytest.fixture(scope="module")
def prepared():
    codec = TextCodec().fit([note for note in NOTES if note])
    return prepare_rows(read([{"note": note} for note in NOTES]), {"note": codec})


@pytest.mark.parametrize("batch_size", [2, 256])
def test_rows_are_answered_in_their_order(batch_size, prepared):
    rows = np.array([4, 1, 0, 2, 3])
    runner = Lengths()
    found = row_outputs(runner, prepared, rows, batch_size=batch_size)
    assert found.dtype == np.float32 and found.shape == (5, 2)
    assert found[:, 1].tolist() == [1, 0, 1, 1, 1]
    assert found[3, 0] == found[:, 0].max() > found[2, 0]
    assert sorted(runner.sizes) == ([1, 2, 2] if batch_size == 2 else [5])


def test_one_row_alone_is_answered_as_among_others(prepared):
    together = row_outputs(Lengths(), prepared, np.arange(5))
    for row in range(5):
        alone = row_outputs(Lengths(), prepared, [row])
        assert alone.dtype == np.float32
        np.testing.assert_array_equal(alone[0], together[row])


def test_no_rows_are_no_answers(prepared):
    assert row_outputs(Lengths(), prepared, []).shape == (0, 1)
