"""A model whose networks are graphs, each compared with its network on rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from plait.baselines.evidence import Evidence
from plait.compress.example_rows import MAX_COMPARED, example_rows
from plait.compress.exported_mix import Exported, mix_of
from plait.compress.graph_export import GraphWriter
from plait.compress.parity import worst
from plait.compress.system_graphs import graph_parity, system_graph
from plait.data.prepared import Prepared
from plait.data.table import Table
from plait.errors import UsageError
from plait.model.ensemble import DEEP, Ensemble
from plait.model.model import Model
from plait.networks.building import build_systems
from plait.networks.graphs import SavedGraph
from plait.networks.system import System
from plait.progress import SILENT, Progress

Writing = Callable[[System, Prepared, np.ndarray, Evidence | None], SavedGraph]
"""Takes a network, prepared columns, row numbers and what the network is told, gives its graph."""


def export(
    model: Model,
    table: Table | None = None,
    *,
    write: Writing | None = None,
    seed: int = 0,
    progress: Progress = SILENT,
) -> Exported:
    """Return a model whose networks are graphs that say what its networks say.

    Args:
        model: Of a predictive target, with networks in its mix.
        table: Rows to compare on, under the model's schema; None makes some up.
        write: Writes a network as a graph; None as one of ONNX.
        seed: Of the rows that are made up, and of the choice of rows.
        progress: Told of the work.

    Raises:
        TargetError: When the target is not predictive.
        UsageError: When the mix has no network, or one that no graph can hold.
        GraphError: When a runtime lacks what a network needs.
        ParityError: When a graph says something else than its network.
        ExtraError: When what writes or runs graphs is not installed.
    """
    ensemble = networks_of(model)
    rows = example_rows(model, seed) if table is None else table
    prepared = model.prepare(rows, keep=False)
    rng = np.random.default_rng(seed)
    chosen = np.sort(rng.permutation(rows.num_rows)[:MAX_COMPARED])
    systems = build_systems(ensemble.systems)
    told = ensemble.evidence or [None] * len(systems)
    write = write or partial(system_graph, writer=GraphWriter())
    graphs, found = [], []
    update = progress.task("writing graphs", len(systems))
    for system, evidence in zip(systems, told, strict=True):
        graph = write(system, prepared, chosen, evidence)
        found.append(graph_parity(ensemble, system, graph, prepared, chosen, evidence))
        graphs.append(graph)
        update(len(graphs))
    parity = worst(found).require("the graph", f"over {len(chosen)} rows")
    parts = with_graphs(ensemble, graphs)
    return Exported(replace(model, parts=parts, path=None), parity, table is None)


def networks_of(model: Model) -> Ensemble:
    """Return the mix of a model that has networks in it. Raises `TargetError`, `UsageError`."""
    predictor = mix_of(model)
    if DEEP not in predictor.weights:
        raise UsageError(
            "this bundle has no network to write as a graph",
            expected="a network in the mix, as weights of torch",
            received=", ".join(predictor.weights),
            hint="its simple models run without torch as they are",
        )
    return predictor


def with_graphs(ensemble: Ensemble, graphs: Sequence[SavedGraph]) -> Ensemble:
    """Return a mix whose networks are graphs."""
    return replace(ensemble, graphs=tuple(graphs), tensors={}, rehearsal=None, _runners=None)
