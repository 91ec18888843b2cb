"""Opens saved networks as runners: the one door from models to what runs them.

That is torch, or onnxruntime, OpenVINO or ExecuTorch where a bundle holds graphs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from plait.networks.graph_runners import GraphRunner
from plait.networks.graphs import EXECUTORCH, ONNX, OPENVINO, SavedGraph
from plait.networks.openvino_runner import OpenVinoRunner
from plait.networks.runner import Drawer, Runner
from plait.networks.weights import SavedHeads, SavedRows, SavedSpace, SavedSystems

if TYPE_CHECKING:
    from plait.whole_rows.drawing import RowDrawer


def open_systems(saved: SavedSystems) -> list[Runner]:
    """Return a runner per network of a predictive target."""
    from plait.networks.building import build_systems
    from plait.networks.torch_runners import SystemRunner

    return [SystemRunner(one) for one in build_systems(saved)]


def open_graphs(graphs: Sequence[SavedGraph]) -> list[Runner]:
    """Return a runner per graph of a predictive target, by the runtime that it was written for."""
    return [RUNNERS[one.runtime](one) for one in graphs]


def open_program(saved: SavedGraph) -> Runner:
    """Return a runner of a program of ExecuTorch, whose Python needs torch."""
    from plait.networks.executorch_runner import ExecuTorchRunner

    return ExecuTorchRunner(saved)


RUNNERS: dict[str, Callable[[SavedGraph], Runner]] = {
    ONNX: GraphRunner,
    OPENVINO: OpenVinoRunner,
    EXECUTORCH: open_program,
}
"""What runs a graph -> its runner."""


def open_space(saved: SavedSpace) -> dict[str | None, Runner]:
    """Return a runner per input column of a shared space, and under None one of all of them."""
    from plait.networks.building import build_space
    from plait.networks.torch_runners import SpaceRunner

    space = build_space(saved)
    return {one: SpaceRunner(space, one) for one in (None, *saved.input_columns)}


def open_drawer(saved: SavedHeads, name: str) -> Drawer:
    """Return what draws values of the generated target `name`."""
    from plait.networks.building import build_heads
    from plait.networks.torch_runners import HeadsRunner

    return HeadsRunner(build_heads(saved), name, started=saved.started)


def open_rows(saved: SavedRows) -> RowDrawer:
    """Return what draws whole rows."""
    from plait.networks.masked_rows import build_rows

    return build_rows(saved)
