"""Networks' ONNX graphs as runners, by onnxruntime: no torch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from plait.errors import BundleError, ExtraError
from plait.networks.graphs import SavedGraph
from plait.networks.runner import LATENT, OUTPUTS
from plait.threads import num_threads
from plait.types import Arrays

LEAST_LENGTH = 2
"""Places along a ragged axis, at least: graphs are traced of several, and padding says nothing."""

DTYPES: dict[str, type[np.generic]] = {
    "tensor(float)": np.float32,
    "tensor(double)": np.float64,
    "tensor(bool)": np.bool_,
    "tensor(uint8)": np.uint8,
    "tensor(int8)": np.int8,
    "tensor(int16)": np.int16,
    "tensor(uint16)": np.uint16,
    "tensor(int32)": np.int32,
    "tensor(uint32)": np.uint32,
    "tensor(int64)": np.int64,
}
"""ONNX Runtime's names of types -> NumPy's."""


class GraphRunner:
    """Runs a network's graph; a `plait.networks.runner.Runner`.

    Args:
        graph: As saved.
        threads: Processor threads; None takes what the graph was timed with, or all there are.

    Raises:
        ExtraError: When onnxruntime is not installed.
        BundleError: When onnxruntime cannot read the graph.
    """

    def __init__(self, graph: SavedGraph, threads: int | None = None) -> None:
        self.columns = tuple(graph.columns)
        most = num_threads()
        threads = min(threads or graph.threads or most, most)
        self._session = open_session(graph.model, threads, _fold if graph.folded else None)
        self._inputs = {
            one.name: (DTYPES[one.type], _ragged(one.shape)) for one in self._session.get_inputs()
        }
        given = {one.name for one in self._session.get_outputs()}
        self._wanted = [name for name in (OUTPUTS, LATENT) if name in given]

    def __call__(self, arrays: Arrays) -> Arrays:
        found = self._session.run(self._wanted, self.feeds(arrays))
        pairs = zip(self._wanted, found, strict=True)
        return {name: np.asarray(array, np.float32) for name, array in pairs}

    def feeds(self, arrays: Arrays) -> Arrays:
        """Return the graph's inputs of a batch: those that it has, in its types, long enough."""
        return feeds_of(self._inputs, arrays)


def feeds_of(
    inputs: Mapping[str, tuple[type[np.generic], tuple[int, ...]]], arrays: Arrays
) -> Arrays:
    """Return a batch's arrays as a graph takes them.

    Args:
        inputs: Name -> type, and the axes whose length is open, the batch's apart.
        arrays: Flat.
    """
    return {
        name: _padded(np.asarray(arrays[name], dtype), ragged)
        for name, (dtype, ragged) in inputs.items()
    }


def open_session(model: bytes, threads: int, settle: Callable[[Any], None] | None = None) -> Any:
    """Return an ``onnxruntime.InferenceSession`` of a model, on the processor.

    Threads do not spin while they wait, for other work goes on beside; nothing is told to anybody.

    Args:
        model: The ONNX model.
        threads: Within an operator.
        settle: Changes the session's options before it is opened.

    Raises:
        ExtraError: When onnxruntime is not installed.
        BundleError: When it cannot read the model.
    """
    try:
        import onnxruntime
    except ImportError:
        raise ExtraError("edge", "a network that is an ONNX graph") from None
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    if settle is not None:
        settle(options)
    try:
        return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's errors share no class of their own
        raise BundleError(
            "a graph of the bundle cannot be run by this onnxruntime",
            expected=f"operators that onnxruntime {onnxruntime.__version__} knows",
            received=str(error),
            hint="install a newer onnxruntime, or export the bundle again",
        ) from None


def _fold(options: Any) -> None:
    """Have weights that are held in few bits made floats once, when the graph is opened."""
    options.add_session_config_entry("session.disable_quant_qdq", "1")


def _ragged(shape: list[Any]) -> tuple[int, ...]:
    """Return the axes behind the batch's whose length is open."""
    return tuple(axis for axis, size in enumerate(shape) if axis and not isinstance(size, int))


def _padded(array: np.ndarray, ragged: tuple[int, ...]) -> np.ndarray:
    """Return an array of `LEAST_LENGTH` or more places along its ragged axes, zeros behind."""
    short = {axis: LEAST_LENGTH - array.shape[axis] for axis in ragged}
    if not any(gap > 0 for gap in short.values()):
        return array
    return np.pad(array, [(0, max(short.get(axis, 0), 0)) for axis in range(array.ndim)])
