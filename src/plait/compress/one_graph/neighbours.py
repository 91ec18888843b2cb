"""Stored rows in a graph: nearest neighbours, and labels that were propagated to them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from plait.baselines.contract import read_files, saved_form
from plait.baselines.label_propagation import FLOOR, NUM_NEIGHBOURS
from plait.baselines.residuals import Residuals
from plait.compress.one_graph.builder import Builder
from plait.compress.one_graph.features import Features
from plait.compress.one_graph.quantiles import quantiles


def neighbour(folder: Path, features: Features) -> str:
    """Return the outputs of a saved `NearestNeighbour`, float32 ``[batch, output]``."""
    about, arrays = read_files(folder)
    form, builder, add = saved_form(about), features.builder, features.builder.add
    points = arrays["points"].astype(np.float32)
    num, mean = min(int(about["num_neighbours"]), len(points)), arrays["mean"]
    _, nearest = _nearest(builder, features.points, points, num)
    weights = arrays.get("weights", np.ones(len(points), np.float32))
    heavy = add("Unsqueeze", add("Gather", weights, nearest, axis=0), np.array([2]))
    if form.exclusive:
        classes = add("Gather", arrays["classes"].astype(np.int64), nearest, axis=0)
        every = np.arange(len(mean), dtype=np.int64)[None, None]
        hits = add("Equal", add("Unsqueeze", classes, np.array([2])), every)
        told = builder.cast(hits, np.float32)
    else:
        told = add("Gather", arrays["targets"], nearest, axis=0)
    total = add("Max", builder.summed(heavy, 1), 1e-12)
    means = add("Div", builder.summed(add("Mul", told, heavy), 1), total)
    if not form.probable:
        return quantiles(builder, means, Residuals.from_arrays(arrays))
    k = int(about["num_neighbours"])
    return add("Div", add("Add", add("Mul", means, float(k)), mean[None]), float(k + 1))


def label_propagation(folder: Path, features: Features) -> str:
    """Return the outputs of a saved `LabelPropagation`, float32 ``[batch, class]``."""
    about, arrays = read_files(folder)
    builder, add = features.builder, features.builder.add
    points, shares = arrays["points"].astype(np.float32), arrays["shares"]
    asked = features.points
    squares, near = _nearest(builder, asked, points, min(NUM_NEIGHBOURS, len(points)))
    own = builder.summed(add("Mul", asked, asked), 1, keep=True)
    distance = add("Max", add("Add", squares, own), 0.0)
    last = builder.gather(distance, np.array([min(NUM_NEIGHBOURS, len(points)) - 1]))
    weight = add("Exp", add("Neg", add("Div", distance, add("Max", last, 1e-12))))
    told = add("Gather", shares, near, axis=0)
    mean = builder.summed(add("Mul", told, add("Unsqueeze", weight, np.array([2]))), 1)
    power = float(about["power"])
    return _normalised(builder, add("Pow", _normalised(builder, mean), power))


def _nearest(builder: Builder, asked: str, points: np.ndarray, num: int) -> tuple[str, str]:
    """Return squared distances less the asked points' squares, and places of the nearest."""
    squares = (points**2).sum(axis=1).astype(np.float32)
    products = builder.add("MatMul", asked, np.ascontiguousarray(points.T))
    distances = builder.add("Sub", squares[None], builder.add("Mul", products, 2.0))
    count = builder.constant(np.array([num], np.int64))
    values, places = builder.several("TopK", [distances, count], 2, axis=1, largest=0, sorted=1)
    return values, places


def _normalised(builder: Builder, shares: str) -> str:
    """Return shares that sum to 1, none of them 0, as the model itself does."""
    add = builder.add
    largest = add("Max", add("ReduceMax", shares, keepdims=0), FLOOR)
    found = add("Add", add("Max", shares, 0.0), add("Mul", largest, FLOOR))
    return add("Div", found, builder.summed(found, 1, keep=True))
