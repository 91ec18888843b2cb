"""Programs of ExecuTorch as runners: its own kernels compute, torch only hands arrays over."""

from __future__ import annotations

from threading import Lock
from typing import Any

import numpy as np

from plait.errors import BundleError, ExtraError, LimitError
from plait.networks.graphs import GraphInput, SavedGraph
from plait.networks.runner import LATENT, OUTPUTS
from plait.types import Arrays

METHOD = "forward"
"""Of a program: what answers."""


class ExecuTorchRunner:
    """Runs a network that is a program of ExecuTorch; a `plait.networks.runner.Runner`.

    A batch is cut into as many rows as the program takes at once, and filled with zeros up to its
    lengths, behind which a network sees nothing. How many threads it takes ExecuTorch knows itself.

    Args:
        graph: As saved.

    Raises:
        ExtraError: When executorch, or torch, is not installed.
        BundleError: When this executorch cannot read the program.
    """

    def __init__(self, graph: SavedGraph) -> None:
        self._torch, runtime = import_executorch()
        self.columns = tuple(graph.columns)
        self._inputs, self._lock = graph.inputs, Lock()
        self._most_rows = self._inputs[0].shape[0]
        try:
            self._program = runtime.load_program(graph.model)
            self._method = self._program.load_method(METHOD)
        except RuntimeError as error:
            raise BundleError(
                "a program of the bundle cannot be run by this executorch",
                expected="a program whose operators and version it knows",
                received=str(error),
                hint="install the executorch that it was written by, or export the bundle again",
            ) from None

    def __call__(self, arrays: Arrays) -> Arrays:
        num = len(arrays[self._inputs[0].name])
        parts = [
            self._answers(arrays, slice(begin, begin + self._most_rows))
            for begin in range(0, num, self._most_rows)
        ]
        pairs = zip((OUTPUTS, LATENT), zip(*parts, strict=True), strict=True)
        return {name: np.concatenate(found) for name, found in pairs}

    def _answers(self, arrays: Arrays, rows: slice) -> list[np.ndarray]:
        given = [self._torch.tensor(filled(one, arrays[one.name][rows])) for one in self._inputs]
        try:
            with self._lock:
                found = self._method.execute(given)
        except RuntimeError as error:
            raise BundleError(
                "a program of the bundle failed on some rows",
                expected=f"an answer of ExecuTorch to {len(given[0])} rows",
                received=str(error),
            ) from None
        return [np.asarray(one.numpy(), np.float32) for one in found]


def filled(about: GraphInput, array: np.ndarray) -> np.ndarray:
    """Return an array in an input's type, with zeros behind up to its lengths; as many rows.

    Raises `LimitError` where it is longer.
    """
    array = np.asarray(array, about.dtype)
    gaps = [most - size for most, size in zip(about.shape[1:], array.shape[1:], strict=True)]
    if min(gaps, default=0) < 0:
        raise LimitError(
            "a value is longer than the program of ExecuTorch has room for",
            expected=f"at most {' x '.join(map(str, about.shape[1:]))}",
            received=" x ".join(map(str, array.shape[1:])),
            column=about.name.rsplit(":", 2)[0],
            hint="export the bundle again with a table that has rows as long, or to onnx",
        )
    return np.pad(array, [(0, 0), *((0, gap) for gap in gaps)]) if any(gaps) else array


def import_executorch() -> tuple[Any, Any]:
    """Return torch, and ExecuTorch's runtime. Raises `ExtraError` when one is not installed."""
    try:
        import torch
        from executorch.runtime import Runtime
    except ImportError:
        raise ExtraError("executorch", "a program of ExecuTorch") from None
    return torch, Runtime.get()
