"""What was made of rows: values of a generated target, each with how sure it is."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from plait.modalities import SURENESS, GeneratedTarget
from plait.types import Arrays

MADE = np.dtype([("raw", object), ("sureness", np.float64), ("line", np.int8)])
"""Outputs of a generated target: Raw, its sureness on the scale of what made it, else NaN, and by
which line of `plait.model.trust_by_columns` that is a confidence."""


def made_of(
    codec: GeneratedTarget, values: Sequence[Arrays], lines: np.ndarray | None = None
) -> np.ndarray:
    """Return generated values as outputs, `MADE` ``[row]``."""
    found = np.zeros(len(values), MADE)
    found["line"] = 0 if lines is None else lines
    for row, value in enumerate(values):
        found["raw"][row] = codec.decode(value)
        found["sureness"][row] = value.get(SURENESS, np.nan)
    return found


def raw_of(outputs: np.ndarray) -> np.ndarray:
    """Return the Raw of outputs, object ``[row]``; what is Raw already stays as it is."""
    return outputs if outputs.dtype.names is None else outputs["raw"]


def unsure(outputs: np.ndarray) -> np.ndarray:
    """Return outputs whose sureness is not known."""
    found = outputs.copy()
    found["sureness"] = np.nan
    return found
