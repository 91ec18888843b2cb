"""Which weights of a graph are held in four bits and which in eight: by what each costs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from plait.compress.graph_weights import axes_of, rounded, weights_of, with_bits, with_weights
from plait.modalities import PredictiveTarget
from plait.networks.graph_runners import GraphRunner
from plait.networks.graphs import SavedGraph
from plait.networks.runner import OUTPUTS
from plait.types import Arrays

FEW, MORE = 4, 8


def held_in(graph: SavedGraph, bits: int) -> SavedGraph:
    """Return a graph all of whose large weights are held in so many bits."""
    return _held(graph, dict.fromkeys(weights_of(graph.model), bits), f"int{bits} weights")


def held_mixed(
    graph: SavedGraph,
    batches: Sequence[Arrays],
    target: PredictiveTarget,
    *,
    most_cost: float,
    notify: Callable[[float], object] = lambda share: None,
) -> SavedGraph:
    """Return a graph as many of whose weights are held in four bits as may be, the rest in eight.

    What four bits of one weight cost is measured by itself on rows; the cheapest for their size are
    taken first, as long as their costs together stay below `most_cost` (costs of weights add up
    nearly: Dong et al. 2019, HAWQ, who estimate what is measured here).

    Args:
        graph: In float32.
        batches: Flat batches of rows.
        target: Codec of the target.
        most_cost: Largest mean distance of outputs from the float ones: nats of a Kullback-Leibler
            divergence, or a squared difference in units of the outputs' variance.
        notify: Told the share of the weights that were looked at.
    """
    weights, axes = weights_of(graph.model), axes_of(graph.model)
    sure = _outputs(graph, batches)

    def cost(some: dict[str, int]) -> float:
        held = {name: rounded(weights[name], axes[name], bits) for name, bits in some.items()}
        changed = replace(graph, model=with_weights(graph.model, held))
        return distance(target, sure, _outputs(changed, batches))

    costs = {}
    for number, name in enumerate(weights):
        costs[name] = cost({name: FEW})
        notify((number + 1) / len(weights))
    order = sorted(weights, key=lambda name: costs[name] / weights[name].size)
    bits, told = dict.fromkeys(weights, MORE), 0.0
    for name in order:
        if told + costs[name] <= most_cost:
            bits[name], told = FEW, told + costs[name]
    return _held(graph, bits, "int4 and int8 weights")


def distance(target: PredictiveTarget, sure: np.ndarray, outputs: np.ndarray) -> float:
    """Return the mean distance of canonical outputs ``[row, output]`` from others."""
    if not target.form.probable:
        return float(np.square(outputs - sure).mean() / max(float(sure.var()), 1e-12))
    least = 1e-7
    p, q = (np.clip(one.astype(np.float64), least, 1 - least) for one in (sure, outputs))
    nats = p * np.log(p / q)
    if not target.form.exclusive:
        nats = nats + (1 - p) * np.log((1 - p) / (1 - q))
    return float(nats.sum(1).mean())


def _held(graph: SavedGraph, bits: dict[str, int], precision: str) -> SavedGraph:
    model = with_bits(graph.model, bits)
    return replace(graph, model=model, precision=precision, folded=True)


def _outputs(graph: SavedGraph, batches: Sequence[Arrays]) -> np.ndarray:
    runner = GraphRunner(graph)
    return np.concatenate([runner(one)[OUTPUTS] for one in batches])
