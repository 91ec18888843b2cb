"""Programs of ExecuTorch as runners: batches are cut and filled; what is not there is named."""

from __future__ import annotations

import json
import sys

import numpy as np
import pytest

from plait.errors import BundleError, ExtraError, LimitError
from plait.networks.executorch_runner import filled
from plait.networks.graphs import EXECUTORCH, GraphInput, SavedGraph, graph_files, graph_from
from plait.networks.opening import open_graphs

TOKENS = GraphInput(name="note:part:tokens", dtype="int32", shape=(16, 5), ragged=(1,))
GRAPH = SavedGraph(columns=("note",), model=b"no program", runtime=EXECUTORCH, inputs=(TOKENS,))


def test_a_batch_is_filled_with_zeros_in_the_type_of_the_input():
    found = filled(TOKENS, np.array([[3, 4], [5, 6]], np.int64))
    assert found.dtype == np.int32
    np.testing.assert_array_equal(found, [[3, 4, 0, 0, 0], [5, 6, 0, 0, 0]])
    whole = np.ones((2, 5), np.int32)
    assert filled(TOKENS, whole) is whole


def test_what_is_longer_than_the_program_is_refused_by_column():
    with pytest.raises(LimitError, match="longer than the program") as caught:
        filled(TOKENS, np.ones((1, 6), np.int32))
    assert caught.value.column == "note"
    assert (caught.value.expected, caught.value.received) == ("at most 5", "6")


def test_a_bundle_tells_the_inputs_of_a_program_in_their_order():
    files = graph_files([GRAPH])
    assert list(files) == ["graphs/0.pte"]
    again = graph_from(json.loads(json.dumps(GRAPH.facts())), 0, files.__getitem__)
    assert again == GRAPH


def test_executorch_that_is_not_installed_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "executorch.runtime", None)
    with pytest.raises(ExtraError, match="a program of ExecuTorch needs the extra 'executorch'"):
        open_graphs([GRAPH])


def test_a_program_that_cannot_be_read_is_an_error_of_the_bundle():
    pytest.importorskip("executorch.runtime")
    with pytest.raises(BundleError, match="cannot be run by this executorch"):
        open_graphs([GRAPH])
