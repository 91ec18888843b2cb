"""Linear models and prototypes in a graph."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from plait.baselines.contract import read_files, saved_form
from plait.baselines.residuals import Residuals
from plait.compress.one_graph.builder import Builder
from plait.compress.one_graph.features import Features
from plait.compress.one_graph.quantiles import quantiles
from plait.modalities.forms import OutputForm
from plait.types import SPACE_MARK

LEAST_LENGTH = 1e-12


def link(builder: Builder, scores: str, form: OutputForm) -> str:
    """Return probabilities of scores, as `plait.baselines.descent.link`; numbers as they are."""
    if not form.probable:
        return scores
    return (
        builder.add("Softmax", scores, axis=1) if form.exclusive else builder.add("Sigmoid", scores)
    )


def linear(folder: Path, features: Features) -> str:
    """Return the outputs of a saved `Linear`, float32 ``[batch, output]``."""
    about, arrays = read_files(folder)
    form, builder = saved_form(about), features.builder
    scores = scores_of(features, arrays["dense"], arrays["sparse"], arrays["bias"])
    if not form.probable:
        return quantiles(builder, scores, Residuals.from_arrays(arrays))
    return link(builder, scores, form)


def scores_of(features: Features, dense: np.ndarray, sparse: np.ndarray, bias: np.ndarray) -> str:
    """Return dense features times weights, and the weights of what is not zero of sparse ones.

    Args:
        features: Of the rows.
        dense, sparse: float32 ``[feature, output]``.
        bias: float32 ``[output]``.
    """
    builder, add = features.builder, features.builder.add
    found = add("Add", add("MatMul", features.dense, dense), bias[None])
    for places, values, begin, width in features.sparse() if len(sparse) else ():
        found = add("Add", found, weighted(builder, places, values, sparse[begin : begin + width]))
    return found


def weighted(builder: Builder, places: str, values: str, weights: np.ndarray) -> str:
    """Return the sum of the weights at places, times values, float32 ``[batch, output]``.

    Args:
        builder: Of the graph.
        places, values: ``[batch, filled]``; a place behind the last counts nothing.
        weights: float32 ``[feature, output]``.
    """
    table = np.concatenate([weights, np.zeros((1, weights.shape[1]), weights.dtype)])
    found = builder.add("Gather", table, places, axis=0)
    line = builder.add("Unsqueeze", values, np.array([1]))
    return builder.reshaped(builder.add("MatMul", line, found), -1, weights.shape[1])


def probe(folder: Path, features: Features) -> str:
    """Return the outputs of a saved `Probe`: a linear model of a base's vectors."""
    return linear(folder, features.only(_space_columns(features)))


def prototypes(folder: Path, features: Features) -> str:
    """Return the outputs of saved `Prototypes`, or `Prompts`."""
    about, arrays = read_files(folder)
    builder, add = features.builder, features.builder.add
    vectors = [features.raw(name) for name in _space_columns(features)]
    total = vectors[0]
    for one in vectors[1:]:
        total = add("Add", total, one)
    length = add("Sqrt", builder.summed(add("Mul", total, total), 1, keep=True))
    points = add("Div", total, add("Max", length, LEAST_LENGTH))
    heavy = arrays["prototypes"].T / np.float32(about["temperature"])
    known = np.abs(arrays["prototypes"]).sum(1) > 0
    scores = add("MatMul", points, np.ascontiguousarray(heavy))
    scores = add("Add", scores, np.where(known, 0.0, -np.inf).astype(np.float32)[None])
    found = add("Mul", add("Softmax", scores, axis=1), float(1 - arrays["prior"][~known].sum()))
    return add("Add", found, np.where(known, 0.0, arrays["prior"]).astype(np.float32)[None])


def majority(folder: Path, features: Features) -> str:
    """Return the outputs of a saved `Majority`: the same for every row."""
    return features.row(read_files(folder)[1]["row"])


def _space_columns(features: Features) -> list[str]:
    return [name for name in features.columns if name.endswith(SPACE_MARK)]
