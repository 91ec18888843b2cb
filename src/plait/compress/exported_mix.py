"""A model whose whole mix is one graph, compared with the mix on rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from plait.compress.example_rows import MAX_ALONE, MAX_COMPARED, MAX_HIDDEN, example_rows
from plait.compress.one_graph.base_models import check_writable
from plait.compress.one_graph.mix import MixGraph, one_graph
from plait.compress.parity import Parity, compare, worst
from plait.data.prepared import Prepared
from plait.data.table import Table
from plait.errors import TargetError, UsageError
from plait.model.ensemble import DEEP, Ensemble
from plait.model.model import Model
from plait.networks.graphs import SavedGraph
from plait.progress import SILENT, Progress

Answering = Callable[[Prepared, np.ndarray], np.ndarray]
"""Takes prepared columns and row numbers, gives outputs ``[row, output]``."""


@dataclass(frozen=True)
class Exported:
    """What an export made.

    Attributes:
        model: Whose networks are graphs, or whose whole mix is one.
        parity: Of what was made and what it was made of, over all rows that were compared.
        made_up: Whether these rows were made up, as no table told any.
    """

    model: Model
    parity: Parity
    made_up: bool


def export_mix(
    model: Model,
    table: Table | None = None,
    *,
    convert: Callable[[MixGraph], SavedGraph] | None = None,
    seed: int = 0,
    progress: Progress = SILENT,
) -> Exported:
    """Return a model whose mix is one graph that says what the mix says.

    Args:
        model: Of a predictive target.
        table: Rows to compare on, under the model's schema; None makes some up.
        convert: Makes a graph of another runtime of that of ONNX, which is then in plain operators.
        seed: Of the rows that are made up, and of the choice of rows.
        progress: Told of the work.

    Raises:
        TargetError: The target is not predictive.
        UsageError: The bundle holds graphs already.
        GraphError: A model of the mix cannot be written as a graph.
        ParityError: The graph says something else than the mix.
        ExtraError: What writes or runs graphs is not installed.
    """
    ensemble = mix_of(model)
    check_writable({n: ensemble.base_models[n] for n in ensemble.weights if n != DEEP})
    rows = example_rows(model, seed) if table is None else table
    prepared = model.prepare(rows, keep=False)
    rng = np.random.default_rng(seed)
    chosen = np.sort(rng.permutation(rows.num_rows)[:MAX_COMPARED])
    networks = _networks(ensemble, prepared, chosen, progress)
    found = one_graph(ensemble, networks, plain=convert is not None)
    graph = found.graph if convert is None else convert(found)
    made = with_whole(ensemble, graph, found)
    parity = mix_parity(ensemble, made, prepared, chosen)
    parity.require("the graph", f"over {len(chosen)} rows", "the mix")
    return Exported(replace(model, parts=made, path=None), parity, table is None)


def mix_of(model: Model) -> Ensemble:
    """Return the mix of a model that is no graph yet. Raises `TargetError`, `UsageError`."""
    predictor = model.predictor
    if not isinstance(predictor, Ensemble):
        raise TargetError(
            "only a target that is predicted can be answered by a graph",
            expected="a target that is a category, tags or a number",
            received=f"'{model.target}', a {predictor.target.modality} that is generated",
        )
    if predictor.graphs:
        raise UsageError(
            "this bundle is of graphs already",
            expected="a bundle as plait fit wrote it",
            received=f"{len(predictor.graphs)} graphs",
            hint="export the bundle that it was made of",
        )
    return predictor


def with_whole(ensemble: Ensemble, graph: SavedGraph, mix: MixGraph) -> Ensemble:
    """Return a mix that one graph answers for."""
    return replace(
        ensemble,
        graphs=(graph,),
        whole=mix.features,
        tensors={},
        base_models={},
        features=None,
        evidence=(),
        packed=None,
        rehearsal=None,
        _runners=None,
    )


def mix_parity(ensemble: Ensemble, made: Ensemble, prepared: Prepared, rows: np.ndarray) -> Parity:
    """Return the parity of two mixes: rows together, one by one, and without each column."""
    asked: list[tuple[Prepared, np.ndarray]] = [(prepared, rows)]
    asked += [(prepared, rows[place : place + 1]) for place in range(min(MAX_ALONE, len(rows)))]
    for name, codec in ensemble.codecs.items():
        asked.append((prepared.with_empty({name: codec}), rows[:MAX_HIDDEN]))
    target, pairs = ensemble.target, list[tuple[np.ndarray, np.ndarray]]()
    for values, some in asked:
        pairs.append((ensemble.outputs(values, some), made.outputs(values, some)))
    first, second = (np.concatenate(side) for side in zip(*pairs, strict=True))
    return worst([compare(target, first, second)])


def _networks(
    ensemble: Ensemble, prepared: Prepared, rows: np.ndarray, progress: Progress
) -> list[SavedGraph]:
    """Return the mix's networks, each as a graph."""
    if DEEP not in ensemble.weights:
        return []
    from plait.compress.graph_export import GraphWriter
    from plait.compress.system_graphs import system_graph
    from plait.networks.building import build_systems

    systems = build_systems(ensemble.systems)
    told = ensemble.evidence or [None] * len(systems)
    found, writer = list[SavedGraph](), GraphWriter()
    update = progress.task("writing graphs", len(systems))
    for system, evidence in zip(systems, told, strict=True):
        found.append(system_graph(system, prepared, rows, evidence, writer))
        update(len(found))
    return found
