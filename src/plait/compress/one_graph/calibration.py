"""The calibration of a mix in a graph: factors by the set of columns that a row has."""

from __future__ import annotations

import numpy as np

from plait.compress.one_graph.base_models import which_set
from plait.compress.one_graph.builder import Builder
from plait.compress.one_graph.quantiles import in_order
from plait.errors import GraphError
from plait.modalities import PredictiveTarget
from plait.model.calibration import Calibration
from plait.model.interval_scale import IntervalScale
from plait.model.temperature_scale import FLOOR, TemperatureScale


def calibrated(
    builder: Builder,
    calibration: Calibration,
    target: PredictiveTarget,
    outputs: str,
    present: list[str],
) -> str:
    """Return calibrated outputs, as `Calibration.apply`.

    Args:
        builder: Of the graph.
        calibration: Of the mix.
        target: Codec of the target.
        outputs: float32 ``[batch, output]``.
        present: Of each input column, which rows have it, float32 ``[batch, 1]``.

    Raises `GraphError` for a kind of correction that is unknown here.
    """
    scale, cautious = calibration.scale, "ReduceMin"
    if isinstance(scale, IntervalScale):
        cautious = "ReduceMax"
    elif not isinstance(scale, TemperatureScale):
        raise GraphError(
            "the calibration of this bundle cannot be written as a graph",
            received=type(scale).__name__,
        )
    factors = _factors(builder, calibration, present, cautious)
    if isinstance(scale, IntervalScale):
        return _widened(builder, scale, outputs, factors)
    return _powered(builder, outputs, factors, exclusive=target.form.exclusive)


def _factors(builder: Builder, calibration: Calibration, present: list[str], cautious: str) -> str:
    """Return each row's factors, float32 ``[batch, factor]``: those of its own pattern, or else the
    most cautious of what is known of such rows."""
    add, patterns = builder.add, calibration.patterns[1:]
    sets = [frozenset(np.flatnonzero(row).tolist()) for row in patterns]
    lacking = np.asarray(calibration.lacking, np.float32)
    known = ~np.isnan(lacking).any(axis=1)
    beyond = np.float32(np.inf if cautious == "ReduceMin" else -np.inf)
    whole = calibration.factors[0].astype(np.float32)
    there = builder.concat(present)
    absent = add("Sub", 1.0, there)
    options, told = [], []
    if known.any():
        told.append(builder.gather(absent, np.flatnonzero(known)))
        options.append(lacking[known])
    if len(sets):
        # Of other patterns those within the row's own, where it lacks nothing or an unknown column.
        outside = add("MatMul", absent, patterns.T.astype(np.float32))
        inside = builder.cast(add("Less", outside, 0.5), np.float32)
        none = builder.cast(add("Less", builder.summed(absent, 1, keep=True), 0.5), np.float32)
        unsure = none
        if (~known).any():
            some = builder.summed(builder.gather(absent, np.flatnonzero(~known)), 1, keep=True)
            unsure = add("Max", none, add("Min", some, 1.0))
        told.append(add("Mul", inside, unsure))
        options.append(calibration.factors[1:].astype(np.float32))
    if not options:
        zeros = add("Mul", builder.gather(there, np.array([0])), 0.0)
        return add("Add", zeros, whole[None])
    picked = add("Greater", add("Unsqueeze", builder.concat(told), np.array([2])), 0.5)
    values = add("Where", picked, np.concatenate(options)[None], beyond.reshape(1, 1, 1))
    found = add(cautious, values, np.array([1]), keepdims=0)
    found = add("Min" if cautious == "ReduceMin" else "Max", found, whole[None])
    if not len(sets):
        return found
    hits = which_set(builder, present, sets)
    own = add("MatMul", hits, calibration.factors[1:].astype(np.float32))
    any_own = add("Greater", builder.summed(hits, 1, keep=True), 0.5)
    return add("Where", any_own, own, found)


def _powered(builder: Builder, outputs: str, factors: str, *, exclusive: bool) -> str:
    """Return ``p ** t`` normalised, or of labels their log-odds times ``t``."""
    add = builder.add

    def powers(shares: str) -> str:
        return add("Pow", add("Clip", shares, FLOOR, 1.0), factors)

    raised = powers(outputs)
    if exclusive:
        return add("Div", raised, builder.summed(raised, 1, keep=True))
    return add("Div", raised, add("Add", raised, powers(add("Sub", 1.0, outputs))))


def _widened(builder: Builder, scale: IntervalScale, outputs: str, factors: str) -> str:
    """Return numbers whose intervals are widened on each side."""
    add = builder.add
    mean, low, centre, high = (builder.gather(outputs, np.array([place])) for place in range(4))
    below, above = (builder.gather(factors, np.array([side])) for side in (0, 1))
    least = add("Sub", centre, add("Mul", add("Sub", centre, low), below))
    most = add("Add", centre, add("Mul", add("Sub", high, centre), above))
    moved = in_order(builder, builder.concat([least, centre, most]), 3)
    found, bounds = builder.concat([mean, moved]), np.array(scale.bounds, np.float32)
    return add("Min", add("Max", found, bounds[0].reshape(1)), bounds[1].reshape(1))
