"""Graphs that compute in eight bits: scales of what passes through are measured on rows."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from plait.compress.quiet import quietly
from plait.errors import ExtraError
from plait.networks.graph_runners import GraphRunner
from plait.networks.graphs import SavedGraph
from plait.types import Arrays

OPERATORS = ["Conv", "MatMul", "Gemm"]
"""That compute in eight bits; the others, which take little time, stay as they are."""


def in_int8(graph: SavedGraph, batches: Sequence[Arrays]) -> SavedGraph:
    """Return a graph whose products and convolutions take and give eight bits.

    Weights have a scale per channel, what passes through one per tensor: from its least to its
    largest value over the batches (Jacob et al. 2018, section 3; static quantization).

    Args:
        graph: In float32.
        batches: Flat batches of rows that are typical.

    Raises `ExtraError` when what does it is not installed.
    """
    try:
        from onnxruntime.quantization import QuantFormat, QuantType, quantize_static
    except ImportError:
        raise ExtraError("export", "computing in eight bits") from None
    with tempfile.TemporaryDirectory() as folder, quietly():
        ready, made = Path(folder, "ready.onnx"), Path(folder, "made.onnx")
        ready.write_bytes(graph.model)
        quantize_static(
            str(ready),
            str(made),
            _Batches(GraphRunner(graph), batches),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=OPERATORS,
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
        )
        model = made.read_bytes()
    return SavedGraph(columns=graph.columns, model=model, precision="int8")


class _Batches:
    """Gives batches one by one, as onnxruntime's calibration asks for them."""

    def __init__(self, runner: GraphRunner, batches: Sequence[Arrays]) -> None:
        self._feeds = iter([runner.feeds(one) for one in batches])

    def get_next(self) -> dict[str, Any] | None:
        """Return the next batch; None behind the last."""
        return next(self._feeds, None)
