"""The weights of an ONNX graph, found and held in fewer bits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from plait.packing import GROUP, LEAST_SIZE, MOST

INPUT_AXIS = {"MatMul": 0, "Gather": 1}
"""Operator -> axis of its weights along which numbers share a scale: what is summed over."""


def weights_of(model: bytes) -> dict[str, np.ndarray]:
    """Return the large weights of a graph that operators multiply by: name -> float32."""
    found = _read(model)
    return {
        one.name: _array(one)
        for one in found.graph.initializer
        if one.name in _users(found) and _is_large(one)
    }


def with_weights(model: bytes, weights: Mapping[str, np.ndarray]) -> bytes:
    """Return a graph with some of its weights replaced by others of the same shapes."""
    import onnx

    found = _read(model)
    for one in found.graph.initializer:
        if one.name in weights:
            array = np.ascontiguousarray(weights[one.name], np.float32)
            one.CopyFrom(onnx.numpy_helper.from_array(array, one.name))
    return bytes(found.SerializeToString())


def rounded(weights: np.ndarray, axis: int, bits: int) -> np.ndarray:
    """Return weights as they are once they were held in so many bits."""
    codes, scales = _coded(weights, axis, bits)
    return _decoded(codes, scales, axis, weights.shape)


def with_bits(model: bytes, bits: Mapping[str, int]) -> bytes:
    """Return a graph some of whose weights are held in eight or four bits, in blocks.

    A weight becomes codes and scales, and an operator that multiplies them (``DequantizeLinear``
    in blocks of `GROUP`, ONNX opset 21): a graph that is opened so that constants are folded holds
    and computes floats again, as quickly as before.

    Args:
        model: The ONNX model.
        bits: Weight, of those in `weights_of` -> 8 or 4.
    """
    found = _read(model)
    users = _users(found)
    kept, nodes = [], []
    for one in found.graph.initializer:
        if one.name not in bits:
            kept.append(one)
            continue
        axis = axis_of(users[one.name], one.dims)
        tensors, more = _held(one.name, _array(one), axis, bits[one.name])
        kept += tensors
        nodes += more
    del found.graph.initializer[:]
    found.graph.initializer.extend(kept)
    every = [*nodes, *found.graph.node]
    del found.graph.node[:]
    found.graph.node.extend(every)
    return bytes(found.SerializeToString())


def axes_of(model: bytes) -> dict[str, int]:
    """Return the axis of each large weight along which numbers share a scale."""
    found = _read(model)
    users, dims = _users(found), {one.name: one.dims for one in found.graph.initializer}
    return {name: axis_of(users[name], dims[name]) for name in weights_of(model)}


def axis_of(user: Any, dims: Any) -> int:
    """Return the axis along which a weight's numbers share a scale: what its operator sums over.

    Convolutions are taken as ``[channel, all else]``.
    """
    if user.op_type == "Gemm":
        transposed = any(one.name == "transB" and one.i for one in user.attribute)
        return 1 if transposed else 0
    return INPUT_AXIS.get(user.op_type, 1) if len(dims) == 2 else 1


def _held(name: str, weights: np.ndarray, axis: int, bits: int) -> tuple[list[Any], list[Any]]:
    """Return the initializers and operators that stand for a weight."""
    import onnx

    codes, scales = _coded(weights, axis, bits)
    kind = onnx.TensorProto.INT8 if bits == 8 else onnx.TensorProto.INT4
    values = codes.reshape(-1)
    raw = values.tobytes() if bits == 8 else _nibbles(values)
    tensors = [
        onnx.helper.make_tensor(f"{name}_codes", kind, codes.shape, raw, raw=True),
        onnx.numpy_helper.from_array(scales.astype(np.float32), f"{name}_scales"),
    ]
    flat = weights.ndim == 2
    node = onnx.helper.make_node(
        "DequantizeLinear",
        [f"{name}_codes", f"{name}_scales"],
        [name if flat else f"{name}_flat"],
        name=f"{name}_held",
        axis=axis,
        block_size=GROUP,
    )
    if flat:
        return tensors, [node]
    tensors.append(onnx.numpy_helper.from_array(np.array(weights.shape, np.int64), f"{name}_shape"))
    again = onnx.helper.make_node(
        "Reshape", [f"{name}_flat", f"{name}_shape"], [name], name=f"{name}_shaped"
    )
    return tensors, [node, again]


def _coded(weights: np.ndarray, axis: int, bits: int) -> tuple[np.ndarray, np.ndarray]:
    """Return codes int8 and scales float32 of weights as a matrix, in blocks along an axis."""
    matrix = weights.reshape(weights.shape[0], -1).astype(np.float32)
    moved = np.moveaxis(matrix, axis, -1)
    padded = np.pad(moved, [(0, 0), (0, -moved.shape[1] % GROUP)])
    groups = padded.reshape(len(moved), -1, GROUP)
    scales = np.abs(groups).max(-1) / MOST[bits]
    codes = np.rint(groups / np.where(scales > 0, scales, 1)[..., None])
    codes = codes.reshape(len(moved), -1)[:, : moved.shape[1]].astype(np.int8)
    return np.moveaxis(codes, -1, axis), np.moveaxis(scales.astype(np.float32), -1, axis)


def _decoded(
    codes: np.ndarray, scales: np.ndarray, axis: int, shape: tuple[int, ...]
) -> np.ndarray:
    every = np.repeat(scales, GROUP, axis=axis)
    every = np.take(every, np.arange(codes.shape[axis]), axis=axis)
    return (codes * every).astype(np.float32).reshape(shape)


def _nibbles(codes: np.ndarray) -> bytes:
    halves = (np.pad(codes, (0, len(codes) % 2)) & 0xF).astype(np.uint8).reshape(-1, 2)
    return bytes((halves[:, 0] | (halves[:, 1] << 4)).tobytes())


def _read(model: bytes) -> Any:
    import onnx

    return onnx.load_from_string(model)


def _array(tensor: Any) -> np.ndarray:
    import onnx

    return np.asarray(onnx.numpy_helper.to_array(tensor), np.float32)


def _users(model: Any) -> dict[str, Any]:
    """Return the operator that multiplies by each weight, of those that do."""
    places = {"MatMul": 1, "Gemm": 1, "Conv": 1, "Gather": 0}
    return {
        node.input[places[node.op_type]]: node
        for node in model.graph.node
        if node.op_type in places and len(node.input) > places[node.op_type]
    }


def _is_large(tensor: Any) -> bool:
    import onnx

    size = int(np.prod(tensor.dims)) if tensor.dims else 0
    floats = tensor.data_type == onnx.TensorProto.FLOAT
    return bool(floats and len(tensor.dims) >= 2 and size >= LEAST_SIZE)
