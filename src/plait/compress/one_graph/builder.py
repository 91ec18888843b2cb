"""An ONNX graph that grows operator by operator; tensors are known by their names."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from plait.errors import ExtraError
from plait.networks.graphs import OPSET
from plait.networks.runner import LATENT, OUTPUTS

TREES_DOMAIN, TREES_OPSET = "ai.onnx.ml", 5
IR_VERSION = 10
"""Of the file format: that of ONNX opset 21."""

LEAST_HALVED = 1024
"""Constants of fewer numbers are written as they are."""

BATCH = "batch"

Value = str | np.ndarray | float
"""A tensor of the graph by its name, or a constant."""


class Builder:
    """Writes a graph.

    What was written before is not written again: equal constants are one, and so are operators of
    the same inputs.

    Args:
        plain: Whether only operators of ONNX itself are to be used, none of ``ai.onnx.ml``: for
            runtimes that know no trees.

    Raises `ExtraError` where `onnx` is not installed.
    """

    def __init__(self, *, plain: bool = False) -> None:
        try:
            import onnx
        except ImportError:
            raise ExtraError("export", "writing models as graphs") from None
        self.plain = plain
        self._onnx = onnx
        self._nodes: list[Any] = []
        self._inputs: dict[str, Any] = {}
        self._tensors: list[Any] = []
        self._functions: dict[tuple[str, str], Any] = {}
        self._opsets: dict[str, int] = {"": OPSET, TREES_DOMAIN: TREES_OPSET}
        self._known: dict[Any, Any] = {}

    @property
    def input_names(self) -> tuple[str, ...]:
        """The graph's inputs."""
        return tuple(self._inputs)

    def input(self, name: str, dtype: str, shape: Sequence[int | str]) -> str:
        """Return an input ``[batch, *shape]``, added where it is not there yet."""
        if name not in self._inputs:
            kind = self._onnx.helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
            axes = [BATCH, *(f"{name}.{one}" if isinstance(one, str) else one for one in shape)]
            self._inputs[name] = self._onnx.helper.make_tensor_value_info(name, kind, axes)
        return name

    def input_like(self, info: Any) -> str:
        """Return an input as another graph tells it, added where it is not there yet."""
        known = self._inputs.setdefault(info.name, info)
        kind = info.type.tensor_type.elem_type
        if known.type.tensor_type.elem_type == kind:
            return str(info.name)
        return self.add("Cast", info.name, to=kind)

    def constant(self, value: np.ndarray | float) -> str:
        """Return a constant; Python's numbers are float32.

        Large matrices of floats whose numbers are all of half precision are held so.
        """
        array = np.asarray(value, np.float32) if isinstance(value, float) else np.asarray(value)
        array = np.ascontiguousarray(array).reshape(array.shape)
        if array.dtype == np.float64:
            array = array.astype(np.float32)
        key = (array.dtype.str, array.shape, hashlib.sha256(array.tobytes()).digest())
        if key not in self._known:
            halved = _halved(array)
            name = f"constant.{len(self._tensors)}"
            self._tensors.append(
                self._onnx.numpy_helper.from_array(array if halved is None else halved, name)
            )
            self._known[key] = name if halved is None else self.cast(name, np.float32)
        return str(self._known[key])

    def add(self, operator: str, *inputs: Value, **attributes: Any) -> str:
        """Return the output of an operator of ONNX itself; the first, where it has several."""
        names = [one if isinstance(one, str) else self.constant(one) for one in inputs]
        key = (operator, *names, *(f"{n}={v}" for n, v in sorted(attributes.items())))
        if key not in self._known:
            self._known[key] = self.several(operator, names, 1, **attributes)[0]
        return str(self._known[key])

    def several(
        self,
        operator: str,
        inputs: Sequence[str],
        num_outputs: int,
        *,
        domain: str = "",
        **attributes: Any,
    ) -> list[str]:
        """Return the outputs of an operator, written anew."""
        number = len(self._nodes)
        outputs = [f"{operator}.{number}.{place}" for place in range(num_outputs)]
        node = self._onnx.helper.make_node(
            operator,
            list(inputs),
            outputs,
            name=f"{operator}.{number}",
            domain=domain,
            **attributes,
        )
        self._nodes.append(node)
        return outputs

    def cast(self, value: str, dtype: Any) -> str:
        """Return a tensor in another type."""
        kind = self._onnx.helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
        return self.add("Cast", value, to=kind)

    def gather(self, value: str, places: np.ndarray, axis: int = 1) -> str:
        """Return a tensor's places along an axis."""
        return self.add("Gather", value, np.asarray(places, np.int64), axis=axis)

    def concat(self, values: Sequence[str], axis: int = 1) -> str:
        """Return tensors side by side; the tensor itself where it is one."""
        return values[0] if len(values) == 1 else self.add("Concat", *values, axis=axis)

    def reshaped(self, value: str, *shape: int) -> str:
        """Return a tensor in another shape: 0 keeps a size, one -1 takes what is left."""
        return self.add("Reshape", value, np.array(shape, np.int64))

    def summed(self, value: str, axis: int, *, keep: bool = False) -> str:
        """Return sums along an axis."""
        return self.add("ReduceSum", value, np.array([axis], np.int64), keepdims=int(keep))

    def take_over(
        self, nodes: Sequence[Any], functions: Sequence[Any], opsets: dict[str, int]
    ) -> None:
        """Lay another graph's operators beside, whose names are none of these."""
        self._nodes += nodes
        self._functions |= {(one.domain, one.name): one for one in functions}
        self._opsets = opsets | self._opsets

    def model(self, outputs: str, latent: str = "") -> bytes:
        """Return the model, whose output is named ``outputs``; a second one, where there is
        something to tell, ``latent``."""
        helper, number = self._onnx.helper, self._onnx.TensorProto.FLOAT
        names = {OUTPUTS: outputs} | ({LATENT: latent} if latent else {})
        last = [helper.make_node("Identity", [made], [name]) for name, made in names.items()]
        told = [helper.make_tensor_value_info(name, number, [BATCH, name]) for name in names]
        graph = helper.make_graph(
            [*self._nodes, *last], "mix", list(self._inputs.values()), told, self._tensors
        )
        used = {one.domain for one in (*self._nodes, *self._functions.values())} | {""}
        opsets = [helper.make_opsetid(n, v) for n, v in self._opsets.items() if n in used]
        made = helper.make_model(
            graph,
            opset_imports=opsets,
            functions=list(self._functions.values()),
            ir_version=IR_VERSION,
            producer_name="plait",
        )
        return bytes(made.SerializeToString())


def _halved(array: np.ndarray) -> np.ndarray | None:
    """Return many float32 numbers in half precision; None where that is not what they are."""
    if array.dtype != np.float32 or array.size < LEAST_HALVED or not np.isfinite(array).all():
        return None
    with np.errstate(over="ignore"):
        found = array.astype(np.float16)
    return found if (found == array).all() else None
