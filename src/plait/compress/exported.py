"""A model whose networks are graphs, each compared with its network on rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from plait.baselines.evidence import Evidence
from plait.baselines.evidence_column import EVIDENCE, beside
from plait.compress.example_rows import MAX_ALONE, MAX_COMPARED, MAX_HIDDEN, example_rows
from plait.compress.exported_mix import Exported, mix_of
from plait.compress.graph_export import GraphWriter
from plait.compress.parity import Parity, compare, worst
from plait.data.loader import Loader
from plait.data.prepared import Prepared
from plait.data.table import Table
from plait.errors import UsageError
from plait.model.ensemble import DEEP, Ensemble
from plait.model.model import Model
from plait.networks.building import build_systems
from plait.networks.graphs import SavedGraph
from plait.networks.infer import row_outputs
from plait.networks.opening import open_graphs
from plait.networks.runner import Runner, flat
from plait.networks.system import System
from plait.networks.torch_runners import SystemRunner
from plait.progress import SILENT, Progress
from plait.types import Arrays, Layout

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


def batches(
    columns: Sequence[str],
    prepared: Prepared,
    rows: np.ndarray,
    evidence: Evidence | None,
    *,
    batch_size: int,
) -> list[Arrays]:
    """Return flat batches of rows, as a network's runner is given them."""
    beside_them = beside(evidence, prepared, known=np.asarray(rows, np.int64))
    loader = Loader(beside_them, rows, columns, batch_size=batch_size, num_ahead=0)
    return [flat(batch) for _, batch in loader.epoch(0)]


def system_graph(
    system: System,
    prepared: Prepared,
    rows: np.ndarray,
    evidence: Evidence | None,
    writer: GraphWriter | None = None,
) -> SavedGraph:
    """Return a network's graph, traced on the rows that fill most of its columns.

    Args:
        system: The network.
        prepared, rows: Some rows.
        evidence: What it is told by simple models.
        writer: That of networks which are perhaps built alike; None for one of its own.
    """
    full = fullest(prepared, system.encoder.columns, rows)
    (example, *_) = batches(system.inputs, prepared, full, evidence, batch_size=len(full))
    writer = writer or GraphWriter()
    return writer.graph_of(system, example, layouts_of(system, prepared, evidence))


def graph_parity(
    ensemble: Ensemble,
    system: System,
    graph: SavedGraph,
    prepared: Prepared,
    rows: np.ndarray,
    evidence: Evidence | None,
) -> Parity:
    """Return the parity of a network and its graph: together, one by one, without each column."""
    runners: tuple[Runner, Runner] = SystemRunner(system), open_graphs([graph])[0]

    def compared(prepared: Prepared, some: np.ndarray, size: int) -> Parity:
        first, second = (
            row_outputs(one, prepared, some, evidence=evidence, batch_size=size) for one in runners
        )
        return compare(ensemble.target, first, second)

    found = [compared(prepared, rows, 256), compared(prepared, rows[:MAX_ALONE], 1)]
    for name in system.encoder.columns:
        lacking = prepared.with_empty({name: prepared.columns[name].codec})
        found.append(compared(lacking, rows[:MAX_HIDDEN], 32))
    return worst(found)


def fullest(prepared: Prepared, columns: Sequence[str], rows: np.ndarray) -> np.ndarray:
    """Return four of the rows that have a value in most columns; repeated where there are fewer."""
    num = sum(np.asarray(prepared.columns[name].present)[rows].astype(int) for name in columns)
    best = rows[np.argsort(-np.asarray(num), kind="stable")[:4]]
    return np.resize(best, 4)


def layouts_of(
    system: System, prepared: Prepared, evidence: Evidence | None
) -> Mapping[str, Layout]:
    """Return column -> what its arrays are, of all columns of a network's batches."""
    found = {name: prepared.columns[name].codec.layout for name in system.encoder.columns}
    if evidence is not None:
        told = beside(evidence, prepared, known=np.zeros(0, np.int64))
        found[EVIDENCE] = told.columns[EVIDENCE].codec.layout
    return found
