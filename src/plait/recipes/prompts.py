"""Tells whether a target's classes can be asked for in words, and gives what tunes the prompts."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from plait.model.shared_space import SharedSpace
from plait.recipes.task import Task

MAX_CLASSES = 200


def prompt_tuner(
    task: Task, space: SharedSpace
) -> Callable[[np.ndarray, np.ndarray, int], np.ndarray] | None:
    """Return a function from row vectors, classes and seed to a vector per class.

    None where the space reads no text, the classes have no names, or there are over 200.
    """
    column = next(
        (s for s in space.sources if s in space.codecs and space.codecs[s].modality == "text"), None
    )
    names = [str(label) for label in getattr(task.target_codec, "labels", ())]
    if column is None or not 2 <= len(names) <= MAX_CLASSES:
        return None

    def tune(points: np.ndarray, truth: np.ndarray, seed: int) -> np.ndarray:
        from plait.train.prompts import tune_prompts

        return tune_prompts(
            space.network,
            column,
            space.codecs[column],
            names,
            points,
            truth,
            scale=space.scale,
            seed=seed,
        )

    return tune
