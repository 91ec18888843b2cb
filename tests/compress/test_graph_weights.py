"""Weights of graphs in few bits: held exactly as they are rounded, and quickly tried."""

import numpy as np
import pytest

from plait.compress.graph_weights import axes_of, rounded, weights_of, with_weights
from plait.compress.int8 import in_int8
from plait.compress.mixed import distance, held_in, held_mixed
from plait.modalities.category.codec import CategoryCodec
from plait.modalities.number.codec import NumberCodec
from plait.networks.graph_runners import GraphRunner
from plait.networks.graphs import SavedGraph
from plait.networks.runner import OUTPUTS

onnx = pytest.importorskip("onnx")

WIDTH, HIDDEN, CLASSES = 40, 64, 50


@pytest.fixture
def graph():
    """Return ``softmax(W2 relu(W1 x))`` of a column's part, whose second weights are plain."""
    rng = np.random.default_rng(0)
    first = rng.normal(size=(WIDTH, HIDDEN)).astype(np.float32)
    second = rng.choice([-1.0, 1.0], size=(HIDDEN, CLASSES)).astype(np.float32)
    nodes = [
        onnx.helper.make_node("MatMul", ["x:part:values", "first"], ["a"]),
        onnx.helper.make_node("Relu", ["a"], ["b"]),
        onnx.helper.make_node("MatMul", ["b", "second"], ["c"]),
        onnx.helper.make_node("Softmax", ["c"], [OUTPUTS], axis=1),
    ]
    kind = onnx.TensorProto.FLOAT
    made = onnx.helper.make_graph(
        nodes,
        "made",
        [onnx.helper.make_tensor_value_info("x:part:values", kind, ["batch", WIDTH])],
        [onnx.helper.make_tensor_value_info(OUTPUTS, kind, ["batch", CLASSES])],
        [onnx.numpy_helper.from_array(w, n) for n, w in (("first", first), ("second", second))],
    )
    opset = [onnx.helper.make_opsetid("", 21)]
    model = onnx.helper.make_model(made, opset_imports=opset, ir_version=10)
    return SavedGraph(columns=("x",), model=model.SerializeToString())


def batch_of(num=32, seed=1):
    values = np.random.default_rng(seed).normal(scale=0.1, size=(num, WIDTH)).astype(np.float32)
    return {"x:part:values": values, "x:present:": np.ones(num, bool)}


def said(graph, batch):
    return GraphRunner(graph)(batch)[OUTPUTS]


def test_large_weights_are_found_and_replaced(graph):
    found = weights_of(graph.model)
    assert {name: one.shape for name, one in found.items()} == {
        "first": (WIDTH, HIDDEN),
        "second": (HIDDEN, CLASSES),
    }
    nothing = with_weights(graph.model, {"second": np.zeros((HIDDEN, CLASSES), np.float32)})
    outputs = said(SavedGraph(columns=("x",), model=nothing), batch_of())
    assert np.allclose(outputs, 1 / CLASSES)


@pytest.mark.parametrize(("bits", "share"), [(8, 0.36), (4, 0.24)])
def test_held_weights_say_what_rounded_ones_say(graph, bits, share):
    weights, axes = weights_of(graph.model), axes_of(graph.model)
    assert axes == {"first": 0, "second": 0}
    close = {name: rounded(one, axes[name], bits) for name, one in weights.items()}
    by_hand = SavedGraph(columns=("x",), model=with_weights(graph.model, close))
    held = held_in(graph, bits)
    assert held.folded and held.precision == f"int{bits} weights"
    assert np.allclose(said(held, batch_of()), said(by_hand, batch_of()), atol=1e-6)
    assert len(held.model) < share * len(graph.model)


@pytest.mark.parametrize("shape", [(70, 3), (6, 5, 3, 3)])
@pytest.mark.parametrize("bits", [4, 8])
def test_rounding_is_within_half_a_step_of_each_block(shape, bits):
    weights = np.random.default_rng(2).normal(size=shape).astype(np.float32)
    found = rounded(weights, 0 if len(shape) == 2 else 1, bits)
    most = np.abs(weights).max() / (127 if bits == 8 else 7)
    assert found.shape == shape and np.abs(found - weights).max() <= 0.5 * most + 1e-6


def test_mixing_leaves_in_eight_bits_what_four_would_harm(graph):
    target = CategoryCodec(labels=tuple(map(str, range(CLASSES))))
    batches = [batch_of(seed=seed) for seed in range(3)]
    found = held_mixed(graph, batches, target, most_cost=1e-6)
    # Weights of one magnitude lose nothing in four bits; the others do.
    assert found.precision == "int4 and int8 weights"
    assert held_in(graph, 4).model < held_in(graph, 8).model
    assert len(held_in(graph, 4).model) < len(found.model) < len(held_in(graph, 8).model)
    every = held_mixed(graph, batches, target, most_cost=1e9)
    assert len(every.model) == len(held_in(graph, 4).model)


def test_computing_in_eight_bits_stays_near(graph):
    found = in_int8(graph, [batch_of(seed=seed) for seed in range(4)])
    assert found.precision == "int8" and not found.folded
    before, after = said(graph, batch_of(seed=9)), said(found, batch_of(seed=9))
    assert 0 < np.abs(after - before).max() < 0.1 and np.abs(after - before).mean() < 1e-3
    assert (after.argmax(1) == before.argmax(1)).mean() > 0.9


def test_distances_by_hand():
    classes = CategoryCodec(labels=("a", "b"))
    sure, other = np.array([[0.5, 0.5]]), np.array([[0.25, 0.75]])
    by_hand = 0.5 * np.log(2) + 0.5 * np.log(0.5 / 0.75)
    assert distance(classes, sure, other) == pytest.approx(by_hand, rel=1e-5)
    assert distance(classes, sure, sure) == 0.0
    numbers = np.array([[0.0], [2.0]])
    assert distance(NumberCodec(), numbers, numbers + 0.5) == pytest.approx(0.25)
