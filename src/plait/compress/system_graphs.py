"""One network of a mix as a graph: traced on its fullest rows, and compared with it on rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from plait.baselines.evidence import Evidence
from plait.baselines.evidence_column import EVIDENCE, beside
from plait.compress.example_rows import MAX_ALONE, MAX_HIDDEN
from plait.compress.graph_export import GraphWriter
from plait.compress.parity import Parity, compare, worst
from plait.data.loader import Loader
from plait.data.prepared import Prepared
from plait.model.ensemble import Ensemble
from plait.networks.graphs import SavedGraph
from plait.networks.infer import row_outputs
from plait.networks.opening import open_graphs
from plait.networks.runner import Runner, flat
from plait.networks.system import System
from plait.networks.torch_runners import SystemRunner
from plait.types import Arrays, Layout


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
