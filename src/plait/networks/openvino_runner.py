"""Graphs run by OpenVINO: no torch, no onnxruntime."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from plait.errors import BundleError, ExtraError
from plait.networks.graph_runners import feeds_of
from plait.networks.graphs import SavedGraph
from plait.networks.runner import OUTPUTS
from plait.threads import num_threads
from plait.types import Arrays

DEVICE = "CPU"


class OpenVinoRunner:
    """Runs a graph of OpenVINO, in float32; a `plait.networks.runner.Runner`.

    Args:
        graph: As saved.
        threads: Processor threads; None takes what the graph was timed with, or all there are.

    Raises:
        ExtraError: When openvino is not installed.
        BundleError: When it cannot read the graph.
    """

    def __init__(self, graph: SavedGraph, threads: int | None = None) -> None:
        openvino = import_openvino()
        self.columns = tuple(graph.columns)
        most = num_threads()
        settings = {
            "INFERENCE_PRECISION_HINT": "f32",
            "INFERENCE_NUM_THREADS": min(threads or graph.threads or most, most),
            "NUM_STREAMS": 1,
        }
        core = openvino.Core()
        try:
            weights = openvino.Tensor(np.frombuffer(graph.weights, np.uint8))
            model = core.read_model(model=graph.model, weights=weights)
            self._compiled = core.compile_model(model, DEVICE, settings)
        except RuntimeError as error:
            raise BundleError(
                "a graph of the bundle cannot be run by this OpenVINO",
                expected=f"a graph that OpenVINO {openvino.__version__} reads",
                received=str(error),
                hint="install a newer openvino, or export the bundle again",
            ) from None
        self._inputs = {
            _name(one.get_names(), self.columns): (
                one.get_element_type().to_dtype().type,
                _ragged(one.partial_shape),
            )
            for one in self._compiled.inputs
        }
        self._request = self._compiled.create_infer_request()

    def __call__(self, arrays: Arrays) -> Arrays:
        found = self._request.infer(feeds_of(self._inputs, arrays))
        return {OUTPUTS: np.array(found[self._compiled.output(0)], np.float32)}


def import_openvino() -> Any:
    """Return the module. Raises `ExtraError` when it is not installed."""
    try:
        import openvino
    except ImportError:
        raise ExtraError("openvino", "a graph of OpenVINO") from None
    return openvino


def _name(names: Iterable[str], columns: Sequence[str]) -> str:
    """Return the name of an input that a batch has: OpenVINO may know it by others too.

    Raises `BundleError` where there is none.
    """
    for name in sorted(names):
        if name.rsplit(":", 2)[0] in columns:
            return name
    raise BundleError(
        "a graph of the bundle has an input that is of none of its columns",
        expected=", ".join(columns),
        received=", ".join(names),
    )


def _ragged(shape: Any) -> tuple[int, ...]:
    """Return the axes behind the batch's whose length is open."""
    return tuple(axis for axis, size in enumerate(shape) if axis and size.is_dynamic)
