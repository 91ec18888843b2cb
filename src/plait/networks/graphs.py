"""Networks and mixes as graphs: what is saved of one, and the files of several in a bundle."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from plait.display import brief

FOLDER = "graphs"
"""Of a bundle: where its graphs are."""

OPSET = 21
"""Of ONNX graphs: the first with blocks of four-bit weights."""


ONNX, OPENVINO, EXECUTORCH = "onnxruntime", "openvino", "executorch"
"""What runs graphs."""

ENDINGS = {ONNX: ".onnx", OPENVINO: ".xml", EXECUTORCH: ".pte"}
"""What runs a graph -> how its file ends."""

WEIGHTS_ENDING = ".bin"
"""Of the file of weights, where a graph has one of its own."""


@dataclass(frozen=True, kw_only=True)
class GraphInput:
    """An input of a graph whose runtime knows no names: it takes them in their order.

    Attributes:
        name: Flat, as of `plait.networks.runner`.
        dtype: NumPy's name of its type.
        shape: The most rows of a batch, then the size of each axis.
        ragged: Axes along which a batch is filled with zeros up to that size.
    """

    name: str
    dtype: str
    shape: tuple[int, ...]
    ragged: tuple[int, ...] = ()

    def facts(self) -> dict[str, Any]:
        """Return what ``model.json`` tells of it."""
        return {
            "name": self.name,
            "dtype": self.dtype,
            "shape": list(self.shape),
            "ragged": list(self.ragged),
        }


def input_from(facts: Mapping[str, Any]) -> GraphInput:
    """Return an input as `GraphInput.facts` told it."""
    return GraphInput(
        name=str(facts["name"]),
        dtype=str(facts["dtype"]),
        shape=tuple(map(int, facts["shape"])),
        ragged=tuple(map(int, facts["ragged"])),
    )


@brief
@dataclass(frozen=True, kw_only=True)
class SavedGraph:
    """A graph that answers as a network of a predictive target does, or as a whole mix.

    Its inputs have the flat names of `plait.networks.runner`, and a batch of any size, or of as
    many rows as `inputs` tell. It gives
    ``outputs``, canonical, float32 ``[batch, output]``, and ``latent``, what its head answers from,
    float32 ``[batch, dim]``, which older graphs lack.

    Attributes:
        columns: Of a batch.
        model: The ONNX model, or OpenVINO's, or ExecuTorch's program.
        precision: What its weights are held in, and what it computes in: ``float32``, ``int8``, ...
        threads: Processor threads that were quickest where it was timed; 0 where it was not.
        folded: Whether its weights are held in fewer bits than it computes in, and are made floats
            when it is opened.
        runtime: What runs it: `ONNX`, `OPENVINO`, `EXECUTORCH`.
        weights: The file of its weights, of a runtime that keeps them apart.
        inputs: In their order, of a runtime that knows no names.
    """

    columns: Sequence[str]
    model: bytes
    precision: str = "float32"
    threads: int = 0
    folded: bool = False
    runtime: str = ONNX
    weights: bytes = b""
    inputs: tuple[GraphInput, ...] = ()

    def facts(self) -> dict[str, Any]:
        """Return what ``model.json`` tells of it."""
        return {
            "columns": list(self.columns),
            "precision": self.precision,
            "threads": self.threads,
            "folded": self.folded,
            **({} if self.runtime == ONNX else {"runtime": self.runtime}),
            **({"inputs": [one.facts() for one in self.inputs]} if self.inputs else {}),
        }


def graph_files(graphs: Sequence[SavedGraph]) -> dict[str, bytes]:
    """Return the graphs' files of a bundle: name -> content."""
    files = {}
    for number, one in enumerate(graphs):
        files[graph_file(number, one.runtime)] = one.model
        if one.weights:
            files[f"{FOLDER}/{number}{WEIGHTS_ENDING}"] = one.weights
    return files


def graph_file(number: int, runtime: str = ONNX) -> str:
    """Return the name of a graph's file in a bundle."""
    return f"{FOLDER}/{number}{ENDINGS[runtime]}"


def graph_from(facts: Mapping[str, Any], number: int, read: Callable[[str], bytes]) -> SavedGraph:
    """Return a graph as `SavedGraph.facts` and its files tell it.

    Args:
        facts: Of the graph.
        number: Of the graph, in its bundle.
        read: Returns the content of a file of the bundle.

    Raises `KeyError` for a runtime that is unknown here.
    """
    runtime = str(facts.get("runtime", ONNX))
    model = read(graph_file(number, runtime))
    weights = read(f"{FOLDER}/{number}{WEIGHTS_ENDING}") if runtime == OPENVINO else b""
    return SavedGraph(
        columns=tuple(map(str, facts["columns"])),
        model=model,
        precision=str(facts["precision"]),
        threads=int(facts["threads"]),
        folded=bool(facts["folded"]),
        runtime=runtime,
        weights=weights,
        inputs=tuple(map(input_from, facts.get("inputs", ()))),
    )
