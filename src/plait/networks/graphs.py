"""Networks as ONNX graphs: what is saved of one, and the files of several in a bundle."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from plait.display import brief

FOLDER = "graphs"
"""Of a bundle: where its graphs are."""


@brief
@dataclass(frozen=True, kw_only=True)
class SavedGraph:
    """An ONNX graph that answers as a network of a predictive target does.

    Its inputs have the flat names of `plait.networks.runner`, and a batch of any size. It gives
    ``outputs``, canonical, float32 ``[batch, output]``, and ``latent``, what its head answers from,
    float32 ``[batch, dim]``, which older graphs lack.

    Attributes:
        columns: Of a batch.
        model: The ONNX model.
        precision: What its weights are held in, and what it computes in: ``float32``, ``int8``, ...
        threads: Processor threads that were quickest where it was timed; 0 where it was not.
        folded: Whether its weights are held in fewer bits than it computes in, and are made floats
            when it is opened.
    """

    columns: Sequence[str]
    model: bytes
    precision: str = "float32"
    threads: int = 0
    folded: bool = False

    def facts(self) -> dict[str, Any]:
        """Return what ``model.json`` tells of it."""
        return {
            "columns": list(self.columns),
            "precision": self.precision,
            "threads": self.threads,
            "folded": self.folded,
        }


def graph_files(graphs: Sequence[SavedGraph]) -> dict[str, bytes]:
    """Return the graphs' files of a bundle: name -> content."""
    return {graph_file(number): one.model for number, one in enumerate(graphs)}


def graph_file(number: int) -> str:
    """Return the name of a graph's file in a bundle."""
    return f"{FOLDER}/{number}.onnx"


def graph_from(facts: Mapping[str, Any], model: bytes) -> SavedGraph:
    """Return a graph as `SavedGraph.facts` and its file tell it."""
    return SavedGraph(
        columns=tuple(map(str, facts["columns"])),
        model=model,
        precision=str(facts["precision"]),
        threads=int(facts["threads"]),
        folded=bool(facts["folded"]),
    )
