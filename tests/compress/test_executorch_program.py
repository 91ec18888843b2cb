"""Programs of ExecuTorch: what the runtime lacks is named; lengths are told in words."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from plait.errors import GraphError
from plait.networks.graphs import EXECUTORCH, GraphInput, SavedGraph

pytest.importorskip("torch")

from plait.compress.executorch_program import check_operators, told_lengths


def program_of(*operators):
    """Return as much of a program as tells its operators."""
    found = [SimpleNamespace(name=name, overload=overload) for name, overload in operators]
    return SimpleNamespace(
        executorch_program=SimpleNamespace(execution_plan=[SimpleNamespace(operators=found)])
    )


def test_operators_that_the_runtime_lacks_are_named():
    pytest.importorskip("executorch.runtime")
    known = ("aten::embedding", "out"), ("executorch_prim::et_view", "default")
    check_operators(program_of(*known))
    with pytest.raises(GraphError, match="ExecuTorch cannot run a network") as caught:
        check_operators(program_of(*known, ("aten::no_such", "out"), ("aten::none", "")))
    assert caught.value.received == "it lacks aten::no_such.out, aten::none"
    assert "--to onnx" in caught.value.hint


def test_rooms_are_told_by_column():
    inputs = (
        GraphInput(name="a:note:part:tokens", dtype="int32", shape=(8, 20), ragged=(1,)),
        GraphInput(name="a:note:length:token", dtype="int64", shape=(8,)),
        GraphInput(name="size:part:value", dtype="float32", shape=(8, 1)),
    )
    program = SavedGraph(columns=("a:note", "size"), model=b"", runtime=EXECUTORCH, inputs=inputs)
    assert (
        told_lengths([program]) == "at most 8 rows at once, at most 20 places of tokens of 'a:note'"
    )
    alone = SavedGraph(columns=("size",), model=b"", runtime=EXECUTORCH, inputs=inputs[2:])
    assert told_lengths([alone]) == "at most 8 rows at once"
