"""Tells whether a target's classes can be asked for in words, and gives what tunes the prompts."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from plait.baselines.linear_space import LinearSpace
from plait.data.prepared import prepare_table
from plait.data.table import read
from plait.fitting.setup.problem import Problem
from plait.modalities import traits_of
from plait.model.shared_space import SharedSpace
from plait.train.space_network import space_network

MAX_CLASSES = 200


def prompt_tuner(
    problem: Problem, space: SharedSpace
) -> Callable[[np.ndarray, np.ndarray, int], np.ndarray] | None:
    """Return a function from row vectors, classes and seed to a vector per class.

    None where the space reads no text or its network has no say, the classes have no names, or
    there are over 200.
    """
    column = next(
        (s for s in space.input_columns if s in space.codecs and traits_of(space.codecs[s]).words),
        None,
    )
    names = [str(label) for label in getattr(problem.target_codec, "labels", ())]
    if column is None or not space.has_deep or not 2 <= len(names) <= MAX_CLASSES:
        return None

    network = space_network(space)

    def tune(points: np.ndarray, truth: np.ndarray, seed: int) -> np.ndarray:
        from plait.train.prompts import tune_prompts

        deep = points[:, : space.config.dim]
        length = np.linalg.norm(deep, axis=1, keepdims=True)
        tuned = tune_prompts(
            network,
            column,
            space.codecs[column],
            names,
            deep / np.where(length > 0, length, 1.0),
            truth,
            scale=space.scale,
            seed=seed,
        )
        if space.linear is None:
            return tuned
        return space.beside(tuned, _linear_vectors(space, space.linear, column, names))

    return tune


def _linear_vectors(
    space: SharedSpace, linear: LinearSpace, column: str, names: list[str]
) -> np.ndarray:
    """Return the linear vectors of class names read as a text column, float32 ``[class, dim]``."""
    table = read([{column: name} for name in names], columns={column: "text"})
    prepared = prepare_table(table, {column: space.codecs[column]})
    others = [c for c in space.input_columns[column] if c != column]
    prepared = prepared.with_empty({name: space.codecs[name] for name in others})
    return linear.vectors(prepared, np.arange(len(names)), [column])[0][0]
