"""The classes or tags of a model in Python, and their probabilities."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from plait.errors import TargetError

if TYPE_CHECKING:
    from plait.model.model import Model


def classes_of(model: Model) -> list[Any]:
    """The classes, or tags, in the order of `predict_proba`. Raises `TargetError` for a number."""
    codec: Any = model.ensemble.target
    if not codec.form.probable:
        raise TargetError(
            "a number has no classes, and no probabilities",
            expected="a model whose target is a category or tags",
            received=f"'{model.target}', a {codec.modality}",
            hint="predict gives the mean with its 5, 50 and 95 % quantiles: q05, q50, q95",
        )
    return list(getattr(codec, "classes", codec.labels))


def predict_proba(
    model: Model, rows: Any, *, on_error: str | None = None, root: Any = None
) -> np.ndarray:
    """Return the probability of each of `classes_`, float32 ``[row, class]``.

    Those of classes sum to 1; those of tags are each a yes or no of its own. The arguments
    are those of `predict`. Raises `TargetError` where the target is a number.
    """
    classes_of(model)
    return model.outputs_of(rows, on_error, root)
