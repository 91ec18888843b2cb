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


ONNX, OPENVINO = "onnxruntime", "openvino"
"""What runs graphs."""

ENDINGS = {ONNX: ".onnx", OPENVINO: ".xml"}
"""What runs a graph -> how its file ends."""

WEIGHTS_ENDING = ".bin"
"""Of the file of weights, where a graph has one of its own."""


@brief
@dataclass(frozen=True, kw_only=True)
class SavedGraph:
    """A graph that answers as a network of a predictive target does, or as a whole mix.

    Its inputs have the flat names of `plait.networks.runner`, and a batch of any size. It gives
    ``outputs``, canonical, float32 ``[batch, output]``, and ``latent``, what its head answers from,
    float32 ``[batch, dim]``, which older graphs lack.

    Attributes:
        columns: Of a batch.
        model: The ONNX model, or OpenVINO's.
        precision: What its weights are held in, and what it computes in: ``float32``, ``int8``, ...
        threads: Processor threads that were quickest where it was timed; 0 where it was not.
        folded: Whether its weights are held in fewer bits than it computes in, and are made floats
            when it is opened.
        runtime: What runs it: `ONNX`, `OPENVINO`.
        weights: The file of its weights, of a runtime that keeps them apart.
    """

    columns: Sequence[str]
    model: bytes
    precision: str = "float32"
    threads: int = 0
    folded: bool = False
    runtime: str = ONNX
    weights: bytes = b""

    def facts(self) -> dict[str, Any]:
        """Return what ``model.json`` tells of it."""
        return {
            "columns": list(self.columns),
            "precision": self.precision,
            "threads": self.threads,
            "folded": self.folded,
            **({} if self.runtime == ONNX else {"runtime": self.runtime}),
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
    weights = b"" if runtime == ONNX else read(f"{FOLDER}/{number}{WEIGHTS_ENDING}")
    return SavedGraph(
        columns=tuple(map(str, facts["columns"])),
        model=model,
        precision=str(facts["precision"]),
        threads=int(facts["threads"]),
        folded=bool(facts["folded"]),
        runtime=runtime,
        weights=weights,
    )
