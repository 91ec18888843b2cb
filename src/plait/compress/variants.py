"""Smaller and quicker forms of one model, made without training: fewer bits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from plait.compress.exported import with_graphs
from plait.compress.int8 import in_int8
from plait.compress.mixed import held_in, held_mixed
from plait.compress.system_graphs import batches
from plait.data.prepared import Prepared
from plait.model.ensemble import Ensemble
from plait.model.model import Model
from plait.networks.graphs import SavedGraph
from plait.types import Arrays

MOST_PROBED, PROBE_BATCH = 512, 32
"""Rows by which scales and sensitivities are measured, and how many at a time."""

EIGHT, MIXED, FOUR, INT8 = "8 bits", "4 and 8 bits", "4 bits", "computed in 8 bits"
"""Names of the variants."""


@dataclass(frozen=True)
class Made:
    """A variant.

    Attributes:
        name: Of those above.
        model: That answers so.
        after: Name of the variant that it follows, "" for what they are all made of: it must be
            smaller or quicker than that.
        for_speed: Whether it must be quicker.
    """

    name: str
    model: Model
    after: str = ""
    for_speed: bool = False


def variants(
    model: Model, prepared: Prepared, rows: np.ndarray, *, most_cost: float
) -> Iterator[Made]:
    """Give a model in fewer and fewer bits.

    Networks must be graphs; simple models are held in eight bits wherever networks are in fewer
    than 32, or in four where a model has no network.

    Args:
        model: Of a predictive target, whose networks, if any, are graphs in floats.
        prepared: Rows as the model reads them.
        rows: Row numbers that are typical; nothing is learned of their targets.
        most_cost: Of four bits: see `plait.compress.mixed.held_mixed`.
    """
    ensemble = model.ensemble
    if not ensemble.graphs:
        yield Made(EIGHT, _in_bits(model, None, 8))
        yield Made(FOUR, _in_bits(model, None, 4), EIGHT)
        return
    probes = _probes(ensemble, prepared, rows[:MOST_PROBED])
    pairs = list(zip(ensemble.graphs, probes, strict=True))
    yield Made(EIGHT, _in_bits(model, [held_in(graph, 8) for graph, _ in pairs], 8))
    mixed = [held_mixed(graph, some, ensemble.target, most_cost=most_cost) for graph, some in pairs]
    yield Made(MIXED, _in_bits(model, mixed, 8), EIGHT)
    in_eight = [in_int8(graph, some) for graph, some in pairs]
    yield Made(INT8, _in_bits(model, in_eight, 8), EIGHT, for_speed=True)


def _probes(ensemble: Ensemble, prepared: Prepared, rows: np.ndarray) -> list[Sequence[Arrays]]:
    """Return batches of rows as each graph is given them."""
    graphs = ensemble.graphs
    told = ensemble.evidence or [None] * len(graphs)
    return [
        batches(graph.columns, prepared, rows, evidence, batch_size=PROBE_BATCH)
        for graph, evidence in zip(graphs, told, strict=True)
    ]


def _in_bits(model: Model, graphs: Sequence[SavedGraph] | None, packed: int) -> Model:
    """Return a model that answers by graphs, and holds its simple models in so many bits."""
    ensemble = model.ensemble
    if graphs is not None:
        ensemble = with_graphs(ensemble, graphs)
    parts = replace(ensemble, packed=packed, _runners=None)
    return replace(model, parts=parts, path=None)
